"""Whether units fell to the arms as they were shared out, over the phases that comparisons look at."""

from __future__ import annotations

import math
from collections.abc import Sequence

from quire.domain.trials import EXPOSED, Phase, Tally, Trial
from quire.trials.phases import shares_of
from quire.trials.results import RatioCheck

ALARM_AT = 1_000.0
"""The evidence at which a trial is paused: a false alarm in a thousand trials at most."""
_LARGEST = 700.0


def check_ratio(trial: Trial, tallies: Sequence[Tally]) -> RatioCheck | None:
    """The check; None before there are units. An arm that has left is left out: how the rest falls is not its doing."""
    from quire.stats.sequential import ratio_mismatch

    found = {(one.arm, one.phase): one.n for one in tallies if one.metric == EXPOSED}
    observed: list[dict[str, int]] = []
    shares: list[dict[str, float]] = []
    for phase in trial.phases:
        among: dict[str, float] = _shares(trial, phase)
        counted: dict[str, int] = {arm: found.get((arm, phase.number), 0) for arm in among}
        if phase.number >= trial.counted_from and any(counted.values()) and len(among) > 1:
            observed.append(counted)
            shares.append(among)
    if not observed:
        return None
    mismatch = ratio_mismatch(observed, shares)
    evidence = math.exp(mismatch.log_e) if mismatch.log_e < _LARGEST else math.inf
    return RatioCheck(
        units=mismatch.units,
        expected=mismatch.expected,
        e_value=evidence,
        needed=ALARM_AT,
        alarm=evidence >= ALARM_AT,
    )


def _shares(trial: Trial, phase: Phase) -> dict[str, float]:
    """The shares of the arms that are still in the trial, among each other."""
    return {arm: share for arm, share in shares_of(phase).items() if arm not in trial.removed and share > 0}
