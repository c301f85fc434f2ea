"""What live statistics are made of: how many units, the sum of their values, the sum of the squares."""

from __future__ import annotations

import math
from collections.abc import Iterable

import msgspec

from quire.domain.errors import InvalidInput

Bounds = tuple[float, float]
"""The least and the greatest value that a metric can have."""
_ROUNDING = 1e-9


class Counts(msgspec.Struct, frozen=True, gc=False):
    """Units of one arm on one metric: how many, the sum of their values, the sum of the squares.

    Counts of the same arm add up (``+``), whatever the order in which units came.
    """

    n: int = 0
    total: float = 0.0
    squares: float = 0.0

    @classmethod
    def of(cls, values: Iterable[float]) -> Counts:
        """The counts of these values, one for each unit."""
        kept = [float(value) for value in values]
        return cls(len(kept), math.fsum(kept), math.fsum(value * value for value in kept))

    def __add__(self, other: Counts) -> Counts:
        return Counts(self.n + other.n, self.total + other.total, self.squares + other.squares)

    @property
    def mean(self) -> float:
        """The mean of the values; NaN for no units."""
        return self.total / self.n if self.n else math.nan

    @property
    def variance(self) -> float:
        """The variance of the values (n − 1 in the denominator), in squared units of the metric; NaN below two units.

        0 where it is no larger than the rounding of sums.
        """
        if self.n < 2:
            return math.nan
        spread = self.squares - self.total * self.total / self.n
        return spread / (self.n - 1) if spread > _ROUNDING * self.squares else 0.0


class Sums(msgspec.Struct, frozen=True, gc=False):
    """Counts of values scaled to [0, 1]: ``n`` units, the sum y of their values, and the sum of y · (1 − y).

    The last is 0 for zeros and ones, and largest, a quarter of ``n``, where all values lie in the middle.
    """

    n: float
    total: float
    inner: float


def check_counts(counts: Counts, name: str) -> None:
    """Raises InvalidInput for numbers that no values can have given."""
    n, total, squares = counts.n, counts.total, counts.squares
    if n < 0 or not (math.isfinite(total) and math.isfinite(squares)):
        raise InvalidInput(f"{name} is {counts}; expected a number of units, a sum and a sum of squares, all finite.")
    if total * total > n * squares * (1 + _ROUNDING) + _ROUNDING:
        raise InvalidInput(f"{name} is {counts}; a sum of squares of {n} values cannot be so small for that sum.")


def check_bounds(bounds: Bounds) -> None:
    """Raises InvalidInput unless both are finite and the first is less."""
    low, high = bounds
    if not (math.isfinite(low) and math.isfinite(high) and low < high):
        raise InvalidInput(f"bounds are {bounds}; expected the least and the greatest value, such as (1, 5).")


def scaled(counts: Counts, bounds: Bounds, name: str) -> Sums:
    """The counts of (value − low) / (high − low). Raises InvalidInput for sums that show values out of bounds."""
    check_bounds(bounds)
    check_counts(counts, name)
    low, width = bounds[0], bounds[1] - bounds[0]
    n = counts.n
    total = (counts.total - n * low) / width
    squares = (counts.squares - 2 * low * counts.total + n * low * low) / (width * width)
    slack = _ROUNDING * max(1.0, n * max(abs(bounds[0]), abs(bounds[1])) ** 2 / width**2)
    if not -slack <= total <= n + slack or squares > total + slack:
        raise InvalidInput(f"{name} is {counts}, of which values lie outside {bounds}; expected values within bounds.")
    total = min(max(total, 0.0), float(n))
    return Sums(n, total, max(total - squares, 0.0))
