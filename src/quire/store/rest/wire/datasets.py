"""Messages about evaluation datasets: ``/api/3.0/mlflow/datasets/…``. Tags and records travel as JSON text."""

from __future__ import annotations

from typing import Any

import msgspec

from quire.domain.datasets import DatasetRecord, EvaluationDataset, NewRecord
from quire.domain.errors import InvalidInput
from quire.domain.protojson import Int64, Message, Required, explained


class DatasetMessage(Message, frozen=True, kw_only=True):
    """A dataset without its records."""

    dataset_id: str
    name: str
    tags: str = "{}"
    schema: str | None = None
    profile: str | None = None
    digest: str
    created_time: int
    last_update_time: int
    created_by: str | None = None
    last_updated_by: str | None = None
    experiment_ids: list[str] = msgspec.field(default_factory=list)


class CreateDataset(Message, frozen=True, kw_only=True):
    """``POST datasets/create``."""

    name: Required
    experiment_ids: list[str] = msgspec.field(default_factory=list)
    tags: str = ""


class DatasetResponse(Message, frozen=True, kw_only=True):
    """A dataset."""

    dataset: DatasetMessage


class OfDataset(Message, frozen=True, kw_only=True):
    """A request about one dataset, named by the path; ``GET`` and ``DELETE datasets/{dataset_id}``."""

    dataset_id: Required


class SearchDatasets(Message, frozen=True, kw_only=True):
    """``POST datasets/search``."""

    experiment_ids: list[str] = msgspec.field(default_factory=list)
    filter_string: str = ""
    max_results: Int64 = 1000
    order_by: list[str] = msgspec.field(default_factory=list)
    page_token: str | None = None


class SearchDatasetsResponse(Message, frozen=True, kw_only=True):
    """A page of datasets."""

    datasets: list[DatasetMessage] = msgspec.field(default_factory=list)
    next_page_token: str | None = None


class SetDatasetTags(OfDataset, frozen=True, kw_only=True):
    """``PATCH datasets/{dataset_id}/tags``."""

    tags: Required


class DeleteDatasetTag(OfDataset, frozen=True, kw_only=True):
    """``DELETE datasets/{dataset_id}/tags/{key}``."""

    key: Required


class UpsertRecords(OfDataset, frozen=True, kw_only=True):
    """``POST datasets/{dataset_id}/records``."""

    records: Required


class UpsertRecordsResponse(Message, frozen=True, kw_only=True):
    """How many records were added, and how many were there already."""

    inserted_count: int
    updated_count: int


class GetRecords(OfDataset, frozen=True, kw_only=True):
    """``GET datasets/{dataset_id}/records``."""

    max_results: Int64 = 1000
    page_token: str | None = None


class RecordsResponse(Message, frozen=True, kw_only=True):
    """A page of records, as JSON text of a list."""

    records: str
    next_page_token: str | None = None


class DeleteRecords(OfDataset, frozen=True, kw_only=True):
    """``DELETE datasets/{dataset_id}/records``."""

    dataset_record_ids: list[str] = msgspec.field(default_factory=list)


class DeleteRecordsResponse(Message, frozen=True, kw_only=True):
    """How many records were deleted."""

    deleted_count: int


class OfDatasetAndExperiments(OfDataset, frozen=True, kw_only=True):
    """``POST datasets/{dataset_id}/add-experiments`` and ``…/remove-experiments``."""

    experiment_ids: list[str] = msgspec.field(default_factory=list)


class ExperimentIdsResponse(Message, frozen=True, kw_only=True):
    """The experiments that a dataset is seen in."""

    experiment_ids: list[str] = msgspec.field(default_factory=list)


def dataset_message(dataset: EvaluationDataset) -> DatasetMessage:
    """A dataset as it is sent."""
    fields = {name: getattr(dataset, name) for name in EvaluationDataset.__struct_fields__ if name != "tags"}
    return DatasetMessage(tags=msgspec.json.encode(dataset.tags).decode(), **fields)


def dataset_of(message: DatasetMessage) -> EvaluationDataset:
    """A dataset as it was sent."""
    fields = {name: getattr(message, name) for name in DatasetMessage.__struct_fields__ if name != "tags"}
    return EvaluationDataset(tags=read_tags(message.tags), **fields)


def read_tags(text: str) -> dict[str, Any]:
    """Tags in JSON text. Raises InvalidInput if that is no object."""
    tags = _read(text or "{}", "tags")
    if not isinstance(tags, dict):
        raise InvalidInput(f"tags is {text[:100]!r}; expected the JSON text of an object of tags.")
    return tags


def read_new_records(text: str) -> list[NewRecord]:
    """Records in JSON text. Raises InvalidInput that names the field."""
    raw = _read(text, "records")
    if not isinstance(raw, list):
        raise InvalidInput(f"records is {text[:100]!r}; expected the JSON text of a list of records.")
    made = []
    for place, item in enumerate(raw, 1):
        try:
            made.append(msgspec.convert(_without_nulls(item), NewRecord))
        except (msgspec.ValidationError, RecursionError) as error:
            raise InvalidInput(f"Record {place} cannot be read. {explained(error, item, NewRecord).message}") from None
    return made


def _without_nulls(item: Any) -> Any:
    """A record without fields that say nothing; outputs of null say that there are none."""
    if not isinstance(item, dict):
        return item
    return {key: value for key, value in item.items() if value is not None or key == "outputs"}


def read_records(text: str) -> list[DatasetRecord]:
    """Records as they were sent."""
    return msgspec.json.decode(text, type=list[DatasetRecord])


def records_text(records: list[DatasetRecord]) -> str:
    """Records as they are sent."""
    return msgspec.json.encode(records).decode()


def _read(text: str, what: str) -> Any:
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError) as error:
        raise InvalidInput(f"{what} is not JSON text: {error}.") from None
