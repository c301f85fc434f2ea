"""What follows from a report: pure, so that any server comes to the same."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import msgspec

from quire.domain.trials import MEASURED, Decision, Trial
from quire.trials.phases import active_arms, moved, shares_of
from quire.trials.results import TrialReport
from quire.trials.subjects import SHADOW
from quire.trials.tallying import FAILED

LEAST_MOVE = 0.02
"""Shares are left as they are unless one of them would change by this much."""
LEAST_GROWTH = 0.05
"""A phase lasts at least so much of the time that was before it."""
ActionKind = Literal["end", "promote", "remove", "pause", "reallocate"]


class Action(msgspec.Struct, frozen=True, kw_only=True):
    """One thing to do about a trial, and why."""

    kind: ActionKind
    said: str
    arm: str | None = None
    decision: Decision | None = None
    weights: dict[str, float] = msgspec.field(default_factory=dict)


def next_action(report: TrialReport, weights: Mapping[str, float] | None = None) -> Action | None:
    """The first thing that a report calls for; None for nothing. ``weights`` are the shares that allocation wants.

    Harm comes before everything, then units that were lost, then the end, then new shares.
    """
    trial = report.trial
    if trial.state != "running":
        return None
    for arm, why in report.harmed.items():
        return _away(trial, arm, why)
    if report.ratio is not None and report.ratio.alarm:
        return Action(kind="pause", said=lost_units(report))
    if trial.spec.subject.startswith(SHADOW):
        return _of_shadow(report)
    if report.decision is not None:
        promoted = trial.spec.stopping.on_win == "promote" and report.decision.kind == "won"
        return Action(kind="promote" if promoted else "end", said=report.decision.said, decision=report.decision)
    if weights is not None and _worth_moving(trial, weights):
        return Action(kind="reallocate", said=_shares(weights), weights=dict(weights))
    return None


def _of_shadow(report: TrialReport) -> Action | None:
    """A shadow that is to be promoted is, if it won and is shown worse on nothing that it names, nor in failures."""
    trial, decision = report.trial, report.decision
    if decision is None or decision.winner in (None, trial.spec.control) or trial.spec.stopping.on_win != "promote":
        return None
    looked_at = [name for name in report.metrics if name not in MEASURED or name == FAILED]
    if any(report[name].differences[decision.winner].verdict == "worse" for name in looked_at):
        return None
    return Action(kind="promote", said=decision.said, decision=decision)


def _away(trial: Trial, arm: str, why: Decision) -> Action:
    challengers = [name for name in active_arms(trial) if name != trial.spec.control]
    if challengers == [arm]:
        return Action(kind="end", said=why.said, decision=why)
    return Action(kind="remove", said=why.said, arm=arm, decision=why)


def is_due(trial: Trial, now: int) -> bool:
    """Whether shares should be looked at anew: ``every_s`` after the last phase began, and later as a trial grows old.

    Little is learnt in a minute of the thirtieth day, and phases stay few.
    """
    spec, last = trial.spec.allocation, trial.phases[-1].start_time
    pause = max(spec.every_s * 1000, LEAST_GROWTH * (last - trial.phases[0].start_time))
    return spec.kind != "fixed" and now >= last + pause


def _worth_moving(trial: Trial, weights: Mapping[str, float]) -> bool:
    return moved(shares_of(trial.phases[-1]), weights) >= LEAST_MOVE


def lost_units(report: TrialReport) -> str:
    """Why a trial is paused: the arms did not get the units that were shared out to them."""
    assert report.ratio is not None
    total = sum(report.ratio.units.values())
    each = ", ".join(
        f"{arm} {count / total:.1%} of {total:,} units ({report.ratio.expected.get(arm, 0) / total:.1%} expected)"
        for arm, count in report.ratio.units.items()
    )
    return (
        f"Units did not fall to the arms as they were shared out: {each}. Something loses requests of one arm; find it "
        "before the figures are believed."
    )


def _shares(weights: Mapping[str, float]) -> str:
    return ", ".join(f"{arm} {weight:.1%}" for arm, weight in weights.items())
