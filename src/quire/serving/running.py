"""Running the application on uvicorn: the connections, the processes, and how they end."""

from __future__ import annotations

import asyncio
import contextlib
import sys
import tempfile
from collections.abc import Callable
from typing import Any

import msgspec
from uvicorn import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from quire.server.running import AppServer, Workers, collect_less, open_socket, patient_protocol
from quire.serving.app import App, create_app
from quire.serving.connection import EXTENSION
from quire.serving.keys import check_host
from quire.serving.origins import LocalOnly
from quire.serving.parts import plug_in
from quire.serving.settings import ServeSettings

_BACKLOG = 4096
_SWITCH_S = 0.0005
"""How long a thread (that follows, or stores spans) keeps the interpreter while the event loop wants it."""


def make_app(settings: ServeSettings, prepare: Callable[[App], object] = lambda app: None) -> App:
    """The application with all its parts. Raises what :func:`quire.serving.app.create_app` raises."""
    app = create_app(settings)
    plug_in(app)
    prepare(app)
    return app


def make_server(
    settings: ServeSettings,
    ready: Callable[[], object] = lambda: None,
    prepare: Callable[[App], object] = lambda app: None,
) -> AppServer:
    """A uvicorn server of the application. ``prepare`` is given the application, ``ready`` is called once it serves.

    Raises what :func:`quire.serving.app.create_app` raises.
    """
    app = make_app(settings, prepare)
    if settings.auth is None:
        app.guard = LocalOnly(settings.host, settings.allowed_hosts)
    _allow_many_connections()
    sys.setswitchinterval(_SWITCH_S)
    collect_less()
    return AppServer(_config(app, settings), ready)


def _allow_many_connections() -> None:
    """Open as many files as this process is allowed to: each connection, to callers and to upstreams, is one."""
    try:
        import resource
    except ImportError:  # not on this system
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < hard:
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def _config(app: Any, settings: ServeSettings) -> Config:
    return Config(
        app,
        http=_protocol(settings.header_timeout, settings.write_timeout),
        loop="auto",
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        date_header=False,
        timeout_keep_alive=int(settings.keep_alive),
        timeout_graceful_shutdown=max(1, int(settings.drain_timeout)),
        backlog=_BACKLOG,
    )


def _protocol(header_timeout: float, write_timeout: float) -> type[HttpToolsProtocol]:
    class Protocol(patient_protocol(header_timeout)):  # type: ignore[misc]
        """A connection that tells the path of a request when its caller leaves, and ends with one that never reads."""

        on_lost: Callable[[], object] | None = None
        _stuck: asyncio.TimerHandle | None = None

        def on_message_begin(self) -> None:
            super().on_message_begin()
            self.scope["extensions"] = {EXTENSION: self}

        def connection_lost(self, exc: Exception | None) -> None:
            self._unstick()
            super().connection_lost(exc)
            lost, self.on_lost = self.on_lost, None
            if lost is not None:
                lost()

        def pause_writing(self) -> None:
            super().pause_writing()
            if self._stuck is None:
                self._stuck = self.loop.call_later(write_timeout, self.transport.abort)

        def resume_writing(self) -> None:
            self._unstick()
            super().resume_writing()

        def _unstick(self) -> None:
            if self._stuck is not None:
                self._stuck.cancel()
                self._stuck = None

        def abandon(self) -> None:
            """Send what was written and close: the answer has no proper end."""
            self.on_lost = None
            self.cycle.response_complete = True
            self.transport.close()

    return Protocol


def serve(
    settings: ServeSettings,
    listening: Callable[[str, list[str]], None] = lambda address, names: None,
    prepare: Callable[[App], object] = lambda app: None,
) -> int:
    """Serve until SIGTERM or SIGINT, then answer what is on its way; the exit code.

    ``listening`` is told the server's address, and the names that are served there, once it answers.
    """
    check_host(settings.host, auth=settings.auth is not None)
    listener = open_socket(settings.host, settings.port)
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    address = f"http://{host}:{listener.getsockname()[1]}"
    if settings.workers > 1:
        names = [endpoint.name for endpoint in settings.endpoints]
        with tempfile.TemporaryDirectory(prefix="quire-serve-", ignore_cleanup_errors=True) as folder:
            shared = msgspec.structs.replace(settings, metrics_folder=folder)
            workers = Workers(settings.workers, listener, lambda ready: make_server(shared, ready, prepare))
            return workers.run(lambda: listening(address, names))
    made: list[App] = []

    def keep(app: App) -> None:
        made.append(app)
        prepare(app)

    server = make_server(settings, lambda: listening(address, sorted(made[0].context.live.table.endpoints)), keep)
    server.run(sockets=[listener])
    return server.code
