"""A packaged model as a server reads it: below its own artifact roots, and nowhere else."""

from __future__ import annotations

from pathlib import Path

from quire.artifacts.base import ArtifactStore
from quire.domain.errors import InvalidState
from quire.server.proxy import Places, join
from quire.store.rest.wire.model_packages import PackageFile

MOST_BYTES = 16 * 1024 * 1024
"""Of a file that a server reads whole."""


class PlacedFolder:
    """The files of one model directory, by its artifact location."""

    def __init__(self, places: Places, location: str) -> None:
        self._store: ArtifactStore
        self._store, self._root = places.find(location)
        self._location = location

    def read(self, path: str) -> bytes:
        """The content of a file. InvalidState for one that is too large to be read here."""
        from quire.artifacts.streams import content
        from quire.domain.paths import checked_path

        place = join(self._root, checked_path(path))
        size = content(self._store, place).size
        if size > MOST_BYTES:
            raise InvalidState(
                f"{self.name_of(path)!r} has {size:,} bytes; a server reads at most {MOST_BYTES:,} of a model's file. "
                "Download the model, and read it there."
            )
        return self._store.get_bytes(place)

    def name_of(self, path: str) -> str:
        """Its URI."""
        return f"{self._location.rstrip('/')}/{path}"

    def local(self) -> Path:
        """The folder on this machine. A server copies none: it runs no code of a model."""
        found = self._store.local_path(self._root)
        if found is None:
            raise InvalidState(f"{self._location!r} is not on this machine.")
        return found

    def copied(self, folder: Path) -> Path:
        """The folder as it is on this machine, else copied to ``folder``."""
        return self._store.local_path(self._root) or self._store.get(self._root, folder)


def files_of(places: Places, location: str, most: int) -> tuple[list[PackageFile], bool]:
    """The files of a model, by path, at most so many; and whether these are all."""
    store, root = places.find(location)
    cut = len(root) + 1 if root else 0
    found: list[PackageFile] = []
    waiting = [root]
    while waiting:
        for entry in store.list(waiting.pop()):
            if entry.is_dir:
                waiting.append(entry.path)
            else:
                found.append(PackageFile(path=entry.path[cut:], size=entry.file_size or 0))
            if len(found) + len(waiting) > most:
                return sorted(found, key=lambda file: file.path)[:most], False
    return sorted(found, key=lambda file: file.path), True
