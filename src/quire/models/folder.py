"""A model directory to read from, wherever it lies: a folder here, or under an artifact store."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Protocol
from urllib.parse import unquote, urlsplit

from quire.artifacts.base import ArtifactStore
from quire.domain.errors import InvalidInput, MalformedModel, NotFound, PermissionDenied
from quire.domain.paths import checked_path
from quire.domain.uris import LocationUri, is_local, parse_model_uri

_SHOWN = 100


class ModelFolder(Protocol):
    """The files of one model directory."""

    def read(self, path: str) -> bytes:
        """The content of a file. Raises NotFound, MalformedModel for a path that leaves the directory."""

    def name_of(self, path: str) -> str:
        """How to name a file to a person."""

    def local(self) -> Path:
        """The directory on this machine; copied to a temporary place if it lies elsewhere."""


class LocalFolder:
    """A model directory on this machine."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def read(self, path: str) -> bytes:
        """The content of a file."""
        place = self.root / _inside(path, self.name_of("MLmodel"))
        if not place.resolve().is_relative_to(self.root.resolve()):
            raise MalformedModel(f"{place} is a link that leads out of the model directory; put the file itself there.")
        try:
            return place.read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            raise NotFound(f"There is no file {str(place)!r}. {self._remedy()}") from None
        except IsADirectoryError:
            raise MalformedModel(f"{str(place)!r} is a folder; expected a file.") from None
        except PermissionError:
            raise PermissionDenied(f"{str(place)!r} may not be read by this user.") from None

    def name_of(self, path: str) -> str:
        """Its path."""
        return str(self.root / path)

    def local(self) -> Path:
        """The directory itself."""
        return self.root

    def _remedy(self) -> str:
        if not self.root.exists():
            return "The folder does not exist; check the path."
        found = sorted(entry.name for entry in self.root.iterdir())[:10] if self.root.is_dir() else []
        return f"A model directory holds MLmodel and model.yaml; {str(self.root)!r} holds {found}."


class StoredFolder:
    """A model directory under an artifact store."""

    def __init__(self, store: ArtifactStore) -> None:
        self._store = store
        self._copy: Path | None = None

    def read(self, path: str) -> bytes:
        """The content of a file."""
        return self._store.get_bytes(_inside(path, self.name_of("MLmodel")))

    def name_of(self, path: str) -> str:
        """Its URI."""
        return f"{self._store.uri.rstrip('/')}/{path}"

    def local(self) -> Path:
        """A copy in a temporary directory, made once and kept while the process lives."""
        if self._copy is None:
            self._copy = self._store.local_path() or self._store.get("", Path(tempfile.mkdtemp(prefix="quire-model-")))
        return self._copy


def open_model(uri: str | Path, dst_path: str | Path | None = None) -> ModelFolder:
    """The model directory that a URI or path names; copied to ``dst_path`` first if that is given."""
    location = _location(uri)
    if is_local(location):
        _check_name(location)
    if dst_path is not None:
        from quire.artifacts import open_artifacts

        return LocalFolder(open_artifacts(location).get("", Path(dst_path)))
    if is_local(location):
        return LocalFolder(local_path(location))
    from quire.artifacts import open_artifacts

    return StoredFolder(open_artifacts(location))


def _check_name(location: str) -> None:
    """Raise InvalidInput for a path that no file can have."""
    try:
        local_path(location).stat()
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        return  # it is said of the file that is read
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        shown = location if len(location) <= _SHOWN else f"{location[:_SHOWN]}…"
        raise InvalidInput(f"{shown!r} is no path: {why}. Give a folder of this machine or a model's URI.") from None


def _location(uri: str | Path) -> str:
    if isinstance(uri, Path):
        return str(uri)
    if not isinstance(uri, str):
        raise InvalidInput(f"A model URI is text or a path, not {type(uri).__name__}.")
    parsed = parse_model_uri(uri)
    if isinstance(parsed, LocationUri):
        return parsed.uri
    from quire.registry import resolve_model_uri

    location: str = resolve_model_uri(uri).location
    return location


def local_path(location: str) -> Path:
    """The path of a local location; ``file:`` URIs are decoded."""
    return Path(unquote(urlsplit(location).path)) if location.startswith("file:") else Path(location)


def _inside(path: str, where: str) -> str:
    try:
        return checked_path(path)
    except InvalidInput as error:
        raise MalformedModel(f"{where} names a file outside of the model directory. {error.message}") from None
