"""Artifacts in a folder of this machine."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from quire.artifacts.base import Files
from quire.artifacts.disk import PART_SUFFIX, copy_whole, explained, files_below, write_whole
from quire.artifacts.streams import Content, PartFile, Receiver, file_content
from quire.domain.entities import FileInfo
from quire.domain.errors import InvalidInput, NotFound, PermissionDenied
from quire.domain.paths import checked_path


class LocalArtifacts:
    """An :class:`~quire.artifacts.base.ArtifactStore` in a folder, which is made on the first write.

    A file is written beside its place and then moved there. It survives the death of the process from then on;
    it is not forced to the disk, so that a power cut may lose the last seconds. A symbolic link that leads out
    of the root is refused with PermissionDenied wherever it is met.
    """

    def __init__(self, root: Path | str) -> None:
        self.root = Path(root).absolute()
        self._real_root = os.path.realpath(self.root)

    @property
    def uri(self) -> str:
        """The root as a plain path."""
        return str(self.root)

    def put_file(self, local: Path, path: str) -> None:
        """Copy a local file to ``path``."""
        target = self._place(checked_path(path))
        with explained(f"copying {str(local)!r} to the artifact {path!r} in {self.uri}"):
            copy_whole(local, target)

    def put_bytes(self, data: bytes, path: str) -> None:
        """Write bytes to ``path``."""
        target = self._place(checked_path(path))
        with explained(f"writing the artifact {path!r} in {self.uri}"):
            write_whole(target, lambda file: file.write(data))

    def put_folder(self, folder: Path, path: str = "") -> None:
        """Copy every file below ``folder`` under ``path``."""
        checked_path(path, root=True)
        with explained(f"reading the folder {str(folder)!r}"):
            found = list(files_below(folder))
        for relative, source in found:
            self.put_file(source, f"{path}/{relative}" if path else relative)

    def get_bytes(self, path: str) -> bytes:
        """The content of the file at ``path``."""
        place = self._existing(checked_path(path))
        with explained(f"reading the artifact {path!r} in {self.uri}"):
            return place.read_bytes()

    def get(self, path: str, destination: Path) -> Path:
        """Copy a file, or a folder with all below it, to ``destination / path``."""
        place = self._existing(checked_path(path, root=True))
        target = destination / path
        if os.path.realpath(target) == os.path.realpath(place):
            return target
        with explained(f"copying the artifact {path or 'root'!r} of {self.uri} to {str(target)!r}"):
            if not place.is_dir():
                copy_whole(place, target)
                return target
            target.mkdir(parents=True, exist_ok=True)
            for info in list(self.walk(path)):
                copy_whole(self.root / info.path, destination / info.path)
        return target

    def list(self, path: str = "") -> Files:
        """The entries of one folder; empty for a folder that does not exist or a file."""
        folder = self._place(checked_path(path, root=True))
        with explained(f"listing the artifact folder {path!r} in {self.uri}"):
            if not folder.is_dir():
                return []
            names = sorted(name for name in os.listdir(folder) if not name.endswith(PART_SUFFIX))
            infos = (self._info(f"{path}/{name}" if path else name) for name in names)
            return [info for info in infos if info]

    def walk(self, path: str = "") -> Iterator[FileInfo]:
        """Every file below a folder."""
        folder = self._place(checked_path(path, root=True))
        with explained(f"reading the artifact folder {path!r} in {self.uri}"):
            for relative, _ in files_below(folder) if folder.is_dir() else ():
                if info := self._info(f"{path}/{relative}" if path else relative):
                    yield info

    def exists(self, path: str) -> bool:
        """Whether there is a file or a folder at ``path``."""
        return self._place(checked_path(path, root=True)).exists()

    def delete(self, path: str = "") -> None:
        """Remove a file or folder; of a link, only the link."""
        place = self._place(checked_path(path, root=True))
        with explained(f"deleting the artifact {path or 'root'!r} of {self.uri}"):
            if place.is_dir() and not place.is_symlink():
                shutil.rmtree(place)
            elif place.exists() or place.is_symlink():
                place.unlink()
            else:
                raise self._missing(path)

    def local_path(self, path: str = "") -> Path | None:
        """Where the file or folder lies; None if it does not exist."""
        place = self._place(checked_path(path, root=True))
        return place if place.exists() else None

    def content(self, path: str) -> Content:
        """The file at ``path``, to be read in pieces."""
        place = self._existing(checked_path(path))
        if not place.is_file():
            raise InvalidInput(f"The artifact {path!r} of {self.uri} is a folder; name a file in it.")
        return file_content(place, f"reading the artifact {path!r} in {self.uri}")

    def receiver(self, path: str) -> Receiver:
        """A file to be written at ``path`` as it comes."""
        return PartFile(self._place(checked_path(path)), f"writing the artifact {path!r} in {self.uri}")

    def _place(self, path: str) -> Path:
        """Where ``path`` lies, once every link on the way is known to stay inside the root."""
        place = self.root / path if path else self.root
        real = os.path.realpath(place)
        if real != self._real_root and not real.startswith(self._real_root.rstrip(os.sep) + os.sep):
            raise PermissionDenied(
                f"The artifact {path!r} of {self.uri} goes through a symbolic link that leads outside of it. "
                "Replace the link by the file itself."
            )
        return place

    def _existing(self, path: str) -> Path:
        place = self._place(path)
        if not place.exists():
            raise self._missing(path)
        return place

    def _info(self, path: str) -> FileInfo | None:
        """The entry at ``path``; None if it vanished since its folder was read."""
        place = self._place(path)
        try:
            if place.is_dir():
                return FileInfo(path=path, is_dir=True)
            return FileInfo(path=path, is_dir=False, file_size=place.stat().st_size)
        except FileNotFoundError:
            return None

    def _missing(self, path: str) -> NotFound:
        folder = path.rpartition("/")[0]
        there = [info.path for info in self.list(folder)[:20]] if path else []
        shown = f" {folder or 'Its root'!r} holds {there}." if there else ""
        return NotFound(f"No artifact {path or 'root'!r} in {self.uri}.{shown}")
