"""Cohen's kappa: how far two raters agree beyond what chance would give."""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from typing import TYPE_CHECKING, Literal

from quire.domain.errors import InvalidInput
from quire.stats.checks import as_clusters, as_values, check_choice, check_share
from quire.stats.clusters import cluster_sums
from quire.stats.proportions import proportion_interval, wilson
from quire.stats.results import Kappa
from quire.stats.special import student_quantile

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Array = NDArray[np.float64]
    Codes = NDArray[np.intp]

Weights = Literal["linear", "quadratic"]
"""How much a miss counts on an ordered scale: as its distance, or as the square of that."""


def cohen_kappa(
    first: Sequence[Hashable],
    second: Sequence[Hashable],
    *,
    confidence: float = 0.95,
    weights: Weights | None = None,
    clusters: Sequence[Hashable] | None = None,
) -> Kappa:
    """Agreement of two raters' labels of the same items, such as a model judge and a person.

    Labels are unordered categories of any kind that can be compared for equality; with ``weights`` they are numbers of
    an ordered scale, and near misses count less. Assumes that items, or with ``clusters`` (a name for each item) those
    of different clusters, are independent, and that the raters judged apart. Not for more than two raters
    (:func:`krippendorff_alpha`); with a label that is very common kappa is low even where agreement is high, so read
    ``agreement`` too.

    The standard error is that of J. L. Fleiss, J. Cohen, B. S. Everitt, "Large sample standard errors of kappa and
    weighted kappa", Psychological Bulletin 72 (1969), by clusters as in Liang and Zeger (1986); kappa: J. Cohen,
    Educational and Psychological Measurement 20 (1960); weighted: Psychological Bulletin 70 (1968). The interval is
    Wilson's (1927) for the agreement, with Student's t for the normal quantile, at the number of items that has this
    standard error, and moved to kappa's scale: for many items it is kappa ± z standard errors; for few, or for full
    agreement, it does not shrink to a point. (In simulation at 20 items this holds the truth in 95 %, kappa ± z
    standard errors in 88 %; with weights, see :func:`few_of_a_scale`.) Raises InvalidInput for no items, lengths that
    differ, labels that are missing (None, NaN) or, with weights, no numbers; and for a single cluster.
    """
    check_share(confidence, "confidence")
    _check_labels(first, second)
    left, right, misses = _unlike(first, second) if weights is None else _distances(first, second, weights)
    codes = None if clusters is None else as_clusters(clusters, len(first))
    n = len(first)
    alike = misses[left, right] == 0
    share = float(alike.mean())
    low, high = _share_bounds(alike, codes, confidence)
    shares = [_shares(side, len(misses)) for side in (left, right)]
    missed, by_chance = float(misses[left, right].mean()), float(shares[0] @ misses @ shares[1])
    if by_chance == 0:
        return Kappa(math.nan, math.nan, math.nan, share, n, math.nan, low, high)
    pulls = _pulls(left, right, misses, shares, missed, by_chance)
    error, units = _standard_error(pulls, codes), _units(n, codes)
    wide = error if weights is None else error * few_of_a_scale(units)
    value = 1 - missed / by_chance
    bounds = chance_corrected(1 - missed, 1 - by_chance, wide, units, confidence)
    return Kappa(value, min(bounds[0], value), max(bounds[1], value), share, n, error, low, high)


def _check_labels(first: Sequence[Hashable], second: Sequence[Hashable]) -> None:
    if len(first) != len(second):
        raise InvalidInput(
            f"first has {len(first)} labels and second has {len(second)}; give both raters' of the same items."
        )
    if len(first) == 0:
        raise InvalidInput("There are no labels; agreement needs at least one item with both raters' labels.")
    for place, label in ((i, label) for labels in (first, second) for i, label in enumerate(labels)):
        if label is None or label != label:
            raise InvalidInput(f"Item {place} has the label {label}; leave out items that a rater has not judged.")


