"""Which file format a batch reads or writes: by the file's extension, or as named."""

from __future__ import annotations

from pathlib import PurePath
from typing import Literal, get_args

from quire.domain.errors import InvalidInput

FileFormat = Literal["csv", "tsv", "jsonl", "parquet"]
FORMATS: tuple[FileFormat, ...] = get_args(FileFormat)
STANDARD_STREAM = "-"
"""The path that stands for standard input or standard output."""

_EXTENSIONS: dict[str, FileFormat] = {
    ".csv": "csv",
    ".tsv": "tsv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".parquet": "parquet",
    ".pq": "parquet",
}


def file_format(path: str, named: str | None, option: str) -> FileFormat:
    """The format of ``path``: ``named`` if given, else by extension; ``option`` is what to set where neither tells.

    Raises InvalidInput, listing the formats.
    """
    if named is not None:
        if named not in FORMATS:
            raise InvalidInput(f"{option} is {named!r}; expected one of {', '.join(FORMATS)}.")
        return named
    if path == STANDARD_STREAM:
        raise InvalidInput(f"A standard stream has no file extension; say {option} {'|'.join(FORMATS)}.")
    extension = PurePath(path).suffix.lower()
    if extension not in _EXTENSIONS:
        known = ", ".join(_EXTENSIONS)
        raise InvalidInput(
            f"{path!r} has the extension {extension!r}, which names no format; expected one of {known}, "
            f"or {option} {'|'.join(FORMATS)}."
        )
    return _EXTENSIONS[extension]
