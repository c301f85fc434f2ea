"""Reading a bundle that anyone may have written: nothing in it is trusted before it is checked.

Refused: entries that leave the folder (absolute, ``..``, drive letters, encoded), links and special files, doubled or
undeclared entries, encryption, sizes beyond the limits, content that is larger than declared or does not match its
checksum. Nothing is unpacked until the table of contents passed, and nothing is executed at all.
"""

from __future__ import annotations

import hashlib
import re
import stat
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import IO, NoReturn, TypeVar

import msgspec

from quire.bundle.content import FORMAT, LINEAGE, MANIFEST, MODEL_FOLDER, FileEntry, Lineage, Manifest
from quire.domain.errors import InvalidInput, NotFound, PermissionDenied, QuireError
from quire.domain.ids import is_run_id
from quire.domain.paths import checked_path
from quire.domain.unreadable import UNREADABLE

MOST_FILES = 10_000
MOST_BYTES = 4 * 1024**3
"""All files of a bundle together, unpacked."""
_MOST_JSON_BYTES = 512 * 1024**2
_MOST_INFLATION = 500
_ORIGIN = re.compile(r"(?:m-[0-9a-f]{32}|sha256:[0-9a-f]{64})\Z")
_SMALL = 16 * 1024**2
_CHUNK = 1024 * 1024

T = TypeVar("T")


class BundleError(InvalidInput):
    """A file is not a bundle, or is damaged or dangerous."""


