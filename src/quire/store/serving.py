"""What serving keeps: endpoints, trials, answers that were given, outcomes, deployments.

Quire's own stores keep it (SQL, and a Quire server's behind ``/api/quire/v1``); a server of MLflow does not.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from quire.domain.endpoints import Deployment, Endpoint
from quire.domain.errors import InvalidState
from quire.domain.traffic import Traffic, TrafficQuery
from quire.domain.trials import Outcome, PrunedNotes, Served, Tally, Trial, TrialSpec, TrialState


class ServingStore(Protocol):
    """Endpoints and trials, with the promises of :class:`quire.store.base.Store`."""

    def put_endpoint(self, endpoint: Endpoint, *, expected: int | None = None) -> Endpoint:
        """Create or replace an endpoint; its revision grows, unless nothing differs.

        With ``expected`` InvalidState unless that is its revision (0: there is none).
        """

    def get_endpoint(self, name: str) -> Endpoint:
        """An endpoint by its name. NotFound, listing those that there are."""

    def list_endpoints(self) -> list[Endpoint]:
        """All endpoints, by name."""

    def delete_endpoint(self, name: str) -> None:
        """Remove an endpoint; its trials stay. InvalidState while one of them runs."""

    def create_trial(self, spec: TrialSpec, *, created_by: str = "", reason: str = "") -> Trial:
        """Start a trial, in its phase 0, which begins at once. Its record begins with the reason.

        InvalidInput for a definition that does not hold together; InvalidState if one runs on the same subject and
        namespace already.
        """

    def get_trial(self, trial_id: str) -> Trial:
        """A trial by its id. NotFound."""

    def list_trials(self, *, subject: str | None = None, states: Sequence[TrialState] = ()) -> list[Trial]:
        """Trials, of a subject or in these states, newest first."""

    def update_trial(self, trial: Trial, *, expected: int) -> Trial:
        """Store what has become of a trial; its revision grows.

        InvalidState unless ``expected`` was its revision, or if its definition differs, or if phases or events that had
        been written are not there as they were. Without any events those that there are stay.
        """

    def record_served(self, served: Sequence[Served]) -> None:
        """Note answers that were given; one noted before stays as it is. May be repeated."""

    def get_served(self, response_or_trace_id: str) -> Served:
        """An answer by its own id or its trace's. NotFound."""

    def prune_notes(self, experiment_ids: Sequence[str], *, before_ms: int, after: int = 0) -> PrunedNotes:
        """Delete notes without a trace, of answers that were given at ``before_ms`` or earlier: some thousands at most.

        Of these experiments; notes of none that there is go with the default experiment's. Call again with what it
        says in ``after``.
        """

    def expect_trace(self, trace_id: str, experiment_id: str, *, at: int) -> None:
        """Make a trace known that began at a time (ms), whose spans are still to come and say the rest.

        One that is there stays as it is. NotFound for an experiment that there is not, InvalidInput for a deleted one.
        """

    def record_outcomes(self, outcomes: Sequence[Outcome]) -> int:
        """Count outcomes of which there is none yet for the unit, trial and metric; how many those were.

        May be repeated.
        """

    def drop_outcomes(self, trial_id: str, unit: str, metrics: Sequence[str]) -> None:
        """Take a unit's outcomes of these metrics out again, and count none of them in future: its arm failed."""

    def tallies(self, trial_id: str) -> list[Tally]:
        """What has been counted, by metric, arm and phase."""

    def record_deployment(self, deployment: Deployment) -> Deployment:
        """Note that something was deployed; the id and the time are the store's where they are not given."""

    def list_deployments(self) -> list[Deployment]:
        """Deployments, newest first."""


class TimedServing(Protocol):
    """What a database can tell of outcomes beyond their sums; a server tells what follows from it instead."""

    def tallies_over_time(
        self, trial_id: str, metrics: Sequence[str], *, start_ms: int, width_ms: int, parts: int
    ) -> list[tuple[int, Tally]]:
        """What was counted of these metrics in each part of the time, with the part's number; NotFound.

        Parts are ``width_ms`` long, the first begins at ``start_ms``; what came before counts in the first, what came
        after all of them in the last. Reads every outcome of the trial.
        """


class TrafficServing(Protocol):
    """What a database tells of the traffic of endpoints."""

    def traffic(self, query: TrafficQuery) -> list[Traffic]:
        """Requests by part of the time and by model version or arm, from the newest 200,000 traces; oldest first."""


def traffic_of(store: object) -> TrafficServing:
    """What a database tells of traffic. InvalidState for a store that is another server."""
    serving: TrafficServing | None = getattr(store, "serving", None)
    if serving is None or not hasattr(serving, "traffic"):
        raise InvalidState(f"{getattr(store, 'uri', store)} is a server: ask it for GET /api/quire/v1/endpoints/….")
    return serving


def timed_serving_of(store: object) -> TimedServing:
    """What a database tells of outcomes over time. InvalidState for a store that is another server."""
    serving: TimedServing | None = getattr(store, "serving", None)
    if serving is None or not hasattr(serving, "tallies_over_time"):
        raise InvalidState(
            f"{getattr(store, 'uri', store)} is a server, and tells of outcomes over time only what it worked out "
            "itself: ask it for GET /api/quire/v1/trials/ID/history."
        )
    return serving


def serving_of(store: object) -> ServingStore:
    """What serving keeps in a store. A Quire server is asked once whether it is one.

    Raises InvalidState for a store that keeps nothing of it: a server of MLflow.
    """
    serving: ServingStore | None = getattr(store, "serving", None)
    if serving is None:
        raise InvalidState(
            f"{getattr(store, 'uri', store)} keeps no endpoints and no trials: it speaks MLflow's protocol alone. Use "
            "a Quire server (quire server) as the tracking URI, or a database such as sqlite:///quire.db."
        )
    return serving
