"""Evaluation datasets: ``/api/3.0/mlflow/datasets/…``."""

from __future__ import annotations

from quire.server.calls import Calls
from quire.server.context import Context
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
    dataset_message,
    read_new_records,
    read_tags,
    records_text,
)

calls = Calls("3.0", "mlflow", tag="Evaluation datasets")


@calls.write("POST", "datasets/create")
def create_dataset(context: Context, request: CreateDataset) -> DatasetResponse:
    """Make an empty dataset."""
    dataset = context.store.create_dataset(
        request.name, experiment_ids=request.experiment_ids, tags=read_tags(request.tags)
    )
    return DatasetResponse(dataset=dataset_message(dataset))


@calls.read("POST", "datasets/search")
def search_datasets(context: Context, request: SearchDatasets) -> SearchDatasetsResponse:
    """A page of the datasets that match a filter; newest first unless ordered otherwise."""
    return _search(context, request)


@calls.read("GET", "datasets/search")
def find_datasets(context: Context, request: SearchDatasets) -> SearchDatasetsResponse:
    """A page of the datasets that match a filter, asked for in the query."""
    return _search(context, request)


def _search(context: Context, request: SearchDatasets) -> SearchDatasetsResponse:
    page = context.store.search_datasets(
        experiment_ids=request.experiment_ids,
        filter_string=request.filter_string,
        order_by=request.order_by,
        max_results=request.max_results,
        page_token=request.page_token or None,
    )
    return SearchDatasetsResponse(datasets=[dataset_message(item) for item in page], next_page_token=page.token)


@calls.read("GET", "datasets/{dataset_id}", reads="point")
def get_dataset(context: Context, request: OfDataset) -> DatasetResponse:
    """A dataset without its records."""
    return DatasetResponse(dataset=dataset_message(context.store.get_dataset(request.dataset_id)))


@calls.write("DELETE", "datasets/{dataset_id}")
def delete_dataset(context: Context, request: OfDataset) -> Empty:
    """Delete a dataset with its records."""
    context.store.delete_dataset(request.dataset_id)
    return Empty()


@calls.write("PATCH", "datasets/{dataset_id}/tags")
def set_dataset_tags(context: Context, request: SetDatasetTags) -> Empty:
    """Set or replace tags of a dataset."""
    context.store.set_dataset_tags(request.dataset_id, read_tags(request.tags))
    return Empty()


@calls.write("DELETE", "datasets/{dataset_id}/tags/{key:path}")
def delete_dataset_tag(context: Context, request: DeleteDatasetTag) -> Empty:
    """Remove a tag of a dataset."""
    context.store.delete_dataset_tag(request.dataset_id, request.key)
    return Empty()


@calls.write("POST", "datasets/{dataset_id}/records")
def upsert_dataset_records(context: Context, request: UpsertRecords) -> UpsertRecordsResponse:
    """Add records to a dataset; one whose inputs are there already is merged into that one."""
    done = context.store.upsert_records(request.dataset_id, read_new_records(request.records))
    return UpsertRecordsResponse(inserted_count=done.inserted, updated_count=done.updated)


@calls.read("GET", "datasets/{dataset_id}/records")
def get_dataset_records(context: Context, request: GetRecords) -> RecordsResponse:
    """A page of the records of a dataset."""
    page = context.store.get_records(
        request.dataset_id, max_results=request.max_results or 1000, page_token=request.page_token or None
    )
    return RecordsResponse(records=records_text(page.to_list()), next_page_token=page.token)


@calls.write("DELETE", "datasets/{dataset_id}/records")
def delete_dataset_records(context: Context, request: DeleteRecords) -> DeleteRecordsResponse:
    """Delete records of a dataset."""
    deleted = context.store.delete_records(request.dataset_id, request.dataset_record_ids)
    return DeleteRecordsResponse(deleted_count=deleted)


@calls.read("GET", "datasets/{dataset_id}/experiment-ids")
def get_dataset_experiment_ids(context: Context, request: OfDataset) -> ExperimentIdsResponse:
    """The experiments that a dataset is seen in."""
    return ExperimentIdsResponse(experiment_ids=context.store.get_dataset(request.dataset_id).experiment_ids)


@calls.write("POST", "datasets/{dataset_id}/add-experiments")
def add_dataset_to_experiments(context: Context, request: OfDatasetAndExperiments) -> DatasetResponse:
    """Let a dataset be seen in more experiments."""
    dataset = context.store.add_dataset_to_experiments(request.dataset_id, request.experiment_ids)
    return DatasetResponse(dataset=dataset_message(dataset))


@calls.write("POST", "datasets/{dataset_id}/remove-experiments")
def remove_dataset_from_experiments(context: Context, request: OfDatasetAndExperiments) -> DatasetResponse:
    """Let a dataset no longer be seen in some experiments."""
    dataset = context.store.remove_dataset_from_experiments(request.dataset_id, request.experiment_ids)
    return DatasetResponse(dataset=dataset_message(dataset))
