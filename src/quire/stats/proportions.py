"""Intervals of counts: a share of right answers, and the difference of two shares on the same rows.

E. B. Wilson, "Probable inference", Journal of the American Statistical Association 22 (1927); T. Tango, "Equivalence
test and confidence interval for the difference in proportions for the paired-sample design", Statistics in Medicine 17
(1998). Both ask which true values the data would not refute (score intervals), and so stay sensible at 0 and 1 and
when no row differs, where bootstrap and Wald intervals shrink to a point.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from quire.domain.errors import InvalidInput
from quire.stats.checks import check_share
from quire.stats.results import Interval
from quire.stats.special import normal_cdf, normal_quantile

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

WILSON, TANGO = "Wilson score", "Tango score"
_HALVINGS = 60


def proportion_interval(successes: int, n: int, *, confidence: float = 0.95) -> Interval:
    """The interval of a share, such as of right answers, from its count (Wilson 1927).

    Assumes rows that are independent of one another; when they come in groups use ``mean_interval`` with ``clusters``.
    Not for the difference of two variants on the same rows: that is ``mean_interval`` of the differences. Coverage
    swings around the nominal level with the true share, by a few points below 20 rows. Raises InvalidInput unless
    0 ≤ successes ≤ n and n ≥ 1.
    """
    check_share(confidence, "confidence")
    if n < 1 or not 0 <= successes <= n:
        raise InvalidInput(f"{successes} of {n} is no share; expected 0 ≤ successes ≤ n and n ≥ 1.")
    low, high = wilson(successes / n, n, float(normal_quantile((1 + confidence) / 2)))
    return Interval(low, high, confidence, WILSON)


def wilson(share: float, n: float, z: float) -> tuple[float, float]:
    """The bounds of a share of ``n`` items, which need not be a whole number, at ``z`` standard errors."""
    shrink = 1 + z * z / n
    middle = (share + z * z / (2 * n)) / shrink
    reach = z / shrink * (share * (1 - share) / n + z * z / (4 * n * n)) ** 0.5
    return max(0.0, middle - reach), min(1.0, middle + reach)


def score_statistic(won: Array, lost: Array, n: Array, difference: Array) -> Array:
    """How many standard errors the wins less the losses lie above what a true ``difference`` (b − a) would give.

    The standard error is that of the likeliest shares of wins and losses with that difference. 0 where nothing can
    vary and nothing differs.
    """
    import numpy as np

    q = _likeliest_lost(won, lost, n, difference)
    variance = np.maximum(n * (2 * q + difference * (1 - difference)), 0)
    excess = won - lost - n * difference
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(np.abs(excess) < 1e-9, 0.0, excess / np.sqrt(variance))


def score_bound(won: Array, lost: Array, n: Array, level: float) -> Array:
    """The difference b − a that the true one is below with confidence ``level`` (Tango 1998), for each sample."""
    import numpy as np

    wanted = -float(normal_quantile(level))
    low, high = np.full(won.shape, -1.0), np.full(won.shape, 1.0)
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        above = score_statistic(won, lost, n, middle) > wanted
        low, high = np.where(above, middle, low), np.where(above, high, middle)
    return (low + high) / 2  # type: ignore[no-any-return]


def score_p_value(won: Array, lost: Array, n: Array, difference: float) -> Array:
    """The probability of at least so many wins less losses, were ``difference`` the true one."""
    import numpy as np

    return normal_cdf(-score_statistic(won, lost, n, np.full(np.shape(won), difference)))


def _likeliest_lost(won: Array, lost: Array, n: Array, difference: Array) -> Array:
    """The likeliest share of losses if that of wins is larger by ``difference``: the root of a quadratic."""
    import numpy as np

    a = 2.0 * n
    b = -won - lost + (2 * n - won + lost) * difference
    c = -lost * difference * (1 - difference)
    root = (np.sqrt(np.maximum(b * b - 4 * a * c, 0)) - b) / (2 * a)
    return np.clip(root, np.maximum(0, -difference), (1 - difference) / 2)
