"""Rate limits as OpenAI states and enforces them: two buckets for each model, refilled continuously."""

from __future__ import annotations

import math
from collections.abc import Callable

from quire.simulator.errors import ApiError
from quire.simulator.http import Headers

ASSUMED_ANSWER = 16
"""Tokens that a limit counts for an answer whose length the request does not bound."""


class Limits:
    """Requests and tokens per minute. Not safe between threads: the server asks from its event loop only."""

    def __init__(self, requests: int | None, tokens: int | None, clock: Callable[[], float]) -> None:
        self._sizes = {"requests": requests, "tokens": tokens}
        self._clock = clock
        self._buckets: dict[tuple[str, str], Bucket] = {}

    def admit(self, model: str, tokens: int) -> Headers:
        """Count a request and give the headers that state what is left. Raises ApiError (429) beyond a limit."""
        wanted = {"requests": 1, "tokens": tokens}
        now = self._clock()
        buckets = {what: self._bucket(model, what, size, now) for what, size in self._sizes.items() if size}
        if not buckets:
            return ()
        for what, bucket in buckets.items():
            if bucket.capacity < wanted[what]:
                raise _too_large(model, what, bucket, wanted[what])
            if bucket.level < wanted[what]:
                raise _refusal(model, what, bucket, wanted[what], _state(buckets))
        for what, bucket in buckets.items():
            bucket.level -= wanted[what]
        return _state(buckets)

    def _bucket(self, model: str, what: str, size: int, now: float) -> Bucket:
        bucket = self._buckets.setdefault((model, what), Bucket(size, now))
        bucket.refill(now)
        return bucket


class Bucket:
    """Holds ``capacity`` units at most and refills that many a minute."""

    __slots__ = ("capacity", "level", "updated")

    def __init__(self, capacity: int, now: float) -> None:
        self.capacity = capacity
        self.level = float(capacity)
        self.updated = now

    def refill(self, now: float) -> None:
        """Add what flowed in since the last time."""
        self.level = min(self.capacity, self.level + (now - self.updated) * self.capacity / 60)
        self.updated = now

    def seconds_until(self, level: float) -> float:
        """When the bucket will hold ``level`` units, in seconds from now."""
        return max(0.0, (level - self.level) * 60 / self.capacity)


def duration(seconds: float) -> str:
    """A time in the form of OpenAI's reset headers: ``20ms``, ``1.5s``, ``6m0s``, ``1h2m0s``."""
    if seconds < 1:
        return f"{math.ceil(seconds * 1000)}ms"
    if seconds < 60:
        return f"{math.ceil(seconds * 1000) / 1000:g}s"
    minutes, rest = divmod(math.ceil(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}h{minutes}m{rest}s" if hours else f"{minutes}m{rest}s"


def retry_headers(seconds: float) -> Headers:
    """The headers that ask a client to wait, in whole seconds and in milliseconds."""
    return (("retry-after", str(math.ceil(seconds))), ("retry-after-ms", str(math.ceil(seconds * 1000))))


def _state(buckets: dict[str, Bucket]) -> Headers:
    headers: list[tuple[str, str]] = []
    for what, bucket in buckets.items():
        headers += [
            (f"x-ratelimit-limit-{what}", str(bucket.capacity)),
            (f"x-ratelimit-remaining-{what}", str(max(0, int(bucket.level)))),
            (f"x-ratelimit-reset-{what}", duration(bucket.seconds_until(bucket.capacity))),
        ]
    return tuple(headers)


def _refusal(model: str, what: str, bucket: Bucket, wanted: int, state: Headers) -> ApiError:
    wait = bucket.seconds_until(wanted)
    unit = "RPM" if what == "requests" else "TPM"
    used = bucket.capacity - int(bucket.level)
    return ApiError(
        429,
        f"Rate limit reached for {model} on {what} per min ({unit}): Limit {bucket.capacity}, Used {used}, "
        f"Requested {wanted}. Please try again in {duration(wait)}.",
        type=what,
        code="rate_limit_exceeded",
        headers=(*state, *retry_headers(wait)),
    )


def _too_large(model: str, what: str, bucket: Bucket, wanted: int) -> ApiError:
    return ApiError(
        429,
        f"Request too large for {model} on {what} per min: Limit {bucket.capacity}, Requested {wanted}. "
        "Make the request smaller; waiting does not help.",
        type=what,
        code="rate_limit_exceeded",
    )
