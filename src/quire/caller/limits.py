"""How fast to send: what the service states, what the user allows, what 429s teach. Pure; time is an argument."""

from __future__ import annotations

import email.utils
import math
import re
from collections.abc import Mapping
from datetime import UTC

_DURATION = re.compile(r"(\d+(?:\.\d+)?)(ms|h|m|s|d)")
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
MAX_RETRY_AFTER = 600.0
"""The longest pause that a service's retry-after is believed for, in seconds."""


def parse_duration(text: str) -> float | None:
    """Seconds in OpenAI's reset form (``6m0s``, ``1.5s``, ``20ms``) or a bare number; None if it is neither."""
    parts = _DURATION.findall(text)
    if parts and "".join(number + unit for number, unit in parts) == text:
        return sum(float(number) * _UNITS[unit] for number, unit in parts)
    try:
        seconds = float(text)
    except ValueError:
        return None
    return max(0.0, seconds) if math.isfinite(seconds) else None


def retry_after(headers: Mapping[str, str], wall_time: float) -> float | None:
    """Seconds that the service asks to wait: ``retry-after-ms``, else ``retry-after`` (seconds or a date)."""
    milliseconds = parse_duration(headers.get("retry-after-ms", ""))
    if milliseconds is not None:
        return min(milliseconds / 1000, MAX_RETRY_AFTER)
    text = headers.get("retry-after", "")
    if not text:
        return None
    seconds = parse_duration(text)
    if seconds is None:
        seconds = _until_date(text, wall_time)
    return None if seconds is None else min(max(seconds, 0.0), MAX_RETRY_AFTER)


def _until_date(text: str, wall_time: float) -> float | None:
    try:
        date = email.utils.parsedate_to_datetime(text)
    except (TypeError, ValueError, OverflowError, IndexError):
        return None
    if date.tzinfo is None:
        date = date.replace(tzinfo=UTC)
    return date.timestamp() - wall_time


_TRUST_IN_MORE = 0.2


class Bucket:
    """A token bucket: ``rate`` units a second flow in, up to ``capacity``; sending takes units out.

    Taking more than there is puts the bucket into debt and gives the seconds to wait, so that waiting callers are
    spread evenly instead of waking all at once.
    """

    __slots__ = ("_updated", "capacity", "level", "rate")

    def __init__(self, rate: float, capacity: float, now: float) -> None:
        self.rate = rate
        self.capacity = capacity
        self.level = capacity
        self._updated = now

    def take(self, amount: float, now: float) -> float:
        """Take ``amount``; returns the seconds to wait before sending (0.0 when there is enough)."""
        self._refill(now)
        self.level -= amount
        return 0.0 if self.level >= 0 else -self.level / self.rate

    def give_back(self, amount: float, now: float) -> None:
        """Return units that were taken and not used (or, if negative, take what was used beyond)."""
        self._refill(now)
        self.level = min(self.capacity, self.level + amount)

    def correct(self, level: float, now: float) -> None:
        """The service states what is left. Less than was thought holds at once; more is approached by steps, for
        an answer tells of the moment when its request came in.
        """
        self._refill(now)
        self.level = level if level < self.level else self.level + (level - self.level) * _TRUST_IN_MORE

    def _refill(self, now: float) -> None:
        if now > self._updated:
            self.level = min(self.capacity, self.level + (now - self._updated) * self.rate)
            self._updated = now


class StatedLimit:
    """A limit read off response headers: ``x-ratelimit-{limit,remaining,reset}-{requests,tokens}``.

    OpenAI refills continuously; ``reset`` is the time until the bucket is full again, so the rate is
    ``(limit - remaining) / reset``. Nothing is held back while plenty is left.
    """

    __slots__ = ("_bucket", "_names")

    def __init__(self, what: str) -> None:
        self._names = tuple(f"x-ratelimit-{part}-{what}" for part in ("limit", "remaining", "reset"))
        self._bucket: Bucket | None = None

    def observe(self, headers: Mapping[str, str], unseen: float, now: float) -> None:
        """Learn from a response; ``unseen`` is what was taken since and the service had not counted."""
        limit, remaining, reset = (parse_duration(headers.get(name, "")) for name in self._names)
        if not limit or remaining is None or not reset or remaining >= limit:
            return
        rate = (limit - remaining) / reset
        if self._bucket is None:
            self._bucket = Bucket(rate, limit, now)
            self._bucket.level = remaining - unseen
            return
        self._bucket.rate, self._bucket.capacity = rate, limit
        self._bucket.correct(remaining - unseen, now)

    def take(self, amount: float, now: float) -> float:
        """Seconds to wait before sending ``amount``."""
        return 0.0 if self._bucket is None else self._bucket.take(amount, now)


class Window:
    """How many requests may be in flight: it grows with every answer and is cut by the share of refusals (429s).

    A round lasts a second, or one answer's time if that is longer. At most once a round the window shrinks by half
    the share of requests that were refused in it: a few stray refusals cost little, a closed door halves it. Growth
    is a tenth and one a round. Source of the proportional cut: DCTCP, RFC 8257.
    """

    __slots__ = ("_answered", "_refused", "_round_began", "maximum", "size")

    def __init__(self, maximum: int) -> None:
        self.maximum = maximum
        self.size = float(maximum)
        self._answered = self._refused = 0
        self._round_began = float("-inf")

    def succeeded(self) -> None:
        """One request was answered."""
        self._answered += 1
        if self.size < self.maximum:
            self.size = min(self.maximum, self.size + 0.1 + 1.0 / self.size)

    def refused(self, now: float, answer_s: float) -> None:
        """One request was refused for its rate; answers take ``answer_s`` seconds."""
        self._refused += 1
        if now - self._round_began < max(1.0, answer_s):
            return
        share = self._refused / (self._refused + self._answered)
        self.size = max(1.0, self.size * (1.0 - share / 2))
        self._answered = self._refused = 0
        self._round_began = now
