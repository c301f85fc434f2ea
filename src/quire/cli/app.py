"""The command tree. The module of a command is loaded when it is asked for, and loads what it needs when it runs."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator, MutableMapping
from typing import Annotated, Any

import typer
from typer.core import TyperGroup
from typer.main import get_command, get_group

from quire._version import __version__
from quire.cli.command import INTERRUPTED, JsonOption, TrackingUriOption, command

SETTINGS = {"help_option_names": ["-h", "--help"], "max_content_width": 100}
_COMMANDS = {
    "import-mlflow": "import_mlflow.import_mlflow",
    "promote": "promotions.promote",
    "rollback": "promotions.rollback",
    "promotions": "promotions.promotions",
    "deploy": "deploy.deploy",
    "predict": "predict.predict",
    "serve": "serve.serve",
    "server": "server.server",
    "ui": "ui.ui",
    "simulate": "simulate.simulate",
    "doctor": "doctor.doctor",
}
"""Each command, by the module of this folder and the function that it is."""
_GROUPS = {
    "runs": ("runs.add_to", "List, show and compare runs."),
    "experiments": ("experiments.add_to", "List experiments."),
    "traces": ("traces.add_to", "List, search, show, sum up, export, delete and prune traces."),
    "datasets": ("datasets.add_to", "List, show, import, export, compare and delete evaluation datasets."),
    "eval": ("evals.add_to", "Evaluate what a file says and check its gate; show and report stored evaluations."),
    "db": ("db.add_to", "Bring the database up to date, check it, back it up."),
    "models": ("models.add_to", "List, show, diff, move and alias models."),
    "prompts": (
        "prompts.add_to",
        "List, show, compare, blame, register and alias prompts; keep a folder in step.",
    ),
    "endpoints": ("endpoints.add_to", "List, show, create, update and delete what servers serve."),
    "deployments": ("deploy.add_deployments_to", "List what was deployed."),
    "trials": ("trials.add_to", "Start, read, change and end live A/B tests."),
    "users": ("users.add_to", "Who may sign in to a server, and what they may do."),
    "tokens": ("tokens.add_to", "Credentials for programs."),
    "audit": ("tokens.add_audit_to", "Who changed what on a server."),
}
"""Each group of commands, by the function that adds them to it, and what it is for."""


class _Made(MutableMapping[str, Any]):
    """The commands by name, each made when it is first asked for."""

    def __init__(self) -> None:
        self._made: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        if name not in self._made:
            if name not in _COMMANDS and name not in _GROUPS:
                raise KeyError(name)
            self._made[name] = _single(name) if name in _COMMANDS else _group(name)
        return self._made[name]

    def __setitem__(self, name: str, made: Any) -> None:
        self._made[name] = made

    def __delitem__(self, name: str) -> None:
        del self._made[name]

    def __iter__(self) -> Iterator[str]:
        return iter((*_COMMANDS, *_GROUPS))

    def __len__(self) -> int:
        return len(_COMMANDS) + len(_GROUPS)


def _single(name: str) -> Any:
    alone = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
    command(alone, name)(_found(_COMMANDS[name]))
    return get_command(alone)


def _group(name: str) -> Any:
    place, text = _GROUPS[name]
    group = typer.Typer(name=name, help=text, no_args_is_help=True, rich_markup_mode=None, context_settings=SETTINGS)
    _found(place)(group)
    return get_group(group)


def _found(place: str) -> Any:
    module, _, function = place.partition(".")
    return getattr(importlib.import_module(f"quire.cli.{module}"), function)


class _Root(TyperGroup):
    """The group of all commands."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self.commands = _Made()


app = typer.Typer(
    name="quire",
    cls=_Root,
    help="Package, track, compare and run OpenAI applications.",
    epilog="Each command explains itself: quire COMMAND --help",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings=SETTINGS,
)


def _print_version(wanted: bool) -> None:
    if wanted:
        print(f"quire {__version__}")
        raise typer.Exit


@app.callback()
def root(
    context: typer.Context,
    tracking_uri: TrackingUriOption = None,
    as_json: JsonOption = False,
    version: Annotated[
        bool,
        typer.Option("--version", help="Print the version and exit.", callback=_print_version, is_eager=True),
    ] = False,
) -> None:
    """Package, track, compare and run OpenAI applications."""
    context.obj = {"tracking_uri": tracking_uri, "as_json": as_json}


def main() -> None:
    """The entry point of ``quire``."""
    try:
        app()
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
