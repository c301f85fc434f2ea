"""Parquet files as a batch's source and sink, through pyarrow, one row group at a time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import IO, Any

from quire.batch.formats import STANDARD_STREAM
from quire.batch.source import open_bytes
from quire.domain.errors import InvalidInput, MissingExtra
from quire.domain.rows import Row

_READ_ROWS = 1024
GROUP_ROWS = 8192
"""Rows in each row group that is written."""
_GROUP_BYTES = 32 * 1024 * 1024


def require_pyarrow() -> Any:
    """The pyarrow module. Raises MissingExtra."""
    try:
        import pyarrow  # type: ignore[import-untyped, unused-ignore]
        import pyarrow.parquet  # type: ignore[import-untyped, unused-ignore]
    except ImportError:
        raise MissingExtra("Parquet needs pyarrow, which is not installed: pip install pyarrow.") from None
    return pyarrow


class ParquetSource:
    """The rows of a Parquet file, with Python values."""

    def __init__(self, path: str) -> None:
        pyarrow = require_pyarrow()
        if path == STANDARD_STREAM:
            raise InvalidInput(
                "Parquet cannot be read from a pipe, because its index stands at the end; name a file, or pipe jsonl."
            )
        self.name = path
        self._stream = open_bytes(path)
        self._broken = (pyarrow.ArrowException, OSError)
        try:
            self._file = pyarrow.parquet.ParquetFile(self._stream)
        except self._broken as error:
            self._stream.close()
            raise InvalidInput(f"{path} is not a Parquet file that can be read ({_brief(error)}).") from None
        self.arrow_schema: Any | None = self._file.schema_arrow
        self.columns: list[str] | None = list(self._file.schema_arrow.names)

    def __iter__(self) -> Iterator[tuple[int, Row]]:
        number = 0
        batches = self._file.iter_batches(batch_size=_READ_ROWS)
        while True:
            try:
                batch = next(batches, None)
            except self._broken as error:
                raise InvalidInput(f"{self.place(number + 1)} cannot be read ({_brief(error)}).") from None
            if batch is None:
                return
            for row in batch.to_pylist():
                number += 1
                yield number, row

    def place(self, number: int) -> str:
        """Words for where the row of that number is."""
        return f"{self.name}, row {number}"

    def __enter__(self) -> ParquetSource:
        return self

    def __exit__(self, *_exception: object) -> None:
        self._file.close()
        self._stream.close()


class ParquetSink:
    """Writes rows in groups of 8,192, or fewer if they are large.

    The schema is the source's with the new columns; without a source schema, the first group's.
    """

    def __init__(self, stream: IO[bytes], source_schema: Any | None, added: Mapping[str, str]) -> None:
        self._pyarrow = require_pyarrow()
        self._stream = stream
        self._schema: Any = None if source_schema is None else self._with_added(source_schema, added)
        self._added = added
        self._writer: Any = None
        self._rows: list[Mapping[str, Any]] = []
        self._bytes = 0

    def _with_added(self, schema: Any, added: Mapping[str, str]) -> Any:
        for name, kind in added.items():
            schema = schema.append(self._pyarrow.field(name, self._type(kind)))
        return schema

    def _type(self, kind: str) -> Any:
        return self._pyarrow.list_(self._pyarrow.float64()) if kind == "vector" else self._pyarrow.string()

    def write(self, place: str, row: Mapping[str, Any]) -> None:
        """Add one row; ``place`` is for errors."""
        self._rows.append(row)
        self._bytes += sum(len(value) for value in row.values() if isinstance(value, str | bytes | list))
        if len(self._rows) >= GROUP_ROWS or self._bytes >= _GROUP_BYTES:
            self._write_group(place)

    def close(self, columns: Sequence[str] | None = None) -> None:
        """Write what is left and the file's index; ``columns`` are those of a file without rows."""
        if self._rows or self._writer is None:
            self._write_group("the last rows", columns)
        self._writer.close()

    def abandon(self) -> None:
        """Write nothing more."""
        self._rows = []

    def _write_group(self, place: str, columns: Sequence[str] | None = None) -> None:
        table = self._table(place, columns)
        if self._writer is None:
            self._schema = table.schema
            self._writer = self._pyarrow.parquet.ParquetWriter(self._stream, table.schema, compression="zstd")
        self._writer.write_table(table, row_group_size=GROUP_ROWS)
        self._rows, self._bytes = [], 0

    def _table(self, place: str, columns: Sequence[str] | None) -> Any:
        try:
            if self._schema is None:
                self._schema = self._inferred(columns)
            self._refuse_unknown_columns(place, self._schema.names)
            return self._pyarrow.Table.from_pylist(self._rows, schema=self._schema)
        except (self._pyarrow.ArrowException, TypeError) as error:
            raise InvalidInput(
                f"The rows up to {place} do not fit the columns of the first {GROUP_ROWS} rows ({_brief(error)}). "
                "Write jsonl, which lets every row have its own columns."
            ) from None

    def _inferred(self, columns: Sequence[str] | None) -> Any:
        names = list(dict.fromkeys(name for row in self._rows for name in row)) or [*(columns or ()), *self._added]
        own = [name for name in names if name not in self._added]
        values = {name: [row.get(name) for row in self._rows] for name in own}
        kinds = {name: self._pyarrow.array(column).type for name, column in values.items()}
        null, text = self._pyarrow.null(), self._pyarrow.string()
        fields = [self._pyarrow.field(name, text if kind == null else kind) for name, kind in kinds.items()]
        return self._with_added(self._pyarrow.schema(fields), self._added)

    def _refuse_unknown_columns(self, place: str, known: Sequence[str]) -> None:
        unknown = sorted({name for row in self._rows for name in row} - set(known))
        if unknown:
            raise TypeError(f"column(s) {unknown} appear later, by {place}")


def _brief(error: BaseException) -> str:
    return str(error).splitlines()[0][:200] if str(error) else type(error).__name__
