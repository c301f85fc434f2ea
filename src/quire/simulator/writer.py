"""One exchange with a client: writing an answer, streaming it, or breaking it off as a fault demands."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from quire.simulator.behaviour import FaultKind
from quire.simulator.http import LABEL, Headers, Reply, Stream
from quire.simulator.request_log import RecordedRequest

TRANSPORT = "quire.transport"
"""The ASGI extension under which the server gives the connection's transport, so that it can be broken."""

_LABEL = (LABEL[0].encode(), LABEL[1].encode())
_EVENT_HEADERS = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-cache"),
    _LABEL,
]


class Exchange:
    """Answers one request. What was answered is noted in ``entry``."""

    def __init__(
        self,
        scope: MutableMapping[str, Any],
        receive: Callable[[], Awaitable[MutableMapping[str, Any]]],
        send: Callable[[MutableMapping[str, Any]], Awaitable[None]],
        entry: RecordedRequest | None = None,
    ) -> None:
        self._scope = scope
        self._receive = receive
        self._send = send
        self._entry = entry

    async def wait_until(self, moment: float) -> None:
        """Let the time of an answer pass, until a moment of the loop's clock; the work done since is part of it."""
        seconds = moment - asyncio.get_running_loop().time()
        if seconds > 0:
            await asyncio.sleep(seconds)

    async def write(self, reply: Reply) -> None:
        """Answer as a whole."""
        await self._start(reply)
        if self._entry is not None:
            self._entry.status = reply.status
        await self._send({"type": "http.response.body", "body": reply.body})

    async def stream(self, stream: Stream, pause: float) -> None:
        """Answer in events, ``pause`` seconds apart; stop when the client has gone."""
        await self._start_stream(stream)
        if self._entry is not None:
            self._entry.status = 200
        gone = asyncio.ensure_future(self._disconnected())
        try:
            for frame in stream.frames:
                await asyncio.sleep(pause)
                if gone.done():
                    return
                await self._event(frame)
            await self._send({"type": "http.response.body", "body": b""})
        finally:
            gone.cancel()

    async def break_off(self, fault: FaultKind, answer: Reply | Stream) -> None:
        """Spoil an answer in the way of ``fault``."""
        if fault == "broken_stream" and isinstance(answer, Reply):
            await self.write(answer)
        elif fault == "timeout":
            await self._disconnected()
        elif fault == "malformed":
            await self._malformed(answer)
        else:
            if fault != "disconnect":
                await self._half(answer)
            await self._hang_up()

    async def _start(self, reply: Reply, length: int | None = None) -> None:
        headers = [
            (b"content-type", reply.content_type.encode()),
            (b"content-length", b"%d" % (len(reply.body) if length is None else length)),
            _LABEL,
        ]
        self._add(headers, reply.headers)
        await self._send({"type": "http.response.start", "status": reply.status, "headers": headers})

    async def _start_stream(self, stream: Stream) -> None:
        headers = list(_EVENT_HEADERS)
        self._add(headers, stream.headers)
        await self._send({"type": "http.response.start", "status": 200, "headers": headers})

    def _add(self, headers: list[tuple[bytes, bytes]], more: Headers) -> None:
        if self._entry is not None:
            headers.append((b"x-request-id", b"req_%032x" % self._entry.number))
        for name, value in more:
            headers.append((name.encode(), value.encode()))

    async def _event(self, frame: bytes) -> None:
        if self._entry is not None:
            self._entry.events += 1
        await self._send({"type": "http.response.body", "body": frame, "more_body": True})

    async def _malformed(self, answer: Reply | Stream) -> None:
        if isinstance(answer, Reply):
            half = len(answer.body) // 2
            await self.write(Reply(answer.body[:half], 200, headers=answer.headers))
            return
        await self._start_stream(answer)
        await self._event(b'data: {"id": \n\n')
        await self._send({"type": "http.response.body", "body": b""})

    async def _half(self, answer: Reply | Stream) -> None:
        if isinstance(answer, Reply):
            await self._start(answer)
            half = answer.body[: len(answer.body) // 2]
            await self._send({"type": "http.response.body", "body": half, "more_body": True})
            return
        await self._start_stream(answer)
        frames = list(answer.frames)
        for frame in frames[: max(1, len(frames) // 2)]:
            await self._event(frame)

    async def _disconnected(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass

    async def _hang_up(self) -> None:
        transport = self._scope.get("extensions", {}).get(TRANSPORT)
        if transport is None:
            raise ConnectionAbortedError("the simulator was told to break this connection")
        transport.close()
        await self._disconnected()
