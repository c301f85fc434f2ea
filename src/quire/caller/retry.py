"""How long to wait before another attempt, and how many there may be in all. Pure."""

from __future__ import annotations

import random

BASE_DELAY = 0.5
MAX_DELAY = 30.0


def backoff(attempt: int, draw: float | None = None) -> float:
    """Seconds before the next attempt: full jitter over an exponentially growing span.

    ``attempt`` counts from 1. Source: M. Brooker, "Exponential Backoff and Jitter", AWS Architecture Blog, 2015.
    """
    span = min(MAX_DELAY, BASE_DELAY * 2.0 ** (attempt - 1))
    uniform: float = random.random() if draw is None else draw  # noqa: S311 - spreading load, not secrets
    return span * uniform


class RetryBudget:
    """Keeps retries from multiplying load: they may be at most a share of what succeeded, plus a reserve.

    Source: the retry budgets of Finagle and gRPC (A6). Waits that the service itself asked for are free.
    """

    __slots__ = ("_balance", "_share", "reserve")

    def __init__(self, reserve: float = 200.0, share: float = 0.5) -> None:
        self.reserve = reserve
        self._share = share
        self._balance = reserve

    def succeeded(self) -> None:
        """One request succeeded and earns its share."""
        self._balance = min(self._balance + self._share, 10 * self.reserve)

    def spend(self) -> bool:
        """Pay for one retry; False when the budget is exhausted."""
        if self._balance < 1.0:
            return False
        self._balance -= 1.0
        return True
