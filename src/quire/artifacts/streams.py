"""Artifacts that pass through: read from any byte to any other, written as they come.

A store that can do so has ``content(path)`` and ``receiver(path)``; :func:`content` and :func:`receiver` call them.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import IO, Any, Literal, Protocol, cast

import msgspec

from quire.artifacts.base import ArtifactStore
from quire.artifacts.disk import create_part, explained, part_beside
from quire.domain.errors import InvalidState

BLOCK = 1 << 20
"""Bytes that are read at a time."""


class Content(msgspec.Struct, frozen=True, kw_only=True):
    """One version of a file: its size in bytes, a tag that changes with it, and its bytes from ``start`` to ``stop``.

    ``modified`` is in seconds since the epoch.
    """

    size: int
    etag: str
    modified: float
    read: Callable[[int, int], Iterator[bytes]]


class Receiver(Protocol):
    """A file that is being written. Nothing of it is seen before ``done``."""

    def write(self, data: bytes) -> None:
        """Add bytes."""

    def done(self) -> None:
        """Put the file in its place, replacing what is there."""

    def abandon(self) -> None:
        """Forget what was written; no error after ``done``."""


class StreamedArtifacts(ArtifactStore, Protocol):
    """A store through which files can pass."""

    def content(self, path: str) -> Content:
        """The file at ``path``. NotFound if there is none; InvalidInput for a folder."""

    def receiver(self, path: str) -> Receiver:
        """A file to be written at ``path``."""


def content(store: ArtifactStore, path: str) -> Content:
    """The file at ``path`` of a store. NotFound if there is none; InvalidInput for a folder."""
    return _streamed(store).content(path)


def receiver(store: ArtifactStore, path: str) -> Receiver:
    """A file to be written at ``path`` of a store."""
    return _streamed(store).receiver(path)


def presigned(store: ArtifactStore, method: Literal["GET", "PUT"], path: str, seconds: int) -> str | None:
    """A URL by which a client reads or writes a file by itself for a while; None if the store has no such URLs."""
    sign = getattr(store, "presigned", None)
    return None if sign is None else str(sign(method, path, seconds))


def _streamed(store: ArtifactStore) -> StreamedArtifacts:
    if not hasattr(store, "content"):
        raise InvalidState(f"The files in {store.uri} cannot pass through this process.")
    return cast(StreamedArtifacts, store)


def file_content(place: Path, doing: str) -> Content:
    """A file of this machine."""
    with explained(doing):
        state = place.stat()

    def read(start: int, stop: int) -> Iterator[bytes]:
        with explained(doing), place.open("rb") as file:
            file.seek(start)
            while start < stop and (block := file.read(min(BLOCK, stop - start))):
                start += len(block)
                yield block

    etag = f"{state.st_mtime_ns:x}-{state.st_size:x}-{state.st_ino:x}"
    return Content(size=state.st_size, etag=etag, modified=state.st_mtime, read=read)


class PartFile:
    """A file of this machine that is written beside its place."""

    def __init__(self, target: Path, doing: str) -> None:
        self._target = target
        self._doing = doing
        self._part = part_beside(target)
        with explained(doing):
            self._file = create_part(self._part)

    def write(self, data: bytes) -> None:
        """Add bytes."""
        with explained(self._doing):
            self._file.write(data)

    def done(self) -> None:
        """Move the file to its place."""
        with explained(self._doing):
            self._file.close()
            os.replace(self._part, self._target)

    def abandon(self) -> None:
        """Remove what was written."""
        with suppress(OSError):
            self._file.close()
        with suppress(OSError):
            self._part.unlink()


class Spool:
    """A file that is kept on this machine until it is whole, then handed to ``send``."""

    def __init__(self, send: Callable[[IO[bytes]], None]) -> None:
        self._send = send
        self._doing = "keeping an upload in the folder for temporary files"
        with explained(self._doing):
            self._file: Any = tempfile.TemporaryFile(prefix="quire-")  # noqa: SIM115  # closed by done or abandon

    def write(self, data: bytes) -> None:
        """Add bytes."""
        with explained(self._doing):
            self._file.write(data)

    def done(self) -> None:
        """Hand the whole file on."""
        with explained(self._doing):
            self._file.seek(0)
        self._send(self._file)
        self._file.close()

    def abandon(self) -> None:
        """Forget the file."""
        with suppress(OSError):
            self._file.close()
