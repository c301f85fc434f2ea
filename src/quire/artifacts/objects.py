"""Artifacts in an object store: S3 and what speaks its protocol, Google Cloud Storage, Azure."""

from __future__ import annotations

import mimetypes
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Literal, cast

from obstore import delete, get, head, list_with_delimiter, put, sign
from obstore import list as list_keys
from obstore.exceptions import (
    BaseError,
    NotFoundError,
    PermissionDeniedError,
    PreconditionError,
    UnauthenticatedError,
)

from quire.artifacts.base import Files
from quire.artifacts.bucket import connect, parse_bucket
from quire.artifacts.disk import explained, files_below, write_whole
from quire.artifacts.streams import BLOCK, Content, Receiver, Spool
from quire.artifacts.together import at_once
from quire.domain.entities import FileInfo
from quire.domain.errors import InvalidInput, InvalidState, NotFound, PermissionDenied, Unauthenticated, Unavailable
from quire.domain.paths import checked_path

if TYPE_CHECKING:
    from obstore import ObjectMeta
    from obstore.store import ObjectStore

Absent = (NotFoundError, FileNotFoundError)

PART = 8 * 1024 * 1024
"""Bytes that one request carries; a larger file travels in parts, several at once."""
PARTS_AT_ONCE = 8
FILES_AT_ONCE = 16


