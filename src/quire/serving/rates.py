"""How often something may happen: a bucket that fills at an even rate, and what others took from it elsewhere."""

from __future__ import annotations


class Bucket:
    """So many per minute, as many at once: it is full at first, and fills again at an even rate.

    Times are seconds of a clock that only moves forward. What is taken after the fact (tokens of an answer) may leave
    it below zero: then nothing is let through until it is above again.
    """

    __slots__ = ("_at", "_level", "_most", "_rate")

    def __init__(self, per_minute: float, now: float) -> None:
        self._rate = per_minute / 60.0
        self._most = max(1.0, per_minute)
        self._level = self._most
        self._at = now

    def wait(self, now: float, amount: float = 1.0) -> float:
        """Seconds until there is so much; 0 if there is now."""
        self._fill(now)
        return max(0.0, (amount - self._level) / self._rate)

    def take(self, now: float, amount: float = 1.0) -> None:
        """Take so much out, whether it is there or not."""
        self._fill(now)
        self._level -= amount

    def _fill(self, now: float) -> None:
        if now > self._at:
            self._level = min(self._most, self._level + (now - self._at) * self._rate)
            self._at = now
