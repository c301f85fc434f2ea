"""The rows of anything that holds data, one by one with their places: files, dataframes, lists, traces, datasets."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

from quire.datasets.columns import Columns
from quire.datasets.record import Record, record_of_stored
from quire.domain.datasets import DatasetRecord, NewRecord
from quire.domain.errors import InvalidInput
from quire.entities.traces import Trace
from quire.models.frames import as_frame
from quire.models.inputs import sync_rows
from quire.store.base import Store
from quire.tracking.trace_records import is_trace_id, record_of_trace, traces_of, traces_of_column

_TRACES_AT_ONCE = 100
Placed = Iterator[tuple[str, Record]]
"""Records, each with words for where it is."""


def placed_records(data: Any, columns: Columns, store: Callable[[], Store]) -> Placed:
    """The records of ``data``. ``store`` is where traces that are named by their ids are read.

    Raises InvalidInput, naming the place, for what is no record; NotFound for a file or a trace that there is not.
    """
    if isinstance(data, str | os.PathLike):
        return _of_file(os.fspath(data), columns)
    frame = None if isinstance(data, list | tuple | Mapping) else as_frame(data)
    if frame is not None:
        return _of_frame(frame, columns)
    if isinstance(data, Mapping):
        return _of_columns(data, columns)
    if not isinstance(data, Iterable):
        raise InvalidInput(
            f"The data is of type {type(data).__name__}; expected a file's path, a dataframe (pandas, polars, Arrow), "
            "mappings, traces, or a dataset."
        )
    return _of_items(data, columns, store)


def _of_file(path: str, columns: Columns) -> Placed:
    from quire.batch.formats import file_format
    from quire.batch.source import open_source

    kind = file_format(path, None, "format")
    with open_source(path, kind) as source:
        if source.columns is not None:
            columns.check(source.columns, path)
        for number, row in source:
            place = source.place(number)
            if kind in ("csv", "tsv") and isinstance(row, Mapping):
                row = columns.without_blanks(row)
            yield place, columns.record(place, row)


def _of_frame(frame: Any, columns: Columns) -> Placed:
    if "trace" in frame.columns and "inputs" not in frame.columns:
        for trace in traces_of_column(frame["trace"].to_list()):
            yield _of_trace(trace)
        return
    columns.check(frame.columns)
    if len(frame) == 0:
        return
    rows, _total = sync_rows(frame.to_native(), frame.columns)
    for number, row in enumerate(rows, 1):
        place = f"Row {number}"
        yield place, columns.record(place, row)


def _of_columns(data: Mapping[str, Any], columns: Columns) -> Placed:
    columns.check(list(data))
    rows, _total = sync_rows(data, list(data))
    for number, row in enumerate(rows, 1):
        place = f"Row {number}"
        yield place, columns.record(place, row)


def _of_items(data: Iterable[Any], columns: Columns, store: Callable[[], Store]) -> Placed:
    ids: list[str] = []
    for number, item in enumerate(data, 1):
        if is_trace_id(item):
            ids.append(item)
            if len(ids) < _TRACES_AT_ONCE:
                continue
        if ids:
            yield from map(_of_trace, traces_of(store(), ids))
            ids = []
        if not is_trace_id(item):
            yield _of_item(f"Record {number}", item, columns)
    if ids:
        yield from map(_of_trace, traces_of(store(), ids))


def _of_item(place: str, item: Any, columns: Columns) -> tuple[str, Record]:
    if isinstance(item, Record):
        return place, item
    if isinstance(item, Trace):
        return _of_trace(item)
    if isinstance(item, DatasetRecord):
        return place, record_of_stored(item)
    return place, columns.record(place, _as_row(item) if isinstance(item, NewRecord) else item)


def _of_trace(trace: Trace) -> tuple[str, Record]:
    place = f"The trace {trace.trace_id}"
    return place, Columns().record(place, _as_row(record_of_trace(trace)))


def _as_row(item: NewRecord) -> dict[str, Any]:
    names = ("inputs", "outputs", "expectations", "tags", "source")
    values = {name: getattr(item, name) for name in names}
    return {name: value for name, value in values.items() if value is not None and value is not msgspec.UNSET}


def is_one_pass(data: Any) -> bool:
    """Whether ``data`` can be read only once, as a generator."""
    return isinstance(data, Iterator)


def looks_like_file(text: str) -> bool:
    """Whether a text names a file: one that is there, or one by its ending."""
    if Path(text).exists():
        return True
    return Path(text).suffix.lower() in (".csv", ".tsv", ".jsonl", ".ndjson", ".parquet", ".pq")
