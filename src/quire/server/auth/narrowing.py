"""Searches that find only what who asks may read: their filters, and the places that they look in, are narrowed."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from quire.domain.access import Identity, Kind, Resource
from quire.domain.errors import InvalidInput
from quire.domain.filters import (
    EVALUATION_DATASETS,
    EXPERIMENTS,
    MODEL_VERSIONS,
    REGISTERED_MODELS,
    Comparison,
    Grammar,
    format_filter,
    parse_filter,
)
from quire.domain.names import check_experiment_id
from quire.store.rest.wire.traces import SearchLocation, SearchTraces

_NO_EXPERIMENT = "9" * 18
"""An id that no experiment has: the largest that can be asked for."""
_NO_MODEL = ""


def only_experiments(identity: Identity, message: Any) -> Any:
    """A search of experiments."""
    return _narrowed(identity, message, "experiment", EXPERIMENTS, "experiment_id", _NO_EXPERIMENT)


def only_models(identity: Identity, message: Any) -> Any:
    """A search of registered models."""
    return _narrowed(identity, message, "registered_model", REGISTERED_MODELS, "name", _NO_MODEL)


def of_versions(identity: Identity, message: Any) -> Any:
    """A search of model versions."""
    return _narrowed(identity, message, "registered_model", MODEL_VERSIONS, "name", _NO_MODEL)


def only_datasets(identity: Identity, message: Any) -> Any:
    """A search of evaluation datasets: those used in an experiment that may be read, or in none if that may be."""
    return _narrowed(
        identity, message, "experiment", EVALUATION_DATASETS, "experiment_id", _NO_EXPERIMENT, "filter_string"
    )


def _narrowed(
    identity: Identity, message: Any, kind: Kind, grammar: Grammar, field: str, nothing: str, place: str = "filter"
) -> Any:
    visible = identity.visible(kind)
    if visible.is_everything:
        return message
    keys = tuple(sorted(visible.keys)) or (nothing,)
    wanted = Comparison("attribute", field, "NOT IN" if visible.excluding else "IN", keys)
    given = parse_filter(getattr(message, place), grammar)
    return replace(message, **{place: format_filter([*given, wanted])})


def of_experiments(identity: Identity, message: Any) -> Any:
    """A search within experiments; if none of them may be read, within one that does not exist."""
    if identity.visible("experiment").is_everything:
        return message
    kept = [item for item in message.experiment_ids if _reads(identity, item)]
    return replace(message, experiment_ids=kept or [_NO_EXPERIMENT] if message.experiment_ids else [])


def in_locations(identity: Identity, message: SearchTraces) -> SearchTraces:
    """A search within locations; one that may not be read becomes one that holds nothing."""
    if identity.visible("experiment").is_everything:
        return message
    return replace(message, locations=[_location(identity, item) for item in message.locations])


def _location(identity: Identity, location: SearchLocation) -> SearchLocation:
    place = location.mlflow_experiment
    return location if place is None or _reads(identity, place.experiment_id) else SearchLocation()


def _reads(identity: Identity, experiment_id: str) -> bool:
    try:
        key = str(check_experiment_id(experiment_id)) if experiment_id else ""
    except InvalidInput:
        return True  # the call itself says what is wrong with it
    return identity.reads(Resource("experiment", key))
