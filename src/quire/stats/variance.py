"""Splitting the variance of repeated scores: what lies between rows, and what between repeats of one row."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from quire.domain.errors import InvalidInput
from quire.stats.checks import as_matrix
from quire.stats.results import VarianceSplit

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Array = NDArray[np.float64]


def variance_split(matrix: Sequence[Sequence[float]] | Array) -> VarianceSplit:
    """Split the variance of scores, rows × repeats, NaN where a repeat is missing.

    One-way random effects, by the method of moments, rows with unlike numbers of repeats too: score = row's own level
    + noise of the repeat. Tells whether more rows or more repeats would sharpen the mean (``standard_error``). Assumes
    that rows are drawn at random, that repeats of a row are independent, and that noise is alike in all rows; it needs
    no normal distribution. Not for repeats that a cache has answered: they are copies. Poorly determined below some
    ten rows. A negative estimate between rows is given as 0. ``reliability`` is for the average over as many repeats
    as rows have (their harmonic mean), and 1 if repeats never differ.

    Source: S. R. Searle, G. Casella, C. E. McCulloch, "Variance Components" (1992), section 3.6; reliability:
    P. E. Shrout and J. L. Fleiss, "Intraclass correlations", Psychological Bulletin 86 (1979), ICC(1, k). Raises
    InvalidInput for fewer than two rows with scores, for no row with two, and for infinite scores.
    """
    scores = as_matrix(matrix)
    counts, means, within = _by_row(scores)
    rows, total = counts.size, float(counts.sum())
    mean_square_within = within / (total - rows)
    mean_square_between = float((counts * (means - (counts * means).sum() / total) ** 2).sum()) / (rows - 1)
    typical = (total - float((counts**2).sum()) / total) / (rows - 1)
    between = max(0.0, (mean_square_between - mean_square_within) / typical)
    return VarianceSplit(between, mean_square_within, _reliability(between, mean_square_within, counts))


def _by_row(scores: Array) -> tuple[Array, Array, float]:
    """Of rows that have scores: how many, their mean; and the sum of squares within rows."""
    import numpy as np

    if np.isinf(scores).any():
        raise InvalidInput("matrix holds infinite scores; leave such rows out, or mark them as missing with NaN.")
    present = ~np.isnan(scores)
    kept = present.any(axis=1)
    if kept.sum() < 2:
        raise InvalidInput(f"{int(kept.sum())} rows have scores; splitting their variance needs at least two.")
    scores, present = scores[kept], present[kept]
    counts = present.sum(axis=1).astype(np.float64)
    if counts.max() < 2:
        raise InvalidInput(
            "No row has two repeats, so noise cannot be told from rows; evaluate with repeats=2 or more."
        )
    filled = np.where(present, scores, 0.0)
    means = filled.sum(axis=1) / counts
    return counts, means, float((np.where(present, scores - means[:, None], 0.0) ** 2).sum())


def _reliability(between: float, within: float, counts: Array) -> float:
    noise = within * float((1 / counts).mean())
    return 1.0 if noise == 0 else between / (between + noise)
