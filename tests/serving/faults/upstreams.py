"""Upstreams that go wrong in ways that no well-made server can be told to: they hold, and they pour."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable, Coroutine
from types import TracebackType
from typing import Any

_HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
_EVENT = (
    b'data: {"id":"chatcmpl-x","object":"chat.completion.chunk","created":1,"model":"m","choices":'
    b'[{"index":0,"delta":{"content":"' + b"word " * 800 + b'"},"finish_reason":null}]}\n\n'
)
_PIECE = f"{len(_EVENT):x}\r\n".encode() + _EVENT + b"\r\n"


class Upstream:
    """A server in a thread of this process. ``asked`` counts requests that came, ``left`` connections that ended early.

    ``holds`` never answers; ``pours`` streams words without end; both until the caller closes the connection.
    """

    def __init__(self, behave: Callable[[Upstream, Any, Any], Coroutine[Any, Any, None]]) -> None:
        self._behave = behave
        self._changed = threading.Condition()
        self.asked = self.left = 0
        self.poured = 0
        self._loop = asyncio.new_event_loop()
        started = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(started,), daemon=True)
        self._thread.start()
        started.wait(10)

    def _run(self, started: threading.Event) -> None:
        asyncio.set_event_loop(self._loop)
        self._server = self._loop.run_until_complete(asyncio.start_server(self._connected, "127.0.0.1", 0))
        self.port: int = self._server.sockets[0].getsockname()[1]
        started.set()
        self._loop.run_forever()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            head = await reader.readuntil(b"\r\n\r\n")
            length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n", 1)[0] or 0)
            await reader.readexactly(length)
            self._note("asked")
            await self._behave(self, reader, writer)
        self._note("left")
        writer.close()

    def _note(self, what: str) -> None:
        with self._changed:
            setattr(self, what, getattr(self, what) + 1)
            self._changed.notify_all()

    def wait_for(self, what: str, count: int, seconds: float = 30) -> None:
        """Until so many requests came, or left."""
        with self._changed:
            met = self._changed.wait_for(lambda: getattr(self, what) >= count, seconds)
        assert met, f"{getattr(self, what)} {what} of {count}"

    @property
    def environment(self) -> dict[str, str]:
        """What sends an OpenAI client here."""
        return {"OPENAI_BASE_URL": f"http://127.0.0.1:{self.port}/v1", "OPENAI_API_KEY": "any"}

    def __enter__(self) -> Upstream:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)


async def holds(upstream: Upstream, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Never answers."""
    await reader.read()


async def pours(upstream: Upstream, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Streams without end, as fast as it is read."""
    writer.write(_HEAD)
    while True:
        writer.write(_PIECE)
        await writer.drain()
        upstream.poured += len(_PIECE)


async def breaks_off(upstream: Upstream, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Streams three pieces, and closes the connection."""
    writer.write(_HEAD + 3 * _PIECE)
    await writer.drain()
