"""Metrics without bounds: evidence and confidence sequences that hold as units become many.

The log evidence of a mean, or of a difference of means, that lies z standard errors from the claimed one is that of a
mixture of normal likelihood ratios, log Σ w exp(g k z − (g k)² / 2), over sizes g of the effect in standard deviations,
where k is the standard deviation in standard errors (about the root of the number of units). Sources: H. Robbins,
"Statistical methods related to the law of the iterated logarithm", Annals of Mathematical Statistics 41 (1970);
I. Waudby-Smith, D. Arbour, R. Sinha, E. H. Kennedy and A. Ramdas, "Time-uniform central limit theory and asymptotic
confidence sequences", Annals of Statistics 52 (2024), where variances may be estimated. That few units are too sure of
their variance is allowed for as in Student's t: z² is replaced by ν log(1 + z² / ν).
"""

from __future__ import annotations

import math

import msgspec

from quire.domain.errors import InvalidInput
from quire.stats.sequential.bounded import Kind, least_ratio
from quire.stats.sequential.counts import Counts, check_counts
from quire.stats.sequential.roots import crossing
from quire.stats.sequential.sizes import sizes

_FARTHEST = 1e3
_CLOSE = 1e-6
_STEP = 3.5


class Spread(msgspec.Struct, frozen=True, gc=False):
    """An estimate, its standard error, the standard deviation of what it is made of, and the degrees of freedom."""

    estimate: float
    error: float
    deviation: float
    freedom: float


def mean_ends(counts: Counts, needed: float, least: int) -> tuple[float, float]:
    """The means against which neither side's log evidence is ``needed``; infinite for fewer than ``least`` units."""
    check_counts(counts, "counts")
    if counts.n < max(least, 2):
        return -math.inf, math.inf
    reach = _reach(_of_mean(counts), needed)
    return counts.mean - reach, counts.mean + reach


def mean_log_e(counts: Counts, claimed: float, *, up: bool) -> float:
    """The log evidence that the mean is above (below, unless ``up``) the claimed one."""
    spread = _of_mean(counts)
    gap = spread.estimate - claimed
    return _log_e(msgspec.structs.replace(spread, estimate=gap if up else -gap))


def gap_log_e(control: Counts, challenger: Counts, margin: float, kind: Kind, least: int) -> float:
    """The log evidence that the challenger's mean is larger than the control's by more than ``margin``."""
    _check_pair(control, challenger, kind)
    if min(control.n, challenger.n) < max(least, 2):
        return 0.0
    return _log_e(_of_gap(control, challenger, margin, kind))


def least_gap(control: Counts, challenger: Counts, needed: float, kind: Kind, least: int) -> float:
    """The largest difference or ratio that the challenger's mean is shown to exceed, by ``needed`` of log evidence."""
    _check_pair(control, challenger, kind)
    if min(control.n, challenger.n) < max(least, 2):
        return 0.0 if kind == "ratio" else -math.inf
    if kind == "difference":
        spread = _of_gap(control, challenger, 0.0, kind)
        return spread.estimate - _reach(spread, needed)

    def falling(ratio: float) -> float:
        return _log_e(_of_gap(control, challenger, ratio, kind))

    return least_ratio(falling, control, challenger, needed)


def _of_mean(counts: Counts) -> Spread:
    deviation = math.sqrt(counts.variance)
    return Spread(counts.mean, deviation / math.sqrt(counts.n), deviation, counts.n - 1)


def _of_gap(control: Counts, challenger: Counts, margin: float, kind: Kind) -> Spread:
    """What lies between the challenger's mean and the control's plus ``margin``, or ``margin`` times the control's."""
    times, plus = (margin, 0.0) if kind == "ratio" else (1.0, margin)
    one, two = times * times * control.variance, challenger.variance
    first, second = one / control.n, two / challenger.n
    freedom = math.inf
    if first + second > 0:
        part = first / (first + second)  # the square of a variance may be too small to be told from none
        freedom = 1 / (part**2 / (control.n - 1) + (1 - part) ** 2 / (challenger.n - 1))
    estimate = challenger.mean - times * control.mean - plus
    return Spread(estimate, math.sqrt(first + second), math.sqrt((one + two) / 2), freedom)


def _log_e(spread: Spread) -> float:
    if spread.error == 0:
        return math.inf if spread.estimate > 0 else 0.0 if spread.estimate == 0 else -math.inf
    z = spread.estimate / spread.error
    calmed = math.copysign(math.sqrt(spread.freedom * math.log1p(z * z / spread.freedom)), z)
    return _mixed(calmed, spread.deviation / spread.error)


def _reach(spread: Spread, needed: float) -> float:
    """How far from the estimate the evidence is as much as needed."""
    if spread.error == 0:
        return 0.0
    k = spread.deviation / spread.error
    z = -crossing(lambda x: _mixed(-x, k), needed, -_FARTHEST, 0.0, close=_CLOSE, step=_STEP)
    return spread.error * math.sqrt(spread.freedom * math.expm1(min(z * z / spread.freedom, 700.0)))


def _mixed(z: float, k: float) -> float:
    exponents = [
        math.log(weight) + k * size / 2 * z - (k * size / 2) ** 2 / 2 for size, weight in zip(*sizes(), strict=True)
    ]
    top = max(exponents)
    return top + math.log(math.fsum(math.exp(one - top) for one in exponents))


def _check_pair(control: Counts, challenger: Counts, kind: Kind) -> None:
    for counts, name in ((control, "control"), (challenger, "challenger")):
        check_counts(counts, name)
        if kind == "ratio" and counts.total < 0:
            raise InvalidInput(f"{name} has the sum {counts.total}; a ratio of means is for quantities of 0 or more.")
