"""Evaluation datasets, by id."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from quire.domain.datasets import USER_TAG
from quire.domain.paging import Page
from quire.tracking.client.base import ClientBase
from quire.tracking.evaluation_dataset import EvaluationDataset
from quire.tracking.origin import user

_PAGE = 50


class DatasetCalls(ClientBase):
    """What a client does with evaluation datasets."""

    def create_dataset(
        self, name: str, experiment_id: str | Sequence[str] | None = None, tags: dict[str, Any] | None = None
    ) -> EvaluationDataset:
        """Make an empty dataset, seen in these experiments. Names need not be unique; ids are."""
        made = self.store.create_dataset(
            name, experiment_ids=_ids(experiment_id), tags={USER_TAG: user(), **(tags or {})}
        )
        return EvaluationDataset(made, self.store)

    def get_dataset(self, dataset_id: str, version: int | None = None) -> EvaluationDataset:
        """A dataset as it is, or as it was in a version. NotFound if there is none."""
        found = self.store.get_dataset(dataset_id)
        of = None if version is None else self.store.get_dataset_version(dataset_id, version)
        return EvaluationDataset(found, self.store, of)

    def delete_dataset(self, dataset_id: str) -> None:
        """Delete a dataset with its records and versions. No error if there is none."""
        self.store.delete_dataset(dataset_id)

    def search_datasets(
        self,
        experiment_ids: Sequence[str] | None = None,
        filter_string: str | None = None,
        max_results: int = _PAGE,
        order_by: Sequence[str] | None = None,
        page_token: str | None = None,
    ) -> Page[EvaluationDataset]:
        """A page of the datasets that match, of these experiments if some are named, newest first.

        The filter is MLflow's, such as ``"name LIKE 'qa-%' AND tags.team = 'red'"``.
        """
        page = self.store.search_datasets(
            experiment_ids=_ids(experiment_ids),
            filter_string=filter_string or "",
            order_by=list(order_by or ()),
            max_results=max_results,
            page_token=page_token,
        )
        return Page([EvaluationDataset(item, self.store) for item in page], page.token)

    def set_dataset_tags(self, dataset_id: str, tags: dict[str, Any]) -> None:
        """Set or replace tags; one whose value is None is removed."""
        kept = {key: value for key, value in tags.items() if value is not None}
        if kept or not tags:
            self.store.set_dataset_tags(dataset_id, kept)
        for key in tags.keys() - kept.keys():
            self.store.delete_dataset_tag(dataset_id, key)

    def delete_dataset_tag(self, dataset_id: str, key: str) -> None:
        """Remove a tag; no error if it is not set."""
        self.store.delete_dataset_tag(dataset_id, key)

    def add_dataset_to_experiments(self, dataset_id: str, experiment_ids: Sequence[str]) -> EvaluationDataset:
        """Let a dataset be seen in more experiments."""
        return EvaluationDataset(self.store.add_dataset_to_experiments(dataset_id, _ids(experiment_ids)), self.store)

    def remove_dataset_from_experiments(self, dataset_id: str, experiment_ids: Sequence[str]) -> EvaluationDataset:
        """Let a dataset no longer be seen in these experiments; no error for those that it is not seen in."""
        left = self.store.remove_dataset_from_experiments(dataset_id, _ids(experiment_ids))
        return EvaluationDataset(left, self.store)


def _ids(given: str | Sequence[str] | None) -> list[str]:
    if given is None:
        return []
    return [given] if isinstance(given, str) else [str(item) for item in given]
