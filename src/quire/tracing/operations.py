"""How traces are brought to a store: as an outbox carries them.

What reads and writes spans is loaded by the thread that brings them: the first trace must not wait for it.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence

import msgspec

from quire.domain.errors import AlreadyExists, InvalidInput, NotFound
from quire.domain.traces import ExperimentLocation, Trace, TraceLocation
from quire.store.base import Store
from quire.tracing import state
from quire.tracing.destination import NAMED, OF_RUN
from quire.tracing.finished import FinishedTrace
from quire.tracking.experiments import DEFAULT_EXPERIMENT_ID

log = logging.getLogger("quire")

_MOST_KNOWN = 4096
AT_ONCE = 100
"""Traces that are stored with one call."""


class Delivery(msgspec.Struct, frozen=True, gc=False):
    """Traces that are on their way to the same experiment. ``weight`` is about how many bytes they take in memory."""

    traces: list[FinishedTrace]
    weight: int = 0


class OfTraces:
    """Traces, as an outbox carries them."""

    name = "traces"
    operation = Delivery
    linger = 0.2
    most_linger = 1.0
    returns_before_disk = True

    @property
    def most_on_disk(self) -> int:
        """About how many bytes may wait on disk."""
        return state.settings().most_on_disk

    @staticmethod
    def checked(trace: FinishedTrace) -> Delivery:
        """A trace that was handed over, on its way."""
        return Delivery([trace], trace.weight)

    @staticmethod
    def merged(deliveries: Sequence[Delivery]) -> Iterator[tuple[Delivery, list[int]]]:
        """Deliveries joined by experiment, each with the places of those that it holds."""
        by_experiment: dict[str, list[int]] = {}
        for place, delivery in enumerate(deliveries):
            by_experiment.setdefault(delivery.traces[0].experiment_id, []).append(place)
        for places in by_experiment.values():
            for start in range(0, len(places), AT_ONCE):
                chosen = places[start : start + AT_ONCE]
                yield Delivery([trace for place in chosen for trace in deliveries[place].traces]), chosen

    @staticmethod
    def for_disk(delivery: Delivery) -> Delivery:
        """A delivery as it may wait on disk: without what may not be kept."""
        from quire.tracing.cleaning import fit_for_disk

        return Delivery([fit_for_disk(trace) for trace in delivery.traces], delivery.weight)

    @staticmethod
    def perform(store: Store, delivery: Delivery) -> None:
        """Store traces. One that cannot even be written does not keep the others from it."""
        from quire.tracing.writing import stored

        traces, decided, failed = [], [], None
        for trace in delivery.traces:
            try:
                traces.append(stored(trace))
            except Exception as error:
                failed = error
                continue
            if trace.complete and "state" in trace.overrides:
                decided.append(traces[-1])
        experiment = _store(store, traces, delivery.traces[0].experiment_id)
        for said in decided:  # spans alone say how it went
            store.start_trace(_moved(said, experiment).info)
        if failed is not None:
            raise InvalidInput(f"A trace cannot be written: {failed!r}")

    @staticmethod
    def described(delivery: Delivery) -> str:
        """What it is, for the log."""
        ids = [f"tr-{trace.trace_id.hex()}" for trace in delivery.traces]
        return f"the trace {ids[0]}" if len(ids) == 1 else f"{len(ids)} traces, the first {ids[0]}"


def _store(store: Store, traces: Sequence[Trace], experiment: str) -> str:
    """Store traces in an experiment, else in the default one; the id of that where they are."""
    if not traces:
        return experiment
    known = experiment_of(store, experiment)
    try:
        store.log_traces([_moved(trace, known) for trace in traces])
    except NotFound as error:
        if known == DEFAULT_EXPERIMENT_ID:
            raise
        log.error("%s %d traces go to the default experiment instead.", error.message, len(traces))
        known = DEFAULT_EXPERIMENT_ID
        store.log_traces([_moved(trace, known) for trace in traces])
    return known


def experiment_of(store: Store, place: str) -> str:
    """The id of the experiment that a trace belongs to, which may be known only by its name, or by a run of it.

    An experiment of that name is made if there is none; for a run that there is not it is the default one.
    """
    if not place.startswith((NAMED, OF_RUN)):
        return place
    key = (store.uri, place)
    if key not in _ids:
        if len(_ids) >= _MOST_KNOWN:
            _ids.clear()
        _ids[key] = _named(store, place) if place.startswith(NAMED) else _of_run(store, place.removeprefix(OF_RUN))
    return _ids[key]


def _named(store: Store, place: str) -> str:
    name = place.removeprefix(NAMED)
    found = store.get_experiment_by_name(name)
    return found.experiment_id if found is not None else _made(store, name)


def _of_run(store: Store, run_id: str) -> str:
    try:
        return store.get_run(run_id).info.experiment_id
    except NotFound as error:
        log.error("%s Its traces go to the default experiment instead.", error.message)
        return DEFAULT_EXPERIMENT_ID


def _made(store: Store, name: str) -> str:
    try:
        return store.create_experiment(name)
    except AlreadyExists:  # another process was faster
        found = store.get_experiment_by_name(name)
        if found is None:
            raise
        return found.experiment_id


_ids: dict[tuple[str, str], str] = {}
"""Experiments that were looked up by their names or runs, by store and place."""


def _moved(trace: Trace, experiment_id: str) -> Trace:
    if trace.info.experiment_id == experiment_id:
        return trace
    place = TraceLocation(mlflow_experiment=ExperimentLocation(experiment_id=experiment_id))
    return Trace(msgspec.structs.replace(trace.info, trace_location=place), trace.spans)
