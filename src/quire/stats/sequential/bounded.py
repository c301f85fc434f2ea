"""Metrics with bounds: evidence and confidence sequences by betting, exact at every look."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Literal

from quire.domain.errors import InvalidInput
from quire.stats.sequential.counts import Bounds, Counts, Sums, scaled
from quire.stats.sequential.phases import Phase, together
from quire.stats.sequential.roots import crossing

if TYPE_CHECKING:
    from quire.stats.sequential.bets import Array, Line, Tallied

Kind = Literal["difference", "ratio"]
_CLOSE = 1e-5
_STEP = 3.0
_LEAST_RATIO = 1e-6
_DOUBLINGS = 60


def mean_ends(counts: Counts, bounds: Bounds, needed: float) -> tuple[float, float]:
    """The means, in the metric's units, against which neither side's log evidence is ``needed``."""
    sums = scaled(counts, bounds, "counts")
    low, high = _least_mean(sums, needed), 1 - _least_mean(_turned(sums), needed)
    width = bounds[1] - bounds[0]
    return bounds[0] + width * low, bounds[0] + width * high


def gap_log_e(phases: Sequence[Phase], bounds: Bounds, margin: float, kind: Kind) -> float:
    """The log evidence that the challenger's mean is larger than the control's by more than ``margin``."""
    return _evidence(phases, bounds, kind)(margin)


def least_gap(phases: Sequence[Phase], bounds: Bounds, needed: float, kind: Kind) -> float:
    """The largest difference or ratio that the challenger's mean is shown to exceed, by ``needed`` of log evidence."""
    evidence = _evidence(phases, bounds, kind)
    control, challenger = together(phases)
    if kind == "ratio":
        return least_ratio(evidence, control, challenger, needed)
    width = bounds[1] - bounds[0]
    if control.n == 0 or challenger.n == 0:
        return -width
    step = _STEP * math.hypot(_error(control, width), _error(challenger, width))
    close = _CLOSE * min(width, step)
    return crossing(evidence, needed, -width, challenger.mean - control.mean, close=close, step=step, top=width)


def least_ratio(evidence: Callable[[float], float], control: Counts, challenger: Counts, needed: float) -> float:
    """The largest ratio at which log evidence that falls with the ratio is ``needed``; 0 where there is none."""
    if control.n == 0 or challenger.total <= 0:
        return 0.0
    high = challenger.mean / control.mean if control.total > 0 else 1.0
    for _ in range(_DOUBLINGS):
        if evidence(high) < needed:
            # Along the logarithm, so that an end far below what was seen is as exact as one beside it.
            most = math.log(high)
            least = most + math.log(_LEAST_RATIO)
            step = _ratio_step(control, challenger)
            found = crossing(lambda at: evidence(math.exp(at)), needed, least, most, close=_CLOSE, step=step)
            return math.exp(found) if found > least else 0.0
        high *= 2
    return high


def _ratio_step(control: Counts, challenger: Counts) -> float:
    """About how far below a ratio, in parts of it, the end of an interval is."""
    parts = [
        _error(one, one.total / one.n) / (one.total / one.n) if one.total > 0 else 1.0 for one in (control, challenger)
    ]
    return min(_STEP * math.hypot(*parts), 0.5)


def _error(counts: Counts, unit: float) -> float:
    """About the standard error of a mean; no less than a value of that size among so many would change it."""
    spread = max(counts.squares / counts.n - (counts.total / counts.n) ** 2, 0.0)
    return math.sqrt(spread / counts.n) + unit / counts.n


def check_ratio(bounds: Bounds) -> None:
    """Raises InvalidInput for metrics that can be negative, of which a ratio says nothing."""
    if bounds[0] < 0:
        raise InvalidInput(f"bounds are {bounds}; a ratio of means is for metrics of 0 or more: compare by difference.")


def _least_mean(sums: Sums, needed: float) -> float:
    from quire.stats.sequential.bets import bets_on_mean, log_capital

    if sums.n == 0:
        return 0.0
    tallied, bets = _row([sums]), bets_on_mean()

    def falling(p: float) -> float:
        return float(log_capital(tallied, _column(p), bets)[0])

    mean = sums.total / sums.n
    spread = max(mean - sums.inner / sums.n - mean * mean, 0.0)
    step = _STEP * (math.sqrt(spread / sums.n) + mean / sums.n)
    return crossing(falling, needed, 0.0, mean, close=_CLOSE * max(mean, 1e-9), step=step)


def _evidence(phases: Sequence[Phase], bounds: Bounds, kind: Kind) -> Callable[[float], float]:
    """The log evidence as a function of the margin. Phases that planned alike are counted together."""
    from quire.stats.sequential.bets import bets_on_gap, level_of, search

    alike: dict[int, list[Phase]] = {}
    for phase in phases:
        alike.setdefault(level_of(phase.split), []).append(phase)
    pairs = [together(some) for some in alike.values()]
    below = _row([scaled(control, bounds, "control") for control, _ in pairs])
    above = _row([scaled(challenger, bounds, "challenger") for _, challenger in pairs])
    bets = bets_on_gap(tuple(alike))

    at: Array | None = None

    def evidence(margin: float) -> float:
        nonlocal at
        found, at = search(below, above, _line(bounds, margin, kind), bets, at)
        return float(found[0])

    return evidence


def _line(bounds: Bounds, gap: float, kind: Kind) -> Line:
    """Scaled means of which the challenger's is larger by ``gap`` in the metric's units."""
    from quire.stats.sequential.bets import Line

    low, width = bounds[0], bounds[1] - bounds[0]
    if kind == "difference":
        return Line(_column(gap / width), _column(1.0))
    return Line(_column((gap - 1) * low / width), _column(gap))


def _turned(sums: Sums) -> Sums:
    """The sums of 1 − y."""
    return Sums(sums.n, sums.n - sums.total, sums.inner)


def _row(phases: Sequence[Sums]) -> Tallied:
    """One trial's sums, a column for each phase."""
    import numpy as np

    from quire.stats.sequential.bets import Tallied

    columns = zip(*((one.n, one.total, one.inner) for one in phases), strict=True)
    return Tallied(*(np.array([column], dtype=np.float64) for column in columns))


def _column(value: float) -> Array:
    import numpy as np

    return np.array([[value]], dtype=np.float64)
