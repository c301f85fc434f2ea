"""An evaluation dataset under MLflow's names: read, added to and deleted from through the store that keeps it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from quire.domain import datasets as domain
from quire.domain.datasets import USER_TAG, DatasetRecord, DatasetVersion, NewRecord
from quire.domain.errors import InvalidInput, InvalidState
from quire.domain.protojson import explained
from quire.entities.traces import Trace
from quire.store.base import Store
from quire.tracking.origin import user
from quire.tracking.tables import columns_of, is_missing, to_pandas
from quire.tracking.trace_records import record_of_trace, traces_of_column

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = (
    "inputs",
    "outputs",
    "expectations",
    "tags",
    "source_type",
    "source_id",
    "source",
    "created_time",
    "dataset_record_id",
)
"""The columns of a dataset as a dataframe."""
_FIELDS = tuple(NewRecord.__struct_fields__)
_AT_ONCE = 1000


class EvaluationDataset:
    """A dataset of the store, with MLflow's names and meaning; records are read when they are first asked for.

    One of a ``version`` is as the dataset was then, and does not change.
    """

    def __init__(self, stored: domain.EvaluationDataset, store: Store, version: DatasetVersion | None = None) -> None:
        self._stored = stored
        self._store = store
        self._version = version
        self._records: list[DatasetRecord] | None = None

    @property
    def dataset_id(self) -> str:
        """``d-`` and 32 hexadecimal digits."""
        return self._stored.dataset_id

    @property
    def name(self) -> str:
        """Its name."""
        return self._stored.name

    @property
    def version(self) -> int | None:
        """The number of the version that it was opened at; None for the dataset as it is."""
        return None if self._version is None else self._version.version

    @property
    def digest(self) -> str:
        """What names the content of its records."""
        return self._stored.digest if self._version is None else self._version.digest

    @property
    def tags(self) -> dict[str, str]:
        """Its tags."""
        return self._stored.tags

    @property
    def schema(self) -> str | None:
        """The types of the fields of its records, as JSON text."""
        return self._stored.schema if self._version is None else self._version.schema

    @property
    def profile(self) -> str | None:
        """How many records there are, as JSON text."""
        return self._stored.profile if self._version is None else f'{{"num_records":{self._version.records}}}'

    @property
    def experiment_ids(self) -> list[str]:
        """The experiments that it is seen in."""
        return self._stored.experiment_ids

    @property
    def created_time(self) -> int:
        """When it was made, in milliseconds."""
        return self._stored.created_time

    create_time = created_time

    @property
    def last_update_time(self) -> int:
        """When it last changed, in milliseconds."""
        return self._stored.last_update_time

    @property
    def created_by(self) -> str | None:
        """Who made it."""
        return self._stored.created_by

    @property
    def last_updated_by(self) -> str | None:
        """Who changed it last."""
        return self._stored.last_updated_by

    @property
    def records(self) -> list[DatasetRecord]:
        """All its records, read when they are first asked for. :func:`quire.datasets.load` reads more than fits."""
        if self._records is None:
            self._records = self._read()
        return self._records

    def _read(self) -> list[DatasetRecord]:
        found: list[DatasetRecord] = []
        token: str | None = None
        version = {} if self._version is None else {"version": self._version.version}
        while True:
            page = self._store.get_records(self.dataset_id, page_token=token, **version)
            found += page
            token = page.token
            if token is None:
                return found

    def has_records(self) -> bool:
        """Whether the records have been read."""
        return self._records is not None

    def merge_records(self, records: Any) -> EvaluationDataset:
        """Add records; one whose inputs are there already is merged into that one.

        ``records`` are mappings with ``inputs`` and perhaps ``outputs``, ``expectations``, ``tags``, ``source``; or
        traces; or a dataframe with such columns, or as search_traces makes it. Raises InvalidInput, naming the record.
        """
        if self._version is not None:
            raise InvalidState(
                f"The version {self.version} of the dataset {self.name!r} does not change. Open the dataset without a "
                "version to add records."
            )
        made = [_by_user(item) for item in _new_records(records)]
        for start in range(0, len(made), _AT_ONCE):
            self._store.upsert_records(self.dataset_id, made[start : start + _AT_ONCE])
        self._refresh()
        return self

    def delete_records(self, record_ids: Sequence[str]) -> int:
        """Delete records by ``dataset_record_id``; how many there were. Versions keep those that they hold."""
        deleted = self._store.delete_records(self.dataset_id, list(record_ids))
        self._refresh()
        return deleted

    def _refresh(self) -> None:
        self._records = None
        self._stored = self._store.get_dataset(self.dataset_id)

    def list_versions(self) -> list[DatasetVersion]:
        """Its versions, newest first."""
        return list(self._store.search_dataset_versions(self.dataset_id))

    def to_df(self) -> pd.DataFrame:
        """The records as a pandas dataframe, with MLflow's columns. MissingExtra if pandas is not installed."""
        rows = self.records
        return to_pandas({name: [getattr(row, name) for row in rows] for name in COLUMNS}, "to_df")

    def to_dict(self) -> dict[str, Any]:
        """Everything, with the records."""
        made: dict[str, Any] = msgspec.to_builtins(self._stored)
        return {**made, "digest": self.digest, "records": [msgspec.to_builtins(record) for record in self.records]}

    def __repr__(self) -> str:
        return f"EvaluationDataset(name={self.name!r}, dataset_id={self.dataset_id!r}, digest={self.digest!r})"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, EvaluationDataset):
            return False
        return (other._stored, other.version) == (self._stored, self.version)

    __hash__ = object.__hash__


def _new_records(records: Any) -> list[NewRecord]:
    rows = _rows(records)
    return [_new_record(row, place) for place, row in enumerate(rows, 1)]


def _rows(records: Any) -> list[Any]:
    if isinstance(records, list | tuple):
        return list(records)
    columns = columns_of(records)
    if "trace" in columns:
        return list(traces_of_column(columns["trace"]))
    if "inputs" not in columns:
        raise InvalidInput(f"The records have no column 'inputs'; they have {', '.join(columns) or 'none'}.")
    names = [name for name in columns if name in _FIELDS]
    return [dict(zip(names, row, strict=True)) for row in zip(*(columns[name] for name in names), strict=True)]


def _new_record(row: Any, place: int) -> NewRecord:
    if isinstance(row, Trace):
        return record_of_trace(row)
    if isinstance(row, NewRecord):
        return row
    if not isinstance(row, Mapping) or "inputs" not in row:
        shown = f"has {', '.join(map(str, row))}" if isinstance(row, Mapping) else f"is a {type(row).__name__}"
        raise InvalidInput(f"Record {place} {shown}; expected a mapping with 'inputs'.")
    given = {name: row[name] for name in _FIELDS if name in row and not is_missing(row[name])}
    given.setdefault("source", _source(given))
    try:
        return msgspec.convert({name: value for name, value in given.items() if value is not None}, NewRecord)
    except msgspec.ValidationError as error:
        raise InvalidInput(f"Record {place} cannot be read. {explained(error, given, NewRecord).message}") from None


def _source(given: Mapping[str, Any]) -> dict[str, Any] | None:
    """Where a record comes from that does not say so, as MLflow infers it."""
    if given.get("expectations"):
        return {"source_type": "HUMAN"}
    return None if "expectations" in given else {"source_type": "CODE"}


def _by_user(record: NewRecord) -> NewRecord:
    tags = record.tags or {}
    return record if USER_TAG in tags else msgspec.structs.replace(record, tags={**tags, USER_TAG: user()})
