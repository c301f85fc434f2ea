"""What serving keeps behind a Quire server, over its own API; MLflow's protocol has nothing like it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

from quire.domain import protojson
from quire.domain.deployment_checks import checked_deployment
from quire.domain.endpoint_checks import checked_endpoint
from quire.domain.endpoints import Deployment, Endpoint
from quire.domain.errors import InvalidInput, NotFound
from quire.domain.names import check_experiment_id
from quire.domain.outcome_checks import check_many, check_served, check_unit
from quire.domain.protojson import Message
from quire.domain.traces import check_trace_id
from quire.domain.trial_checks import check_states, check_trial
from quire.domain.trials import Outcome, PrunedNotes, Served, Tally, Trial, TrialSpec, TrialState
from quire.store.rest.base import RestPart, encode, segment
from quire.store.rest.client import Call
from quire.store.rest.wire.common import Empty
from quire.store.rest.wire.feedback import ExpectTrace, FeedbackResponse, GiveFeedback
from quire.store.rest.wire.serving import (
    CreateTrial,
    DeploymentResponse,
    DeploymentsResponse,
    DropOutcomes,
    EndpointResponse,
    EndpointsResponse,
    ListTrials,
    OfServed,
    OutcomesResponse,
    PrunedNotesResponse,
    PruneNotes,
    PutEndpoint,
    PutTrial,
    RecordDeployment,
    RecordOutcomes,
    RecordServed,
    ServedResponse,
    TalliesResponse,
    TrialResponse,
    TrialsResponse,
)

T = TypeVar("T")
_API = "/api/quire/v1"
_LOOK = "Read it again before you repeat the change."


class RestServing(RestPart):
    """Endpoints, trials, answers that were given, outcomes, deployments."""

    def put_endpoint(self, endpoint: Endpoint, *, expected: int | None = None) -> Endpoint:
        """Create or replace an endpoint; its revision grows, unless nothing differs.

        With ``expected`` InvalidState unless that is its revision (0: there is none).
        """
        given = checked_endpoint(endpoint)
        message = PutEndpoint(name=given.name, endpoint=given, expected=expected)
        how = {"repeatable": expected is None, "look": _LOOK}
        return self._send("PUT", f"/endpoints/{segment(given.name)}", message, EndpointResponse, **how).endpoint

    def get_endpoint(self, name: str) -> Endpoint:
        """An endpoint by its name. NotFound, listing those that there are."""
        return self._look(f"/endpoints/{_id(name, 'endpoint')}", EndpointResponse).endpoint

    def list_endpoints(self) -> list[Endpoint]:
        """All endpoints, by name."""
        return self._look("/endpoints", EndpointsResponse).endpoints

    def delete_endpoint(self, name: str) -> None:
        """Remove an endpoint; its trials stay. InvalidState while one of them runs."""
        how = {"repeatable": False, "look": "Look with list_endpoints before you repeat it."}
        self._send("DELETE", f"/endpoints/{_id(name, 'endpoint')}", Empty(), Empty, **how)

    def create_trial(self, spec: TrialSpec, *, created_by: str = "", reason: str = "") -> Trial:
        """Start a trial, in its phase 0, which begins at once. Its record begins with the reason.

        InvalidInput for a definition that does not hold together; InvalidState if one runs on the same subject and
        namespace already.
        """
        message = CreateTrial(spec=check_trial(spec), created_by=created_by, reason=reason)
        how = {"repeatable": False, "look": "Look with list_trials before you repeat it."}
        return self._send("POST", "/trials", message, TrialResponse, **how).trial

    def get_trial(self, trial_id: str) -> Trial:
        """A trial by its id. NotFound."""
        return self._look(_trial(trial_id), TrialResponse).trial

    def list_trials(self, *, subject: str | None = None, states: Sequence[TrialState] = ()) -> list[Trial]:
        """Trials, of a subject or in these states, newest first."""
        check_states(states)
        return self._look("/trials", TrialsResponse, ListTrials(subject=subject, states=list(states))).trials

    def update_trial(self, trial: Trial, *, expected: int) -> Trial:
        """Store what has become of a trial; its revision grows.

        InvalidState unless ``expected`` was its revision, or if its definition differs, or if phases or events that had
        been written are not there as they were. Without any events those that there are stay.
        """
        message = PutTrial(trial_id=trial.trial_id, trial=trial, expected=expected)
        how = {"repeatable": False, "look": _LOOK}
        return self._send("PUT", _trial(trial.trial_id), message, TrialResponse, **how).trial

    def record_served(self, served: Sequence[Served]) -> None:
        """Note answers that were given; one noted before stays as it is. May be repeated."""
        check_many(len(served), "answers")
        for one in served:
            check_served(one)
        if served:
            self._send("POST", "/served", RecordServed(served=list(served)), Empty)

    def get_served(self, response_or_trace_id: str) -> Served:
        """An answer by its own id or its trace's. NotFound."""
        if not response_or_trace_id:
            raise NotFound("No answer has an empty id. Give the id of an answer, or of its trace.")
        return self._look("/served", ServedResponse, OfServed(answer_id=response_or_trace_id)).served

    def prune_notes(self, experiment_ids: Sequence[str], *, before_ms: int, after: int = 0) -> PrunedNotes:
        """Delete notes without a trace, of answers that were given at ``before_ms`` or earlier: some thousands at most.

        Of these experiments; notes of none that there is go with the default experiment's. Call again with what it
        says in ``after``.
        """
        for item in experiment_ids:
            check_experiment_id(item)
        message = PruneNotes(experiment_ids=list(experiment_ids), before_ms=before_ms, after=after)
        return self._send("POST", "/served/prune", message, PrunedNotesResponse).pruned

    def expect_trace(self, trace_id: str, experiment_id: str, *, at: int) -> None:
        """Make a trace known that began at a time (ms), whose spans are still to come and say the rest.

        One that is there stays as it is. NotFound for an experiment that there is not, InvalidInput for a deleted one.
        """
        check_trace_id(trace_id)
        check_experiment_id(experiment_id)
        message = ExpectTrace(trace_id=trace_id, experiment_id=experiment_id, at=at)
        self._send("POST", "/traces/expect", message, Empty)

    def record_outcomes(self, outcomes: Sequence[Outcome]) -> int:
        """Count outcomes of which there is none yet for the unit, trial and metric; how many those were.

        May be repeated.
        """
        check_many(len(outcomes), "outcomes")
        if not outcomes:
            return 0
        return self._send("POST", "/outcomes", RecordOutcomes(outcomes=list(outcomes)), OutcomesResponse).counted

    def drop_outcomes(self, trial_id: str, unit: str, metrics: Sequence[str]) -> None:
        """Take a unit's outcomes of these metrics out again, and count none of them in future: its arm failed."""
        message = DropOutcomes(trial_id=trial_id, unit=check_unit(unit), metrics=list(metrics))
        self._send("POST", f"{_trial(trial_id)}/drop-outcomes", message, Empty)

    def tallies(self, trial_id: str) -> list[Tally]:
        """What has been counted, by metric, arm and phase."""
        return self._look(f"{_trial(trial_id)}/tallies", TalliesResponse).tallies

    def give_feedback(self, given: GiveFeedback) -> FeedbackResponse:
        """Have the server store feedback on an answer, and count it in the trial that the answer belongs to."""
        how = {"repeatable": False, "look": "In a trial it counts once if you do; the trace would have it twice."}
        return self._send("POST", "/feedback", given, FeedbackResponse, **how)

    def record_deployment(self, deployment: Deployment) -> Deployment:
        """Note that something was deployed; the id and the time are the store's where they are not given."""
        message = RecordDeployment(deployment=checked_deployment(deployment))
        how = {"repeatable": False, "look": "Look with list_deployments before you repeat it."}
        return self._send("POST", "/deployments", message, DeploymentResponse, **how).deployment

    def list_deployments(self) -> list[Deployment]:
        """Deployments, newest first."""
        return self._look("/deployments", DeploymentsResponse).deployments

    def _look(self, path: str, kind: type[T], message: Message | None = None) -> T:
        query = protojson.encode_query(message) if message is not None else ()
        return self._client.decode(Call(method="GET", path=_API + path, query=query), kind)

    def _send(self, method: str, path: str, message: Message, kind: type[T], **how: Any) -> T:
        return self._client.decode(Call(method=method, path=_API + path, body=encode(message), **how), kind)


def _id(text: object, what: str) -> str:
    """An id or a name as a part of a path."""
    if not isinstance(text, str) or not text:
        raise InvalidInput(f"The {what} is {text!r:.60}; expected text that is not empty.")
    return segment(text)


def _trial(trial_id: object) -> str:
    return f"/trials/{_id(trial_id, 'trial id')}"
