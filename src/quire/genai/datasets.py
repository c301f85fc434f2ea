"""MLflow's ``mlflow.genai.datasets``: evaluation datasets under its names, of the current store.

:mod:`quire.datasets` reads more than fits in memory, names versions, and divides datasets.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from quire.domain.datasets import DatasetVersion
from quire.domain.errors import InvalidInput
from quire.tracking.client import Client
from quire.tracking.evaluation_dataset import EvaluationDataset
from quire.tracking.experiments import collect, current_experiment_id

__all__ = [
    "EvaluationDataset",
    "EvaluationDatasetVersion",
    "add_dataset_to_experiments",
    "create_dataset",
    "delete_dataset",
    "delete_dataset_tag",
    "get_dataset",
    "remove_dataset_from_experiments",
    "search_datasets",
    "set_dataset_tags",
]

EvaluationDatasetVersion = DatasetVersion
_WEEK_MS = 7 * 24 * 60 * 60 * 1000


def create_dataset(
    name: str | None = None,
    experiment_id: str | Sequence[str] | None = None,
    tags: dict[str, Any] | None = None,
) -> EvaluationDataset:
    """Make an empty dataset, seen in these experiments, or in the active one."""
    if name is None:
        raise InvalidInput("A dataset needs a `name`.")
    return Client().create_dataset(name, experiment_id or [current_experiment_id()], tags)


def get_dataset(
    name: str | None = None,
    dataset_id: str | None = None,
    version: int | DatasetVersion | None = None,
) -> EvaluationDataset:
    """The dataset of a name or an id, as it is or as it was in a version.

    Raises NotFound if there is none, InvalidInput if several have the name, or unless one of name and id is given.
    """
    if (name is None) == (dataset_id is None):
        raise InvalidInput("Give either `name` or `dataset_id` of the dataset.")
    if isinstance(version, DatasetVersion):
        version = version.version
    if dataset_id is None:
        from quire.datasets.finding import find
        from quire.datasets.uris import DatasetRef

        dataset_id = find(Client().store, DatasetRef(name=name)).dataset_id
    return Client().get_dataset(dataset_id, version)


def delete_dataset(name: str | None = None, dataset_id: str | None = None) -> None:
    """Delete a dataset with its records and versions, by id, or by name where only one has it.

    NotFound for a name that none has; no error for an id that there is not, as MLflow has it.
    """
    if dataset_id is None:
        dataset_id = get_dataset(name).dataset_id
    elif name is not None:
        raise InvalidInput("Give either `name` or `dataset_id` of the dataset, not both.")
    Client().delete_dataset(dataset_id)


def search_datasets(
    experiment_ids: str | Sequence[str] | None = None,
    filter_string: str | None = None,
    max_results: int | None = None,
    order_by: Sequence[str] | None = None,
) -> list[EvaluationDataset]:
    """The datasets that match, newest first; without a filter those made in the last 7 days, as MLflow has it."""
    ids = [experiment_ids] if isinstance(experiment_ids, str) else experiment_ids
    if not filter_string:
        filter_string = f"created_time >= {int(time.time() * 1000) - _WEEK_MS}"
    client = Client()
    found: list[EvaluationDataset] = collect(
        lambda size, token: client.search_datasets(ids, filter_string, size, order_by, token), max_results
    )
    return found


def set_dataset_tags(dataset_id: str, tags: dict[str, Any]) -> None:
    """Set or replace tags of a dataset; one whose value is None is removed."""
    if tags is None:
        raise InvalidInput("`tags` is None; expected a mapping from key to value.")
    Client().set_dataset_tags(dataset_id, tags)


def delete_dataset_tag(dataset_id: str, key: str) -> None:
    """Remove a tag of a dataset; no error if it is not set."""
    Client().delete_dataset_tag(dataset_id, key)


def add_dataset_to_experiments(dataset_id: str, experiment_ids: Sequence[str]) -> EvaluationDataset:
    """Let a dataset be seen in more experiments."""
    return Client().add_dataset_to_experiments(dataset_id, experiment_ids)


def remove_dataset_from_experiments(dataset_id: str, experiment_ids: Sequence[str]) -> EvaluationDataset:
    """Let a dataset no longer be seen in these experiments; no error for those that it is not seen in."""
    return Client().remove_dataset_from_experiments(dataset_id, experiment_ids)
