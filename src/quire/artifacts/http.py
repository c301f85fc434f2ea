"""Artifacts behind a tracking server's proxy (``mlflow-artifacts:``, ``http:``, ``https:``).

Files travel in streams, never whole in memory. A download that breaks off goes on where it was, as long as the
file is still the same. Large files go straight to and from the object store behind the server where it offers that.
Credentials are sent to the tracking server alone, never to another address that an artifact's URI or a server's
answer names.
"""

from __future__ import annotations

import mimetypes
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO
from urllib.parse import quote, unquote, urlsplit

from quire.artifacts.base import Files
from quire.artifacts.direct import Direct
from quire.artifacts.disk import explained, files_below, write_whole
from quire.artifacts.together import at_once
from quire.domain.entities import FileInfo
from quire.domain.errors import (
    InvalidInput,
    InvalidState,
    NotFound,
    PermissionDenied,
    QuireError,
    Unauthenticated,
    Unavailable,
)
from quire.domain.paths import checked_path
from quire.domain.protojson import encode_query
from quire.store.rest.client import Call, RestClient, client_of
from quire.store.rest.connection import Source, Unanswered
from quire.store.rest.settings import parse_address
from quire.store.rest.wire.artifacts import ListProxied, ListProxiedResponse

PROXY = "/api/2.0/mlflow-artifacts/artifacts"
FILES_AT_ONCE = 8
LARGE = 64 * 1024 * 1024
"""Bytes from which a file goes straight to the object store, if the server offers that."""
_BLOCK = 1 << 20
_RESUMES = 8
_PLACE = re.compile(r"(?P<scheme>[A-Za-z-]+):(?://(?P<host>[^/?#]*))?(?P<path>[^?#]*)\Z", re.DOTALL)
_SERIOUS = (Unavailable, Unauthenticated, PermissionDenied)


