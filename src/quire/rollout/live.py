"""What a server does about a trial every few seconds: one step, of what its tallies call for.

Any number of servers may do so at once. Each step is made from the revision that it was decided on, and the store
takes one of them; a server that dies after a step is followed by another that finds the state and goes on.
"""

from __future__ import annotations

import logging
from typing import Literal

import msgspec

from quire.domain.errors import InvalidState
from quire.domain.trials import Decision, Trial
from quire.store.base import Store
from quire.trials.access import Places, places_of
from quire.trials.acting import Action, is_due, next_action
from quire.trials.allocating import wanted_weights
from quire.trials.changing import ended, without_arm
from quire.trials.events import noted_as_decided
from quire.trials.phases import with_phase
from quire.trials.promoting import decide, finish
from quire.trials.verdict import is_paired, judge

log = logging.getLogger("quire")
Step = Literal["ended", "promoted", "removed", "paused", "reallocated"]


class Done(msgspec.Struct, frozen=True, kw_only=True):
    """What was done about a trial, and why; ``trial`` is what it is now."""

    step: Step
    trial: Trial
    said: str


def tick(store: Store, trial: Trial, now: int, *, registry: Store | None = None) -> Done | None:
    """Look at a trial once and do what its tallies call for; None for nothing, or where another server was faster.

    The trial of a shadow is left alone unless it promotes: people read it. ``now`` is in ms since the epoch;
    ``registry`` keeps the models where ``store`` does not. Raises Unavailable while a store is away: the next tick
    finds everything as it was.
    """
    places = places_of(store, registry)
    if trial.state == "deciding":
        return _finished(places, trial)
    if trial.state != "running" or (is_paired(trial) and trial.spec.stopping.on_win != "promote"):
        return None
    tallies = places.serving.tallies(trial.trial_id)
    report = judge(trial, tallies, now)
    weights = wanted_weights(trial, tallies) if is_due(trial, now) else None
    action = next_action(report, weights)
    return None if action is None else _carried_out(places, trial, action, now)


def _finished(places: Places, trial: Trial) -> Done | None:
    finished = finish(places, trial.trial_id)
    if finished.revision == trial.revision:
        return None
    said = finished.decision.said if finished.decision else ""
    _say(finished, "promoted", said)
    return Done(step="promoted", trial=finished, said=said)


def _say(trial: Trial, step: Step, said: str) -> None:
    """New shares are of no interest in a log; all else is."""
    level = logging.INFO if step == "reallocated" else logging.WARNING
    log.log(level, "The trial %s on %s is %s. %s", trial.trial_id, trial.spec.subject, step, said)


def _carried_out(places: Places, trial: Trial, action: Action, now: int) -> Done | None:
    if action.kind == "promote":
        assert action.decision is not None
        decided = decide(places, trial.trial_id, action.decision)
        return _finished(places, decided) if decided.state == "deciding" else None
    changed, step = _changed(trial, action, now)
    try:
        stored = places.serving.update_trial(changed, expected=trial.revision)
    except InvalidState:
        if places.serving.get_trial(trial.trial_id).revision == trial.revision:
            raise
        return None
    _say(stored, step, action.said)
    return Done(step=step, trial=stored, said=action.said)


def _changed(trial: Trial, action: Action, now: int) -> tuple[Trial, Step]:
    match action.kind:
        case "end":
            assert action.decision is not None
            return ended(trial, action.decision), "ended"
        case "remove":
            assert action.decision is not None
            assert action.arm is not None
            return without_arm(trial, action.arm, action.decision), "removed"
        case "pause":
            why = Decision(kind="stopped", said=action.said, at=now)
            stopped = msgspec.structs.replace(trial, state="paused", decision=why)
            return noted_as_decided(stopped, "paused", why), "paused"
        case _:
            return with_phase(trial, action.weights, now), "reallocated"
