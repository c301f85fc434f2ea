"""Confidence intervals of means, of paired differences, and of ratios of means."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import TYPE_CHECKING

from quire.domain.errors import InvalidInput
from quire.stats.bounds import Bounds, IntervalMethod, Resampling, mean_bounds, ratio_bounds
from quire.stats.checks import as_pair, as_values, check_share
from quire.stats.results import Interval

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Array = NDArray[np.float64]


def mean_interval(
    values: Sequence[float],
    *,
    confidence: float = 0.95,
    resamples: int = 9999,
    seed: int = 0,
    clusters: Sequence[Hashable] | None = None,
    method: IntervalMethod = "auto",
) -> Interval:
    """The interval of a mean; of a paired difference, when ``values`` are b − a record by record.

    ``method`` "auto" takes what keeps its level in simulation (docs/statistics.md):

    - "score" for values of −1, 0 and 1 only, which are differences of binary scores (Tango 1998). For a share of right
      answers of one variant ``proportion_interval`` is meant; this one is then the same or a little wider.
    - else the wider, on each side, of "bca" and "student". "bca" is the bias-corrected and accelerated bootstrap
      (Efron 1987, its narrowness for few rows undone as in Hesterberg 2015), which allows for skewed values but is too
      narrow below 50 rows when tails are heavy on both sides; "student" is Student's t (1908), for which the reverse
      holds. Above some 200 rows the two agree, and above 50,000 "student" is taken alone. Very skewed
      values (a few rows that outweigh the others) need more rows than that, whatever the method.

    With ``clusters`` (a name for each row) whole clusters are drawn, the mean is still that over rows, and what counts
    as "rows" above is clusters. Assumes that rows, or clusters, are independent draws from those one cares about, with
    finite variance. Not for a maximum or a percentile, nor for rows that influence each other otherwise. The same seed
    gives the same interval.

    One row, or one value throughout, sets no honest bound: the interval is then infinite, or the point itself, and
    ``method`` says so. Raises InvalidInput for no values, NaN, infinities, an unknown method, a single cluster,
    clusters of another length.
    """
    check_share(confidence, "confidence")
    how = Resampling(method=method, resamples=resamples, seed=seed, clusters=clusters)
    return _interval(mean_bounds(as_values(values), how), confidence)


def ratio_interval(
    numerators: Sequence[float],
    denominators: Sequence[float],
    *,
    confidence: float = 0.95,
    resamples: int = 9999,
    seed: int = 0,
    clusters: Sequence[Hashable] | None = None,
    method: IntervalMethod = "auto",
) -> Interval:
    """The interval of mean(numerators) / mean(denominators), pairs of the same records: how many times dearer is b?

    For quantities that cannot be negative: cost, latency, tokens. It is the ratio of totals, not the mean of rows'
    ratios. Methods, clusters, assumptions and sources are those of :func:`mean_interval` ("score" is not among them);
    "student" is Fieller's interval (1954), the ratios that a paired t test would not refute, infinite where the
    denominators may well average 0. Raises InvalidInput as that does, and for negative values and for denominators
    that are all 0.
    """
    check_share(confidence, "confidence")
    top, bottom = as_quantities(numerators, denominators, ("numerators", "denominators"))
    how = Resampling(method=method, resamples=resamples, seed=seed, clusters=clusters)
    return _interval(ratio_bounds(top, bottom, how), confidence)


def as_quantities(top: Sequence[float], bottom: Sequence[float], names: tuple[str, str]) -> tuple[Array, Array]:
    """A pair of arrays that have a ratio of means. Raises InvalidInput for what has none."""
    upper, lower = as_pair(top, bottom, names)
    for array, name in ((upper, names[0]), (lower, names[1])):
        if (array < 0).any():
            raise InvalidInput(f"{name} holds {array.min()}; a ratio of means is for quantities of 0 or more.")
    if not lower.any():
        raise InvalidInput(f"{names[1]} are all 0, so that there is no ratio; compare by difference.")
    return upper, lower


def _interval(bounds: Bounds, confidence: float) -> Interval:
    low, high = bounds.at((1 - confidence) / 2), bounds.at((1 + confidence) / 2)
    return Interval(low, high, confidence, bounds.method)
