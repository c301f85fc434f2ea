"""What the caller's tests share: calls, callers, and an upstream that behaves as a test says."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import pytest

from quire.caller import Caller, CallerOptions, ServiceSettings
from quire.domain.calls import Call

Handler = Callable[["Exchange"], Awaitable[None]]


def make_calls(count: int, **body: Any) -> list[Call]:
    """Chat calls that ask ``row 0``, ``row 1``, …"""
    return [
        Call(
            "chat.completions",
            {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": f"row {index}"}], **body},
            (index,),
        )
        for index in range(count)
    ]


def chat_answer(text: str = "yes", **more: Any) -> bytes:
    return json.dumps(
        {
            "choices": [{"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}],
            "usage": {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15},
            **more,
        }
    ).encode()


class Exchange:
    """One request at the upstream, and the ways in which to answer it."""

    def __init__(self, number: int, head: str, body: bytes, writer: asyncio.StreamWriter) -> None:
        self.number = number
        self.path = head.split(" ")[1]
        self.headers = {
            name.lower(): value for name, _, value in (line.partition(": ") for line in head.split("\r\n")[1:])
        }
        self.body: Any = json.loads(body) if body else None
        self.arrived = time.monotonic()
        self.writer = writer

    @property
    def row(self) -> str:
        return str(self.body["messages"][0]["content"])

    async def answer(
        self, body: bytes | None = None, status: int = 200, length: int | None = None, **headers: str
    ) -> None:
        content = chat_answer() if body is None else body
        lines = [
            f"HTTP/1.1 {status} X",
            f"content-length: {len(content) if length is None else length}",
            *(f"{name.replace('_', '-')}: {value}" for name, value in headers.items()),
        ]
        self.writer.write("\r\n".join(lines).encode() + b"\r\n\r\n" + content)
        await self.writer.drain()

    async def refuse(self, status: int, message: str = "no", code: str | None = None, **headers: str) -> None:
        await self.answer(json.dumps({"error": {"message": message, "code": code}}).encode(), status, **headers)

    def hang_up(self) -> None:
        self.writer.transport.abort()


class Upstream:
    """An HTTP server in a thread that hands every request to a coroutine of the test."""

    def __init__(self, handler: Handler) -> None:
        self.handler = handler
        self.exchanges: list[Exchange] = []
        self.at_once = 0
        self.most_at_once = 0
        self.connections = 0
        self.open_connections = 0
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._server = asyncio.run_coroutine_threadsafe(self._start(), self._loop).result()
        self.port = self._server.sockets[0].getsockname()[1]
        self.base_url = f"http://127.0.0.1:{self.port}/v1"

    async def _start(self) -> asyncio.Server:
        return await asyncio.start_server(self._serve, "127.0.0.1", 0, backlog=1000)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self.open_connections += 1
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode().strip()
                length = next(
                    (int(line.split(":")[1]) for line in head.split("\r\n") if line.lower().startswith("content-len")),
                    0,
                )
                exchange = Exchange(len(self.exchanges), head, await reader.readexactly(length), writer)
                self.exchanges.append(exchange)
                self.at_once += 1
                self.most_at_once = max(self.most_at_once, self.at_once)
                try:
                    await self._handle(exchange, reader)
                finally:
                    self.at_once -= 1
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass
        finally:
            self.open_connections -= 1
            writer.close()

    async def _handle(self, exchange: Exchange, reader: asyncio.StreamReader) -> None:
        """Run the test's handler, as long as the client is there."""
        handling = asyncio.ensure_future(self.handler(exchange))
        while not (await asyncio.wait({handling}, timeout=0.02))[0]:
            if reader.at_eof() or reader.exception() is not None:
                handling.cancel()
                raise ConnectionError
        handling.result()

    def stop(self) -> None:
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result(timeout=5)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(timeout=5)
        self._loop.close()

    async def _end(self) -> None:
        self._server.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)


@pytest.fixture
def upstream() -> Iterator[Callable[[Handler], Upstream]]:
    """Starts upstreams: ``upstream(handler)``. All stop after the test."""
    started: list[Upstream] = []

    def start(handler: Handler) -> Upstream:
        started.append(Upstream(handler))
        return started[-1]

    yield start
    for running in started:
        running.stop()


@pytest.fixture
def caller_at() -> Callable[..., Caller]:
    """Makes callers: ``caller_at(server, max_concurrency=4)``."""

    def make(server: Any, **options: Any) -> Caller:
        return Caller(ServiceSettings(api_key="sk-test", base_url=server.base_url), CallerOptions(**options))

    return make


@pytest.fixture
def calls() -> Callable[..., list[Call]]:
    """Makes chat calls: ``calls(10, temperature=1)``."""
    return make_calls


@pytest.fixture
def answered() -> Callable[..., bytes]:
    """The body of a chat answer: ``answered("text")``."""
    return chat_answer
