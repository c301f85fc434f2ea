"""Confidence bounds at any level, by the method that keeps its level for data of that kind and size."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import TYPE_CHECKING, Literal

import msgspec

from quire.domain.errors import InvalidInput
from quire.stats.bootstrap import BootstrapMethod, bound, resample
from quire.stats.checks import as_clusters, check_choice, check_resamples
from quire.stats.clusters import cluster_sizes, cluster_sums
from quire.stats.proportions import TANGO, score_bound

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

IntervalMethod = Literal["auto", "bca", "student", "score"]
_METHODS: tuple[IntervalMethod, ...] = ("auto", "bca", "student", "score")
MANY = 50_000
"""Units beyond which BCa would only say again, slowly, what Student's t says."""
_BY_BOOTSTRAP: dict[IntervalMethod, tuple[BootstrapMethod, str]] = {
    "auto": ("widest", "BCa bootstrap or Student's t, the wider"),
    "bca": ("bca", "BCa bootstrap"),
    "student": ("student", "Student's t"),
}


class Bounds(msgspec.Struct, frozen=True):
    """An estimate and its bounds: ``at(level)`` is what the true value is below with confidence ``level``.

    ``finest`` is the smallest error rate that the method can tell apart from none.
    """

    estimate: float
    method: str
    at: Callable[[float], float]
    finest: float = 0.0


class Resampling(msgspec.Struct, frozen=True, kw_only=True):
    """How to resample: by which method, how often, from which seed, and whole clusters or rows."""

    method: IntervalMethod = "auto"
    resamples: int = 9999
    seed: int = 0
    clusters: Sequence[Hashable] | None = None


def mean_bounds(values: Array, how: Resampling) -> Bounds:
    """Bounds of a mean: score bounds for differences of binary scores, else BCa and Student's t."""
    check_choice(how.method, _METHODS, "method")
    if _takes_score(values, how):
        return _score_bounds(values)
    if how.clusters is None:
        return _bootstrap_bounds(values, None, how)
    codes = as_clusters(how.clusters, values.size)
    return _bootstrap_bounds(cluster_sums(values, codes), cluster_sizes(codes), how)


def ratio_bounds(numerators: Array, denominators: Array, how: Resampling) -> Bounds:
    """Bounds of a ratio of means of pairs: BCa and Student's t."""
    check_choice(how.method, ("auto", "bca", "student"), "method")
    if how.clusters is not None:
        codes = as_clusters(how.clusters, numerators.size)
        numerators, denominators = cluster_sums(numerators, codes), cluster_sums(denominators, codes)
    return _bootstrap_bounds(numerators, denominators, how)


def _takes_score(values: Array, how: Resampling) -> bool:
    import numpy as np

    fits = how.clusters is None and bool(np.isin(values, (-1.0, 0.0, 1.0)).all())
    if how.method == "score" and not fits:
        raise InvalidInput("Method 'score' needs independent rows (no clusters) with values of -1, 0 and 1 only.")
    return fits and how.method in ("auto", "score")


def _score_bounds(values: Array) -> Bounds:
    import numpy as np

    won, lost, n = (np.array([float(count)]) for count in ((values > 0).sum(), (values < 0).sum(), values.size))
    return Bounds(float(values.mean()), TANGO, lambda level: float(score_bound(won, lost, n, level)[0]))


def _bootstrap_bounds(u: Array, v: Array | None, how: Resampling) -> Bounds:
    check_resamples(how.resamples)
    whole = "cluster" if how.clusters is not None else "row"
    estimate = float(u.mean() if v is None else u.sum() / v.sum())
    if u.size == 1:
        return Bounds(estimate, f"one {whole}: no bound", lambda level: float("inf" if level >= 0.5 else "-inf"))
    if _alike(u, v):
        alike = float(u[0]) if v is None else estimate
        return Bounds(alike, f"no spread between {whole}s", lambda _: alike)
    method, name = _BY_BOOTSTRAP["student" if how.method == "auto" and u.size > MANY else how.method]
    resamples = 0 if method == "student" else how.resamples
    drawn = resample(u[None, :], None if v is None else v[None, :], resamples=resamples, seed=how.seed)
    name = name if how.clusters is None else f"{name}, by cluster"
    return Bounds(estimate, name, lambda level: float(bound(drawn, level, method)[0]), 1 / (how.resamples + 1))


def _alike(u: Array, v: Array | None) -> bool:
    """Whether every unit by itself gives the same estimate, so that resampling cannot move it."""
    import numpy as np

    if v is None:
        return bool((u == u[0]).all())
    return bool(np.allclose(u * v.sum(), v * u.sum(), rtol=1e-12, atol=0))