class HttpArtifacts:
    """An :class:`~quire.artifacts.base.ArtifactStore` under a folder of a server's artifact proxy."""

    def __init__(self, uri: str, tracking_uri: str) -> None:
        self._client, self._base, self._folder = locate(uri, tracking_uri)
        self._uri = uri.rstrip("/")
        self._direct = Direct(self._client) if self._base.endswith(PROXY) else None

    @property
    def uri(self) -> str:
        """The root, as it was given."""
        return self._uri

    def put_file(self, local: Path, path: str) -> None:
        """Upload a local file to ``path``."""
        key = self._key(checked_path(path))
        with explained(f"reading {str(local)!r}"):
            file = local.open("rb")
        with file:
            size = os.fstat(file.fileno()).st_size
            if size >= LARGE and self._direct and self._direct.upload(local, size, key):
                return
            self._put(_Exactly(file, size, str(local)), size, path, key)

    def put_bytes(self, data: bytes, path: str) -> None:
        """Upload bytes to ``path``."""
        self._put(bytes(data), len(data), path, self._key(checked_path(path)))

    def put_folder(self, folder: Path, path: str = "") -> None:
        """Upload every file below ``folder`` under ``path``, several at once."""
        checked_path(path, root=True)
        with explained(f"reading the folder {str(folder)!r}"):
            found = list(files_below(folder))
        at_once(lambda file: self.put_file(file[1], f"{path}/{file[0]}" if path else file[0]), found, FILES_AT_ONCE)

    def get_bytes(self, path: str) -> bytes:
        """The content of the file at ``path``."""
        checked_path(path)
        with self._missing_explained(path):
            return self._client.call(self._call("GET", path)).body

    def get(self, path: str, destination: Path) -> Path:
        """Download a file, or all below a folder, to ``destination / path``."""
        info = self._info(checked_path(path, root=True))
        target = destination / path
        if not info.is_dir:
            self._download(info, target)
            return target
        found = list(self.walk(path))
        if not found:
            raise self._missing(path)
        target.mkdir(parents=True, exist_ok=True)
        at_once(lambda file: self._download(file, destination / file.path), found, FILES_AT_ONCE)
        return target

    def list(self, path: str = "") -> Files:
        """The entries of one folder; empty for a folder that does not exist or a file."""
        checked_path(path, root=True)
        call = Call(method="GET", path=self._listing(), query=encode_query(ListProxied(path=self._key(path))))
        found = [_below(path, info) for info in self._client.decode(call, ListProxiedResponse).files]
        if path and len(found) == 1 and not found[0].is_dir and found[0].path == f"{path}/{_name(path)}":
            # Some servers answer a file's own entry for a file: a folder with a file of its name has it too.
            return found if self._is_folder(path) else []
        return sorted(found, key=lambda info: info.path)

    def walk(self, path: str = "") -> Iterator[FileInfo]:
        """Every file below a folder."""
        for info in sorted(self.list(path), key=lambda info: f"{info.path}/" if info.is_dir else info.path):
            if info.is_dir:
                yield from self.walk(info.path)
            else:
                yield info

    def exists(self, path: str) -> bool:
        """Whether there is a file or a folder at ``path``."""
        if not checked_path(path, root=True):
            return bool(self.list())
        return self._find(path) is not None

    def delete(self, path: str = "") -> None:
        """Remove a file, or a folder with all below it; NotFound if there is nothing."""
        if not self.exists(path):
            raise self._missing(path)
        self._client.call(self._call("DELETE", path))

    def local_path(self, path: str = "") -> Path | None:
        """None: nothing behind a server lies on this machine, as far as is known."""
        checked_path(path, root=True)
        return None

    def _put(self, data: Source | bytes, size: int, path: str, key: str) -> None:
        kind = mimetypes.guess_type(path)[0] or "application/octet-stream"
        headers = {"Content-Type": kind, "Content-Length": str(size)}
        self._client.call(Call(method="PUT", path=self._at(key), body=data, headers=headers))

    def _download(self, info: FileInfo, target: Path) -> None:
        with explained(f"writing the artifact {info.path!r} of {self.uri} to {str(target)!r}"):
            write_whole(target, lambda file: self._fetch(info, file))

    def _fetch(self, info: FileInfo, file: BinaryIO) -> None:
        large = (info.file_size or 0) >= LARGE
        if large and self._direct and self._direct.download(self._key(info.path), file):
            return
        with self._missing_explained(info.path):
            _Download(self._client, self._call("GET", info.path)).into(file)

    def _call(self, method: str, path: str) -> Call:
        return Call(method=method, path=self._at(self._key(path)))

    def _at(self, key: str) -> str:
        return f"{self._base}/{quote(key)}" if key else self._base

    def _key(self, path: str) -> str:
        return "/".join(part for part in (self._folder, path) if part)

    def _listing(self) -> str:
        if not self._base.endswith(PROXY):
            raise InvalidState(
                f"{self.uri} is not below a tracking server's artifact proxy ({PROXY}), so what it holds cannot be "
                "listed. A single file of it can be read by its path."
            )
        return self._base

    def _is_folder(self, path: str) -> bool:
        info = self._find(path)
        return info is not None and info.is_dir

    def _find(self, path: str) -> FileInfo | None:
        """The entry of ``path`` in the folder around it."""
        return next((info for info in self.list(path.rpartition("/")[0]) if info.path == path), None)

    def _info(self, path: str) -> FileInfo:
        if not path:
            return FileInfo(path="", is_dir=True)
        if not self._base.endswith(PROXY):
            return FileInfo(path=path, is_dir=False)
        if info := self._find(path):
            return info
        raise self._missing(path)

    def _missing(self, path: str) -> NotFound:
        folder = path.rpartition("/")[0]
        there = [info.path for info in self.list(folder)[:20]] if path and self._base.endswith(PROXY) else []
        shown = f" {folder or 'Its root'!r} holds {there}." if there else ""
        return NotFound(f"No artifact {path or 'root'!r} in {self.uri}.{shown}")

    @contextmanager
    def _missing_explained(self, path: str) -> Iterator[None]:
        """Say what is missing, and what is there instead, whatever the server says of it."""
        try:
            yield
        except _SERIOUS:
            raise
        except QuireError as error:
            info = self._find(path) if self._base.endswith(PROXY) else None
            if info and info.is_dir:
                raise InvalidInput(f"{path!r} in {self.uri} is a folder; name a file of it.") from error
            if info is None and (isinstance(error, NotFound) or self._base.endswith(PROXY)):
                raise self._missing(path) from error
            raise


