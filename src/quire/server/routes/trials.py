"""Trials and what is counted in them: ``/api/quire/v1/trials…``, ``served`` and ``outcomes``."""

from __future__ import annotations

from quire.domain.errors import InvalidInput
from quire.server.auth.asking import asked_by
from quire.server.calls import Calls
from quire.server.context import Context
from quire.store.rest.wire.common import Empty
from quire.store.rest.wire.serving import (
    CreateTrial,
    DropOutcomes,
    ListTrials,
    OfServed,
    OfTrial,
    OutcomesResponse,
    PrunedNotesResponse,
    PruneNotes,
    PutTrial,
    RecordOutcomes,
    RecordServed,
    ServedResponse,
    TalliesResponse,
    TrialResponse,
    TrialsResponse,
)
from quire.store.serving import serving_of
from quire.trials.events import signed

calls = Calls("quire", "v1", tag="Trials")
_API = "/api/quire/v1"
_TRIALS = f"{_API}/trials"


@calls.write("POST", _TRIALS)
def create_trial(context: Context, request: CreateTrial) -> TrialResponse:
    """Start a trial. One at a time runs on a subject and namespace."""
    by = asked_by() or request.created_by
    trial = serving_of(context.store).create_trial(request.spec, created_by=by, reason=request.reason)
    return TrialResponse(trial=trial)


@calls.read("GET", _TRIALS, reads="point")
def list_trials(context: Context, request: ListTrials) -> TrialsResponse:
    """Trials, of a subject or in these states, newest first."""
    found = serving_of(context.store).list_trials(subject=request.subject, states=request.states)
    return TrialsResponse(trials=found)


@calls.read("GET", f"{_TRIALS}/{{trial_id}}", reads="point")
def get_trial(context: Context, request: OfTrial) -> TrialResponse:
    """A trial."""
    return TrialResponse(trial=serving_of(context.store).get_trial(request.trial_id))


@calls.write("PUT", f"{_TRIALS}/{{trial_id}}")
def update_trial(context: Context, request: PutTrial) -> TrialResponse:
    """Store what has become of a trial, if the expected revision is the one it replaces. Its definition stays."""
    if request.trial.trial_id != request.trial_id:
        raise InvalidInput(
            f"The path names the trial {request.trial_id!r:.120} and the body {request.trial.trial_id!r:.120}. Give "
            "both the same id."
        )
    serving = serving_of(context.store)
    trial = signed(request.trial, serving.get_trial(request.trial_id), asked_by())
    return TrialResponse(trial=serving.update_trial(trial, expected=request.expected))


@calls.read("GET", f"{_TRIALS}/{{trial_id}}/tallies", reads="point")
def get_tallies(context: Context, request: OfTrial) -> TalliesResponse:
    """What has been counted in a trial: units, their sum and the sum of their squares, by metric, arm and phase."""
    return TalliesResponse(tallies=serving_of(context.store).tallies(request.trial_id))


@calls.write("POST", f"{_TRIALS}/{{trial_id}}/drop-outcomes")
def drop_outcomes(context: Context, request: DropOutcomes) -> Empty:
    """Take a unit's outcomes of these metrics out again, and count none of them in future: its arm failed."""
    serving_of(context.store).drop_outcomes(request.trial_id, request.unit, request.metrics)
    return Empty()


@calls.write("POST", f"{_API}/outcomes", brief=True)
def record_outcomes(context: Context, request: RecordOutcomes) -> OutcomesResponse:
    """Count outcomes, each unit once by metric; how many were not there yet. May be repeated."""
    return OutcomesResponse(counted=serving_of(context.store).record_outcomes(request.outcomes))


@calls.write("POST", f"{_API}/served", brief=True)
def record_served(context: Context, request: RecordServed) -> Empty:
    """Note answers that were given, where feedback on them belongs. May be repeated."""
    serving_of(context.store).record_served(request.served)
    return Empty()


@calls.write("POST", f"{_API}/served/prune")
def prune_notes(context: Context, request: PruneNotes) -> PrunedNotesResponse:
    """Delete old notes of answers that belong to no trace, a part at a time."""
    serving = serving_of(context.store)
    pruned = serving.prune_notes(request.experiment_ids, before_ms=request.before_ms, after=request.after)
    return PrunedNotesResponse(pruned=pruned)


@calls.read("GET", f"{_API}/served", reads="point")
def get_served(context: Context, request: OfServed) -> ServedResponse:
    """An answer that was given, by its own id or its trace's."""
    return ServedResponse(served=serving_of(context.store).get_served(request.answer_id))
