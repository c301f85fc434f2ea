"""Answering from what is kept, and keeping what is worth it."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from typing import Any

from quire.domain.endpoints import Caching
from quire.serving.request import Outgoing, Reply
from quire.serving.sender.cache import Cache, Kept
from quire.serving.sender.caching import cache_key, is_whole, is_whole_stream, may_be_kept
from quire.serving.sender.flights import Flights
from quire.serving.sender.live import LiveStream
from quire.serving.sender.sharing import Reading, SharedStream

_EVENTS = "text/event-stream"

Asking = Callable[[], Coroutine[Any, Any, tuple[Reply | LiveStream, Callable[[], None]]]]
"""Asks for a stream; gives its beginning, and what is to be called once nobody reads it any more."""


class Keeping:
    """The cache of one endpoint. ``upstream`` is the first of its upstreams: what a fallback says is not kept."""

    def __init__(self, rule: Caching, upstream: str, model: str | None) -> None:
        self._rule = rule
        self._upstream = upstream
        self._model = model
        self._cache = Cache(ttl_s=rule.ttl_s, max_bytes=rule.max_bytes)
        self._flights: Flights[Reply] = Flights()
        self._openings: Flights[Reply | SharedStream] = Flights(_dispose)
        self._streams: dict[bytes, SharedStream] = {}

    @property
    def size(self) -> int:
        """What is kept, in bytes."""
        return self._cache.size

    def key(self, out: Outgoing, *, stream: bool) -> bytes | None:
        """The key of a request; None for one whose answer may not be kept."""
        if not may_be_kept(out, self._rule):
            return None
        return cache_key(out, self._model or str(out.body.get("model", "")), stream=stream)

    def found(self, key: bytes) -> Reply | KeptStream | None:
        """What is kept under a key."""
        kept = self._cache.get(key, time.monotonic())
        if kept is None:
            return None
        if kept.headers.get("content-type", "").startswith(_EVENTS):
            return KeptStream(kept)
        return Reply(kept.status, kept.headers, kept.body, kept.upstream, attempts=0, cached=True)

    async def shared(self, key: bytes, out: Outgoing, ask: Callable[[], Coroutine[Any, Any, Reply]]) -> Reply:
        """The answer to a request that is not kept, asked for once by all who want it now."""
        reply, is_own = await self._flights.share(key, lambda: self._asked(key, out, ask))
        return reply if is_own else _again(reply)

    async def _asked(self, key: bytes, out: Outgoing, ask: Callable[[], Coroutine[Any, Any, Reply]]) -> Reply:
        reply = await ask()
        self.keep(key, out, reply)
        return reply

    def keep(self, key: bytes, out: Outgoing, reply: Reply) -> None:
        """Keep a whole answer that is worth it."""
        if reply.upstream == self._upstream and is_whole(out.route, reply):
            self._put(key, reply.status, reply.headers, reply.body)

    async def joined(self, key: bytes, out: Outgoing, ask: Asking) -> tuple[Reply | Reading, Callable[[], None]]:
        """A stream that is not kept, asked for once by all who want it while it comes; and what ends reading it."""
        while True:
            shared = self._streams.get(key)
            is_own = False
            if shared is None:
                opened, is_own = await self._openings.share(key, lambda: self._opened(key, out, ask))
                if isinstance(opened, Reply):
                    return (opened if is_own else _again(opened)), _nothing
                shared = opened
            if shared.can_be_joined:
                reading = shared.reader(is_first=is_own)
                return reading, reading.close

    async def _opened(self, key: bytes, out: Outgoing, ask: Asking) -> Reply | SharedStream:
        answer, leave = await ask()
        if isinstance(answer, Reply):
            leave()
            self.keep(key, out, answer)
            return answer

        def over() -> None:
            if self._streams.get(key) is shared:
                del self._streams[key]
            leave()

        shared = self._streams[key] = SharedStream(answer, over, lambda body: self._keep_stream(key, out, answer, body))
        return shared

    def _keep_stream(self, key: bytes, out: Outgoing, stream: LiveStream, body: bytes) -> None:
        if stream.upstream == self._upstream and is_whole_stream(out.route, stream.status, body):
            self._put(key, stream.status, stream.headers, body)

    def _put(self, key: bytes, status: int, headers: Mapping[str, str], body: bytes) -> None:
        self._cache.put(key, Kept(status, _of_the_answer(headers), body, self._upstream), time.monotonic())

    def clear(self) -> None:
        """Forget everything."""
        self._cache.clear()


class KeptStream:
    """A stream as it once came, all at once."""

    __slots__ = ("_body", "attempts", "cached", "headers", "status", "upstream")

    def __init__(self, kept: Kept) -> None:
        self._body = kept.body
        self.status = kept.status
        self.headers = kept.headers
        self.upstream = kept.upstream
        self.attempts = 0
        self.cached = True

    async def chunks(self) -> AsyncIterator[bytes]:
        """All of it."""
        yield self._body

    def close(self) -> None:
        """Nothing is open."""


def _again(reply: Reply) -> Reply:
    """A reply for one more who asked the same."""
    return Reply(reply.status, reply.headers, reply.body, reply.upstream, attempts=0, cached=True)


def _dispose(opened: Reply | SharedStream) -> None:
    if isinstance(opened, SharedStream):
        opened.abandon()


def _nothing() -> None:
    """Nothing is open."""


def _of_the_answer(headers: Mapping[str, str]) -> dict[str, str]:
    """The headers that belong to the answer; the others speak of an exchange that is over."""
    return {
        name.lower(): value
        for name, value in headers.items()
        if name.lower() == "content-type" or name.lower().startswith("openai-")
    }
