"""Krippendorff's alpha: how far any number of raters agree beyond what chance would give."""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from typing import TYPE_CHECKING, Literal

from quire.domain.errors import InvalidInput
from quire.stats.checks import as_values, check_choice, check_share
from quire.stats.kappa import chance_corrected, few_of_a_scale
from quire.stats.results import Alpha

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

Level = Literal["nominal", "interval"]
"""What labels are: categories, or numbers whose distances count (as their squares)."""


def krippendorff_alpha(
    labels: Sequence[Sequence[Hashable]], *, level: Level = "nominal", confidence: float = 0.95
) -> Alpha:
    """Agreement of several raters, of whom each may have judged other items: ``labels`` are those of each item.

    Items with fewer than two labels say nothing of agreement and are left out. Assumes that items are independent and
    that raters judged apart. Not for judging one rater against another (:func:`cohen_kappa`).

    Source: K. Krippendorff, "Content Analysis" (1980), and "Computing Krippendorff's alpha-reliability" (2011). The
    standard error is of first order, from how far each item pulls alpha; the interval is made of it as that of
    :func:`cohen_kappa`, with items as units. Raises InvalidInput where no item has two labels, for labels that are
    missing (None, NaN), and for text at the level "interval".
    """
    check_share(confidence, "confidence")
    check_choice(level, ("nominal", "interval"), "level")
    items = [list(one) for one in labels if len(one) > 1]
    _check(items)
    counts, misses = _counted(items, level)
    sizes = counts.sum(axis=1)
    total, everything = float(sizes.sum()), counts.sum(axis=0)
    # Each item's misses over all pairs of its labels, each label counted once.
    missed = (counts @ misses * counts).sum(axis=1) / (sizes - 1)
    pairs = float(everything @ misses @ everything)
    by_chance = pairs / (total * (total - 1))
    if pairs == 0:
        return Alpha(math.nan, math.nan, math.nan, len(items), int(total), math.nan)
    ratio = float(missed.sum()) / total / by_chance
    pulls = missed * (total - 1) / pairs + ratio * (sizes / (total - 1) - 2 * (counts @ misses @ everything) / pairs)
    units = len(items)
    error = float(pulls.std(ddof=1)) * math.sqrt(units) if units > 1 else math.nan
    wide = error if level == "nominal" else error * few_of_a_scale(units)
    bounds = _bounds(ratio * by_chance, by_chance, wide, units, confidence)
    return Alpha(1 - ratio, *bounds, units, int(total), error)


def _bounds(missed: float, by_chance: float, error: float, units: int, confidence: float) -> tuple[float, float]:
    if units < 2:
        return -1.0, 1.0
    return chance_corrected(1 - missed, 1 - by_chance, error, units, confidence)


def _check(items: Sequence[Sequence[Hashable]]) -> None:
    if not items:
        raise InvalidInput("No item has two labels; agreement needs items that more than one rater judged.")
    for place, said in enumerate(items):
        for label in said:
            if label is None or label != label:
                raise InvalidInput(f"Item {place} has the label {label}; leave out what a rater has not judged.")


def _counted(items: Sequence[Sequence[Hashable]], level: Level) -> tuple[Array, Array]:
    """How often each label was given to each item, and how much it is a miss to say one instead of another (0 to 1)."""
    import numpy as np

    if level == "interval":
        said = as_values([label for item in items for label in item], "labels")  # type: ignore[misc]
        scale, codes = np.unique(said, return_inverse=True)
        misses = ((scale[:, None] - scale[None, :]) / (float(scale[-1] - scale[0]) or 1.0)) ** 2
    else:
        numbers: dict[Hashable, int] = {}
        codes = np.array([numbers.setdefault(label, len(numbers)) for item in items for label in item])
        misses = 1 - np.eye(len(numbers))
    counts = np.zeros((len(items), len(misses)))
    places = np.repeat(np.arange(len(items)), [len(item) for item in items])
    np.add.at(counts, (places, codes), 1)
    return counts, misses
