"""The command tree. Command modules import nothing heavy; each command loads what it needs when it runs."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from quire._version import __version__
from quire.cli import (
    datasets,
    db,
    doctor,
    evals,
    experiments,
    import_mlflow,
    models,
    predict,
    promotions,
    prompts,
    runs,
    server,
    simulate,
    tokens,
    traces,
    users,
)
from quire.cli.command import INTERRUPTED, JsonOption, TrackingUriOption, command

SETTINGS = {"help_option_names": ["-h", "--help"], "max_content_width": 100}

app = typer.Typer(
    name="quire",
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


def _group(name: str, text: str) -> typer.Typer:
    group = typer.Typer(name=name, help=text, no_args_is_help=True, rich_markup_mode=None, context_settings=SETTINGS)
    app.add_typer(group)
    return group


runs.add_to(_group("runs", "List, show and compare runs."))
experiments.add_to(_group("experiments", "List experiments."))
traces.add_to(_group("traces", "List, search, show, sum up, export, delete and prune traces."))
datasets.add_to(_group("datasets", "List, show, import, export, compare and delete evaluation datasets."))
evals.add_to(_group("eval", "Evaluate what a file says and check its gate; show and report stored evaluations."))
db.add_to(_group("db", "Bring the database up to date, check it, back it up."))
models.add_to(_group("models", "List, show, diff, move and alias models."))
prompts.add_to(_group("prompts", "List, show, compare, blame, register and alias prompts; keep a folder in step."))
users.add_to(_group("users", "Who may sign in to a server, and what they may do."))
tokens.add_to(_group("tokens", "Credentials for programs."))
tokens.add_audit_to(_group("audit", "Who changed what on a server."))
command(app, "import-mlflow")(import_mlflow.import_mlflow)
command(app, "promote")(promotions.promote)
command(app, "rollback")(promotions.rollback)
command(app, "promotions")(promotions.promotions)
command(app, "predict")(predict.predict)
command(app, "server")(server.server)
command(app, "ui")(server.ui)
command(app, "simulate")(simulate.simulate)
command(app, "doctor")(doctor.doctor)


def main() -> None:
    """The entry point of ``quire``."""
    try:
        app()
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