class _Exactly:
    """A file of which as many bytes are sent as were announced, even if it grows meanwhile."""

    def __init__(self, file: BinaryIO, size: int, name: str) -> None:
        self._file = file
        self._size = self._left = size
        self._name = name

    def read(self, count: int = -1, /) -> bytes:
        data = self._file.read(self._left if count < 0 else min(count, self._left))
        if not data and self._left:
            raise InvalidState(f"{self._name!r} was cut while it was uploaded. Try again once it is complete.")
        self._left -= len(data)
        return data

    def seek(self, place: int, /) -> int:
        self._left = self._size - place
        return self._file.seek(place)


class _Download:
    """A file on its way; what breaks off is taken up again where it was, if the server still has the same file."""

    def __init__(self, client: RestClient, call: Call) -> None:
        self._client = client
        self._call = call
        self._mark: str | None = None

    def into(self, file: BinaryIO) -> None:
        for tries_left in reversed(range(_RESUMES)):
            before = file.tell()
            try:
                self._go_on(file)
            except Unanswered as error:
                if not tries_left and file.tell() == before:
                    raise Unavailable(
                        f"The download of {self._call.path} from {self._client.url} broke off {_RESUMES} times: "
                        f"{error}. Try again."
                    ) from error
            else:
                return

    def _go_on(self, file: BinaryIO) -> None:
        headers = {"Accept-Encoding": "identity"}
        done = file.tell()
        if done and self._mark:
            headers |= {"Range": f"bytes={done}-", "If-Range": self._mark}
        call = Call(method="GET", path=self._call.path, headers=headers)
        with self._client.stream(call) as response:
            if response.status != 206:
                file.seek(0)
                file.truncate()
                self._mark = _strong(response.headers.get("etag")) or response.headers.get("last-modified")
            while data := response.read(_BLOCK):
                file.write(data)


def locate(uri: str, tracking_uri: str) -> tuple[RestClient, str, str]:
    """The client for an artifact URI, the path of its proxy there, and the folder below that.

    ``mlflow-artifacts:/folder`` is at the tracking server, ``mlflow-artifacts://host/folder`` at another one that is
    spoken to the same way. Raises InvalidInput.
    """
    match = _PLACE.match(uri)
    if match is None:
        raise InvalidInput(f"{uri!r} is not the place of artifacts: it holds a query or a fragment. Leave it out.")
    if match["scheme"].lower() == "mlflow-artifacts":
        return _proxied(uri, match["host"] or "", match["path"], tracking_uri)
    before, mark, below = match["path"].partition(PROXY)
    host = f"{match['scheme'].lower()}://{match['host'] or ''}"
    if mark:
        return _client(f"{host}{before}", tracking_uri), PROXY, _folder(below)
    return _client(host, tracking_uri), "", _folder(match["path"])


def _proxied(uri: str, host: str, path: str, tracking_uri: str) -> tuple[RestClient, str, str]:
    scheme = urlsplit(tracking_uri).scheme.lower()
    if scheme not in ("http", "https"):
        raise InvalidInput(
            f"{uri!r} is behind a tracking server's artifact proxy, and the tracking URI names no server. Set it: "
            'quire.set_tracking_uri("http://host:port").'
        )
    server = f"{scheme}://{host}" if host else tracking_uri
    return _client(server, tracking_uri), PROXY, _folder(path)


def _client(server: str, tracking_uri: str) -> RestClient:
    """The client of a server: the tracking server's own, with its credentials, where that is the one."""
    if urlsplit(tracking_uri).scheme.lower() in ("http", "https"):
        address, login = parse_address(server)
        tracking, _ = parse_address(tracking_uri)
        if address.origin == tracking.origin and login is None:
            if address.prefix == tracking.prefix or server == tracking_uri:
                return client_of(tracking_uri)
            return client_of(server)
    return client_of(server, anonymous=server != tracking_uri)


def _folder(path: str) -> str:
    return checked_path(unquote(path.strip("/")), root=True)


def _below(folder: str, info: FileInfo) -> FileInfo:
    """An entry with its path from the root, checked: whoever wrote the store chose the names."""
    path = checked_path(f"{folder}/{info.path}" if folder else info.path)
    return FileInfo(path=path, is_dir=info.is_dir, file_size=None if info.is_dir else info.file_size)


def _name(path: str) -> str:
    return path.rpartition("/")[2]


def _strong(etag: str | None) -> str | None:
    return etag if etag and not etag.startswith("W/") else None
