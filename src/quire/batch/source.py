"""Reading the rows of a file one by one, each with its place in the file, in constant memory.

CSV gives every value as text, an empty cell as the empty text. A JSONL line is an object, or a bare string for a
model with one input. Parquet keeps its types.
"""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Protocol

import msgspec

from quire.batch.formats import STANDARD_STREAM, FileFormat
from quire.domain.errors import InvalidInput, NotFound, PermissionDenied
from quire.domain.rows import Row

_LONGEST_LINE = 256 * 1024 * 1024
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


class Source(Protocol):
    """The rows of one file.

    ``columns`` are known before the first row for CSV and Parquet, None for JSONL. ``arrow_schema`` is the file's
    own (pyarrow) schema, for Parquet only.
    """

    columns: list[str] | None
    arrow_schema: Any | None

    def __iter__(self) -> Iterator[tuple[int, Row]]:
        """Each row with its number: the line it begins on, or the row's count for Parquet; both from 1."""

    def place(self, number: int) -> str:
        """Words for where the row of that number is."""

    def __enter__(self) -> Source: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


def open_source(path: str, kind: FileFormat) -> Source:
    """The rows of a file, or of standard input for ``-``.

    Raises NotFound, PermissionDenied, or InvalidInput for a file that is not of that format.
    """
    if kind == "parquet":
        from quire.batch.parquet import ParquetSource

        return ParquetSource(path)
    if kind == "jsonl":
        return JsonlSource(path)
    return CsvSource(path, "\t" if kind == "tsv" else ",")


def open_bytes(path: str) -> IO[bytes]:
    """A file, or standard input, for reading bytes."""
    if path == STANDARD_STREAM:
        return sys.stdin.buffer
    try:
        return Path(path).open("rb")
    except FileNotFoundError:
        raise NotFound(f"The input file {path!r} does not exist (looked in {str(Path.cwd())!r}).") from None
    except IsADirectoryError:
        raise InvalidInput(f"The input {path!r} is a folder; expected a file.") from None
    except PermissionError:
        raise PermissionDenied(f"The input file {path!r} may not be read by this user.") from None


class _LineSource:
    """What CSV and JSONL share: lines of UTF-8 text with their numbers."""

    columns: list[str] | None = None
    arrow_schema: Any | None = None

    def __init__(self, path: str) -> None:
        self.name = "standard input" if path == STANDARD_STREAM else path
        self._stream = open_bytes(path)
        self._owned = path != STANDARD_STREAM
        self._line = 0

    def place(self, number: int) -> str:
        return f"{self.name}, line {number}"

    def __enter__(self) -> Any:
        return self

    def __exit__(self, *_exception: object) -> None:
        if self._owned:
            self._stream.close()

    def _lines(self) -> Iterator[str]:
        while raw := self._stream.readline(_LONGEST_LINE + 1):
            self._line += 1
            if len(raw) > _LONGEST_LINE:
                raise InvalidInput(f"{self.place(self._line)} is longer than {_LONGEST_LINE >> 20} MB; is it text?")
            if self._line == 1:
                raw = raw.removeprefix(_BYTE_ORDER_MARK)
            yield self._decoded(raw)

    def _decoded(self, raw: bytes) -> str:
        try:
            return raw.decode()
        except UnicodeDecodeError as error:
            byte = raw[error.start]
            raise InvalidInput(
                f"{self.place(self._line)} is not UTF-8 text (byte 0x{byte:02x} at position {error.start}). "
                "Save the file as UTF-8."
            ) from None


class JsonlSource(_LineSource):
    """One JSON object, or one string, a line; blank lines are skipped."""

    def __iter__(self) -> Iterator[tuple[int, Row]]:
        decode = msgspec.json.decode
        for line in self._lines():
            if not line.strip():
                continue
            try:
                row = decode(line)
            except msgspec.MsgspecError as error:
                raise InvalidInput(f"{self.place(self._line)} is not JSON ({error}): {_shown(line)}.") from None
            except RecursionError:
                raise InvalidInput(f"{self.place(self._line)} is nested too deeply to be read.") from None
            if not isinstance(row, dict | str):
                raise InvalidInput(f"{self.place(self._line)} is {_shown(line)}; expected a JSON object or a string.")
            yield self._line, row


class CsvSource(_LineSource):
    """Comma- or tab-separated values; the first line names the columns."""

    def __init__(self, path: str, delimiter: str) -> None:
        super().__init__(path)
        if csv.field_size_limit() < _LONGEST_LINE:
            csv.field_size_limit(_LONGEST_LINE)
        self._records = csv.reader(self._lines(), delimiter=delimiter, strict=True)
        try:
            self._names = self._header()
            self.columns = self._names
        except BaseException:
            self.__exit__()
            raise

    def _header(self) -> list[str]:
        header = next(self._filled(), None)
        if header is None:
            raise InvalidInput(f"{self.name} is empty; expected a first line that names the columns.")
        names = header[1]
        doubled = sorted({name for name in names if names.count(name) > 1})
        if doubled:
            raise InvalidInput(f"{self.name} names the column(s) {doubled} more than once; rename all but one.")
        return names

    def _filled(self) -> Iterator[tuple[int, list[str]]]:
        while True:
            begins = self._line + 1
            try:
                record = next(self._records, None)
            except csv.Error as error:
                raise InvalidInput(f"{self.place(begins)} is not CSV: {error}.") from None
            if record is None:
                return
            if record:
                yield begins, record

    def __iter__(self) -> Iterator[tuple[int, Row]]:
        names = self._names
        width = len(names)
        for number, record in self._filled():
            if len(record) != width:
                raise InvalidInput(
                    f"{self.place(number)} has {len(record)} values, and the first line names {width} columns. "
                    "A value that holds a comma, a quote or a line break must stand in double quotes."
                )
            yield number, dict(zip(names, record, strict=True))


def _shown(line: str) -> str:
    text = line.strip()
    return repr(text if len(text) <= 60 else f"{text[:57]}...")
