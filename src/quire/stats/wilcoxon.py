"""Wilcoxon's signed-rank test, by SciPy."""

from __future__ import annotations

from typing import TYPE_CHECKING

from quire.stats.mcnemar import Alternative
from quire.stats.results import TestResult

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Array = NDArray[np.float64]


def signed_rank(differences: Array, alternative: Alternative) -> TestResult:
    """Whether differences lie as much above 0 as below, by their ranks; differences of 0 are left out."""
    from scipy.stats import wilcoxon  # type: ignore[import-untyped]

    moved = differences[differences != 0]
    if moved.size == 0:
        return TestResult(1.0, "Wilcoxon signed-rank", 0.0)
    found = wilcoxon(moved, alternative=alternative)
    return TestResult(float(found.pvalue), "Wilcoxon signed-rank", float(found.statistic))
