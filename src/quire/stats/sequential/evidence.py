"""Evidence that one arm is better than another, or worse than allowed, as the logarithm of an e-value."""

from __future__ import annotations

import math

from quire.domain.errors import InvalidInput
from quire.stats.checks import check_choice, check_share
from quire.stats.sequential import asymptotic, bounded
from quire.stats.sequential.bounded import Kind, check_ratio
from quire.stats.sequential.counts import Bounds
from quire.stats.sequential.phases import Phased, Split, phases_of, together
from quire.stats.sequential.sequences import LEAST_UNITS


def superiority_log_e(
    control: Phased,
    challenger: Phased,
    *,
    higher_is_better: bool,
    bounds: Bounds | None = None,
    margin: float | None = None,
    kind: Kind = "difference",
    split: Split = 0.5,
    least: int = LEAST_UNITS,
) -> float:
    """The logarithm of the e-value against "the challenger is not better than the control by more than ``margin``".

    "difference": better by more than ``margin``, in the metric's units, 0 unless given; a negative one asks whether the
    challenger is at most so much worse (non-inferiority). "ratio": mean(challenger) / mean(control) above ``margin`` if
    higher is better, below it if lower is; 1 unless given.

    If the challenger is not better, this ever reaches :func:`needed_log_e` with a probability of at most
    1 − confidence, however often it is looked at and whatever is made of what is seen. About 0 means that nothing is
    known, negative that the data speak against. The smallest confidence level at which one may stop is
    1 − exp(−log e). Both directions may be asked, each at its own level.

    Exact with ``bounds``, asymptotic without, from ``least`` units of both arms on (0 before). ``split``, assumptions
    and sources: :func:`difference_sequence`. Raises InvalidInput as that does, and for a margin that is no finite
    number (or, as a ratio, not positive).
    """
    at = _margin(margin, kind)
    phases = phases_of(control, challenger, split)
    if not higher_is_better:
        phases = [phase.turned() for phase in phases]
        at = at if kind == "difference" else 1 / at
    if bounds is None:
        return asymptotic.gap_log_e(*together(phases), at, kind, least)
    if kind == "ratio":
        check_ratio(bounds)
    return bounded.gap_log_e(phases, bounds, at, kind)


def harm_log_e(
    control: Phased,
    challenger: Phased,
    *,
    higher_is_better: bool,
    margin: float,
    bounds: Bounds | None = None,
    kind: Kind = "difference",
    split: Split = 0.5,
    least: int = LEAST_UNITS,
) -> float:
    """The logarithm of the e-value against "the challenger is at most ``margin`` worse than the control": a guardrail.

    "difference": worse by more than ``margin``, 0 or more, in the metric's units. "ratio": mean(challenger) /
    mean(control) beyond ``margin``, such as above 1.2 if lower is better, below 0.95 if higher is. It raises a false
    alarm with a probability of at most 1 − confidence over all looks, if alarm is given at :func:`needed_log_e`.
    Otherwise as :func:`superiority_log_e`, with its sources (1970 to 2024) and errors (InvalidInput).
    """
    return superiority_log_e(
        control,
        challenger,
        higher_is_better=not higher_is_better,
        bounds=bounds,
        margin=margin,
        kind=kind,
        split=split,
        least=least,
    )


def needed_log_e(confidence: float, comparisons: int = 1) -> float:
    """The log evidence at which a comparison is settled, where so many share the level 1 − confidence equally.

    log(comparisons / (1 − confidence)): by Bonferroni, none of them is ever settled wrongly with a probability of
    ``confidence``. Source: J. Ville, "Étude critique de la notion de collectif" (1939). Raises InvalidInput for a
    confidence outside 0 to 1 and for no comparisons.
    """
    check_share(confidence, "confidence")
    if comparisons < 1:
        raise InvalidInput(f"comparisons is {comparisons}; expected how many share the level, at least 1.")
    return math.log(comparisons / (1 - confidence))


def _margin(margin: float | None, kind: str) -> float:
    check_choice(kind, ("difference", "ratio"), "kind")
    at = (1.0 if kind == "ratio" else 0.0) if margin is None else margin
    if not math.isfinite(at) or (kind == "ratio" and at <= 0):
        expected = "a positive ratio, such as 1.2" if kind == "ratio" else "a difference, such as 0.02"
        raise InvalidInput(f"margin is {margin}; expected {expected}.")
    return at
