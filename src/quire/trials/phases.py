"""Phases: shares of the traffic that change at a moment which every server knows before it comes."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from quire.domain.trials import Phase, Trial

LEAD_MS = 5_000
"""A phase begins so long after it was written: servers look for new ones each second."""


def active_arms(trial: Trial) -> list[str]:
    """The arms that are still in a trial, the control first."""
    return [arm.name for arm in trial.arms if arm.name not in trial.removed]


def with_phase(trial: Trial, weights: Mapping[str, float], now: int) -> Trial:
    """The trial with a new last phase, which begins soon, and after the one that is the last until then."""
    last = trial.phases[-1]
    start = max(now + LEAD_MS, last.start_time + 1)
    total = sum(weights.values())
    shares = {arm: weight / total for arm, weight in weights.items() if weight > 0}
    phase = Phase(number=last.number + 1, start_time=start, weights=shares)
    return msgspec.structs.replace(trial, phases=[*trial.phases, phase])


def shares_of(phase: Phase) -> dict[str, float]:
    """The shares of a phase, which add up to 1."""
    total = sum(phase.weights.values())
    return {arm: weight / total for arm, weight in phase.weights.items()}


def moved(old: Mapping[str, float], new: Mapping[str, float]) -> float:
    """The most by which the share of an arm differs."""
    return max(abs(old.get(arm, 0.0) - new.get(arm, 0.0)) for arm in {*old, *new})
