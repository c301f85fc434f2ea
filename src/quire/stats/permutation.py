"""The paired permutation test: if it did not matter which variant is which, how unusual would the difference be?"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from quire.stats.mcnemar import Alternative
from quire.stats.resampling import all_signs, random_signs

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

EXACT_UP_TO = 16
"""Differences of which all sign patterns, at most 2¹⁶, are gone through."""
_TOLERANCE = 1e-10
_NEVER = 1e-12


def sign_flip(differences: Array, *, alternative: Alternative, resamples: int, seed: int) -> tuple[float, str]:
    """The p-value and the method: exact for up to 16 differences that are not 0, else by random sign flips."""
    moved = differences[differences != 0]
    if moved.size <= EXACT_UP_TO:
        return float(exact_p_values(moved[None, :], alternative)[0]), "sign-flip permutation, exact"
    method = f"sign-flip permutation, {resamples} draws"
    if _is_beyond_all_draws(moved, alternative, resamples):
        return 1 / (resamples + 1), method
    p_values = monte_carlo_p_values(moved[None, :], alternative, resamples=resamples, seed=seed)
    return float(p_values[0]), method


def _is_beyond_all_draws(differences: Array, alternative: Alternative, resamples: int) -> bool:
    """Whether draws need not be made since none would be as far out: the chance of one is below 10⁻¹².

    A sum of numbers with random signs exceeds s with a probability of at most exp(−s² / 2Σd²) (W. Hoeffding,
    "Probability inequalities for sums of bounded random variables", Journal of the American Statistical Association
    58, 1963).
    """
    seen = float(differences.sum())
    if (alternative == "greater" and seen < 0) or (alternative == "less" and seen > 0):
        return False
    far = abs(seen) - _TOLERANCE * float(abs(differences).sum())
    log_chance = math.log(2 * resamples) - far * far / (2 * float(differences @ differences))
    return far > 0 and log_chance < math.log(_NEVER)


def exact_p_values(differences: Array, alternative: Alternative) -> Array:
    """For each sample (a row) the share of all sign patterns that are at least as far out as the signs seen."""
    signs = all_signs(differences.shape[1])
    return _as_far(differences, signs, alternative) / len(signs)


def monte_carlo_p_values(differences: Array, alternative: Alternative, *, resamples: int, seed: int) -> Array:
    """For each sample (k + 1) / (m + 1), where k of m random sign patterns are at least as far out.

    The signs seen count as one of the patterns, so that the test keeps its level whatever m is (B. Phipson and
    G. K. Smyth, Statistical Applications in Genetics and Molecular Biology 9:39, 2010).
    """
    import numpy as np

    far = np.ones(len(differences))
    for signs in random_signs(differences.shape[1], resamples, seed):
        far += _as_far(differences, signs, alternative)
    return far / (resamples + 1)


def _as_far(differences: Array, signs: Array, alternative: Alternative) -> Array:
    """How many patterns give a sum at least as far out as the signs seen; sums that differ by rounding are equal."""
    import numpy as np

    seen = differences.sum(axis=1, keepdims=True)
    slack = _TOLERANCE * np.abs(differences).sum(axis=1, keepdims=True)
    sums = 2 * (differences @ signs.T) - seen
    if alternative == "two-sided":
        far = np.abs(sums) >= np.abs(seen) - slack
    else:
        far = sums >= seen - slack if alternative == "greater" else sums <= seen + slack
    return np.asarray(far.sum(axis=1), dtype=np.float64)
