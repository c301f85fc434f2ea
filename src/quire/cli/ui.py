"""``quire ui``: the web interface of a store, on a server of its own, in a browser."""

from __future__ import annotations

import inspect
import sys
import threading
from typing import Annotated, Any, get_type_hints

import typer

from quire.cli.output import Output
from quire.cli.server import Serving, Text, server, settings_of
from quire.domain.garbage import uncollected

FIRST_PORT = 5000
_PORTS = 20
_OWN = {
    "backend_store_uri": Annotated[
        Text,
        typer.Option(
            envvar=["QUIRE_BACKEND_STORE_URI", "MLFLOW_BACKEND_STORE_URI"],
            metavar="URI",
            help="The database: sqlite:///FILE or postgresql://… (default the tracking store of the other commands).",
        ),
    ],
    "port": Annotated[
        int | None,
        typer.Option(
            "--port",
            "-p",
            envvar=["QUIRE_PORT", "MLFLOW_PORT"],
            min=0,
            max=65535,
            help=f"The port, or 0 for any that is free (default {FIRST_PORT}, or the next free one).",
            show_default=False,
        ),
    ],
    "open_browser": Annotated[
        bool, typer.Option("--browser/--no-browser", help="Open the address in a browser once it answers.")
    ],
}
_DEFAULTS = {"port": None, "open_browser": True}


def ui(out: Output, **options: Any) -> None:
    """Show runs, prompts, evaluations, traces and models in a browser, until interrupted."""
    from quire.domain.uris import store_kind
    from quire.store.current import get_artifact_root, get_tracking_uri

    open_browser: bool = options.pop("open_browser")
    port: int | None = options.pop("port")
    options["backend_store_uri"] = uri = options["backend_store_uri"] or get_tracking_uri()
    options["artifacts_destination"] = options["artifacts_destination"] or get_artifact_root()
    if store_kind(uri) == "http":
        _announce(out, f"{uri.rstrip('/')}/", "It is shown by the server that keeps the store; none was started.")
        if open_browser:
            _open(f"{uri.rstrip('/')}/")
        return
    code = _serve(out, uri, port, open_browser, options)
    if code:
        raise typer.Exit(code)


def _serve(out: Output, uri: str, port: int | None, open_browser: bool, options: dict[str, Any]) -> int:
    """Serve until interrupted; the exit code. Raises InvalidState if the interface is not built."""
    from quire.domain.errors import InvalidState

    with uncollected():
        from quire.server.running import open_near, open_socket, serve
        from quire.server.ui import is_built

    if not is_built():
        raise InvalidState("The web interface is not built in this checkout. Build it with `make ui`.")
    settings = settings_of(**options, port=FIRST_PORT if port is None else port)
    host = settings.host
    listener = open_near(host, FIRST_PORT, _PORTS) if port is None else open_socket(host, port)
    note = _note(uri, listener.getsockname()[1] if port is None else FIRST_PORT)

    def listening(address: str) -> None:
        _announce(out, f"{address}/", note)
        if open_browser:
            # Some browsers keep whoever starts them waiting; the server must not.
            threading.Thread(target=_open, args=(f"{address}/",), name="quire-browser", daemon=True).start()

    return serve(settings, listening, listener)


def _note(uri: str, port: int) -> str:
    """What is said besides the address: another port, and a store that was not there before."""
    from quire.cli.lookup import missing_database

    missing = missing_database(uri)
    notes = [f"{missing} is new: there is nothing in it yet."] if missing else []
    if port != FIRST_PORT:
        notes.append(f"Port {FIRST_PORT} is taken, so it is {port}.")
    return "\n".join([*notes, "Stop with Ctrl+C."])


def _announce(out: Output, address: str, note: str) -> None:
    uri = address.rstrip("/")
    serving = Serving(address=address, environment={"MLFLOW_TRACKING_URI": uri, "QUIRE_TRACKING_URI": uri})
    out.say(serving, f"The interface is at {address}\n{note}")
    sys.stdout.flush()


def _open(address: str) -> None:
    import webbrowser

    if not webbrowser.open(address):
        print("No browser was found here. Open the address yourself.", file=sys.stderr)


def _signature() -> inspect.Signature:
    """The options of `quire server`, with those of this command in their places."""
    hints = {**get_type_hints(server, include_extras=True), **_OWN}
    given = inspect.signature(server).parameters.values()
    return inspect.Signature(
        [item.replace(annotation=hints[item.name], default=_DEFAULTS.get(item.name, item.default)) for item in given]
    )


ui.__signature__ = _signature()  # type: ignore[attr-defined]
ui.__annotations__ = {name: item.annotation for name, item in inspect.signature(ui).parameters.items()}
