"""The one interface through which artifact files are read and written.

Every implementation keeps these promises: a file appears whole or not at all; paths are relative,
``/``-separated and checked by :func:`quire.domain.paths.checked_path`; calls are safe from many threads.
Errors are those of :mod:`quire.domain.errors`: InvalidInput for a wrong path, NotFound, PermissionDenied,
Unauthenticated, Unavailable (a full disk, an unreachable service).
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from quire.domain.entities import FileInfo

Files = list[FileInfo]
"""Entries of a folder. Inside the protocol the name ``list`` is the method."""


class ArtifactStore(Protocol):
    """The files under one artifact root."""

    @property
    def uri(self) -> str:
        """The root, without credentials."""

    def put_file(self, local: Path, path: str) -> None:
        """Store a local file at ``path``, replacing what is there."""

    def put_bytes(self, data: bytes, path: str) -> None:
        """Store bytes at ``path``, replacing what is there."""

    def put_folder(self, folder: Path, path: str = "") -> None:
        """Store every file below a local folder under ``path``; empty folders are not kept."""

    def get_bytes(self, path: str) -> bytes:
        """The content of the file at ``path``."""

    def get(self, path: str, destination: Path) -> Path:
        """Copy a file, or a folder with all below it, to ``destination / path``, which is returned."""

    def list(self, path: str = "") -> Files:
        """The entries of one folder, by path; empty for a folder that does not exist or a file."""

    def walk(self, path: str = "") -> Iterator[FileInfo]:
        """Every file below a folder, by path."""

    def exists(self, path: str) -> bool:
        """Whether there is a file or a folder at ``path``."""

    def delete(self, path: str = "") -> None:
        """Remove a file, or a folder with all below it; NotFound if there is nothing."""

    def local_path(self, path: str = "") -> Path | None:
        """Where the file or folder already lies on this machine; None if it does not."""
