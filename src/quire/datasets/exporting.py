"""Writing a dataset to a file: JSONL, CSV, TSV or Parquet, which :func:`quire.datasets.open` reads back."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

from quire.datasets.dataset import Dataset
from quire.datasets.record import Record

_FIELDS = ("inputs", "expectations", "outputs", "group", "tags")


def export(dataset: Dataset, path: str | os.PathLike[str], *, format: str | None = None) -> int:
    """Write each record, with ``inputs``, ``expectations``, ``outputs``, ``group``, ``tags``; how many there were.

    The format is told by the path's extension unless it is given; ``-`` is standard output. The file appears when it
    is complete. In tables (CSV, TSV, Parquet) mappings and lists are JSON text; outputs that are no text come back
    as they are from JSONL alone. Raises InvalidInput for an unknown format, and what writing the file does.
    """
    from quire.batch.destination import Destination
    from quire.batch.formats import file_format
    from quire.batch.sink import open_sink

    name = os.fspath(path) if not isinstance(path, Path) else str(path)
    kind = file_format(name, format, "format")
    target = Destination(name)
    count = 0
    try:
        sink = open_sink(kind, target.stream, None, {})
        for count, row in enumerate(_rows(dataset, lines=kind == "jsonl"), 1):
            sink.write(f"Record {count}", row)
        sink.close(_FIELDS)
        target.commit()
    except BaseException:
        target.discard()
        raise
    finally:
        target.close()
    return count


def _rows(dataset: Dataset, *, lines: bool) -> Iterator[Mapping[str, Any]]:
    make = _line if lines else _cells
    return map(make, dataset)


def _line(record: Record) -> dict[str, Any]:
    """A record without what it does not have."""
    row = {name: getattr(record, name) for name in _FIELDS}
    return {name: value for name, value in row.items() if value is not None and (value != {} or name == "inputs")}


def _cells(record: Record) -> dict[str, Any]:
    """A record whose mappings and lists are text."""
    return {name: _cell(getattr(record, name)) for name in _FIELDS}


def _cell(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return msgspec.json.encode(value).decode() if value != {} else None
