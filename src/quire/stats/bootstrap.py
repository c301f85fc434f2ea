"""The bootstrap of a mean or a ratio of means: what resampling says of how far an estimate may be off.

Everything here is of one form: units with a numerator ``u`` and a denominator ``v``, and the estimate Σu / Σv. A mean
has v = 1; the mean over rows that come in clusters has a cluster's sum for u and its size for v; a ratio of means has
both. Arrays are samples × units, so that many samples are treated at once; the public functions give one.

BCa: B. Efron, "Better bootstrap confidence intervals", Journal of the American Statistical Association 82 (1987),
with the empirical influence function for the acceleration. Studentised: B. Efron, "Nonparametric standard errors and
confidence intervals", Canadian Journal of Statistics 9 (1981), with the linearised standard error of a ratio.
Widening for few units: T. Hesterberg, "What teachers should know about the bootstrap", The American Statistician 69
(2015), section 5.3.
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

BootstrapMethod = Literal["bca", "studentized"]
_GROUPED_PAYS_OFF = 16
"""Counting alike units together pays off when there are this many times more units than kinds of them."""


class Resampled(msgspec.Struct, frozen=True):
    """Estimates of samples, and what their resamples gave.

    ``estimate``, ``error`` (standard error), ``acceleration``: one for each sample. ``draws``: samples × resamples,
    sorted; for "bca" a resample's estimate less the sample's, for "studentized" that over the resample's own standard
    error. ``units`` is how many there were.
    """

    method: BootstrapMethod
    estimate: Array
    error: Array
    acceleration: Array
    draws: Array
    units: int


def resample(u: Array, v: Array | None, *, method: BootstrapMethod, resamples: int, seed: int) -> Resampled:
    """Resample units of each sample; ``v`` None stands for ones."""
    estimate, residual = _estimate(u, v)
    return Resampled(
        method=method,
        estimate=estimate,
        error=_standard_error(residual, v),
        acceleration=_acceleration(residual),
        draws=_draws(residual, v, method=method, resamples=resamples, seed=seed),
        units=u.shape[1],
    )


def bound(drawn: Resampled, level: float) -> Array:
    """For each sample the number that the true value is below with confidence ``level``."""
    return _studentized_bound(drawn, level) if drawn.method == "studentized" else _bca_bound(drawn, level)


def _estimate(u: Array, v: Array | None) -> tuple[Array, Array]:
    """Σu / Σv and the residuals u − estimate · v, which sum to nothing."""
    estimate = u.mean(axis=1) if v is None else u.sum(axis=1) / v.sum(axis=1)
    return estimate, u - estimate[:, None] * (1.0 if v is None else v)


def _standard_error(residual: Array, v: Array | None) -> Array:
    n = residual.shape[1]
    scale = 1.0 if v is None else v.mean(axis=1)
    return ((residual**2).sum(axis=1) / (n * max(n - 1, 1))) ** 0.5 / scale  # type: ignore[no-any-return]


def _acceleration(residual: Array) -> Array:
    import numpy as np

    squares = (residual**2).sum(axis=1)
    cubes = (residual**3).sum(axis=1)
    return np.divide(cubes, 6 * squares**1.5, out=np.zeros_like(cubes), where=squares > 0)


def _draws(residual: Array, v: Array | None, *, method: BootstrapMethod, resamples: int, seed: int) -> Array:
    import numpy as np

    n = residual.shape[1]
    counts, chosen = _counts(residual, v, resamples, seed)
    if chosen is not None:
        residual, v = residual[:, chosen], v[:, chosen] if v is not None else None
    draws = np.empty((len(residual), resamples))
    start = 0
    for block in counts:
        columns = slice(start, start := start + len(block))
        draws[:, columns] = (
            _studentized(residual, v, block.T, n) if method == "studentized" else _shift(residual, v, block.T, n)
        )
    draws.sort(axis=1)
    return draws


def _counts(residual: Array, v: Array | None, resamples: int, seed: int) -> tuple[Iterable[Array], Array | None]:
    """Blocks of counts; with them, for a sample of few distinct units, the unit that stands for each kind."""
    import numpy as np

    n = residual.shape[1]
    if len(residual) == 1 and n >= _GROUPED_PAYS_OFF:
        columns = residual[0] if v is None else residual[0] + 1j * v[0]
        _, chosen, multiplicity = np.unique(columns, return_index=True, return_counts=True)
        if chosen.size * _GROUPED_PAYS_OFF <= n:
            return grouped_counts(multiplicity.astype(np.float64), resamples, seed), chosen
    return resample_counts(n, resamples, seed), None


def _shift(residual: Array, v: Array | None, counts: Array, n: int) -> Array:
    """A resample's estimate less the sample's: samples × resamples."""
    return (residual @ counts) / n if v is None else _over(residual @ counts, v @ counts)


def _studentized(residual: Array, v: Array | None, counts: Array, n: int) -> Array:
    """The shift of a resample over its own standard error: samples × resamples."""
    import numpy as np

    shift = _shift(residual, v, counts, n)
    squares = (residual**2) @ counts
    if v is None:
        left, total = squares - n * shift**2, float(n)
    else:
        left = squares - 2 * shift * ((residual * v) @ counts) + shift**2 * ((v**2) @ counts)
        total = v @ counts
    left[left < 1e-12 * squares] = 0.0
    return _over(shift * total, np.sqrt(left * n / max(n - 1, 1)))


def _over(top: Array, bottom: Array) -> Array:
    """The quotient; infinite over nothing, and 0 for nothing over nothing."""
    import numpy as np

    infinite = np.where(top > 0, np.inf, np.where(top < 0, -np.inf, 0.0))
    return np.divide(top, bottom, out=infinite, where=bottom > 0)


def _studentized_bound(drawn: Resampled, level: float) -> Array:
    import numpy as np

    at = np.full(len(drawn.estimate), 1 - level)
    return drawn.estimate - drawn.error * _quantiles(drawn.draws, at)


def _bca_bound(drawn: Resampled, level: float) -> Array:
    """Efron's (1987) bound, its normal quantile widened to that of Student's t (Hesterberg 2015)."""
    import numpy as np

    n = drawn.units
    widened = float(student_quantile(level, n - 1)) * (n / (n - 1)) ** 0.5 if n > 1 else 0.0
    bias = normal_quantile(_share_below(drawn.draws))
    reach = bias + widened
    with np.errstate(invalid="ignore"):
        at = normal_cdf(bias + reach / (1 - drawn.acceleration * reach))
    return drawn.estimate + _quantiles(drawn.draws, np.nan_to_num(at, nan=level))


def _share_below(shift: Array) -> Array:
    """The share of resamples below the estimate, those equal to it counted by half."""
    import numpy as np

    tolerance = 1e-12 * np.maximum(np.abs(shift[:, :1]), np.abs(shift[:, -1:]))
    below = (shift < -tolerance).mean(axis=1)
    equal = (np.abs(shift) <= tolerance).mean(axis=1)
    return below + equal / 2  # type: ignore[no-any-return]


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
        return np.where((part == 0) | (low == high), low, low + part * (high - low))
