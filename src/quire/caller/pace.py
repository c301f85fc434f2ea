"""Holding requests back: pauses that the service asks for, stated limits, the user's ceilings, the spend limit."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping

import msgspec

from quire.caller.limits import Bucket, StatedLimit
from quire.caller.options import CallerOptions
from quire.domain.calls import Call

_BYTES_PER_TOKEN = 4.0


class Pace:
    """Decides when the next request may go. All workers of a batch share one."""

    def __init__(self, options: CallerOptions) -> None:
        now = time.monotonic()
        self._resume_at = 0.0
        self._stated_requests = StatedLimit("requests")
        self._stated_tokens = StatedLimit("tokens")
        self._requests = _ceiling(options.max_requests_per_minute, now)
        self._tokens = _ceiling(options.max_tokens_per_minute, now)
        self._limited = self._requests is not None or self._tokens is not None

    def pause(self, seconds: float) -> None:
        """Send nothing for this long: the service asked for it."""
        self._resume_at = max(self._resume_at, time.monotonic() + seconds)

    @property
    def pausing_s(self) -> float:
        """Seconds until the pause ends; 0.0 if there is none."""
        return max(0.0, self._resume_at - time.monotonic())

    async def hold_back(self, call: Call) -> float:
        """Wait until this call may be sent; returns the seconds waited."""
        began = time.monotonic()
        while (pause := self._resume_at - time.monotonic()) > 0:  # noqa: ASYNC110 - it may grow while it lasts
            await asyncio.sleep(pause)
        if self._limited:
            wait = self._wait_for_limits(call)
            if wait > 0:
                await asyncio.sleep(wait)
        return time.monotonic() - began

    def _wait_for_limits(self, call: Call) -> float:
        now = time.monotonic()
        tokens = estimate_tokens(call)
        waits = [self._stated_requests.take(1.0, now), self._stated_tokens.take(tokens, now)]
        if self._requests is not None:
            waits.append(self._requests.take(1.0, now))
        if self._tokens is not None:
            waits.append(self._tokens.take(tokens, now))
        return max(waits)

    def observe(self, headers: Mapping[str, str], in_flight: int) -> None:
        """Learn the service's stated limits from a response."""
        if "x-ratelimit-remaining-requests" in headers or "x-ratelimit-remaining-tokens" in headers:
            now = time.monotonic()
            self._stated_requests.observe(headers, in_flight, now)
            self._stated_tokens.observe(headers, 0.0, now)
            self._limited = True

    def settle(self, call: Call, tokens: int) -> None:
        """Correct the estimate of a call's tokens by what the service counted."""
        if self._tokens is not None and tokens:
            self._tokens.give_back(estimate_tokens(call) - tokens, time.monotonic())


def _ceiling(per_minute: float | None, now: float) -> Bucket | None:
    """A bucket that lets through ``per_minute`` evenly, with a burst of one second's worth."""
    if per_minute is None:
        return None
    rate = per_minute / 60.0
    return Bucket(rate, max(1.0, rate), now)


def estimate_tokens(call: Call) -> float:
    """Tokens that a call may use: a quarter of its bytes, plus what it lets the model write."""
    body = call.body
    allowed = body.get("max_completion_tokens") or body.get("max_tokens") or body.get("max_output_tokens") or 0
    return len(msgspec.json.encode(body)) / _BYTES_PER_TOKEN + allowed


class Purse:
    """The spend limit: what was spent, what requests in flight may cost, and whether one more fits.

    What a request will cost is estimated from the requests answered so far (their mean), before the first from its
    size; so the limit is overshot by no more than the error of that estimate over the requests in flight.
    """

    def __init__(self, limit_usd: float, model: str) -> None:
        from quire.caller.cost import price_of
        from quire.domain.errors import InvalidInput

        price = price_of(model)
        if price is None:
            raise InvalidInput(
                f"max_cost_usd is set, and the price of {model!r} is not known, so the limit could not be kept. "
                "Leave max_cost_usd out, or use a model that the price table of `genai-prices` lists."
            )
        self._price = price
        self.limit_usd = limit_usd
        self.spent_usd = 0.0
        self._reserved_usd = 0.0
        self._answers = 0

    def reserve(self, call: Call) -> float | None:
        """Set money aside for a call; None when it does not fit the limit now."""
        estimate = self.spent_usd / self._answers if self._answers else self._first_estimate(call)
        if self.spent_usd + self._reserved_usd + estimate > self.limit_usd:
            return None
        self._reserved_usd += estimate
        return estimate

    @property
    def nothing_reserved(self) -> bool:
        """Whether no request in flight could still turn out cheaper than thought."""
        return self._reserved_usd <= 1e-12

    def release(self, reserved: float, input_tokens: int, output_tokens: int, cached: int) -> None:
        """A request ended: free its reservation and pay what it really cost."""
        from quire.domain.calls import Usage

        self._reserved_usd -= reserved
        if input_tokens or output_tokens:
            self._answers += 1
            self.spent_usd += self._price(Usage(input_tokens, output_tokens, cached))

    def _first_estimate(self, call: Call) -> float:
        from quire.domain.calls import Usage

        body = call.body
        allowed = body.get("max_completion_tokens") or body.get("max_tokens") or body.get("max_output_tokens") or 0
        size = int(len(msgspec.json.encode(body)) / _BYTES_PER_TOKEN)
        return self._price(Usage(size, int(allowed)))
