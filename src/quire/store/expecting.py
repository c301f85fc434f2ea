"""Traces of answers that were given, made known before their spans come, so that feedback on them has a place."""

from __future__ import annotations

from quire.domain.errors import AlreadyExists, NotFound
from quire.domain.trials import Served
from quire.store.base import Store
from quire.store.serving import ServingStore


def expect_answer(store: Store, serving: ServingStore, trace_id: str, served: Served) -> bool:
    """Make the trace of an answer known, in the experiment that it will come to; False if nobody knows which."""
    place = _experiment_of(serving, served)
    if place is None:
        return False
    serving.expect_trace(trace_id, _experiment(store, place), at=served.at)
    return True


def _experiment_of(serving: ServingStore, served: Served) -> str | None:
    """The name of the experiment that the answer's trace will come to; None if nobody said."""
    if served.experiment:
        return served.experiment
    try:
        endpoint = serving.get_endpoint(served.endpoint)
    except NotFound:
        return None
    return endpoint.experiment or f"endpoints/{endpoint.name}"


def _experiment(store: Store, name: str) -> str:
    """The id of the experiment of that name, which is made if it is not there."""
    found = store.get_experiment_by_name(name)
    if found is not None:
        return found.experiment_id
    try:
        return store.create_experiment(name)
    except AlreadyExists:  # somebody else has made it meanwhile
        found = store.get_experiment_by_name(name)
        if found is None:
            raise
        return found.experiment_id
