"""A dataset that evaluation reads: records one by one, as often as wanted, however many there are."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

import msgspec

from quire.datasets.record import Record
from quire.domain import entities
from quire.domain.dataset_schema import RecordSchema
from quire.domain.dataset_splits import check_shares, split_of
from quire.domain.datasets import add_content, content_number
from quire.domain.errors import NotFound
from quire.tracking.tables import to_pandas

if TYPE_CHECKING:
    import pandas as pd

_NOTHING = "0" * 32
_SHOWN = 20


class _Facts(msgspec.Struct, frozen=True):
    """What reading all records tells."""

    count: int
    digest: str
    schema: dict[str, Any]


class Dataset(ABC):
    """Records with a name, and a digest that names their content.

    ``len(dataset)``, ``digest`` and ``schema`` of a dataset that no store keeps are found by reading it once.
    """

    name: str | None = None
    version: int | None = None
    """The version of a dataset that a store keeps; None for one that is not kept, or has no versions there."""

    @abstractmethod
    def __iter__(self) -> Iterator[Record]:
        """Each record, in the order in which they came."""

    def __len__(self) -> int:
        return self._facts.count

    def __bool__(self) -> bool:
        return True

    @property
    def digest(self) -> str:
        """32 hexadecimal digits: the same for the same inputs, outputs and expectations, in whatever order."""
        return self._facts.digest

    @property
    def schema(self) -> dict[str, Any]:
        """The types of the fields of ``inputs``, ``expectations`` and ``outputs``."""
        return self._facts.schema

    @cached_property
    def _facts(self) -> _Facts:
        count, digest, schema = 0, _NOTHING, RecordSchema()
        numbers: list[int] = []
        for record in self:
            count += 1
            numbers.append(content_number(record.inputs, record.outputs, record.expectations))
            schema.learn(record.inputs, record.expectations, record.outputs)
            if len(numbers) == 1000:
                digest, numbers = add_content(digest, numbers), []
        return _Facts(count, add_content(digest, numbers), schema.to_dict())

    @property
    def source(self) -> dict[str, Any]:
        """Where it is, as a run that reads it records."""
        return {"name": self.name}

    source_type = "local"

    def to_entity(self) -> entities.Dataset:
        """The description that a run keeps of it as its input."""
        return entities.Dataset(
            name=self.name or "dataset",
            digest=self.digest,
            source_type=self.source_type,
            source=json.dumps(self.source),
            schema=json.dumps(self.schema),
            profile=json.dumps({"num_records": len(self)}),
        )

    def to_df(self) -> pd.DataFrame:
        """All records as a pandas dataframe, a row each. MissingExtra if pandas is not installed."""
        rows = list(self)
        return to_pandas({name: [getattr(row, name) for row in rows] for name in Record.__struct_fields__}, "to_df")

    def only(self, split: str) -> Dataset:
        """The records whose tag ``split`` says so. Raises NotFound, naming the splits there are."""
        seen: set[str | None] = set()
        for record in self:
            if record.split == split:
                return Selected(self, lambda record: record.split == split, split)
            seen.add(record.split)
        raise _no_split(self, split, seen)

    def split(self, shares: Mapping[str, float], *, seed: int = 0) -> dict[str, Dataset]:
        """Divide the records at random, the same way each time: see :func:`quire.datasets.split`."""
        checked = check_shares(shares)

        def keeps(name: str) -> Callable[[Record], bool]:
            return lambda record: split_of(record.group or record.record_id, checked, seed) == name

        return {name: Selected(self, keeps(name), name) for name in checked}

    def __repr__(self) -> str:
        version = "" if self.version is None else f", version={self.version}"
        return f"Dataset(name={self.name!r}{version})"


class Selected(Dataset):
    """Some of the records of a dataset, under its name and version; ``split`` names which."""

    def __init__(self, base: Dataset, keep: Callable[[Record], bool], split: str) -> None:
        self._base, self._keep = base, keep
        self.split_name = split
        self.name, self.version = base.name, base.version
        self.source_type = base.source_type

    def __iter__(self) -> Iterator[Record]:
        return filter(self._keep, self._base)

    @property
    def source(self) -> dict[str, Any]:
        """Where the whole dataset is, and which part this is."""
        return {**self._base.source, "split": self.split_name}

    def __repr__(self) -> str:
        return f"{super().__repr__()[:-1]}, split={self.split_name!r})"


def _no_split(dataset: Dataset, split: str, seen: set[str | None]) -> NotFound:
    names = sorted(name for name in seen if name is not None)
    there = f"its splits are {', '.join(map(repr, names[:_SHOWN]))}" if names else "its records name no split"
    return NotFound(
        f"The dataset {dataset.name or ''!r} has no split {split!r}; {there}. Records are given one by the tag "
        "'split', or by quire.datasets.split(dataset, shares)."
    )
