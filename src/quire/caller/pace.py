"""Holding requests back: pauses that the service asks for, limits that it states, the user's own ceilings."""

from __future__ import annotations

import random
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping

import msgspec

from quire.caller.limits import Bucket, StatedLimit
from quire.caller.options import CallerOptions
from quire.domain.calls import Call, model_name

BYTES_PER_TOKEN = 4.0
_SPREAD = 0.1
_MAX_SPREAD_S = 2.0
_OBSERVE_EVERY_S = 0.005


class _Stated:
    """What the service states for one model, and what was sent to it and is not answered yet."""

    __slots__ = ("requests", "requests_out", "tokens", "tokens_out")

    def __init__(self) -> None:
        self.requests = StatedLimit("requests")
        self.tokens = StatedLimit("tokens")
        self.requests_out = 0
        self.tokens_out = 0.0


class Pace:
    """Decides when the next request may go. All workers of a batch share one; each model has limits of its own.

    ``rest`` sleeps for so many seconds and returns True, or False once nothing more is to be sent.
    """

    def __init__(self, options: CallerOptions, rest: Callable[[float], Awaitable[bool]]) -> None:
        now = time.monotonic()
        self._rest = rest
        self._resume_at = 0.0
        self._spread_s = 0.0
        self._stated: defaultdict[str, _Stated] = defaultdict(_Stated)
        self._requests = _ceiling(options.max_requests_per_minute, now)
        self._tokens = _ceiling(options.max_tokens_per_minute, now)
        self._limited = self._requests is not None or self._tokens is not None
        self._observe_at = 0.0

    def pause(self, seconds: float) -> None:
        """Send nothing for this long: the service asked for it. Afterwards requests start spread over a moment."""
        until = time.monotonic() + seconds
        if until > self._resume_at:
            self._resume_at = until
            self._spread_s = min(_MAX_SPREAD_S, _SPREAD * seconds)

    @property
    def pausing_s(self) -> float:
        """Seconds until the pause ends; 0.0 if there is none."""
        return max(0.0, self._resume_at - time.monotonic())

    async def hold_back(self, call: Call) -> float:
        """Wait until this call may be sent; gives the tokens set aside for it, to be settled when it ends."""
        tokens = 0.0
        stated = self._stated[model_name(call)]
        stated.requests_out += 1
        if self._limited:
            tokens = estimate_tokens(call)
            stated.tokens_out += tokens
            wait = self._wait_for_limits(stated, tokens)
            if wait > 0:
                await self._rest(wait)
        while (pause := self.pausing_s) > 0:
            spread = random.random() * self._spread_s  # noqa: S311 - spreading load, not secrets
            if not await self._rest(pause + spread):
                break
        return tokens

    def _wait_for_limits(self, stated: _Stated, tokens: float) -> float:
        now = time.monotonic()
        waits = [stated.requests.take(1.0, now), stated.tokens.take(tokens, now)]
        if self._requests is not None:
            waits.append(self._requests.take(1.0, now))
        if self._tokens is not None:
            waits.append(self._tokens.take(tokens, now))
        return max(waits)

    def observe(self, call: Call, headers: Mapping[str, str]) -> None:
        """Learn a model's stated limits from a response; a few hundred responses a second are enough to know."""
        now = time.monotonic()
        if now < self._observe_at:
            return
        if "x-ratelimit-remaining-requests" in headers or "x-ratelimit-remaining-tokens" in headers:
            self._observe_at = now + _OBSERVE_EVERY_S
            stated = self._stated[model_name(call)]
            stated.requests.observe(headers, stated.requests_out - 1, now)
            stated.tokens.observe(headers, stated.tokens_out, now)
            self._limited = True

    def settle(self, call: Call, set_aside: float, used: int | None) -> None:
        """A request ended: correct what was set aside for it by what the service counted (None: no answer)."""
        stated = self._stated[model_name(call)]
        stated.requests_out -= 1
        stated.tokens_out -= set_aside
        if self._tokens is not None and used:
            self._tokens.give_back(set_aside - used, time.monotonic())


def _ceiling(per_minute: float | None, now: float) -> Bucket | None:
    """A bucket that lets through ``per_minute`` evenly, with a burst of one second's worth."""
    if per_minute is None:
        return None
    rate = per_minute / 60.0
    return Bucket(rate, max(1.0, rate), now)


def estimate_tokens(call: Call) -> float:
    """Tokens that a call may use: a quarter of its bytes, plus what it lets the model write."""
    return input_tokens(call) + (most_output_tokens(call) or 0)


def input_tokens(call: Call) -> float:
    """Tokens that a call sends, by the rule of four bytes a token."""
    return len(msgspec.json.encode(call.body)) / BYTES_PER_TOKEN


def most_output_tokens(call: Call) -> int | None:
    """Tokens that a call lets the model write; None when it sets no limit."""
    body = call.body
    if call.task == "embeddings":
        return 0
    allowed = body.get("max_completion_tokens") or body.get("max_tokens") or body.get("max_output_tokens")
    if not isinstance(allowed, int):
        return None
    prompts = len(call.rows) if call.task == "completions" else 1
    return allowed * max(_count(body.get("n")), _count(body.get("best_of"))) * prompts


def _count(choices: object) -> int:
    return choices if isinstance(choices, int) else 1
