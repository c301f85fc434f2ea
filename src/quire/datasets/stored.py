"""A dataset that a store keeps, read in pages."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from quire.datasets.dataset import Dataset
from quire.datasets.record import Record, record_of_stored
from quire.domain.dataset_schema import RecordSchema
from quire.domain.datasets import DatasetVersion, EvaluationDataset
from quire.store.base import Store

_FIRST_PAGE = 100
_MOST_IN_PAGE = 2000
_PAGE_BYTES = 4 * 1024 * 1024


class StoredDataset(Dataset):
    """A version of a dataset, which never changes; without one (MLflow's servers have none), the dataset as it is."""

    source_type = "mlflow_evaluation_dataset"

    def __init__(self, store: Store, stored: EvaluationDataset, version: DatasetVersion | None) -> None:
        self._store, self._stored, self._version = store, stored, version
        self.name = stored.name
        self.version = None if version is None else version.version

    @property
    def dataset_id(self) -> str:
        """``d-`` and 32 hexadecimal digits."""
        return self._stored.dataset_id

    @property
    def tags(self) -> dict[str, str]:
        """The tags of the dataset."""
        return self._stored.tags

    @property
    def uri(self) -> str:
        """What :func:`quire.datasets.load` takes for exactly this."""
        from quire.datasets.uris import dataset_uri

        return dataset_uri(self._stored.name, self.version)

    def __iter__(self) -> Iterator[Record]:
        token: str | None = None
        count = _FIRST_PAGE
        version = {} if self.version is None else {"version": self.version}
        while True:
            page = self._store.get_records(self.dataset_id, max_results=count, page_token=token, **version)
            yield from map(record_of_stored, page)
            token = page.token
            if token is None:
                return
            count = _fitting(page[len(page) // 2])

    def __len__(self) -> int:
        return super().__len__() if self._version is None else self._version.records

    @property
    def digest(self) -> str:
        """32 hexadecimal digits that name the content."""
        return super().digest if self._version is None else self._version.digest

    @property
    def schema(self) -> dict[str, Any]:
        """The types of the fields."""
        return super().schema if self._version is None else RecordSchema(self._version.schema).to_dict()

    @property
    def source(self) -> dict[str, Any]:
        """The dataset's id, as MLflow records it, and the version."""
        of = {} if self.version is None else {"version": self.version}
        return {"dataset_id": self.dataset_id, **of}


def _fitting(record: Any) -> int:
    """How many records like this one make a page that is small in memory."""
    size = len(msgspec.json.encode(record))
    return max(1, min(_MOST_IN_PAGE, _PAGE_BYTES // size))
