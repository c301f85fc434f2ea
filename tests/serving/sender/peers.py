"""Upstreams that break HTTP on purpose: raw sockets in the test's own event loop."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable
from typing import Any

from tests.caller.conftest import chat_answer

Connection = Callable[["Peer"], Awaitable[None]]
EVENTS_HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"


class Peer:
    """The upstream's end of one connection. ``gone`` is set once the other side has closed it."""

    def __init__(self, number: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.number = number
        self.reader = reader
        self.writer = writer
        self.requests = 0
        self.gone = asyncio.Event()

    async def request(self) -> bytes:
        """The body of the next request. Raises IncompleteReadError at the end of the connection."""
        head = (await self.reader.readuntil(b"\r\n\r\n")).lower()
        self.requests += 1
        length = int(head.split(b"content-length: ")[1].split(b"\r\n")[0])
        return await self.reader.readexactly(length)

    async def answer(self, body: bytes | None = None, length: int | None = None, more: str = "") -> None:
        content = chat_answer() if body is None else body
        head = f"HTTP/1.1 200 OK\r\ncontent-length: {len(content) if length is None else length}\r\n{more}\r\n"
        await self.write(head.encode() + content)

    async def write(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def event(self, text: bytes) -> None:
        """One piece of a chunked stream."""
        await self.write(b"%x\r\n%s\r\n" % (len(text), text))

    async def until_gone(self) -> None:
        """Read on until the other side closes."""
        while await self.reader.read(65536):
            pass

    def abort(self) -> None:
        self.writer.transport.abort()


class RawServer:
    """Hands each connection to a coroutine of the test."""

    def __init__(self, connection: Connection) -> None:
        self.peers: list[Peer] = []
        self._connection = connection
        self._server: asyncio.Server | None = None
        self._port = 0

    async def start(self, tls: ssl.SSLContext | None = None) -> RawServer:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self._port, backlog=2048, ssl=tls)
        self._port = self._server.sockets[0].getsockname()[1]
        return self

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self._port}/v1"

    @property
    def requests(self) -> int:
        """How many requests arrived."""
        return sum(peer.requests for peer in self.peers)

    @property
    def open_connections(self) -> int:
        return sum(not peer.gone.is_set() for peer in self.peers)

    async def all_gone(self) -> None:
        """Wait until every connection has been closed."""
        await asyncio.gather(*(peer.gone.wait() for peer in self.peers))

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        peer = Peer(len(self.peers), reader, writer)
        self.peers.append(peer)
        try:
            await self._connection(peer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            peer.gone.set()
            writer.close()

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
            for peer in self.peers:
                if not peer.gone.is_set():  # one that is gone may be too far gone to be aborted
                    peer.abort()
            self._server = None


StartRaw = Callable[[Connection], Awaitable[RawServer]]


def closed_port() -> int:
    """A port on which nothing listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


async def answering(peer: Any) -> None:
    """A healthy connection: answers every request."""
    while True:
        await peer.request()
        await peer.answer()