class ObjectArtifacts:
    """An :class:`~quire.artifacts.base.ArtifactStore` under a prefix of a bucket.

    Uploads are multipart and read the file as they go; downloads ask for ranges of one version of the object.
    Memory stays below ``PART * PARTS_AT_ONCE`` a file. The library underneath keeps threads that a fork does
    not inherit: start processes by "spawn" or "forkserver" once an object store has been used.
    """

    def __init__(self, uri: str) -> None:
        self._bucket, self._prefix = parse_bucket(uri)
        self._uri = uri.rstrip("/")

    @property
    def uri(self) -> str:
        """The root, such as ``s3://bucket/prefix``."""
        return self._uri

    def put_file(self, local: Path, path: str) -> None:
        """Upload a local file to ``path``."""
        key = self._key(checked_path(path))
        with explained(f"reading {str(local)!r}"):
            file = local.open("rb")
        with file, self._explained("uploading", path):
            self._put(file, key)

    def put_bytes(self, data: bytes, path: str) -> None:
        """Upload bytes to ``path``."""
        key = self._key(checked_path(path))
        with self._explained("uploading", path):
            self._put(data, key)

    def put_folder(self, folder: Path, path: str = "") -> None:
        """Upload every file below ``folder`` under ``path``, several at once."""
        checked_path(path, root=True)
        with explained(f"reading the folder {str(folder)!r}"):
            found = list(files_below(folder))
        at_once(lambda file: self.put_file(file[1], f"{path}/{file[0]}" if path else file[0]), found, FILES_AT_ONCE)

    def get_bytes(self, path: str) -> bytes:
        """The content of the object at ``path``."""
        key = self._key(checked_path(path))
        with self._explained("downloading", path):
            return bytes(get(self._store, key).bytes())

    def get(self, path: str, destination: Path) -> Path:
        """Download an object, or all below a folder, to ``destination / path``."""
        meta = self._head(checked_path(path, root=True))
        target = destination / path
        if meta:
            self._download(meta, path, target)
            return target
        metas = self._metas(path)
        if not metas:
            raise self._missing(path)
        target.mkdir(parents=True, exist_ok=True)
        at_once(
            lambda meta: self._download(meta, self._path(meta), destination / self._path(meta)), metas, FILES_AT_ONCE
        )
        return target

    def list(self, path: str = "") -> Files:
        """The entries of one folder; empty for a folder that does not exist or a file."""
        key = self._key(checked_path(path, root=True))
        with self._explained("listing", path):
            found = list_with_delimiter(self._store, key or None)
        folders = [
            FileInfo(path=self._relative(prefix.rstrip("/")), is_dir=True) for prefix in found["common_prefixes"]
        ]
        files = [self._info(meta) for meta in found["objects"] if meta["path"] != key]
        return sorted(folders + files, key=lambda info: info.path)

    def walk(self, path: str = "") -> Iterator[FileInfo]:
        """Every file below a folder."""
        checked_path(path, root=True)
        yield from (self._info(meta) for meta in self._metas(path))

    def exists(self, path: str) -> bool:
        """Whether there is an object at ``path`` or below it."""
        if self._head(checked_path(path, root=True)):
            return True
        with self._explained("looking for", path):
            return any(batch for batch in list_keys(self._store, self._key(path) or None, chunk_size=1))

    def delete(self, path: str = "") -> None:
        """Remove the object at ``path`` and all below it."""
        meta = self._head(checked_path(path, root=True))
        keys = [found["path"] for found in (*([meta] if meta else []), *self._metas(path))]
        if not keys:
            raise self._missing(path)
        with self._explained("deleting", path):
            delete(self._store, keys)

    def local_path(self, path: str = "") -> Path | None:
        """None: nothing of a bucket lies on this machine."""
        checked_path(path, root=True)
        return None

    def content(self, path: str) -> Content:
        """The object at ``path``, to be read in pieces of one version."""
        meta = self._head(checked_path(path))
        if meta is None:
            if self.exists(path):
                raise InvalidInput(f"The artifact {path!r} of {self.uri} is a folder; name a file in it.")
            raise self._missing(path)
        etag = (meta.get("e_tag") or "").strip('"') or f"{meta['size']:x}"
        return Content(
            size=meta["size"],
            etag=etag,
            modified=meta["last_modified"].timestamp(),
            read=lambda start, stop: self._blocks(meta, path, start, stop),
        )

    def _blocks(self, meta: ObjectMeta, path: str, start: int, stop: int) -> Iterator[bytes]:
        if start >= stop:
            return
        options: dict[str, Any] = {"range": (start, stop)}
        if meta.get("e_tag"):
            options["if_match"] = meta["e_tag"]
        with self._explained("downloading", path):
            for block in get(self._store, meta["path"], options=cast(Any, options)).stream(min_chunk_size=BLOCK):
                yield bytes(block)

    def presigned(self, method: Literal["GET", "PUT"], path: str, seconds: int) -> str:
        """A URL by which whoever holds it reads or writes the object at ``path`` for a while."""
        key = self._key(checked_path(path))
        with self._explained("signing a request for", path):
            url: str = sign(cast(Any, self._store), method, key, timedelta(seconds=seconds))
            return url

    def receiver(self, path: str) -> Receiver:
        """An object to be written at ``path`` once it has come whole."""
        key = self._key(checked_path(path))

        def send(file: Any) -> None:
            with self._explained("uploading", path):
                self._put(file, key)

        return Spool(send)

    @property
    def _store(self) -> ObjectStore:
        return connect(self._bucket)

    def _put(self, data: BinaryIO | bytes, key: str) -> None:
        kind = mimetypes.guess_type(key)[0]
        attributes: Any = {"Content-Type": kind} if kind else None
        put(self._store, key, data, attributes=attributes, chunk_size=PART, max_concurrency=PARTS_AT_ONCE)

    def _download(self, meta: ObjectMeta, path: str, target: Path) -> None:
        doing = f"writing the artifact {path!r} of {self.uri} to {str(target)!r}"
        with explained(doing):
            write_whole(target, lambda file: self._fetch(meta, path, file))

    def _fetch(self, meta: ObjectMeta, path: str, file: BinaryIO) -> None:
        with self._explained("downloading", path):
            self._fetch_parts(meta, file)

    def _fetch_parts(self, meta: ObjectMeta, file: BinaryIO) -> None:
        size, key = meta["size"], meta["path"]
        if size <= PART:
            file.write(get(self._store, key).bytes())
            return
        starts = range(0, size, PART)
        options: dict[str, Any] = {"if_match": meta["e_tag"]} if meta.get("e_tag") else {}

        def part(start: int) -> bytes:
            wanted: Any = {**options, "range": (start, min(start + PART, size))}
            return bytes(get(self._store, key, options=wanted).bytes())

        with ThreadPoolExecutor(PARTS_AT_ONCE, "quire-download") as pool:
            for first in range(0, len(starts), PARTS_AT_ONCE):
                for data in pool.map(part, starts[first : first + PARTS_AT_ONCE]):
                    file.write(data)

    def _head(self, path: str) -> ObjectMeta | None:
        if not path:
            return None
        with self._explained("looking for", path):
            try:
                return head(self._store, self._key(path))
            except Absent:
                return None

    def _metas(self, path: str) -> Sequence[ObjectMeta]:
        key = self._key(path)
        with self._explained("listing", path):
            found = [meta for batch in list_keys(self._store, key or None) for meta in batch if meta["path"] != key]
        return sorted(found, key=lambda meta: meta["path"])

    def _key(self, path: str) -> str:
        return "/".join(part for part in (self._prefix, path) if part)

    def _relative(self, key: str) -> str:
        return key[len(self._prefix) :].lstrip("/") if self._prefix else key

    def _path(self, meta: ObjectMeta) -> str:
        """The artifact path of a stored object, checked: whoever wrote the bucket chose its keys."""
        return checked_path(self._relative(meta["path"]))

    def _info(self, meta: ObjectMeta) -> FileInfo:
        return FileInfo(path=self._relative(meta["path"]), is_dir=False, file_size=meta["size"])

    def _missing(self, path: str) -> NotFound:
        folder = path.rpartition("/")[0]
        there = [info.path for info in self.list(folder)[:20]] if path else []
        shown = f" {folder or 'Its root'!r} holds {there}." if there else ""
        return NotFound(f"No artifact {path or 'root'!r} in {self.uri}.{shown}")

    @contextmanager
    def _explained(self, doing: str, path: str) -> Iterator[None]:
        """Turn an error of the object store into the error that says what to do about it."""
        what = f"{doing} {path or 'the root'!r} in {self.uri}"
        try:
            yield
        except Absent as error:
            why = " The bucket does not exist." if "NoSuchBucket" in str(error) else ""
            raise NotFound(f"No artifact {path or 'root'!r} in {self.uri}.{why}") from error
        except UnauthenticatedError as error:
            raise Unauthenticated(
                f"The object store refused the credentials while {what}: {_first_line(error)}"
            ) from error
        except PermissionDeniedError as error:
            raise PermissionDenied(f"Not allowed while {what}: {_first_line(error)}") from error
        except PreconditionError as error:
            raise InvalidState(f"The object changed while {what}. Try again once writing has ended.") from error
        except BaseError as error:
            raise Unavailable(
                f"The object store failed while {what}: {_first_line(error)} Check that the bucket exists, that the "
                "endpoint (AWS_ENDPOINT_URL) is reachable and that credentials are set."
            ) from error


def _first_line(error: Exception) -> str:
    text = next((line for line in str(error).splitlines() if line.strip()), type(error).__name__)
    return text.strip()[:300].rstrip(".") + "."
