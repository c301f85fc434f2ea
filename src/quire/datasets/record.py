"""One record of a dataset, as evaluation reads it."""

from __future__ import annotations

from typing import Any

import msgspec

from quire.domain.dataset_splits import GROUP_TAG, SPLIT_TAG
from quire.domain.datasets import DatasetRecord, NewRecord, RecordSource, input_hash


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """One example: inputs, what is expected of an answer, and perhaps an answer.

    ``record_id`` is SHA-256 of the inputs (64 hexadecimal digits): the same wherever the record is kept. Records of
    one ``group`` belong together; ``tags`` say more of it, ``source`` where it came from.
    """

    inputs: dict[str, Any]
    expectations: dict[str, Any] = {}
    outputs: Any = None
    group: str | None = None
    tags: dict[str, Any] = {}
    record_id: str
    source: RecordSource | None = None

    @property
    def split(self) -> str | None:
        """The split that its tag names."""
        name = self.tags.get(SPLIT_TAG)
        return None if name is None else str(name)


def record_of_stored(stored: DatasetRecord) -> Record:
    """A record as a store has given it. An answer of no fields, which MLflow's server gives for none, is none."""
    tags = stored.tags or {}
    group = tags.get(GROUP_TAG)
    if group is not None:
        tags = {key: value for key, value in tags.items() if key != GROUP_TAG}
        group = str(group)
    return Record(
        inputs=stored.inputs,
        expectations=stored.expectations or {},
        outputs=None if stored.outputs == {} else stored.outputs,
        group=group,
        tags=tags,
        record_id=input_hash(stored.inputs),
        source=stored.source,
    )


def new_record(record: Record) -> NewRecord:
    """A record as a store takes it; the group becomes a tag."""
    tags = record.tags if record.group is None else {**record.tags, GROUP_TAG: record.group}
    return NewRecord(
        inputs=record.inputs,
        outputs=msgspec.UNSET if record.outputs is None else record.outputs,
        expectations=record.expectations or None,
        tags=tags or None,
        source=record.source,
    )