class Bundle:
    """An open bundle whose table of contents passed the checks; used as a context manager.

    Raises NotFound, PermissionDenied or BundleError.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self._archive = self._open()
        try:
            self._infos = self._checked_contents()
            self.manifest = self._decode(MANIFEST, self._read_whole(MANIFEST, None), Manifest)
            self._check_manifest()
            entry = next(item for item in self.manifest.files if item.path == LINEAGE)
            self.lineage = self._decode(LINEAGE, self._read_whole(LINEAGE, entry), Lineage)
            if self.lineage.run is not None and not is_run_id(self.lineage.run.run_id):
                self._refuse(f"its run id {self.lineage.run.run_id[:80]!r} is not one")
        except BaseException:
            self._archive.close()
            raise

    def __enter__(self) -> Bundle:
        return self

    def __exit__(self, *_exception: object) -> None:
        self._archive.close()

    def unpack(self, folder: Path) -> None:
        """Write the model's files below ``folder``, each checked against its size and checksum."""
        for entry in self.manifest.files:
            if not entry.path.startswith(MODEL_FOLDER):
                continue
            target = folder / checked_path(entry.path.removeprefix(MODEL_FOLDER))
            target.parent.mkdir(parents=True, exist_ok=True)
            with target.open("xb") as writer:
                self._copy(entry, writer)

    def _open(self) -> zipfile.ZipFile:
        try:
            return zipfile.ZipFile(self.path)
        except FileNotFoundError:
            raise NotFound(f"The bundle {str(self.path)!r} does not exist.") from None
        except PermissionError:
            raise PermissionDenied(f"The bundle {str(self.path)!r} may not be read by this user.") from None
        except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
            self._refuse(f"it is not a ZIP file ({error}); expected a file that `quire models export` wrote")

    def _refuse(self, why: str) -> NoReturn:
        raise BundleError(f"{str(self.path)!r} cannot be imported: {why}.")

    def _checked_contents(self) -> dict[str, zipfile.ZipInfo]:
        infos = self._archive.infolist()
        if len(infos) > MOST_FILES:
            self._refuse(f"it holds {len(infos)} files; at most {MOST_FILES} are allowed")
        total = sum(info.file_size for info in infos)
        packed = sum(info.compress_size for info in infos)
        if total > MOST_BYTES:
            self._refuse(f"it would unpack to {total} bytes; at most {MOST_BYTES} are allowed")
        if total > _SMALL and total > packed * _MOST_INFLATION:
            self._refuse(f"it would unpack from {packed} bytes to {total}, which no model does")
        by_name: dict[str, zipfile.ZipInfo] = {}
        for info in infos:
            self._check_entry(info)
            if info.filename in by_name:
                self._refuse(f"it holds {info.filename!r} twice")
            by_name[info.filename] = info
        return by_name

    def _check_entry(self, info: zipfile.ZipInfo) -> None:
        try:
            checked_path(info.orig_filename)
            checked_path(info.filename)
        except InvalidInput as error:
            self._refuse(f"it holds a path that leaves its folder or is malformed: {error.message.rstrip('.')}")
        kind = stat.S_IFMT(info.external_attr >> 16)
        if kind not in (0, stat.S_IFREG):
            self._refuse(f"{info.filename!r} is a link or a special file; only regular files are allowed")
        if info.flag_bits & 0x1:
            self._refuse(f"{info.filename!r} is encrypted")
        if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            self._refuse(f"{info.filename!r} is compressed by method {info.compress_type}; expected deflate")

    def _check_manifest(self) -> None:
        if self.manifest.format != FORMAT:
            self._refuse(f"its format is {self.manifest.format!r}; this Quire reads {FORMAT!r}")
        declared = [entry.path for entry in self.manifest.files]
        if len(set(declared)) != len(declared):
            self._refuse("its manifest lists a file twice")
        odd = sorted((set(declared) | {MANIFEST}) ^ self._infos.keys())
        if odd:
            self._refuse(f"its manifest and its content disagree about {odd[:5]}")
        if LINEAGE not in declared or f"{MODEL_FOLDER}MLmodel" not in declared:
            self._refuse("it lacks the lineage or the MLmodel file")
        strange = [path for path in declared if path != LINEAGE and not path.startswith(MODEL_FOLDER)]
        if strange:
            self._refuse(f"it holds files outside {MODEL_FOLDER}: {strange[:5]}")
        if not _ORIGIN.match(self.manifest.origin):
            self._refuse(f"its origin {self.manifest.origin[:80]!r} is neither a model id nor a SHA-256")

    def _read_whole(self, path: str, entry: FileEntry | None) -> bytes:
        info = self._infos.get(path)
        if info is None:
            self._refuse(f"it has no {path}; expected a file that `quire models export` wrote")
        if info.file_size > _MOST_JSON_BYTES:
            self._refuse(f"{path} has {info.file_size} bytes; at most {_MOST_JSON_BYTES} are allowed")
        collected: list[bytes] = []
        digest = self._stream(info, collected.append)
        if entry is not None:
            self._compare(entry, info.file_size, digest)
        return b"".join(collected)

    def _decode(self, path: str, data: bytes, kind: type[T]) -> T:
        try:
            return msgspec.json.decode(data, type=kind)
        except UNREADABLE as error:
            self._refuse(f"{path} cannot be read ({error})")

    def _copy(self, entry: FileEntry, writer: IO[bytes]) -> None:
        info = self._infos[entry.path]
        self._compare(entry, info.file_size, self._stream(info, writer.write))

    def _stream(self, info: zipfile.ZipInfo, take: Callable[[bytes], object]) -> str:
        """Hand over an entry's bytes in chunks, never more than it declares; returns their SHA-256."""
        digest, size = hashlib.sha256(), 0
        try:
            with self._archive.open(info) as reader:
                while chunk := reader.read(_CHUNK):
                    size += len(chunk)
                    if size > info.file_size:
                        self._refuse(f"{info.filename!r} is larger than it declares")
                    digest.update(chunk)
                    take(chunk)
        except QuireError:
            raise
        except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
            self._refuse(f"{info.filename!r} is damaged ({error})")
        return digest.hexdigest()

    def _compare(self, entry: FileEntry, size: int, digest: str) -> None:
        if size != entry.size or digest != entry.sha256:
            self._refuse(f"{entry.path!r} is not what was exported: its size or checksum differs from the manifest's")
