"""What every command shares: ``--json``, ``--tracking-uri``, and how errors end.

A command is a function whose first argument is its :class:`~quire.cli.output.Output`. Exit codes: 0 done, 1 refused
or failed (one line on standard error), 2 wrong usage, 130 interrupted.
"""

from __future__ import annotations

import functools
import inspect
import os
import sys
from collections.abc import Callable
from typing import Annotated, Any, NoReturn, get_type_hints

import typer

from quire.cli.output import Output
from quire.domain.errors import QuireError
from quire.domain.redaction import redact

JsonOption = Annotated[
    bool, typer.Option("--json", help="Print one JSON document to standard output, for other programs.")
]
TrackingUriOption = Annotated[
    str | None,
    typer.Option(
        "--tracking-uri",
        metavar="URI",
        help="The tracking store; else QUIRE_TRACKING_URI, MLFLOW_TRACKING_URI, or sqlite:///quire.db here.",
        show_default=False,
    ),
]
INTERRUPTED = 130
BROKEN_PIPE = 141


def command(app: typer.Typer, name: str, **settings: Any) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Register a function as the command ``name``, with the shared options added to its own."""

    def register(function: Callable[..., None]) -> Callable[..., None]:
        app.command(name, **settings)(_with_shared_options(function))
        return function

    return register


def _with_shared_options(function: Callable[..., None]) -> Callable[..., None]:
    hints = get_type_hints(function, include_extras=True)
    _out, *own = inspect.signature(function).parameters.values()
    shared = {"context": typer.Context, "tracking_uri": TrackingUriOption, "as_json": JsonOption}
    defaults = {"context": inspect.Parameter.empty, "tracking_uri": None, "as_json": False}

    @functools.wraps(function)
    def run(**values: Any) -> None:
        globals_ = values.pop("context").obj or {}
        uri = values.pop("tracking_uri") or globals_.get("tracking_uri")
        out = Output(as_json=values.pop("as_json") or globals_.get("as_json", False))
        guard(lambda: _prepared(uri, functools.partial(function, out, **values)))

    parameters = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, annotation=kind, default=defaults[name])
        for name, kind in shared.items()
    ]
    own = [
        parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY, annotation=hints[parameter.name]) for parameter in own
    ]
    run.__signature__ = inspect.Signature([parameters[0], *own, *parameters[1:]])  # type: ignore[attr-defined]
    run.__annotations__ = {**{item.name: item.annotation for item in own}, **shared}
    del run.__wrapped__
    return run


def _prepared(tracking_uri: str | None, work: Callable[[], None]) -> None:
    if tracking_uri is not None:
        from quire.store.current import set_tracking_uri

        set_tracking_uri(tracking_uri)
    work()
    sys.stdout.flush()


def guard(work: Callable[[], None]) -> None:
    """Do the work; what goes wrong ends the program with one line on standard error and an exit code."""
    try:
        work()
    except QuireError as error:
        fail(error.message)
    except BrokenPipeError:
        _forget_output()
        raise typer.Exit(BROKEN_PIPE) from None
    except KeyboardInterrupt:
        print("Interrupted.", file=sys.stderr)
        raise typer.Exit(INTERRUPTED) from None
    except OSError as error:
        named = f"{error.filename}: " if error.filename else ""
        fail(f"{named}{error.strerror or error}")


def fail(message: str) -> NoReturn:
    """Say what is wrong in one line on standard error, and end with exit code 1."""
    line = " ".join(redact(message).split())
    print(f"Error: {line}", file=sys.stderr)
    raise typer.Exit(1)


def _forget_output() -> None:
    """Who read standard output is gone: what Python still holds for it must not fail again at exit."""
    try:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except OSError:
        return
