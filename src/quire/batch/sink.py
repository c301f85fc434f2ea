"""Writing rows to a file: CSV and JSONL line by line, Parquet by row group."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from typing import IO, Any, Protocol

import msgspec

from quire.batch.formats import FileFormat
from quire.domain.errors import InvalidInput


class Sink(Protocol):
    """Takes rows in order. The stream it writes to is closed by who opened it."""

    def write(self, place: str, row: Mapping[str, Any]) -> None:
        """Add one row; ``place`` says where it came from, for errors. Raises InvalidInput if it does not fit."""

    def close(self, columns: Sequence[str] | None = None) -> None:
        """Write what is held back; ``columns`` are the source's, for a file without rows."""

    def abandon(self) -> None:
        """Write nothing more."""


def open_sink(kind: FileFormat, stream: IO[bytes], arrow_schema: Any | None, added: Mapping[str, str]) -> Sink:
    """A sink of that format. ``added`` names the columns that prediction adds: "text" or "vector"."""
    if kind == "parquet":
        from quire.batch.parquet import ParquetSink

        return ParquetSink(stream, arrow_schema, added)
    if kind == "jsonl":
        return JsonlSink(stream)
    return CsvSink(stream, "\t" if kind == "tsv" else ",", list(added))


class JsonlSink:
    """One JSON object a line."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self._encode = msgspec.json.Encoder(enc_hook=str).encode

    def write(self, place: str, row: Mapping[str, Any]) -> None:
        """Write one line."""
        self._stream.write(self._encode(row) + b"\n")

    def close(self, columns: Sequence[str] | None = None) -> None:
        """Nothing is held back."""

    def abandon(self) -> None:
        """Nothing is held back."""


class CsvSink:
    """Separated values under a header; lists and objects as JSON text, a null as an empty cell."""

    def __init__(self, stream: IO[bytes], delimiter: str, added: Sequence[str]) -> None:
        self._stream = stream
        self._added = added
        self._columns: list[str] | None = None
        self._buffer = io.StringIO()
        self._writer = csv.writer(self._buffer, delimiter=delimiter, lineterminator="\n")

    def write(self, place: str, row: Mapping[str, Any]) -> None:
        """Write one line; the first row decides the columns."""
        if self._columns is None:
            self._write_header(list(row))
        columns = self._columns or []
        if row.keys() - set(columns):
            raise InvalidInput(
                f"{place} has the column(s) {sorted(row.keys() - set(columns))}, which the first row lacks, so they "
                "have no place in a table. Write jsonl, or give every row the same columns."
            )
        self._write_record([_cell(row.get(name)) for name in columns])

    def close(self, columns: Sequence[str] | None = None) -> None:
        """Write the header of a file without rows."""
        if self._columns is None:
            self._write_header([*(columns or ()), *self._added])

    def abandon(self) -> None:
        """Nothing is held back."""

    def _write_header(self, columns: list[str]) -> None:
        self._columns = columns
        self._write_record(columns)

    def _write_record(self, cells: Sequence[Any]) -> None:
        self._writer.writerow(cells)
        self._stream.write(self._buffer.getvalue().encode("utf-8", "surrogatepass"))
        self._buffer.seek(0)
        self._buffer.truncate()


def _cell(value: Any) -> Any:
    if isinstance(value, list | dict):
        return msgspec.json.encode(value, enc_hook=str).decode()
    return value
