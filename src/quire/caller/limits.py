"""How fast to send: what the service states, what the user allows, what 429s teach. Pure; time is an argument."""

from __future__ import annotations

import email.utils
import re
from collections.abc import Mapping

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
        return max(0.0, float(text))
    except ValueError:
        return None


def retry_after(headers: Mapping[str, str], wall_time: float) -> float | None:
    """Seconds that the service asks to wait: ``retry-after-ms``, else ``retry-after`` (seconds or a date)."""
    milliseconds = parse_duration(headers.get("retry-after-ms", ""))
    if milliseconds is not None:
        return min(milliseconds / 1000, MAX_RETRY_AFTER)
    text = headers.get("retry-after", "")
    seconds = parse_duration(text) if text else None
    if seconds is None and text:
        try:
            seconds = email.utils.parsedate_to_datetime(text).timestamp() - wall_time
        except (TypeError, ValueError):
            return None
    return None if seconds is None else min(max(seconds, 0.0), MAX_RETRY_AFTER)


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

    def lower_to(self, level: float, now: float) -> None:
        """Hold no more than ``level``: the service states that less is left than was thought."""
        self._refill(now)
        self.level = min(self.level, level)

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
        """Learn from a response; ``unseen`` is what was sent since and the service had not counted."""
        limit, remaining, reset = (parse_duration(headers.get(name, "")) for name in self._names)
        if not limit or remaining is None or not reset:
            return
        rate = (limit - remaining) / reset
        if rate <= 0:
            return
        if self._bucket is None:
            self._bucket = Bucket(rate, limit, now)
        self._bucket.rate, self._bucket.capacity = rate, limit
        self._bucket.lower_to(remaining - unseen, now)

    def take(self, amount: float, now: float) -> float:
        """Seconds to wait before sending ``amount``."""
        return 0.0 if self._bucket is None else self._bucket.take(amount, now)


class Window:
    """How many requests may be in flight: additive increase on success, multiplicative decrease on 429.

    One decrease a second at most, so that a burst of 429s from one moment counts once.
    """

    __slots__ = ("_last_cut", "maximum", "size")

    def __init__(self, maximum: int) -> None:
        self.maximum = maximum
        self.size = float(maximum)
        self._last_cut = float("-inf")

    def succeeded(self) -> None:
        """One request was answered."""
        if self.size < self.maximum:
            self.size = min(self.maximum, self.size + 1.0 / self.size)

    def limited(self, now: float) -> None:
        """One request was refused for its rate."""
        if now - self._last_cut >= 1.0:
            self._last_cut = now
            self.size = max(1.0, self.size * 0.7)
