"""The sender of one endpoint: what lies between a request and its upstreams, in order."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from types import TracebackType

from quire.domain.endpoints import Endpoint
from quire.serving.errors import NoAnswer
from quire.serving.request import Outgoing, Reply
from quire.serving.sender.breaking import BreakerState
from quire.serving.sender.gate import Gate
from quire.serving.sender.hedging import Hedge
from quire.serving.sender.keeping import Keeping, KeptStream
from quire.serving.sender.live import LiveStream
from quire.serving.sender.sharing import Reading
from quire.serving.sender.trying import Station, Trying, closed

_LINGER_S = 1.0
"""So long a sender that has nothing to do any more waits for latecomers before it closes."""

Piecewise = LiveStream | Reading | KeptStream


class EndpointSender:
    """Sends the requests of one endpoint; bound to the event loop that first uses it.

    A request is measured, answered from the cache where it may be, let in through the gate, and sent.
    """

    def __init__(self, endpoint: Endpoint, stations: list[Station], trying: Trying) -> None:
        first = stations[0].channel
        self._stations = stations
        self._trying = trying
        self._gate = Gate(endpoint.limits)
        self._hedge = None if endpoint.hedging is None else Hedge(endpoint.hedging)
        self._keeping = (
            None if endpoint.caching is None else Keeping(endpoint.caching, first.name, endpoint.upstream.model)
        )
        self._max_request_bytes = endpoint.limits.max_request_bytes
        self._deadline_s = endpoint.retrying.deadline_s
        self._is_closed = False

    @property
    def running(self) -> int:
        """Requests under way."""
        return self._gate.running

    @property
    def waiting(self) -> int:
        """Requests in line."""
        return self._gate.waiting

    @property
    def hedged(self) -> int:
        """Requests that were sent twice."""
        return 0 if self._hedge is None else self._hedge.hedged

    @property
    def kept_bytes(self) -> int:
        """What answers that are kept take in memory."""
        return 0 if self._keeping is None else self._keeping.size

    @property
    def breakers(self) -> dict[str, BreakerState]:
        """The state of each upstream's breaker, by the upstream's name."""
        return {station.channel.name: station.breaker.state for station in self._stations}

    async def send(self, out: Outgoing) -> Reply:
        """The whole answer. Raises NoAnswer."""
        body = self._taken(out, stream=False)
        keeping = self._keeping
        key = None if keeping is None else keeping.key(out, stream=False)
        if keeping is None or key is None:
            return await self._whole(out, body)
        found = keeping.found(key)
        if isinstance(found, Reply):
            return found
        return await keeping.shared(key, out, lambda: self._whole(out, body))

    async def _whole(self, out: Outgoing, body: bytes) -> Reply:
        came = await self._enter()
        try:
            answer = await self._answer(out, body, came, stream=False)
        finally:
            self._gate.leave(time.monotonic())
        assert isinstance(answer, Reply)
        return answer

    def stream(self, out: Outgoing) -> Streaming:
        """An answer in pieces; a Reply where the upstream refused it, or answered whole. Entering raises NoAnswer.

        An answer that is kept comes at once, in one piece.
        """
        return Streaming(self._begin, out)

    async def _begin(self, out: Outgoing) -> tuple[Reply | Piecewise, Callable[[], None]]:
        """The beginning of an answer, and what is to be called once the caller is done with it."""
        body = self._taken(out, stream=True)
        keeping = self._keeping
        key = None if keeping is None else keeping.key(out, stream=True)
        if keeping is None or key is None:
            return await self._live(out, body)
        found = keeping.found(key)
        if found is not None:
            return found, _nothing
        return await keeping.joined(key, out, lambda: self._live(out, body))

    async def _live(self, out: Outgoing, body: bytes) -> tuple[Reply | LiveStream, Callable[[], None]]:
        came = await self._enter()
        try:
            answer = await self._answer(out, body, came, stream=True)
        except BaseException:
            self._gate.leave(time.monotonic())
            raise
        return answer, lambda: self._done(answer)

    async def _answer(self, out: Outgoing, body: bytes, came: float, *, stream: bool) -> Reply | LiveStream:
        trying, deadline = self._trying, came + self._deadline_s
        if self._hedge is None:
            return await trying.answer(out, body, deadline, stream=stream)
        skip = 1 if len(self._stations) > 1 else 0
        return await self._hedge.answer(
            lambda again: trying.answer(out, body, deadline, stream=stream, skip=skip if again else 0)
        )

    def _taken(self, out: Outgoing, *, stream: bool) -> bytes:
        """The body as it is sent, once the endpoint takes the request. Raises NoAnswer."""
        if self._is_closed:
            raise closed()
        body = self._stations[0].channel.encode(out, stream=stream)
        if len(body) > self._max_request_bytes:
            raise NoAnswer(
                f"The request is {len(body):,} bytes; the endpoint takes at most {self._max_request_bytes:,} "
                "(limits.max_request_bytes). Send less.",
                status=413,
            )
        self._gate.count(time.monotonic())
        return body

    async def _enter(self) -> float:
        """Enter the gate; gives the moment at which the request came, from which its deadline counts."""
        now = time.monotonic()
        if not self._gate.enters_at_once():
            await self._gate.enter(self._deadline_s)
        return now

    def _done(self, answer: Reply | LiveStream) -> None:
        if isinstance(answer, LiveStream):
            answer.close()
        self._gate.leave(time.monotonic())

    async def close(self, *, grace_s: float = 0.0) -> None:
        """Close the connections, after up to ``grace_s`` seconds in which requests under way may end.

        Until then it sends on: who chose this sender before another took its place may not have come to it yet.
        """
        if grace_s > 0:
            until = time.monotonic() + grace_s
            await self._gate.emptied(grace_s)
            await asyncio.sleep(min(_LINGER_S, grace_s / 10))
            await self._gate.emptied(max(0.0, until - time.monotonic()))
        self._trying.is_closed = self._is_closed = True
        for station in self._stations:
            await station.channel.close()
        if self._keeping is not None:
            self._keeping.clear()


class Streaming:
    """The context of one streamed answer."""

    __slots__ = ("_begin", "_done", "_out")

    def __init__(self, begin: _Begin, out: Outgoing) -> None:
        self._begin = begin
        self._out = out
        self._done: Callable[[], None] = _nothing

    async def __aenter__(self) -> Reply | Piecewise:
        answer, self._done = await self._begin(self._out)
        return answer

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        done, self._done = self._done, _nothing
        done()


_Begin = Callable[[Outgoing], Awaitable[tuple[Reply | Piecewise, Callable[[], None]]]]


def _nothing() -> None:
    """Nothing is left to do."""
