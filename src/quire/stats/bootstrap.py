"""The bootstrap of a mean or a ratio of means: what resampling says of how far an estimate may be off.

Everything here is of one form: units with a numerator ``u`` and a denominator ``v``, and the estimate Σu / Σv. A mean
has v = 1; the mean over rows that come in clusters has a cluster's sum for u and its size for v; a ratio of means has
both. Arrays are samples × units, so that many samples are treated at once; the public functions give one.

BCa: B. Efron, "Better bootstrap confidence intervals", Journal of the American Statistical Association 82 (1987),
with the empirical influence function for the acceleration; its narrowness by (n − 1) / n in variance is undone, as
T. Hesterberg says in "What teachers should know about the bootstrap", The American Statistician 69 (2015). Student's t
("Student", Biometrika 6, 1908), which for ratios is E. C. Fieller's interval, "Some problems in interval estimation",
Journal of the Royal Statistical Society B 16 (1954): the ratios ρ for which the mean of u − ρ v may be 0.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Literal

import msgspec

from quire.stats.resampling import grouped_counts, resample_counts
from quire.stats.special import normal_cdf, normal_quantile, student_quantile

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

BootstrapMethod = Literal["widest", "bca", "student"]
_GROUPED_PAYS_OFF = 16
"""Counting alike units together pays off when there are this many times more units than kinds of them."""


class Moments(msgspec.Struct, frozen=True):
    """Of each sample: the mean of v, and the variances and the covariance of the means of residuals e and of v."""

    v: Array
    ee: Array
    ev: Array
    vv: Array


class Resampled(msgspec.Struct, frozen=True):
    """Estimates of samples, and what their resamples gave.

    ``estimate``, ``acceleration``: one for each sample. ``shift``: samples × resamples, a resample's estimate less the
    sample's, sorted. ``units`` is how many there were.
    """

    estimate: Array
    moments: Moments
    acceleration: Array
    shift: Array
    units: int


def resample(u: Array, v: Array | None, *, resamples: int, seed: int) -> Resampled:
    """Resample units of each sample, two at least; ``v`` None stands for ones."""
    estimate, residual = _estimate(u, v)
    return Resampled(
        estimate=estimate,
        moments=_moments(residual, v),
        acceleration=_acceleration(residual),
        shift=_shifts(residual, v, resamples=resamples, seed=seed),
        units=u.shape[1],
    )


def bound(drawn: Resampled, level: float, method: BootstrapMethod) -> Array:
    """For each sample the number that the true value is below with confidence ``level``.

    "widest" is the outer one of the other two: Student's t keeps its level where tails are heavy on both sides, BCa
    where values are skewed, and few units do not tell which it is.
    """
    import numpy as np

    if method == "bca":
        return _bca_bound(drawn, level)
    if method == "student":
        return _student_bound(drawn, level)
    outer = np.maximum if level >= 0.5 else np.minimum
    return np.asarray(outer(_bca_bound(drawn, level), _student_bound(drawn, level)))


def _estimate(u: Array, v: Array | None) -> tuple[Array, Array]:
    """Σu / Σv and the residuals u − estimate · v, which sum to nothing."""
    estimate: Array = u.mean(axis=1) if v is None else u.sum(axis=1) / v.sum(axis=1)
    return estimate, u - estimate[:, None] * (1.0 if v is None else v)


def _moments(residual: Array, v: Array | None) -> Moments:
    import numpy as np

    n = residual.shape[1]
    ee = (residual**2).sum(axis=1) / (n * (n - 1))
    if v is None:
        return Moments(np.ones(len(residual)), ee, np.zeros(len(residual)), np.zeros(len(residual)))
    mean = v.mean(axis=1)
    centred = v - mean[:, None]
    return Moments(mean, ee, (residual * v).sum(axis=1) / (n * (n - 1)), (centred**2).sum(axis=1) / (n * (n - 1)))


def _acceleration(residual: Array) -> Array:
    import numpy as np

    squares = (residual**2).sum(axis=1)
    cubes = (residual**3).sum(axis=1)
    return np.asarray(np.divide(cubes, 6 * squares**1.5, out=np.zeros_like(cubes), where=squares > 0))


def _shifts(residual: Array, v: Array | None, *, resamples: int, seed: int) -> Array:
    import numpy as np

    n = residual.shape[1]
    blocks, chosen = _counts(residual, v, resamples, seed)
    if chosen is not None:
        residual, v = residual[:, chosen], v[:, chosen] if v is not None else None
    shift = np.empty((len(residual), resamples))
    start = 0
    for block in blocks:
        columns = slice(start, start := start + len(block))
        top = residual @ block.T
        shift[:, columns] = top / n if v is None else _over(top, v @ block.T)
    shift.sort(axis=1)
    return shift


def _counts(
    residual: Array, v: Array | None, resamples: int, seed: int
) -> tuple[Iterable[Array], NDArray[np.intp] | None]:
    """Blocks of counts; with them, for a sample of few distinct units, the unit that stands for each kind."""
    import numpy as np

    n = residual.shape[1]
    if len(residual) == 1 and n >= _GROUPED_PAYS_OFF:
        columns = residual[0] if v is None else residual[0] + 1j * v[0]
        _, chosen, multiplicity = np.unique(columns, return_index=True, return_counts=True)
        if chosen.size * _GROUPED_PAYS_OFF <= n:
            return grouped_counts(multiplicity.astype(np.float64), resamples, seed), chosen
    return resample_counts(n, resamples, seed), None


def _over(top: Array, bottom: Array) -> Array:
    """The quotient; infinite over nothing, and 0 for nothing over nothing."""
    import numpy as np

    infinite = np.where(top > 0, np.inf, np.where(top < 0, -np.inf, 0.0))
    return np.asarray(np.divide(top, bottom, out=infinite, where=bottom > 0))


def _student_bound(drawn: Resampled, level: float) -> Array:
    """The root, on the side of ``level``, of (v δ)² = t² (ee − 2 δ ev + δ² vv), δ being the shift of the estimate."""
    import numpy as np

    side, of = (1.0 if level >= 0.5 else -1.0), drawn.moments
    squared = float(student_quantile(level, drawn.units - 1)) ** 2
    slack = of.v**2 - squared * of.vv
    root = np.sqrt(np.maximum(squared**2 * of.ev**2 + slack * squared * of.ee, 0))
    unbounded = np.full(len(root), side * np.inf)
    return np.asarray(drawn.estimate + np.divide(side * root - squared * of.ev, slack, out=unbounded, where=slack > 0))


def _bca_bound(drawn: Resampled, level: float) -> Array:
    """Efron's (1987) bound, its narrowness undone."""
    import numpy as np

    n = drawn.units
    bias = normal_quantile(_share_below(drawn.shift))
    reach = bias + float(normal_quantile(level)) * (n / (n - 1)) ** 0.5
    left = 1 - drawn.acceleration * reach
    with np.errstate(invalid="ignore"):
        at = normal_cdf(bias + np.divide(reach, left, out=np.sign(reach) * np.inf, where=left > 0))
    return np.asarray(drawn.estimate + _quantiles(drawn.shift, np.nan_to_num(at, nan=level)))


def _share_below(shift: Array) -> Array:
    """The share of resamples below the estimate, those equal to it counted by half."""
    import numpy as np

    tolerance = 1e-12 * np.maximum(np.abs(shift[:, :1]), np.abs(shift[:, -1:]))
    below = (shift < -tolerance).mean(axis=1)
    equal = (np.abs(shift) <= tolerance).mean(axis=1)
    return np.asarray(below + equal / 2)


def _quantiles(ordered: Array, at: Array) -> Array:
    """For each row of ordered numbers the quantile ``at`` of it, between its neighbours in proportion."""
    import numpy as np

    last = ordered.shape[1] - 1
    place = np.clip(at * (last + 2) - 1, 0, last)
    left = np.floor(place).astype(np.intp)
    rows = np.arange(len(ordered))
    low, high = ordered[rows, left], ordered[rows, np.minimum(left + 1, last)]
    part = place - left
    with np.errstate(invalid="ignore"):
        return np.asarray(np.where((part == 0) | (low == high), low, low + part * (high - low)))
