"""Tallies of a trial as counts by arm: of the phases that a comparison looks at.

``failed`` is written down only where an arm failed, so that a unit that fails after having been answered counts too;
its units are those that were exposed.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from quire.domain.trials import EXPOSED, Phase, Tally, Trial
from quire.stats.sequential.counts import Counts

FAILED = "failed"
_NONE = Counts()


class Pair(msgspec.Struct, frozen=True):
    """What a challenger is compared by: both arms' counts in each phase, and the control's planned part of them."""

    control: list[Counts]
    challenger: list[Counts]
    split: list[float]

    @property
    def means(self) -> tuple[float, float]:
        """The mean of either, over all phases."""
        return sum(self.control, _NONE).mean, sum(self.challenger, _NONE).mean

    @property
    def n(self) -> int:
        """The challenger's units."""
        return sum(counts.n for counts in self.challenger)


class Tallied:
    """The tallies of one trial, by metric, arm and phase."""

    def __init__(self, trial: Trial, tallies: Sequence[Tally]) -> None:
        self._trial = trial
        self._joined = trial.joined
        self._by: dict[tuple[str, str, int], Counts] = {
            (one.metric, one.arm, one.phase): Counts(one.n, one.total, one.squares) for one in tallies
        }
        self._phases = sorted({one.phase for one in tallies})

    def counts(self, metric: str, arm: str, since: int = 0) -> Counts:
        """The counts of an arm from a phase on."""
        first = max(since, self._trial.counted_from)
        found = _NONE
        for phase in self._phases:
            if phase >= first:
                found = found + self._of_phase(metric, arm, phase)
        return found

    def pair(self, metric: str, challenger: str, against: str | None = None) -> Pair:
        """A challenger and the control (or ``against``), in each phase since both joined that has units of either."""
        control = self._trial.spec.control if against is None else against
        first = max(self._joined[challenger], self._joined[control], self._trial.counted_from)
        found = [
            (one, two, _control_part(phase, control, challenger))
            for phase in self._trial.phases
            if phase.number >= first
            for one, two in [(self._of_phase(metric, arm, phase.number) for arm in (control, challenger))]
            if one.n or two.n
        ]
        controls, challengers, splits = zip(*found or [(_NONE, _NONE, 0.5)], strict=True)
        return Pair(list(controls), list(challengers), list(splits))

    def exposed(self, arm: str) -> int:
        """The units that an arm was given, over all phases."""
        return sum(self._by.get((EXPOSED, arm, phase), _NONE).n for phase in self._phases)

    def failed(self, arm: str) -> int:
        """The units of an arm that left the comparison, over all phases."""
        return sum(round(self._by.get((FAILED, arm, phase), _NONE).total) for phase in self._phases)

    def _of_phase(self, metric: str, arm: str, phase: int) -> Counts:
        found = self._by.get((metric, arm, phase), _NONE)
        if metric != FAILED:
            return found
        exposed = self._by.get((EXPOSED, arm, phase), _NONE).n
        units = max(exposed, found.n)
        return Counts(units, found.total, found.squares)


def _control_part(phase: Phase, control: str, challenger: str) -> float:
    """The control's part of its and a challenger's units, as the phase planned it."""
    one, two = (phase.weights.get(arm, 0.0) for arm in (control, challenger))
    return one / (one + two) if one + two > 0 else 0.5
