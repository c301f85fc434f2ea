"""A circuit breaker: an upstream that fails is left alone for a while, then tried by one request. Pure.

Times are seconds of any clock that never goes back.
"""

from __future__ import annotations

from collections import deque
from typing import Literal

from quire.domain.endpoints import Breaker

BreakerState = Literal["closed", "open", "half-open"]
_PARTS = 10
"""The window moves on by a tenth of itself."""


class CircuitBreaker:
    """Whether an upstream may be asked.

    ``admit`` gives a ticket, to be handed back with how the request ended, once. What ends after the breaker has
    changed its state says nothing about the new one, and is not counted.
    """

    __slots__ = ("_bad", "_good", "_parts", "_probing", "_reopens", "_rule", "_ticket", "state")

    def __init__(self, rule: Breaker) -> None:
        self._rule = rule
        self.state: BreakerState = "closed"
        self._ticket = 1
        self._parts: deque[list[float]] = deque()  # each: until when it counts, good ones, bad ones
        self._good = self._bad = 0
        self._reopens = 0.0
        self._probing = False

    def admit(self, now: float) -> int:
        """A ticket for one request; 0 where it may not be sent."""
        if self.state == "closed":
            return self._ticket
        if self.state == "open" and now >= self._reopens:
            self._become("half-open")
        if self.state == "half-open" and not self._probing:
            self._probing = True
            return self._ticket
        return 0

    def succeeded(self, ticket: int, now: float) -> None:
        """The upstream answered, whatever it said."""
        if ticket == self._ticket:
            if self.state == "half-open":
                self._become("closed")
            self._note(now, good=1)

    def failed(self, ticket: int, now: float) -> None:
        """The upstream gave no answer."""
        if ticket != self._ticket:
            return
        if self.state == "half-open":
            self._open(now)
            return
        self._note(now, bad=1)
        seen = self._good + self._bad
        if seen >= self._rule.least and self._bad >= self._rule.failing * seen:
            self._open(now)

    def dropped(self, ticket: int) -> None:
        """The request was given up before anything was known: another may be the probe."""
        if ticket == self._ticket and self._probing:
            self._probing = False
            self._ticket += 1

    def wait_s(self, now: float) -> float:
        """Seconds until a request may try it; 0 where one may now."""
        return max(0.0, self._reopens - now) if self.state == "open" else 0.0

    def _open(self, now: float) -> None:
        self._become("open")
        self._reopens = now + self._rule.rest_s

    def _become(self, state: BreakerState) -> None:
        self.state = state
        self._ticket += 1
        self._probing = False
        self._parts.clear()
        self._good = self._bad = 0

    def _note(self, now: float, good: int = 0, bad: int = 0) -> None:
        parts, window = self._parts, self._rule.window_s
        while parts and parts[0][0] <= now:
            _, old_good, old_bad = parts.popleft()
            self._good -= int(old_good)
            self._bad -= int(old_bad)
        if not parts or parts[-1][0] - now <= window - window / _PARTS:
            parts.append([now + window, 0, 0])
        parts[-1][1] += good
        parts[-1][2] += bad
        self._good += good
        self._bad += bad
