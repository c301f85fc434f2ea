"""An upstream that does exactly what a test says: bytes on a socket, and what becomes of the connection."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine
from types import TracebackType
from typing import Any

Handle = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Coroutine[Any, Any, None]]

STREAM = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"


def chunk(data: bytes) -> bytes:
    """A piece of a body in chunks."""
    return b"%x\r\n%b\r\n" % (len(data), data)


def event(text: str, *, usage: bool = False) -> bytes:
    """An event of a chat stream."""
    counted = b',"usage":null' if usage else b""
    return b'data: {"id":"c-1","choices":[{"index":0,"delta":{"content":"%b"}}]%b}\n\n' % (text.encode(), counted)


def writes(*pieces: bytes, ends: bool = True) -> Handle:
    """Send these pieces as the chunks of a stream."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(STREAM)
        for piece in pieces:
            writer.write(chunk(piece))
            await writer.drain()
        if ends:
            writer.write(b"0\r\n\r\n")
            await writer.drain()

    return handle


class RawUpstream:
    """Serves each connection by ``handle``, once a whole request has come. ``lost`` is set when one goes away."""

    def __init__(self, handle: Handle) -> None:
        self._handle = handle
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self.lost = threading.Event()
        self.asked = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> RawUpstream:
        self._thread.start()
        assert self._ready.wait(10)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._loop.call_soon_threadsafe(self._ended.set)
        self._thread.join(10)

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._serve())

    async def _serve(self) -> None:
        self._ended = asyncio.Event()
        server = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        self.port: int = server.sockets[0].getsockname()[1]
        self._ready.set()
        await self._ended.wait()
        server.close()
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            lines = head.lower().split(b"\r\n")
            length = next(int(line.split(b":")[1]) for line in lines if line.startswith(b"content-length:"))
            await reader.readexactly(length)
            self.asked.set()
            await self._handle(reader, writer)
        except (OSError, asyncio.IncompleteReadError):
            self.lost.set()
        finally:
            writer.close()
