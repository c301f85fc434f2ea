"""Checking records as they are read: whether their fields fit, and what two of the same inputs say."""

from __future__ import annotations

from collections.abc import Iterator

from quire.datasets.record import Record
from quire.datasets.rows import Placed
from quire.domain.dataset_schema import RecordSchema
from quire.domain.datasets import content_number
from quire.domain.errors import InvalidInput

_BITS = 2**63


def fitting(records: Placed, schema: RecordSchema | None) -> Placed:
    """The same records, each checked against those before it. Raises InvalidInput, naming the one that does not fit."""
    if schema is None:
        yield from records
        return
    for place, record in records:
        schema.add(place, record.inputs, record.expectations, record.outputs)
        yield place, record


def checked_records(records: Placed, *, check_schema: bool) -> Iterator[Record]:
    """Records of different inputs: one that comes again with the same content is left out.

    Raises InvalidInput for one that comes again with other expectations or outputs: which of them would count? It takes
    about 150 bytes of memory for each record.
    """
    seen: dict[int, int] = {}
    for place, record in fitting(records, RecordSchema() if check_schema else None):
        key = int(record.record_id[:15], 16)
        content = content_number(record.inputs, record.outputs, record.expectations) % _BITS
        before = seen.get(key)
        if before is None:
            seen[key] = content
            yield record
        elif before != content:
            raise _conflict(place, record)


def _conflict(place: str, record: Record) -> InvalidInput:
    return InvalidInput(
        f"{place} has the inputs of a record before it and other expectations or outputs: "
        f"{str(record.inputs)[:100]}. Records are known by their inputs: keep one of the two, or make a dataset "
        "with quire.datasets.create, which merges them."
    )
