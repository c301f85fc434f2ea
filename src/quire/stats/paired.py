"""The paired test: is b different from a on the same rows, by the method that fits the scores?"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import TYPE_CHECKING, Literal

from quire.domain.errors import InvalidInput
from quire.domain.scores import ScoreKind
from quire.stats.checks import as_clusters, as_pair, check_choice, check_resamples
from quire.stats.clusters import cluster_sums
from quire.stats.mcnemar import ALTERNATIVES, Alternative, mcnemar
from quire.stats.permutation import sign_flip
from quire.stats.results import TestResult
from quire.stats.wilcoxon import signed_rank

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

PairedMethod = Literal["auto", "mcnemar", "permutation", "wilcoxon"]
_METHODS: tuple[PairedMethod, ...] = ("auto", "mcnemar", "permutation", "wilcoxon")


def paired_test(
    a: Sequence[float],
    b: Sequence[float],
    *,
    kind: ScoreKind,
    method: PairedMethod = "auto",
    clusters: Sequence[Hashable] | None = None,
    seed: int = 0,
    alternative: Alternative = "two-sided",
    resamples: int = 9999,
) -> TestResult:
    """Test b against a: position i of both is the score of the same record. "greater" asks whether b > a.

    ``method`` "auto" takes McNemar's exact test for binary scores without groups, and else the permutation test.

    - "mcnemar": only 0 and 1, rows independent; see ``mcnemar``. ``statistic`` is the rows won.
    - "permutation": flips the signs of the paired differences, all 2ⁿ patterns up to n = 16 that are not 0, else
      ``resamples`` random ones. Exact if, without a difference, the two variants could be exchanged; not to be used
      to show that means are equal when the two have unlike distributions. With ``clusters`` whole clusters are
      flipped, which needs clusters, not rows, to be independent; with fewer than 6 no two-sided p-value is below 5 %.
      ``statistic`` is the mean difference b − a. (R. A. Fisher, "The design of experiments", 1935; E. J. G. Pitman,
      1937; Monte Carlo: B. Phipson and G. K. Smyth, 2010.)
    - "wilcoxon": ranks, for scores with wild outliers. Assumes differences that are symmetric about their middle, and
      tests that middle rather than the mean; with many ties its p-value is approximate. Not for groups.
      ``statistic`` is SciPy's. (F. Wilcoxon, "Individual comparisons by ranking methods", Biometrics Bulletin 1, 1945.)

    When all rows tie the p-value is 1. Raises InvalidInput for text scores, an unknown method, "mcnemar" with values
    other than 0 and 1 or with clusters, "wilcoxon" with clusters, no rows, NaN, and lengths that differ.
    """
    check_choice(method, _METHODS, "method")
    check_choice(alternative, ALTERNATIVES, "alternative")
    check_resamples(resamples)
    _check_kind(kind)
    left, right = as_pair(a, b, ("a", "b"))
    chosen = _chosen(method, kind, left, right, grouped=clusters is not None)
    _check_fits(chosen, left, right, grouped=clusters is not None)
    if chosen == "mcnemar":
        return mcnemar(int((right > left).sum()), int((right < left).sum()), alternative)
    differences = right - left
    if chosen == "wilcoxon":
        return signed_rank(differences, alternative)
    units = differences if clusters is None else cluster_sums(differences, as_clusters(clusters, differences.size))
    p_value, name = sign_flip(units, alternative=alternative, resamples=resamples, seed=seed)
    return TestResult(p_value, name if clusters is None else f"{name}, by cluster", float(differences.mean()))


def _check_kind(kind: ScoreKind) -> None:
    if kind == "text":
        raise InvalidInput("Scores of kind 'text' have no difference; compare a binary score, such as an exact match.")
    check_choice(kind, ("binary", "number"), "kind")


def _chosen(method: PairedMethod, kind: ScoreKind, a: Array, b: Array, *, grouped: bool) -> PairedMethod:
    if method != "auto":
        return method
    return "mcnemar" if kind == "binary" and not grouped and _is_binary(a) and _is_binary(b) else "permutation"


def _check_fits(method: PairedMethod, a: Array, b: Array, *, grouped: bool) -> None:
    if grouped and method != "permutation":
        raise InvalidInput(f"Method {method!r} takes rows for independent and cannot have clusters; use 'permutation'.")
    if method == "mcnemar" and not (_is_binary(a) and _is_binary(b)):
        raise InvalidInput("Method 'mcnemar' needs scores of 0 and 1 only; for others and averages use 'permutation'.")


def _is_binary(values: Array) -> bool:
    return bool(((values == 0) | (values == 1)).all())
