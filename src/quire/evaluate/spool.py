"""The rows of a variant as a file, one JSON line each: written as they come, read as a stream."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from quire.domain.errors import InvalidInput, Unavailable
from quire.domain.redaction import redact, redact_value
from quire.domain.scores import ScoredRow

ROWS_FILE = "evaluation/rows.jsonl"
_BUFFER_BYTES = 1 << 20


def plain(value: Any) -> Any:
    """What JSON has no word for: NumPy's scalars and arrays, models of the SDK, and the rest as text."""
    for convert in ("model_dump", "tolist"):
        if hasattr(value, convert) and not isinstance(value, type):
            return getattr(value, convert)()
    return str(value)


_encoder = msgspec.json.Encoder(enc_hook=plain)
_decoder = msgspec.json.Decoder(ScoredRow)


def encode_row(row: ScoredRow) -> bytes:
    """A row as JSON, what looks like a credential redacted."""
    try:
        encoded = _encoder.encode(row)
    except UnicodeEncodeError:
        encoded = _encoder.encode(_whole_text(msgspec.to_builtins(row, enc_hook=plain)))
    text = encoded.decode()
    if redact(text) == text:
        return encoded
    return _encoder.encode(redact_value(msgspec.json.decode(encoded)))


def _whole_text(value: Any) -> Any:
    """Plain data whose texts can be written: half a surrogate pair becomes a question mark."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, dict):
        return {_whole_text(key): _whole_text(item) for key, item in value.items()}
    return [_whole_text(item) for item in value] if isinstance(value, list) else value


class Spool:
    """A file of rows that is being written. Raises Unavailable when the disk is full."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._stream = path.open("wb", buffering=_BUFFER_BYTES)

    def write(self, row: ScoredRow) -> None:
        """Add a row."""
        try:
            self._stream.write(encode_row(row) + b"\n")
        except OSError as error:
            raise _full(self.path, error) from error

    def close(self) -> None:
        """Write what is buffered."""
        try:
            self._stream.close()
        except OSError as error:
            raise _full(self.path, error) from error


def read_rows(path: Path) -> Iterator[ScoredRow]:
    """The rows of a file. Raises InvalidInput, naming the line, for one that is not a row."""
    with path.open("rb") as stream:
        for number, line in enumerate(stream, 1):
            try:
                yield _decoder.decode(line)
            except msgspec.MsgspecError as error:
                raise InvalidInput(f"{path}, line {number} is not a row of an evaluation: {error}.") from None


def _full(path: Path, error: OSError) -> Unavailable:
    return Unavailable(
        f"The rows of the evaluation cannot be written to {path} ({error.strerror or error}). Make room there, or set "
        "TMPDIR to another folder, and run again: answers that are kept are not paid for again."
    )
