"""Counts of two arms phase by phase: phases whose split was planned alike are one."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from quire.domain.errors import InvalidInput
from quire.stats.sequential.counts import Counts

Phased = Counts | Sequence[Counts]
"""The counts of an arm: all together, or of each phase in order."""
Split = float | Sequence[float]
"""The control's planned part of the two arms' units: in all phases, or in each."""


class Phase(msgspec.Struct, frozen=True, gc=False):
    """Counts of both arms, and the split that was planned for them."""

    control: Counts
    challenger: Counts
    split: float

    def turned(self) -> Phase:
        """The same with the arms in each other's place."""
        return Phase(self.challenger, self.control, 1 - self.split)


def phases_of(control: Phased, challenger: Phased, split: Split) -> list[Phase]:
    """The phases of two arms. Raises InvalidInput if they do not correspond, or a split is no share."""
    first = [control] if isinstance(control, Counts) else list(control)
    second = [challenger] if isinstance(challenger, Counts) else list(challenger)
    splits = [float(split)] * len(first) if isinstance(split, int | float) else list(split)
    if not len(first) == len(second) == len(splits):
        raise InvalidInput(
            f"control has {len(first)} phases, challenger {len(second)} and split {len(splits)}; "
            "give the counts of both arms, and one split, for each phase."
        )
    for one in splits:
        if not 0 <= one <= 1:
            raise InvalidInput(f"split is {one}; expected the control's planned part of the units, from 0 to 1.")
    return [Phase(*phase) for phase in zip(first, second, splits, strict=True)]


def together(phases: Sequence[Phase]) -> tuple[Counts, Counts]:
    """The counts of both arms over all phases."""
    control, challenger = Counts(), Counts()
    for phase in phases:
        control, challenger = control + phase.control, challenger + phase.challenger
    return control, challenger
