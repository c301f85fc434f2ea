"""Confidence sequences: intervals of a mean, a difference, a ratio, that hold the truth at every look at once."""

from __future__ import annotations

import math
from collections.abc import Sequence

from quire.stats.checks import check_choice, check_share
from quire.stats.results import Interval
from quire.stats.sequential import asymptotic, bounded
from quire.stats.sequential.bounded import Kind, check_ratio
from quire.stats.sequential.counts import Bounds, Counts, check_bounds
from quire.stats.sequential.phases import Phase, Phased, Split, phases_of, together

BETTING, NORMAL, TOO_FEW = "betting", "asymptotic normal mixture", "too few units"
LEAST_UNITS = 100
"""How many units of each arm asymptotic statistics need, unless told otherwise."""


def mean_sequence(
    counts: Counts, *, bounds: Bounds | None = None, confidence: float = 0.95, least: int = LEAST_UNITS
) -> Interval:
    """The interval of a mean that may be looked at after every unit.

    With a probability of ``confidence`` all the intervals there will ever be, one for each look, hold the true mean:
    looking often costs nothing, and stopping when it suits is allowed. It is in the units of the metric, a function of
    the counts alone, and wider than an interval that may be looked at once.

    With ``bounds`` (low, high) of the values it is exact, from the first unit on, for any values within them (method
    "betting"; the bets are those of module ``bets``). Without, it holds asymptotically from ``least`` units on (method
    "asymptotic normal mixture") and is infinite before ("too few units"). Values that all are the same give, without
    bounds, the point itself. Assumes that units' values have one mean whatever came before; who is asked may depend on
    the past. Not for a mean that drifts.

    Sources: I. Waudby-Smith and A. Ramdas, "Estimating means of bounded random variables by betting", Journal of the
    Royal Statistical Society B 86 (2024); Robbins 1970 and Waudby-Smith et al. 2024 without bounds. Raises InvalidInput
    for counts that no values within the bounds can have given, and for a confidence outside 0 to 1.
    """
    needed = _needed(confidence)
    if bounds is not None:
        return Interval(*bounded.mean_ends(counts, bounds, needed), confidence, BETTING)
    low, high = asymptotic.mean_ends(counts, needed, least)
    return Interval(low, high, confidence, NORMAL if math.isfinite(high) else TOO_FEW)


def difference_sequence(
    control: Phased,
    challenger: Phased,
    *,
    bounds: Bounds | None = None,
    confidence: float = 0.95,
    kind: Kind = "difference",
    split: Split = 0.5,
    least: int = LEAST_UNITS,
) -> Interval:
    """The interval of mean(challenger) − mean(control), or of their ratio, that may be looked at after every unit.

    What "at every look" means, bounds, methods and errors are those of :func:`mean_sequence`. Units of the two arms
    must be different ones (for pairs: :func:`paired_sequence`); shares of traffic may change with what was seen. The
    interval leaves out a value exactly where :func:`superiority_log_e` with that margin, in either direction, reaches
    log(2 / (1 − confidence)).

    "ratio": mean(challenger) / mean(control), for quantities of 0 or more; infinite where the control's may be 0.

    ``split`` is the control's part of the two arms' units as it was planned before there were any (weights 9 and 1:
    0.9). Where shares changed, give counts and splits of each phase, in lists of one length; a phase's split may depend
    on all that was seen before it. It makes bounded intervals narrower, by a third where shares are very unequal, and
    they hold whatever came instead.

    Sources: as for :func:`mean_sequence`; that evidence against every pair of means on a line is evidence against the
    line: L. Wasserman, A. Ramdas and S. Balakrishnan, "Universal inference", PNAS 117 (2020). Raises InvalidInput as
    :func:`mean_sequence` does, for an unknown kind, and for ratios of what can be negative.
    """
    check_choice(kind, ("difference", "ratio"), "kind")
    needed = _needed(confidence)
    phases = phases_of(control, challenger, split)
    low = _least_gap(phases, bounds, needed, kind, least)
    turned = _least_gap([phase.turned() for phase in phases], bounds, needed, kind, least)
    high = -turned if kind == "difference" else 1 / turned if turned > 0 else math.inf
    enough = bounds is not None or min(counts.n for counts in together(phases)) >= max(least, 2)
    return Interval(low, high, confidence, (NORMAL if bounds is None else BETTING) if enough else TOO_FEW)


def paired_sequence(
    differences: Counts, *, bounds: Bounds | None = None, confidence: float = 0.95, least: int = LEAST_UNITS
) -> Interval:
    """The interval of the mean of differences, challenger − control, both of the same request, at every look.

    For shadow traffic, where each request has both answers. ``bounds`` are those of the metric, so that differences
    lie between low − high and high − low. Sources and errors (InvalidInput) are those of :func:`mean_sequence` (2024).
    """
    if bounds is None:
        return mean_sequence(differences, confidence=confidence, least=least)
    check_bounds(bounds)
    width = bounds[1] - bounds[0]
    return mean_sequence(differences, bounds=(-width, width), confidence=confidence)


def _least_gap(phases: Sequence[Phase], bounds: Bounds | None, needed: float, kind: Kind, least: int) -> float:
    if bounds is None:
        return asymptotic.least_gap(*together(phases), needed, kind, least)
    if kind == "ratio":
        check_ratio(bounds)
    return bounded.least_gap(phases, bounds, needed, kind)


def _needed(confidence: float) -> float:
    """The log evidence that either end of an interval needs: the level is shared equally."""
    check_share(confidence, "confidence")
    return math.log(2 / (1 - confidence))
