"""The exact power of McNemar's exact test, over how many rows may differ."""

from __future__ import annotations

from typing import TYPE_CHECKING

from quire.stats.special import binomial_cdf, binomial_pmf, normal_quantile

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

_WIDTH = 9
"""Standard deviations around the expected count, beyond which less than 10⁻¹⁸ of the probability lies."""


def mcnemar_power(n: int, effect: float, differing: float, alpha: float) -> float:
    """The two-sided power at ``n`` rows of which a share ``differing`` differs, wins outweighing losses by ``effect``.

    Where more than 20,000 counts are likely, every so many of them stand for all.
    """
    counts, weights = _counts(n, differing)
    at_most = _most_losses(counts, alpha)
    wins = min(1.0, (1 + effect / differing) / 2)
    power = binomial_cdf(at_most, counts, 1 - wins) + binomial_cdf(at_most, counts, wins)
    return min(1.0, float(power @ weights))


def _counts(n: int, differing: float) -> tuple[Array, Array]:
    """How many rows may differ, and how likely each count is."""
    import numpy as np

    middle, reach = n * differing, _WIDTH * (n * differing * (1 - differing)) ** 0.5 + _WIDTH
    first, last = max(0, int(middle - reach)), min(n, int(middle + reach) + 1)
    counts = np.unique(np.linspace(first, last, min(last - first + 1, 20_001)).round())
    weights = binomial_pmf(counts, float(n), differing)
    return counts, weights / weights.sum()


def _most_losses(counts: Array, alpha: float) -> Array:
    """For each count of differing rows the most losses with which the test still rejects; −1 for never."""
    import numpy as np

    guess = counts / 2 + float(normal_quantile(alpha / 2)) * np.sqrt(counts) / 2
    most = np.floor(np.minimum(counts / 2, guess + 3))
    while (rejects_not := (most >= 0) & (2 * binomial_cdf(most, counts, 0.5) > alpha)).any():
        most[rejects_not] -= 1
    return np.maximum(most, -1)
