"""Where artifacts are in MLflow's folder, where they go in the store, and copying them there."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath
from urllib.parse import unquote, urlsplit

import msgspec

from quire.artifacts import ArtifactStore, open_artifacts
from quire.domain.errors import InvalidInput, NotFound, PermissionDenied
from quire.domain.uris import is_local, join_uri
from quire.importing.report import Files
from quire.store.sql.bulk import Kind, Moved

PROXY_ROOT = "mlflow-artifacts:/"
_PROXY = PROXY_ROOT.rstrip("/")
_EVERY, _FIRST = 20, 25
"""One copied file in so many is read back; of the first, all."""
_READ_BACK_BYTES = 16_000_000


class _Move(msgspec.Struct, frozen=True):
    """A folder whose files go to an artifact root."""

    folder: Path
    uri: str


class Places:
    """Decides where artifacts are and go. Without a folder of MLflow's they stay where they are.

    ``folder`` is what ``mlflow server`` got as ``--artifacts-destination``, or the ``mlruns`` of a client; ``root`` is
    where files are copied to. What refers to them names them there, or, if a server is to give them out
    (``served``), by ``mlflow-artifacts:``.
    """

    def __init__(self, folder: Path | None, root: str, *, served: bool = False) -> None:
        if folder is not None and not folder.is_dir():
            raise NotFound(f"There is no folder {folder}. Name the one in which MLflow keeps artifacts.")
        self._folder = None if folder is None else folder.resolve()
        self._root, self._named = root, PROXY_ROOT if served else root
        self.behind_server = 0
        self.links = 0
        self.references: dict[Kind, list[Moved]] = defaultdict(list)
        self._moved: dict[str, str] = {}
        self._moves: list[_Move] = []

    def move(self, kind: Kind, key: tuple[str | int, ...], uri: str, *parts: str, copied: bool = True) -> None:
        """Note that the artifacts of a thing move from ``uri`` to below the root; ``parts`` lead there.

        Its files are copied unless what lies in it is moved piece by piece.
        """
        proxied = uri.startswith(_PROXY)
        if self._folder is None or not (proxied or is_local(uri)):
            self.behind_server += proxied
            return
        folder = self.folder_of(uri)
        if folder is None and not proxied and _local(uri).is_dir():
            return  # outside MLflow's folder: it stays
        self._refer(kind, key, uri, join_uri(self._named, *parts))
        if folder is not None and copied:
            self._moves.append(_Move(folder, join_uri(self._root, *parts)))

    def move_within(self, kind: Kind, key: tuple[str | int, ...], uri: str) -> None:
        """Note that a thing refers to artifacts which lie in those of another, that were moved."""
        outer = uri.rstrip("/")
        while outer and outer not in self._moved:
            outer = outer.rpartition("/")[0]
        if outer:
            self._refer(kind, key, uri, join_uri(self._moved[outer], uri[len(outer) :]))

    def _refer(self, kind: Kind, key: tuple[str | int, ...], old: str, new: str) -> None:
        self._moved[old.rstrip("/")] = new
        if new != old:
            self.references[kind].append(Moved(key, old, new))

    def folder_of(self, uri: str) -> Path | None:
        """The folder on this machine that holds the artifacts of a URI of MLflow's; None if there is none."""
        if uri.startswith(_PROXY):
            return self._inside(PurePosixPath(unquote(urlsplit(uri).path).lstrip("/")))
        if not is_local(uri):
            return None
        path = _local(uri)
        if path.is_dir() and (self._folder is None or path.resolve().is_relative_to(self._folder)):
            return path.resolve()
        parts = path.parts[1:]
        found = (self._inside(PurePosixPath(*parts[start:])) for start in range(len(parts) - 1))
        return next((folder for folder in found if folder is not None), None)

    def readable(self, uri: str) -> Path | None:
        """The same, or a folder elsewhere on this machine, whose files are read where they are."""
        folder = self.folder_of(uri)
        if folder is None and is_local(uri) and _local(uri).is_dir():
            return _local(uri).resolve()
        return folder

    def _inside(self, path: PurePosixPath) -> Path | None:
        if self._folder is None or not path.parts:
            return None
        folder = (self._folder / path).resolve()
        return folder if folder.is_dir() and folder.is_relative_to(self._folder) else None

    def copy(self, tell: Callable[[int, int], None], *, dry_run: bool = False) -> tuple[Files, list[str]]:
        """Copy what has to move and is not there yet; in a dry run only count it. Also says what went wrong."""
        files, problems = Files(), []
        for done, move in enumerate(self._moves, 1):
            problems += self._copy(move, files, dry_run=dry_run)
            tell(done, len(self._moves))
        return files, problems

    def _copy(self, move: _Move, files: Files, *, dry_run: bool) -> list[str]:
        found = [(path.relative_to(move.folder).as_posix(), path) for path in self._files(move.folder)]
        if not found:
            return []
        target, problems = open_artifacts(move.uri), []
        here = _sizes(target)
        copied: dict[str, int] = {}
        for name, path in found:
            size = path.stat().st_size
            if name in here:
                files.present += 1
                if here[name] != size:
                    problems.append(
                        f"the artifact {name} of {move.uri} has {here[name]:,} bytes and {path} has {size:,}; it was "
                        "left as it is. Remove it and import again if MLflow's is the right one"
                    )
                continue
            files.copied += 1
            files.size += size
            if dry_run:
                continue
            wrong = _put(target, name, path, read_back=files.copied <= _FIRST or not files.copied % _EVERY)
            if wrong:
                problems += wrong
            else:
                copied[name] = size
        after = _sizes(target) if copied else {}
        lost = [name for name, size in copied.items() if after.get(name) != size]
        return problems + [f"the artifact {name} of {move.uri} is not what {move.folder} holds" for name in lost]

    def _files(self, folder: Path) -> Iterator[Path]:
        """Every file below a folder; links to folders, and those that lead out of it, are counted and left out."""
        for inner, folders, names in os.walk(folder):
            self.links += sum(Path(inner, name).is_symlink() for name in folders)
            folders.sort()
            for name in sorted(names):
                path = Path(inner, name)
                if path.resolve().is_relative_to(folder) and path.is_file():
                    yield path
                else:
                    self.links += path.is_symlink()


def _put(target: ArtifactStore, name: str, path: Path, *, read_back: bool) -> list[str]:
    """Copy one file; what is wrong with it. A full disk, or a service that is away, ends the import."""
    try:
        target.put_file(path, name)
    except (InvalidInput, PermissionDenied, NotFound) as error:
        return [f"the artifact {path} was not copied: {error.message}"]
    if read_back and path.stat().st_size <= _READ_BACK_BYTES and target.get_bytes(name) != path.read_bytes():
        return [f"the artifact {name} of {target.uri} reads back as something other than {path}"]
    return []


def _local(uri: str) -> Path:
    return Path(unquote(urlsplit(uri).path) if uri.startswith("file:") else uri)


def _sizes(target: ArtifactStore) -> dict[str, int | None]:
    return {item.path: item.file_size for item in target.walk()}
