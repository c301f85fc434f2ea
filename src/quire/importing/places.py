"""Where artifacts are in MLflow's folder, where they go in the store, and copying them there."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath
from urllib.parse import unquote, urlsplit

import msgspec

from quire.artifacts import open_artifacts
from quire.domain.errors import NotFound
from quire.domain.uris import is_local, join_uri
from quire.importing.report import Files

_PROXY = "mlflow-artifacts"


class Move(msgspec.Struct, frozen=True):
    """A folder whose files go to an artifact root."""

    folder: Path
    uri: str


class Places:
    """Decides where artifacts are and go. Without a folder of MLflow's they stay where they are.

    ``folder`` is what ``mlflow server`` got as ``--artifacts-destination``, or the ``mlruns`` of a client; ``root`` is
    where the store keeps artifacts.
    """

    def __init__(self, folder: Path | None, root: str) -> None:
        if folder is not None and not folder.is_dir():
            raise NotFound(f"There is no folder {folder}. Name the one in which MLflow keeps artifacts.")
        self._folder = None if folder is None else folder.resolve()
        self._root = root
        self.behind_server = 0
        self._moved: dict[str, str] = {}
        self._moves: list[Move] = []

    def moved(self, uri: str, *parts: str, copied: bool = True) -> str:
        """Where the artifacts at ``uri`` are after the import; ``parts`` lead there from the root of the store.

        Its files are copied unless what lies in it is moved piece by piece.
        """
        proxied = uri.startswith(f"{_PROXY}:")
        if self._folder is None or not (proxied or is_local(uri)):
            self.behind_server += proxied
            return uri
        folder = self.folder_of(uri)
        if folder is None and not proxied and _local(uri).is_dir():
            return uri  # outside MLflow's folder: it stays
        target = join_uri(self._root, *parts)
        self._moved[uri] = target
        if folder is not None and copied:
            self._moves.append(Move(folder, target))
        return target

    def moved_within(self, uri: str, *outer: str | None) -> str:
        """Where a file or folder is after the import that lies in one of these places that were moved."""
        for place in outer:
            if place and place in self._moved and (uri == place or uri.startswith(f"{place.rstrip('/')}/")):
                return join_uri(self._moved[place], uri[len(place) :])
        return uri

    def folder_of(self, uri: str) -> Path | None:
        """The folder on this machine that holds the artifacts of a URI of MLflow's; None if there is none."""
        if uri.startswith(f"{_PROXY}:"):
            return self._inside(PurePosixPath(unquote(urlsplit(uri).path).lstrip("/")))
        if not is_local(uri):
            return None
        path = _local(uri)
        if path.is_dir() and (self._folder is None or path.resolve().is_relative_to(self._folder)):
            return path.resolve()
        parts = path.parts[1:]
        found = (self._inside(PurePosixPath(*parts[start:])) for start in range(len(parts) - 1))
        return next((folder for folder in found if folder is not None), None)

    def _inside(self, path: PurePosixPath) -> Path | None:
        if self._folder is None or not path.parts:
            return None
        folder = (self._folder / path).resolve()
        return folder if folder.is_dir() and folder.is_relative_to(self._folder) else None

    def copy(self, tell: Callable[[int, int], None]) -> tuple[Files, list[str]]:
        """Copy what has to move, but for files that are there with the same size. Also says what went wrong."""
        files, problems = Files(), []
        moves = [(move, path) for move in self._moves for path in _files(move.folder)]
        for done, (move, path) in enumerate(moves, 1):
            target, name = open_artifacts(move.uri), path.relative_to(move.folder).as_posix()
            size = path.stat().st_size
            if _size(target.local_path(name)) == size or _stored_size(move.uri, name) == size:
                files.present += 1
            else:
                target.put_file(path, name)
                files.copied += 1
                files.size += size
                if _stored_size(move.uri, name) != size:
                    problems.append(f"the artifact {name} of {move.uri} has not the {size:,} bytes of {path}")
            tell(done, len(moves))
        return files, problems


def _local(uri: str) -> Path:
    return Path(unquote(urlsplit(uri).path) if uri.startswith("file:") else uri)


def _files(folder: Path) -> Iterator[Path]:
    """Every file below a folder; links that lead out of it are left out."""
    for inner, folders, names in os.walk(folder):
        folders.sort()
        for name in sorted(names):
            path = Path(inner, name)
            if path.resolve().is_relative_to(folder) and path.is_file():
                yield path


def _size(path: Path | None) -> int | None:
    return path.stat().st_size if path is not None and path.is_file() else None


def _stored_size(uri: str, name: str) -> int | None:
    store = open_artifacts(uri)
    local = store.local_path(name)
    if local is not None:
        return _size(local)
    parent = PurePosixPath(name).parent.as_posix()
    found = {item.path: item.file_size for item in store.list("" if parent == "." else parent)}
    return found.get(name)
