"""One attempt at a call, and what follows from it: an answer, another attempt later, or a failure."""

from __future__ import annotations

import random
import time

import msgspec

from quire.caller.halt import Halt
from quire.caller.limits import Window, retry_after
from quire.caller.options import CallerOptions, Report
from quire.caller.pace import Pace
from quire.caller.retry import MAX_DELAY, RetryBudget, backoff
from quire.caller.transport import SendError, Transport
from quire.caller.verdict import Verdict, read
from quire.caller.watching import Ended, watched
from quire.domain.calls import Answer, Call, Failure

_TRIES_TO_REACH = 3
_LONG_PAUSE = 5.0
"""A retry-after of this many seconds speaks of the service, not of one request: everything waits."""
_REFUSED_IN_A_ROW = 8
"""After so many refusals and no answer between them, a short retry-after holds for everything too."""


class Pending:
    """A call on its way. ``key`` is its name in the journal; ``counted`` are attempts that use up its retries."""

    __slots__ = ("attempts", "call", "counted", "ended", "index", "key", "successes_before")

    def __init__(self, index: int, call: Call, key: bytes) -> None:
        self.index = index
        self.call = call
        self.key = key
        self.attempts = 0
        self.counted = 0
        self.successes_before = 0
        self.ended: Ended | None = None


class Unanswered(msgspec.Struct, frozen=True):
    """An attempt without an answer: why, and for how many seconds the service asks to wait, if it does."""

    verdict: Verdict
    asked_s: float | None = None


class Attempts:
    """The attempts of one batch, which learn from one another: how fast to send, and whether anything gets through."""

    def __init__(self, transport: Transport, options: CallerOptions, report: Report, halt: Halt) -> None:
        self.window = Window(options.max_concurrency)
        self.pace = Pace(options, halt.rest)
        self._transport = transport
        self._report = report
        self._halt = halt
        self._max_retries = options.max_retries
        self._timeout_s = options.timeout
        self._model_id = options.model_id
        self._retries = RetryBudget()
        self._successes = 0
        self._refused_in_a_row = 0

    async def make(self, pending: Pending) -> Answer | Unanswered | None:
        """Send a call once, as soon as it may go; None if nothing more is sent."""
        began = time.monotonic()
        aside = await self.pace.hold_back(pending.call)
        used: int | None = None
        try:
            sent = time.monotonic()
            if sent - began > 0.001:
                self._report.waited_s += sent - began
            if self._halt.failure is not None:
                return None
            result = await self._send(pending, sent)
            if isinstance(result, Answer):
                used = result.usage.input_tokens + result.usage.output_tokens
            return result
        finally:
            self.pace.settle(pending.call, aside, used)

    async def _send(self, pending: Pending, sent: float) -> Answer | Unanswered:
        if pending.attempts == 0:
            pending.successes_before = self._successes
            origin = pending.call.origin
            pending.ended = watched(pending.call, self._model_id if origin is None else origin.model_id)
        pending.attempts += 1
        self._report.requests += 1
        try:
            reply = await self._transport.send(pending.call, self._timeout_s)
        except SendError as error:
            return Unanswered(Verdict(error.kind, str(error), retry=True))
        self.pace.observe(pending.call, reply.headers)
        result = read(pending.call, reply, time.monotonic() - sent, pending.attempts)
        if isinstance(result, Answer):
            self._succeeded()
            return result
        if result.kind == "rate_limit":
            self._refused()
        return Unanswered(result, retry_after(reply.headers, time.time()))

    def _succeeded(self) -> None:
        self._successes += 1
        self._refused_in_a_row = 0
        self._retries.succeeded()
        self.window.succeeded()

    def _refused(self) -> None:
        self._refused_in_a_row += 1
        self.window.refused(time.monotonic(), self._report.mean_latency_s or 0.0)

    def after(self, pending: Pending, unanswered: Unanswered) -> Failure | float:
        """The failure of the call, or the seconds until it is to be tried again.

        A refusal for the rate uses up no retry as long as other calls get through.
        """
        verdict = unanswered.verdict
        others_succeed = self._successes > pending.successes_before
        if verdict.kind != "rate_limit" or not others_succeed:
            pending.counted += 1
        exhausted = pending.counted > self._max_retries or self._max_retries == 0
        if not verdict.retry or exhausted or self._nothing_there(pending, verdict):
            return self._failure(pending, verdict, others_succeed)
        if verdict.kind == "rate_limit":
            pending.successes_before = self._successes
        self._report.retries += 1
        return self._delay(pending, verdict, unanswered.asked_s)

    def _delay(self, pending: Pending, verdict: Verdict, asked: float | None) -> float:
        """Seconds before the next attempt. A long wait that the service asks for holds for all calls."""
        if asked is None:
            if verdict.kind != "rate_limit" and not self._retries.spend():
                return MAX_DELAY
            return backoff(max(1, pending.counted))
        if asked >= _LONG_PAUSE or self._refused_in_a_row >= _REFUSED_IN_A_ROW:
            self.pace.pause(asked)
        jitter = random.random() * max(0.05, 0.1 * asked)  # noqa: S311 - spreading load, not secrets
        return max(asked + jitter, backoff(pending.attempts - 2) if pending.attempts > 2 else 0.0)

    def _nothing_there(self, pending: Pending, verdict: Verdict) -> bool:
        """Whether the service was tried in vain often enough to say that it is not there."""
        lost = verdict.kind in {"unreachable", "connection"}
        return lost and self._successes == 0 and pending.counted >= _TRIES_TO_REACH

    def _failure(self, pending: Pending, verdict: Verdict, others_succeed: bool) -> Failure:
        kind, message = verdict.kind, verdict.message
        if kind == "unreachable" and others_succeed:
            kind = "connection"
        elif kind == "unreachable" or self._nothing_there(pending, verdict):
            kind = "unreachable"
            attempts = f"{pending.attempts} attempt{'s' if pending.attempts > 1 else ''}"
            message = (
                f"{self._transport.base_url} cannot be reached after {attempts} ({message}). "
                "Check OPENAI_BASE_URL and the network."
            )
        return Failure(pending.call, kind, message, verdict.status, pending.attempts)


def not_sent(pending: Pending, why: Failure) -> Failure:
    """The failure of a call that was not sent, or not again, because the batch was halted."""
    kind = why.kind if why.kind == "spend_limit" else "not_sent"
    message = f"not sent again: {why.message}" if pending.attempts else f"not sent: {why.message}"
    return Failure(pending.call, kind, message, why.status, pending.attempts)
