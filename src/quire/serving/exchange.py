"""One request on its way: what was asked, what it was given, and what is to be told of it."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import msgspec

from quire.domain.calls import Usage
from quire.server.http import Headers, Reply, Scope, Send
from quire.serving.connection import connection_of
from quire.serving.context import Context
from quire.serving.live import LiveArm, LiveEndpoint
from quire.serving.logging import request_id_of
from quire.serving.request import Ask, Done, Ending, Given, Outgoing, Route
from quire.serving.traceparents import begin
from quire.serving.wording import describe, error_reply

_PASSED_ON = (
    "openai-processing-ms",
    "openai-version",
    "retry-after",
    "retry-after-ms",
    "x-should-retry",
    "x-ratelimit-limit-requests",
    "x-ratelimit-limit-tokens",
    "x-ratelimit-remaining-requests",
    "x-ratelimit-remaining-tokens",
    "x-ratelimit-reset-requests",
    "x-ratelimit-reset-tokens",
)
_PASSED_BYTES = tuple((name, name.encode()) for name in _PASSED_ON)
"""Headers of the upstream that the caller sees."""
_CACHED = (b"x-quire-cached", b"1")
_NO_USAGE = Usage()
_CLOSED_REQUEST = 499


class Exchange:
    """State of one request. ``began`` is when it came (seconds of the performance counter)."""

    __slots__ = (
        "arm",
        "ask",
        "began",
        "context",
        "fell_back",
        "first_token_s",
        "given",
        "ids",
        "live",
        "out",
        "route",
        "scope",
        "send",
        "sent_at",
        "start_ns",
        "started",
        "upstream_request_id",
    )

    def __init__(self, context: Context, route: Route, scope: Scope, send: Send) -> None:
        self.start_ns = time.time_ns()
        self.began = time.perf_counter()
        self.context = context
        self.route: Route = route
        self.scope = scope
        self.send = send
        self.ids = begin()
        self.ask: Ask | None = None
        self.live: LiveEndpoint | None = None
        self.arm: LiveArm | None = None
        self.given: Given | None = None
        self.out: Outgoing | None = None
        self.sent_at = 0.0
        self.first_token_s: float | None = None
        self.fell_back = False
        self.started = False
        self.upstream_request_id = ""

    def asks(self, ask: Ask, live: LiveEndpoint) -> None:
        """It is known what is asked; the trace of a caller who brings one goes on here."""
        ask.request_id = request_id_of(self.scope["headers"])
        if ask.traceparent:
            self.ids = begin(ask.traceparent)
        self.ask, self.live = ask, live
        self.given = live.champion.given

    def sends(self, out: Outgoing) -> None:
        """It is known what the upstream is asked."""
        out.traceparent = self.ids.traceparent
        self.out = out
        self.sent_at = time.perf_counter()

    def headers(self, upstream: Any, *, cached: bool) -> Headers:
        """The headers of an answer: what Quire adds, and what of the upstream's the caller sees."""
        assert self.arm is not None
        found = [
            (b"content-type", upstream.get("content-type", "application/json").encode("latin-1")),
            (b"x-quire-trace-id", self.ids.trace_id.encode()),
            *self.arm.headers,
        ]
        if self.ask is not None:
            found.append((b"x-request-id", self.ask.request_id.encode()))
        self.upstream_request_id = upstream.get("x-request-id", "")
        if self.upstream_request_id:
            found.append((b"x-quire-upstream-request-id", self.upstream_request_id.encode("latin-1")))
        if cached:
            found.append(_CACHED)
        for name, encoded in _PASSED_BYTES:
            value = upstream.get(name)
            if value is not None:
                found.append((encoded, value.encode("latin-1")))
        return found

    def mark_first(self) -> None:
        """The first piece of the answer is about to be passed on."""
        self.first_token_s = time.perf_counter() - self.began

    async def begin(self, status: int, headers: Headers) -> None:
        """Send the head of an answer."""
        self.started = True
        await self.send({"type": "http.response.start", "status": status, "headers": headers})

    async def refuse(self, error: Exception) -> None:
        """Answer with an error, if nothing was answered yet."""
        status, words = describe(error)
        reply = error_reply(error)
        reply.headers.append((b"x-quire-trace-id", self.ids.trace_id.encode()))
        if self.ask is not None:
            reply.headers.append((b"x-request-id", self.ask.request_id.encode()))
        if self.arm is not None:
            reply.headers.extend(self.arm.headers)
        await self.answer(reply)
        failed = self.out is not None
        self.tell("failed" if failed else "refused", status, error=words.message, code=words.code or "")

    def break_off(self, error: Exception) -> None:
        """End an answer that has begun and cannot be completed."""
        status, words = describe(error)
        connection_of(self.scope).abandon()
        self.tell("broken", status, error=words.message)

    async def answer(self, reply: Reply) -> None:
        """Send a whole answer."""
        await self.begin(reply.status, [*reply.headers, (b"content-length", b"%d" % len(reply.body))])
        await self.send({"type": "http.response.body", "body": reply.body})

    def tell(
        self,
        ending: Ending,
        status: int,
        *,
        body: bytes = b"",
        upstream: str = "",
        attempts: int = 1,
        cached: bool = False,
        error: str = "",
        code: str = "",
    ) -> None:
        """Tell the observers, once what was written is on its way to the caller."""
        context = self.context
        if self.ask is None or self.given is None:
            if context.refusals and status != _CLOSED_REQUEST:
                self._soon(context.tell_refusal, self.scope["path"], status, code)
            return
        if not context.observers:
            return
        now = time.perf_counter()
        given = self.given
        if self.out is None and given.trial_id is not None and not self.fell_back:
            given = msgspec.structs.replace(given, trial_id=None, unit="", phase=0)  # no arm was asked
        done = Done(
            ask=self.ask,
            out=self.out,
            given=given,
            ending=ending,
            status=status,
            start_ns=self.start_ns,
            latency_s=now - self.began,
            first_token_s=self.first_token_s,
            body=body,
            upstream_s=now - self.sent_at if self.out is not None else None,
            trace_id=self.ids.trace_id,
            span_id=self.ids.span_id,
            usage=_NO_USAGE,
            upstream=upstream,
            upstream_request_id=self.upstream_request_id,
            attempts=attempts,
            cached=cached,
            fell_back=self.fell_back,
            error=error,
        )
        self._soon(context.tell, done)

    def tell_left(self) -> None:
        """The caller went away."""
        self.tell("disconnected", _CLOSED_REQUEST, error="The caller went away.")

    def _soon(self, call: Any, *arguments: Any) -> None:
        asyncio.get_running_loop().call_soon(call, *arguments)