def _unlike(first: Sequence[Hashable], second: Sequence[Hashable]) -> tuple[Codes, Codes, Array]:
    """Both raters' labels as numbers, and how much it is a miss when one says i and the other j: 0 or 1."""
    import numpy as np

    numbers: dict[Hashable, int] = {}
    codes = [np.array([numbers.setdefault(label, len(numbers)) for label in labels]) for labels in (first, second)]
    return codes[0], codes[1], 1 - np.eye(len(numbers))


def _distances(first: Sequence[Hashable], second: Sequence[Hashable], weights: Weights) -> tuple[Codes, Codes, Array]:
    """The same on an ordered scale, whose ends are a miss of 1."""
    import numpy as np

    check_choice(weights, ("linear", "quadratic"), "weights")
    said = as_values([*first, *second], "labels")  # type: ignore[list-item]
    scale, codes = np.unique(said, return_inverse=True)
    span = float(scale[-1] - scale[0]) or 1.0
    misses = np.abs(scale[:, None] - scale[None, :]) / span
    return codes[: len(first)], codes[len(first) :], misses**2 if weights == "quadratic" else misses


def _shares(codes: Codes, kinds: int) -> Array:
    import numpy as np

    return np.bincount(codes, minlength=kinds) / len(codes)


def _pulls(left: Codes, right: Codes, misses: Array, shares: list[Array], missed: float, by_chance: float) -> Array:
    """How far each item pulls kappa from what it is without it: the derivative of kappa by the item's weight."""
    expected = (misses @ shares[1])[left] + (shares[0] @ misses)[right] - 2 * by_chance
    return -(misses[left, right] - missed) / by_chance + missed / by_chance**2 * expected


def _standard_error(pulls: Array, codes: Codes | None) -> float:
    if codes is None:
        return math.sqrt(float((pulls**2).mean()) / len(pulls))
    sums = cluster_sums(pulls, codes)
    return math.sqrt(float((sums**2).sum()) * len(sums) / (len(sums) - 1)) / len(pulls)


def _units(n: int, codes: Codes | None) -> int:
    """How many independent witnesses there are: items, or clusters of them."""
    return n if codes is None else int(codes.max()) + 1


def _share_bounds(alike: NDArray[np.bool_], codes: Codes | None, confidence: float) -> tuple[float, float]:
    """The interval of the share of items with the same label; by clusters at the number of items that it is worth."""
    n = len(alike)
    if codes is None:
        found = proportion_interval(int(alike.sum()), n, confidence=confidence)
        return found.low, found.high
    import numpy as np

    share, units = float(alike.mean()), _units(n, codes)
    error = _standard_error(alike.astype(np.float64) - share, codes)
    worth = share * (1 - share) / error**2 if error > 0 else float(units)
    return wilson(share, worth, float(student_quantile((1 + confidence) / 2, units - 1)))


def few_of_a_scale(units: int) -> float:
    """How much wider a standard error is taken where distances count: of few items that of first order is too small.

    Found by simulation, of 3 to 9 grades: with it 20 items hold the truth in 93 to 96 %, without it in 89 %.
    """
    return math.sqrt(1 + 14 / units)


def chance_corrected(
    agreement: float, chance: float, error: float, units: int, confidence: float
) -> tuple[float, float]:
    """The bounds of (agreement − chance) / (1 − chance), of which ``error`` is the standard error."""
    t = float(student_quantile((1 + confidence) / 2, max(units - 1, 1)))
    bounds = wilson(agreement, _alike_items(agreement, chance, error, units), t)
    low, high = (max(-1.0, (bound - chance) / (1 - chance)) for bound in bounds)
    return low, high


def _alike_items(agreement: float, chance: float, error: float, n: int) -> float:
    """How many items would give the agreement this standard error if chance agreement were known."""
    if error < 1e-12 or agreement <= 0 or agreement >= 1:
        return float(n)
    return agreement * (1 - agreement) / ((1 - chance) * error) ** 2
