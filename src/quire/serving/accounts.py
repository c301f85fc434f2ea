"""What each token has used: counted here at once, added up with other servers through the store each second.

A limit is held against what this server knows: its own requests at once, those of others as of the last exchange.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from quire.domain.allowances import UNLIMITED, Allowance, Used
from quire.serving.errors import Refused
from quire.serving.rates import Bucket

DAY_S = 86_400
_NONE = Used()
_LONGEST_WAIT_S = 60.0


class Account:
    """One token's. Written by the event loop and by the thread that talks to the store."""

    __slots__ = (
        "_allowance",
        "_clock",
        "_day",
        "_lock",
        "_new",
        "_now",
        "_requests",
        "_spent",
        "_tokens",
        "_total",
        "asked_ms",
    )

    def __init__(
        self, allowance: Allowance, clock: Callable[[], float] = time.monotonic, now: Callable[[], float] = time.time
    ) -> None:
        self._lock = threading.Lock()
        self._clock, self._now = clock, now
        self._new = _NONE
        self._total: Used | None = None
        self._day = day_of(now())
        self._spent = 0.0
        self.asked_ms = 0
        self._allowance = UNLIMITED
        self._requests: Bucket | None = None
        self._tokens: Bucket | None = None
        self.allow(allowance)

    @property
    def is_limited(self) -> bool:
        """Whether it is held to anything."""
        return self._allowance.is_limited

    @property
    def limits_spending(self) -> bool:
        """Whether it is held to an amount of money."""
        return self._allowance.usd_per_day is not None

    def allow(self, allowance: Allowance) -> None:
        """Hold it to these limits from now on."""
        if allowance == self._allowance:
            return
        with self._lock:
            now = self._clock()
            self._allowance = allowance
            self._requests = _bucket(allowance.requests_per_minute, now)
            self._tokens = _bucket(allowance.tokens_per_minute, now)

    def take(self) -> None:
        """Count a request. Raises Refused (429) where a limit is reached, and counts nothing then."""
        with self._lock:
            self._turn_day()
            if self._allowance.is_limited:
                self._check()
            self.asked_ms = int(self._now() * 1000)
            self._new = Used(self._new.requests + 1, self._new.tokens, self._new.usd)

    def use(self, tokens: int, usd: float) -> None:
        """Count what an answer took."""
        with self._lock:
            self._turn_day()
            self._new = Used(self._new.requests, self._new.tokens + tokens, self._new.usd + usd)
            self._spent += usd
            if self._tokens is not None and tokens:
                self._tokens.take(self._clock(), tokens)

    def take_new(self) -> tuple[int, Used]:
        """What is not in the store yet, and its day; it counts as handed over."""
        with self._lock:
            new, self._new = self._new, _NONE
            return self._day, new

    def give_back(self, new: Used) -> None:
        """What was handed over is not in the store: hand it over again."""
        with self._lock:
            mine = self._new
            self._new = Used(mine.requests + new.requests, mine.tokens + new.tokens, mine.usd + new.usd)

    def learn(self, day: int, total: Used, mine: Used = _NONE) -> None:
        """What the store has of the day, ``mine`` of it just handed over: the rest of what is new is others'."""
        with self._lock:
            if day != self._day:
                return
            before, self._total = self._total, total
            self._spent = max(self._spent, total.usd + self._new.usd)
            if before is not None:
                self._take_for_others(total, before, mine)

    def _take_for_others(self, total: Used, before: Used, mine: Used) -> None:
        now = self._clock()
        requests = total.requests - before.requests - mine.requests
        tokens = total.tokens - before.tokens - mine.tokens
        if self._requests is not None and requests > 0:
            self._requests.take(now, requests)
        if self._tokens is not None and tokens > 0:
            self._tokens.take(now, tokens)

    def _turn_day(self) -> None:
        day = day_of(self._now())
        if day != self._day:
            self._day, self._spent, self._total = day, 0.0, _NONE

    def _check(self) -> None:
        allowed, now = self._allowance, self._clock()
        if allowed.usd_per_day is not None and self._spent >= allowed.usd_per_day:
            raise _spent(allowed.usd_per_day, DAY_S - self._now() % DAY_S)
        if self._tokens is not None and (wait := self._tokens.wait(now)) > 0:
            raise _too_many("tokens", allowed.tokens_per_minute or 0, wait)
        if self._requests is not None:
            if (wait := self._requests.wait(now)) > 0:
                raise _too_many("requests", allowed.requests_per_minute or 0, wait)
            self._requests.take(now)


def day_of(seconds: float) -> int:
    """The day of UTC, counted from the epoch."""
    return int(seconds // DAY_S)


def _bucket(per_minute: float | None, now: float) -> Bucket | None:
    return None if per_minute is None else Bucket(per_minute, now)


def _too_many(what: str, limit: float, wait: float) -> Refused:
    return Refused(
        f"The token has reached its limit of {limit:g} {what} per minute. Ask again in {wait:.1f} s.",
        status=429,
        kind="rate_limit_error",
        code="rate_limit_exceeded",
        retry_after_s=wait,
        should_retry=wait <= _LONGEST_WAIT_S,
    )


def _spent(limit: float, wait: float) -> Refused:
    return Refused(
        f"The token has spent its {limit:g} US dollars of today (UTC). It holds again in {wait / 3600:.1f} h; an admin "
        "can give out one with a higher --spend-per-day.",
        status=429,
        kind="insufficient_quota",
        code="spend_limit_reached",
        retry_after_s=wait,
        should_retry=False,
    )
