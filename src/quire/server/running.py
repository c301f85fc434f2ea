"""Running the application on uvicorn: the sockets, the processes, and how they end."""

from __future__ import annotations

import asyncio
import ipaddress
import os
import signal
import socket
import sys
from collections.abc import Callable
from typing import Any

from uvicorn import Config, Server
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from quire.domain.errors import InvalidInput, Unavailable
from quire.server.app import create_app
from quire.server.settings import Settings

_BACKLOG = 2048


def check_address(settings: Settings) -> None:
    """Refuse an address that other machines reach unless the server asks who they are. Raises InvalidInput."""
    if settings.auth is None and not is_loopback(settings.host):
        raise InvalidInput(
            f"Without auth the server listens on this machine only; {settings.host!r} is reachable from others. Use "
            "127.0.0.1, or turn auth on."
        )


def is_loopback(host: str) -> bool:
    """Whether an address is reached from this machine alone."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def open_socket(host: str, port: int) -> socket.socket:
    """A listening socket. Raises Unavailable if the address cannot be had."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(_BACKLOG)
    except OSError as error:
        listener.close()
        raise Unavailable(
            f"The server cannot listen on {host}:{port}: {error.strerror}. Choose another --port (0 takes a free one)."
        ) from error
    listener.setblocking(False)
    listener.set_inheritable(True)
    return listener


def make_server(settings: Settings) -> Server:
    """A uvicorn server of the application."""
    return Server(_config(create_app(settings), settings))


def _config(app: Any, settings: Settings) -> Config:
    return Config(
        app,
        http=_protocol(settings.header_timeout),
        loop="auto",
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        date_header=True,
        timeout_keep_alive=int(settings.keep_alive),
        timeout_graceful_shutdown=int(settings.drain_timeout),
        backlog=_BACKLOG,
    )


def _protocol(timeout: float) -> type[HttpToolsProtocol]:
    class Protocol(HttpToolsProtocol):
        """Uvicorn's protocol; a connection that does not send its headers in time is closed."""

        _timer: asyncio.TimerHandle | None = None

        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            super().connection_made(transport)
            self._timer = self.loop.call_later(timeout, transport.close)

        def on_message_begin(self) -> None:
            super().on_message_begin()
            if self._timer is None:
                self._timer = self.loop.call_later(timeout, self.transport.close)

        def on_headers_complete(self) -> None:
            self._forget()
            super().on_headers_complete()

        def connection_lost(self, exc: Exception | None) -> None:
            self._forget()
            super().connection_lost(exc)

        def _forget(self) -> None:
            if self._timer is not None:
                self._timer.cancel()
                self._timer = None

    return Protocol


def serve(settings: Settings, listening: Callable[[str], None] = lambda address: None) -> int:
    """Serve until SIGTERM or SIGINT, then answer what is on its way; the exit code.

    ``listening`` is told the server's address once its sockets are open.
    """
    check_address(settings)
    listener = open_socket(settings.host, settings.port)
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    listening(f"http://{host}:{listener.getsockname()[1]}{settings.static_prefix}")
    if settings.workers > 1:
        return _serve_many(settings, listener)
    make_server(settings).run(sockets=[listener])
    return 0


def _serve_many(settings: Settings, listener: socket.socket) -> int:
    """Serve from several processes on one socket; one that dies is replaced."""
    children = {_start(settings, listener) for _ in range(settings.workers)}
    stopping = False

    def stop(number: int, _frame: object) -> None:
        nonlocal stopping
        stopping = True
        for child in children:
            os.kill(child, number)

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    while children:
        try:
            ended, status = os.wait()
        except InterruptedError:
            continue
        children.discard(ended)
        if not stopping:
            if os.waitstatus_to_exitcode(status) == 1:
                stop(signal.SIGTERM, None)
                continue
            children.add(_start(settings, listener))
    return 0 if stopping else 1


def _start(settings: Settings, listener: socket.socket) -> int:
    child = os.fork()
    if child:
        return child
    code = 1
    try:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        make_server(settings).run(sockets=[listener])
        code = 0
    finally:
        sys.stdout.flush()
        os._exit(code)
