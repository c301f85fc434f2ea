"""The active experiment, and what can be done with experiments by name or id."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

from quire.domain.entities import Experiment
from quire.domain.errors import AlreadyExists, InvalidInput, InvalidState, NotFound
from quire.domain.paging import Page
from quire.store.base import Store
from quire.store.current import absolute_uri, current_store, get_tracking_uri
from quire.tracking.client import Client

DEFAULT_EXPERIMENT_ID = "0"
NAME_VARIABLES = ("QUIRE_EXPERIMENT_NAME", "MLFLOW_EXPERIMENT_NAME")
ID_VARIABLES = ("QUIRE_EXPERIMENT_ID", "MLFLOW_EXPERIMENT_ID")
HANDED_DOWN = "QUIRE_ACTIVE_EXPERIMENT"
"""Tells the processes that are started from here: ``ID@STORE_URI``."""

_active: dict[str, str] = {}
"""The experiment set by this process, for each store: a store's ids mean nothing in another."""


def set_experiment(
    experiment_name: str | None = None,
    experiment_id: str | None = None,
    *,
    name: str | None = None,
) -> Experiment:
    """Make an experiment the active one of this process, and of those that it starts.

    It is named by ``experiment_name`` (or ``name``), and created if there is none of that name, or by
    ``experiment_id``, which must exist. Raises InvalidInput unless exactly one is given or if it is deleted,
    NotFound for an unknown id.
    """
    experiment_name = experiment_name if experiment_name is not None else name
    if (experiment_name is None) == (experiment_id is None):
        raise InvalidInput(
            "Name the experiment either by `experiment_name` or by `experiment_id`: exactly one of them."
        )
    store = current_store()
    if experiment_id is not None:
        experiment = store.get_experiment(str(experiment_id))
    else:
        experiment = _get_or_create(store, str(experiment_name))
    if experiment.lifecycle_stage != "active":
        raise InvalidInput(
            f"The experiment {experiment.name!r} (id {experiment.experiment_id}) is deleted and cannot become the "
            "active one. Restore it with quire.restore_experiment, or choose another name."
        )
    _activate(experiment.experiment_id)
    return experiment


def current_experiment_id() -> str:
    """The id of the active experiment: set, else named by the environment, else the default one.

    The environment's variables are ``QUIRE_EXPERIMENT_NAME``, ``QUIRE_EXPERIMENT_ID`` and MLflow's of that name.
    """
    store = _store_key()
    return _active.get(store) or _handed_down(store) or _from_environment() or DEFAULT_EXPERIMENT_ID


def active_in(store_uri: str) -> str | None:
    """The experiment that this process has set for the store of an absolute URI; None if it has set none."""
    return _active.get(store_uri)


def create_experiment(name: str, artifact_location: str | None = None, tags: dict[str, Any] | None = None) -> str:
    """Create an experiment and return its id. AlreadyExists if the name is taken."""
    return Client().create_experiment(name, artifact_location, tags)


def get_experiment(experiment_id: str) -> Experiment:
    """The experiment of that id; NotFound if there is none."""
    return Client().get_experiment(experiment_id)


def get_experiment_by_name(name: str) -> Experiment | None:
    """The experiment of that name; None if there is none."""
    return Client().get_experiment_by_name(name)


def delete_experiment(experiment_id: str) -> None:
    """Mark an experiment and its runs as deleted."""
    Client().delete_experiment(experiment_id)


def restore_experiment(experiment_id: str) -> None:
    """Undo :func:`delete_experiment`."""
    Client().restore_experiment(experiment_id)


def set_experiment_tag(key: str, value: Any) -> None:
    """Set or replace a tag of the active experiment."""
    Client().set_experiment_tag(current_experiment_id(), key, value)


def set_experiment_tags(tags: dict[str, Any]) -> None:
    """Set or replace tags of the active experiment."""
    for key, value in tags.items():
        set_experiment_tag(key, value)


def delete_experiment_tag(key: str) -> None:
    """Remove a tag of the active experiment."""
    Client().delete_experiment_tag(current_experiment_id(), key)


def search_experiments(
    view_type: int | str = "ACTIVE_ONLY",
    max_results: int | None = None,
    filter_string: str | None = None,
    order_by: Sequence[str] | None = None,
) -> list[Experiment]:
    """Every experiment that matches (at most ``max_results``), newest first unless ordered otherwise."""
    client = Client()

    def page(size: int, token: str | None) -> Page[Experiment]:
        return client.search_experiments(view_type, size, filter_string, order_by, token)

    return collect(page, max_results)


def collect(page: Any, max_results: int | None, size: int = 1000) -> list[Any]:
    """All results of a paged search, at most ``max_results``; ``page`` maps (size, token) to a page."""
    found: list[Any] = []
    token: str | None = None
    while max_results is None or len(found) < max_results:
        wanted = size if max_results is None else min(size, max_results - len(found))
        batch = page(wanted, token)
        found.extend(batch)
        token = batch.token
        if not token:
            break
    return found


def _get_or_create(store: Store, name: str) -> Experiment:
    found = store.get_experiment_by_name(name)
    if found is None:
        try:
            return store.get_experiment(store.create_experiment(name))
        except AlreadyExists:  # another process was faster
            found = store.get_experiment_by_name(name)
    if found is None:
        raise InvalidState(f"The experiment {name!r} vanished while it was being set. Set it again.")
    return found


def _activate(experiment_id: str) -> None:
    store = _store_key()
    _active[store] = experiment_id
    os.environ[HANDED_DOWN] = f"{experiment_id}@{store}"


def _handed_down(store: str) -> str | None:
    experiment_id, _, owner = os.environ.get(HANDED_DOWN, "").partition("@")
    return experiment_id if owner == store else None


def _store_key() -> str:
    return absolute_uri(get_tracking_uri())


def _from_environment() -> str | None:
    name = next((os.environ[variable] for variable in NAME_VARIABLES if os.environ.get(variable)), None)
    wanted = next(((variable, os.environ[variable]) for variable in ID_VARIABLES if os.environ.get(variable)), None)
    if name:
        return _named_by_environment(name, wanted)
    return _existing(*wanted) if wanted else None


def _named_by_environment(name: str, wanted: tuple[str, str] | None) -> str:
    found = _get_or_create(current_store(), name).experiment_id
    if wanted and wanted[1] != found:
        raise InvalidInput(
            f"The environment names two experiments: {wanted[0]} is {wanted[1]!r}, and the experiment {name!r} has "
            f"the id {found!r}. Unset one of them."
        )
    return found


def _existing(variable: str, experiment_id: str) -> str:
    try:
        return current_store().get_experiment(experiment_id).experiment_id
    except NotFound as error:
        raise InvalidInput(
            f"{variable} is {experiment_id!r}, and there is no experiment of that id in {get_tracking_uri()}. "
            "Unset it or name an existing experiment."
        ) from error
