"""One limit for all that an optimisation sends: proposals, answers, judgements; in US dollars, in calls, or both."""

from __future__ import annotations

import math

import msgspec

from quire.domain.errors import InvalidInput


class Paid(msgspec.Struct, frozen=True):
    """What was sent and not answered from what was kept: calls (retries not counted), US dollars where known."""

    calls: int = 0
    usd: float = 0.0


class Budget:
    """What may still be sent. Raises InvalidInput for a limit that is no amount above 0, or none at all."""

    def __init__(self, limit_usd: float | None, max_calls: int | None) -> None:
        if limit_usd is None and max_calls is None:
            raise InvalidInput(
                "No limit was given. An optimisation asks as often as it may; say how much that is by budget_usd=… "
                "(US dollars), max_calls=…, or both."
            )
        if limit_usd is not None and not _is_amount(limit_usd):
            raise InvalidInput(f"budget_usd is {limit_usd!r}; expected a number of US dollars above 0.")
        if max_calls is not None and (type(max_calls) is not int or max_calls < 1):
            raise InvalidInput(f"max_calls is {max_calls!r}; expected a whole number of at least 1.")
        self.limit_usd = limit_usd
        self.max_calls = max_calls
        self.paid = Paid()

    def pay(self, paid: Paid) -> None:
        """Account for what was sent."""
        self.paid = Paid(self.paid.calls + paid.calls, self.paid.usd + paid.usd)

    @property
    def left_usd(self) -> float:
        """US dollars that are left; infinite without a limit in dollars."""
        return math.inf if self.limit_usd is None else max(0.0, self.limit_usd - self.paid.usd)

    @property
    def left_calls(self) -> float:
        """Calls that are left; infinite without a limit in calls."""
        return math.inf if self.max_calls is None else float(max(0, self.max_calls - self.paid.calls))


def _is_amount(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < math.inf
