"""Evaluation datasets over MLflow's REST protocol."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from quire.domain.datasets import (
    DatasetRecord,
    EvaluationDataset,
    NewRecord,
    Upserted,
    check_dataset_name,
    check_record,
    checked_tags,
)
from quire.domain.names import check_experiment_id, check_page_size
from quire.domain.paging import Page
from quire.domain.redaction import redact, redact_value
from quire.store.rest.base import segment
from quire.store.rest.trace_reports import RestTraceReports
from quire.store.rest.wire.common import Empty
from quire.store.rest.wire.datasets import (
    CreateDataset,
    DatasetResponse,
    DeleteDatasetTag,
    DeleteRecords,
    DeleteRecordsResponse,
    ExperimentIdsResponse,
    GetRecords,
    OfDataset,
    OfDatasetAndExperiments,
    RecordsResponse,
    SearchDatasets,
    SearchDatasetsResponse,
    SetDatasetTags,
    UpsertRecords,
    UpsertRecordsResponse,
    dataset_of,
    read_records,
)

MAX_PAGE = 50_000


class RestDatasets(RestTraceReports):
    """The part of a store that keeps evaluation datasets."""

    def create_dataset(
        self, name: str, *, experiment_ids: Sequence[str] = (), tags: Mapping[str, str] | None = None
    ) -> EvaluationDataset:
        """Make an empty dataset, seen in these experiments. Names need not be unique; ids are."""
        check_dataset_name(name)
        for item in experiment_ids:
            check_experiment_id(item)
        message = CreateDataset(name=name, experiment_ids=list(experiment_ids), tags=_tags_text(tags or {}))
        how = {"repeatable": False, "look": "Look with search_datasets before you repeat it."}
        return dataset_of(self._ask3("POST", "/datasets/create", message, DatasetResponse, **how).dataset)

    def get_dataset(self, dataset_id: str) -> EvaluationDataset:
        """A dataset without its records."""
        message = OfDataset(dataset_id=dataset_id)
        found = dataset_of(self._read3(dataset_path(dataset_id), message, DatasetResponse).dataset)
        if found.experiment_ids:
            return found
        seen = self._read3(f"{dataset_path(dataset_id)}/experiment-ids", message, ExperimentIdsResponse)
        return msgspec.structs.replace(found, experiment_ids=seen.experiment_ids)

    def delete_dataset(self, dataset_id: str) -> None:
        """Delete a dataset with its records. No error if there is none."""
        self._ask3("DELETE", dataset_path(dataset_id), OfDataset(dataset_id=dataset_id), Empty)

    def search_datasets(
        self,
        *,
        experiment_ids: Sequence[str] = (),
        filter_string: str = "",
        order_by: Sequence[str] = (),
        max_results: int = 1000,
        page_token: str | None = None,
    ) -> Page[EvaluationDataset]:
        """Datasets that match, of these experiments if some are named; newest first unless ordered otherwise."""
        check_page_size(max_results, MAX_PAGE)
        message = SearchDatasets(
            experiment_ids=list(experiment_ids),
            filter_string=filter_string,
            order_by=list(order_by),
            max_results=max_results,
            page_token=page_token,
        )
        page = self._ask3("POST", "/datasets/search", message, SearchDatasetsResponse)
        return Page([dataset_of(item) for item in page.datasets], page.next_page_token or None)

    def set_dataset_tags(self, dataset_id: str, tags: Mapping[str, str | None]) -> None:
        """Set or replace tags; one whose value is None stays as it is."""
        text = _tags_text({key: value for key, value in tags.items() if value is not None})
        self._ask3("PATCH", f"{dataset_path(dataset_id)}/tags", SetDatasetTags(dataset_id=dataset_id, tags=text), Empty)

    def delete_dataset_tag(self, dataset_id: str, key: str) -> None:
        """Remove a tag; no error if it is not set, or there is no such dataset."""
        message = DeleteDatasetTag(dataset_id=dataset_id, key=key)
        self._ask3("DELETE", f"{dataset_path(dataset_id)}/tags/{segment(key)}", message, Empty)

    def add_dataset_to_experiments(self, dataset_id: str, experiment_ids: Sequence[str]) -> EvaluationDataset:
        """Let a dataset be seen in more experiments."""
        return self._change_experiments(dataset_id, "add-experiments", experiment_ids)

    def remove_dataset_from_experiments(self, dataset_id: str, experiment_ids: Sequence[str]) -> EvaluationDataset:
        """Let a dataset no longer be seen in these experiments; no error for those that it is not seen in."""
        return self._change_experiments(dataset_id, "remove-experiments", experiment_ids)

    def _change_experiments(self, dataset_id: str, verb: str, experiment_ids: Sequence[str]) -> EvaluationDataset:
        for item in experiment_ids:
            check_experiment_id(item)
        message = OfDatasetAndExperiments(dataset_id=dataset_id, experiment_ids=list(experiment_ids))
        self._ask3("POST", f"{dataset_path(dataset_id)}/{verb}", message, DatasetResponse)
        return self.get_dataset(dataset_id)

    def upsert_records(self, dataset_id: str, records: Sequence[NewRecord]) -> Upserted:
        """Add records; one whose inputs are there already is merged into that one."""
        for place, record in enumerate(records, 1):
            check_record(record, place)
        text = msgspec.json.encode([redact_value(msgspec.to_builtins(record)) for record in records]).decode()
        message = UpsertRecords(dataset_id=dataset_id, records=text)
        done = self._ask3("POST", f"{dataset_path(dataset_id)}/records", message, UpsertRecordsResponse)
        return Upserted(done.inserted_count, done.updated_count)

    def get_records(
        self, dataset_id: str, *, max_results: int = 1000, page_token: str | None = None
    ) -> Page[DatasetRecord]:
        """The records of a dataset, in the order in which they came."""
        check_page_size(max_results, MAX_PAGE)
        message = GetRecords(dataset_id=dataset_id, max_results=max_results, page_token=page_token)
        page = self._read3(f"{dataset_path(dataset_id)}/records", message, RecordsResponse)
        return Page(read_records(page.records), page.next_page_token or None)

    def delete_records(self, dataset_id: str, record_ids: Sequence[str]) -> int:
        """Delete records of a dataset; how many there were."""
        message = DeleteRecords(dataset_id=dataset_id, dataset_record_ids=list(record_ids))
        done = self._ask3("DELETE", f"{dataset_path(dataset_id)}/records", message, DeleteRecordsResponse)
        return int(done.deleted_count)


def dataset_path(dataset_id: object) -> str:
    """Where a dataset is, below an API."""
    return f"/datasets/{segment(str(dataset_id))}"


def _tags_text(tags: Mapping[str, Any]) -> str:
    checked = {key: redact(value) for key, value in checked_tags(tags).items()}
    return msgspec.json.encode(checked).decode()
