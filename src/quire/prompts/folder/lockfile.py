"""The lock file of a folder of prompts: of each prompt the file, the version and the digest that were last in step."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import msgspec

from quire.domain.errors import InvalidInput
from quire.prompts.folder.disk import replace_file

NAME = "prompts.lock"
_FORMAT = 1


class LockEntry(msgspec.Struct, frozen=True):
    """What was last in step: a file (its path in the folder), a version, and the digest of both."""

    file: str
    version: int
    digest: str


class _Lock(msgspec.Struct):
    format: int
    prompts: dict[str, LockEntry] = {}


def read_lock(folder: Path) -> dict[str, LockEntry]:
    """The entries by the names of prompts; none without a lock file. Raises InvalidInput for one that is broken."""
    path = folder / NAME
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return {}
    try:
        lock = msgspec.json.decode(data, type=_Lock)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise InvalidInput(
            f"{path} cannot be read: {error}. Settle git's conflict in it; or delete it, for the files themselves say "
            "which versions they came from."
        ) from None
    if lock.format != _FORMAT:
        raise InvalidInput(f"{path} has format {lock.format}; this Quire knows {_FORMAT}. Use a newer Quire.")
    return lock.prompts


def write_lock(folder: Path, entries: Mapping[str, LockEntry]) -> None:
    """Write the entries, a line each and sorted, so that git merges them; nothing is written if nothing changed."""
    lines = [
        f"    {json.dumps(name)}: {json.dumps(msgspec.to_builtins(entry))}" for name, entry in sorted(entries.items())
    ]
    body = ",\n".join(lines)
    text = f'{{\n  "format": {_FORMAT},\n  "prompts": {{\n{body}\n  }}\n}}\n' if lines else _EMPTY
    path = folder / NAME
    if not path.exists() or path.read_bytes() != text.encode():
        replace_file(path, text.encode())


_EMPTY = f'{{\n  "format": {_FORMAT},\n  "prompts": {{}}\n}}\n'
