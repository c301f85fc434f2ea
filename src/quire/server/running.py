"""Running the application on uvicorn: the sockets, the processes, and how they end."""

from __future__ import annotations

import asyncio
import gc
import ipaddress
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Any

from uvicorn import Config, Server
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from quire.domain.errors import InvalidInput, Unavailable
from quire.domain.garbage import uncollected
from quire.domain.redaction import redact
from quire.server.app import create_app
from quire.server.one_write import OneWrite
from quire.server.settings import Settings

INTERRUPTED = 130
_BACKLOG = 2048
_OBJECTS_A_ROUND = 20_000
_SIGNALS = (signal.SIGTERM, signal.SIGINT)
_CANNOT_START = 3
_NOWHERE = -1


def check_address(settings: Settings) -> None:
    """Refuse an address that other machines reach unless the server asks who they are. Raises InvalidInput."""
    if settings.auth is None and not is_loopback(settings.host):
        raise InvalidInput(
            f"Without auth the server listens on this machine only; {settings.host!r} is reachable from others. Use "
            "127.0.0.1, or turn auth on: --auth or QUIRE_AUTH=1, after `quire users create NAME --admin`."
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


def open_near(host: str, port: int, count: int) -> socket.socket:
    """A listening socket at this port or the first free one of the next ``count``; else at any that is free."""
    for tried in range(port, port + count):
        with suppress(Unavailable):
            return open_socket(host, tried)
    return open_socket(host, 0)


class AppServer(Server):
    """A uvicorn server that says when it serves, and ends in order with a code of its own when it is told to.

    ``ending`` is called when it begins to end: it then waits for the answers that are on their way.
    """

    def __init__(
        self,
        config: Config,
        ready: Callable[[], object] = lambda: None,
        ending: Callable[[], object] = lambda: None,
    ) -> None:
        super().__init__(config)
        self._ready = ready
        self._ending = ending
        self.told = 0

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to serve."""
        await super().startup(sockets=sockets)
        if self.started:
            self._ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End in order."""
        self._ending()
        await super().shutdown(sockets=sockets)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """End; at the second interrupt at once."""
        self.told = self.told or sig
        super().handle_exit(sig, frame)

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Take SIGTERM and SIGINT while serving; unlike uvicorn, do not send them to this process again."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {number: signal.signal(number, self.handle_exit) for number in _SIGNALS}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    @property
    def code(self) -> int:
        """The exit code of the process."""
        return INTERRUPTED if self.told == signal.SIGINT else 0 if self.started else 1


def make_server(settings: Settings, ready: Callable[[], object] = lambda: None) -> AppServer:
    """A uvicorn server of the application. ``ready`` is called once it serves."""
    app = create_app(settings)
    return AppServer(_config(app, settings), ready, app.context.live.end)


def _make_alone(settings: Settings, ready: Callable[[], object]) -> AppServer:
    """The server of a process that does nothing else: all that was loaded before it serves lasts as long as it does.

    There is no garbage among that to speak of (a few hundred objects), and looking for it takes a tenth of the start.
    """
    with uncollected():
        server = make_server(settings, ready)
        _keep()
    return server


def collect_less() -> None:
    """Leave what lasts as long as the server out of the garbage collector's rounds, and make these fewer.

    An answer is made of thousands of objects, none in a cycle: looking for cycles each 700 costs a search a twentieth.
    """
    gc.collect()
    _keep()


def _keep() -> None:
    gc.freeze()
    gc.set_threshold(_OBJECTS_A_ROUND)


def _config(app: Any, settings: Settings) -> Config:
    return Config(
        app,
        http=patient_protocol(settings.header_timeout),
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


def patient_protocol(timeout: float) -> type[HttpToolsProtocol]:
    """Uvicorn's protocol, with a limit to the wait for a request's headers."""

    class Protocol(HttpToolsProtocol):
        """Uvicorn's protocol; a connection that does not send its headers in time is closed."""

        _timer: asyncio.TimerHandle | None = None

        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            super().connection_made(OneWrite(transport, self.loop))  # type: ignore[arg-type]
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


def serve(
    settings: Settings,
    listening: Callable[[str], None] = lambda address: None,
    listener: socket.socket | None = None,
) -> int:
    """Serve until SIGTERM or SIGINT, then answer what is on its way; the exit code.

    ``listening`` is told the server's address once it answers there. ``listener`` is a socket that is open already.
    """
    check_address(settings)
    listener = listener or open_socket(settings.host, settings.port)
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    address = f"http://{host}:{listener.getsockname()[1]}{settings.static_prefix}"
    if settings.workers > 1:
        workers = Workers(settings.workers, listener, lambda ready: _make_alone(settings, ready))
        return workers.run(lambda: listening(address))
    server = _make_alone(settings, lambda: listening(address))
    server.run(sockets=[listener])
    return server.code


class Workers:
    """Several server processes on one socket. One that dies is replaced; one that cannot start ends them all.

    They end when this process is gone, however it went: the system then closes its end of a pipe that each child reads.
    """

    def __init__(self, count: int, listener: socket.socket, make: Callable[[Callable[[], object]], AppServer]) -> None:
        self._count = count
        self._listener = listener
        self._make = make
        self._children: set[int] = set()
        self._told = 0
        self._heard, self._say = os.pipe()
        self._parent_is_gone, self._parent_is_here = os.pipe()

    def run(self, ready: Callable[[], None]) -> int:
        """Serve until told to end; the exit code."""
        for number in _SIGNALS:
            signal.signal(number, self._stop)
        self._children |= {self._start() for _ in range(self._count)}
        os.close(self._say)
        self._say = _NOWHERE  # a child that replaces another has nobody to tell
        if os.read(self._heard, 1):
            ready()
        failed = False
        while self._children:
            child, status = os.wait()
            self._children.discard(child)
            if os.waitstatus_to_exitcode(status) == _CANNOT_START:
                failed = True
                self._stop(signal.SIGTERM, None)
            elif not self._told:
                self._children.add(self._start())
        return 1 if failed else INTERRUPTED if self._told == signal.SIGINT else 0

    def _stop(self, number: int, _frame: FrameType | None) -> None:
        self._told = self._told or number
        for child in self._children:
            with suppress(ProcessLookupError):
                os.kill(child, number)

    def _start(self) -> int:
        """Fork a server process; its id."""
        child = os.fork()
        if child:
            return child
        code = _CANNOT_START
        try:
            for number in _SIGNALS:
                signal.signal(number, signal.SIG_DFL)
            os.close(self._parent_is_here)
            threading.Thread(target=self._end_with_parent, name="quire-parent", daemon=True).start()
            server = self._make(self._ready)
            server.run(sockets=[self._listener])
            code = server.code
        except Exception as error:
            print(f"Error: {redact(str(error))}", file=sys.stderr)
        finally:
            sys.stdout.flush()
            os._exit(code)

    def _end_with_parent(self) -> None:
        os.read(self._parent_is_gone, 1)
        os.kill(os.getpid(), signal.SIGTERM)

    def _ready(self) -> None:
        if self._say != _NOWHERE:
            os.write(self._say, b".")
            os.close(self._say)
