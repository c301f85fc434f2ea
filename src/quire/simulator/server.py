"""Running the application on uvicorn: in a thread, or in the foreground until interrupted."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import ipaddress
import socket
import threading
from collections.abc import Callable
from typing import Any

from uvicorn import Config, Server
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from quire.domain.errors import InvalidInput, Unavailable
from quire.simulator.app import SimulatorApp
from quire.simulator.writer import TRANSPORT

_BACKLOG = 4096


class _Protocol(HttpToolsProtocol):
    """Uvicorn's protocol, which also shows the application the transport, so that a fault can break it."""

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.scope["extensions"] = {TRANSPORT: self.transport}  # type: ignore[dict-item]


def make_server(app: SimulatorApp) -> Server:
    """A uvicorn server for the application that writes nothing to the terminal."""
    return Server(_config(app))


def _config(app: SimulatorApp) -> Config:
    return Config(
        app,
        http=_Protocol,
        loop="auto",
        ws="none",
        lifespan="off",
        log_config=None,
        log_level="critical",
        access_log=False,
        proxy_headers=False,
        server_header=False,
        date_header=True,
        timeout_keep_alive=75,
        timeout_graceful_shutdown=1,
        backlog=_BACKLOG,
    )


def open_socket(host: str, port: int, *, allow_remote: bool = False) -> socket.socket:
    """A listening socket. Raises InvalidInput for a host other machines can reach, unless ``allow_remote``."""
    if not allow_remote and not _is_loopback(host):
        raise InvalidInput(
            f"The simulator accepts any key, so it listens on this machine only; {host!r} is reachable from others. "
            "Use 127.0.0.1, or allow it with allow_remote (--allow-remote)."
        )
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(_BACKLOG)
    except OSError as error:
        listener.close()
        raise Unavailable(
            f"The simulator cannot listen on {host}:{port}: {error.strerror}. Choose another port (0 takes a free one)."
        ) from error
    listener.setblocking(False)
    return listener


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


class _AbruptServer(Server):
    """Stops within a millisecond: uvicorn's own polling would cost each test of an application 0.2 s."""

    _wake: Callable[[], object] | None = None

    def stop(self) -> None:
        """End the server; may be called from any thread, before it runs too."""
        self.should_exit = True
        if self._wake is not None:
            with contextlib.suppress(RuntimeError):  # the loop is closed: it has ended already
                self._wake()

    async def main_loop(self) -> None:
        """Tick once a second, as uvicorn needs it, until woken."""
        woken = asyncio.Event()
        self._wake = functools.partial(asyncio.get_running_loop().call_soon_threadsafe, woken.set)
        while not await self.on_tick(0):
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(woken.wait(), 1)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Close the listening sockets and break every connection, whatever is on its way."""
        for server in self.servers:
            server.close()
        for connection in list(self.server_state.connections):
            if connection.transport is not None:
                connection.transport.abort()
        for task in list(self.server_state.tasks):
            task.cancel()


class ThreadedServer:
    """The application on a free port of 127.0.0.1, served from a thread of this process until ``stop``."""

    def __init__(self, app: SimulatorApp) -> None:
        self._socket = open_socket("127.0.0.1", 0)
        self.port: int = self._socket.getsockname()[1]
        self._server = _AbruptServer(_config(app))
        self._thread = threading.Thread(target=self._run, name="quire-simulator", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        self._server.run(sockets=[self._socket])

    def stop(self) -> None:
        """Break every connection and close the socket."""
        self._server.stop()
        self._thread.join(timeout=10)
        self._socket.close()


def address(listener: socket.socket) -> tuple[str, int]:
    """Host and port of a listening socket."""
    name: Any = listener.getsockname()
    return name[0], name[1]
