"""The methods under test, for many evaluations at once: the functions that serve one, as tests/stats make sure."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy import stats

from quire.stats.bootstrap import bound, resample
from quire.stats.mcnemar import Alternative, mcnemar_p_values
from quire.stats.permutation import monte_carlo_p_values
from quire.stats.proportions import score_bound

Array = np.ndarray
RESAMPLES = 1999
SIDES: tuple[Alternative, ...] = ("two-sided", "greater")


def won_and_lost(a: Array, b: Array) -> tuple[Array, Array]:
    """Of each evaluation, the rows won and lost by b."""
    return (b > a).sum(axis=1).astype(float), (b < a).sum(axis=1).astype(float)


def mcnemar_exact(a: Array, b: Array, side: Alternative) -> Array:
    """p-values of McNemar's exact test."""
    return mcnemar_p_values(*won_and_lost(a, b), side)[0]


def mcnemar_mid_p(a: Array, b: Array, side: Alternative) -> Array:
    """Mid-p-values of McNemar's test."""
    return mcnemar_p_values(*won_and_lost(a, b), side)[1]


def permutation(a: Array, b: Array, side: Alternative) -> Array:
    """p-values of the permutation test."""
    return monte_carlo_p_values(b - a, side, resamples=RESAMPLES, seed=0)


def wilcoxon(a: Array, b: Array, side: Alternative) -> Array:
    """p-values of Wilcoxon's test, ties left out as for one evaluation."""
    differences = b - a
    if (differences != 0).all():
        return stats.wilcoxon(differences, axis=1, alternative=side).pvalue
    return np.array([_wilcoxon(row[row != 0], side) for row in differences])


def _wilcoxon(moved: Array, side: Alternative) -> float:
    return float(stats.wilcoxon(moved, alternative=side).pvalue) if moved.size else 1.0


def summed(values: Array, codes: Array) -> Array:
    """Sums by cluster, evaluations × clusters."""
    return values @ (codes[:, None] == np.arange(codes.max() + 1)).astype(float)


def bounds_of_mean(values: Array, levels: Sequence[float], codes: Array | None = None) -> list[Array]:
    """What ``mean_interval`` gives as the bounds at these levels."""
    if codes is None and np.isin(values, (-1, 0, 1)).all():
        counts = [(values > 0).sum(axis=1), (values < 0).sum(axis=1), np.full(len(values), values.shape[1])]
        won, lost, n = (count.astype(float) for count in counts)
        return [score_bound(won, lost, n, level) for level in levels]
    if codes is None:
        return _bootstrap_bounds(values, None, levels)
    sizes = np.broadcast_to(np.bincount(codes).astype(float), (len(values), codes.max() + 1))
    return _bootstrap_bounds(summed(values, codes), sizes, levels)


def bounds_of_ratio(top: Array, bottom: Array, levels: Sequence[float]) -> list[Array]:
    """What ``ratio_interval`` gives as the bounds at these levels."""
    return _bootstrap_bounds(top, bottom, levels)


def _bootstrap_bounds(u: Array, v: Array | None, levels: Sequence[float]) -> list[Array]:
    drawn = resample(u, v, resamples=RESAMPLES, seed=0)
    return [bound(drawn, level, "widest") for level in levels]
