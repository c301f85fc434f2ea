"""Writing a bundle: the model's files and its lineage, gathered from the tracking store."""

from __future__ import annotations

import errno
import hashlib
import os
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from quire._version import __version__
from quire.artifacts import open_artifacts
from quire.bundle.content import FORMAT, LINEAGE, MANIFEST, MODEL_FOLDER, FileEntry, Lineage, Manifest
from quire.bundle.lineage import gather_lineage, origin_of
from quire.domain.errors import AlreadyExists, MalformedModel, NotFound, PermissionDenied, Unavailable
from quire.domain.redaction import redact
from quire.registry import ResolvedModel, resolve_model_uri
from quire.store.base import Store
from quire.store.current import current_registry_store, current_store

_FIXED_TIME = (1980, 1, 1, 0, 0, 0)
_CHUNK = 1024 * 1024
_REGULAR_FILE = 0o100644 << 16


class Exported(msgspec.Struct, frozen=True, kw_only=True):
    """What was written: where, how large (bytes), and which model with which of its registrations."""

    path: str
    size: int
    files: int
    origin: str
    run_id: str | None
    experiment_name: str | None
    versions: list[str]


def export_model(model_uri: str, path: str | Path, *, overwrite: bool = False) -> Exported:
    """Write the model and its lineage to one file, which appears complete or not at all.

    Raises AlreadyExists if the file is there and ``overwrite`` is false, NotFound for a model that does not exist,
    MalformedModel for a folder that is none, PermissionDenied or Unavailable if the file cannot be written.
    """
    target = Path(path)
    if target.exists() and not overwrite:
        raise AlreadyExists(f"{str(target)!r} exists; name another file, or overwrite it (--overwrite).")
    resolved = resolve_model_uri(model_uri)
    with tempfile.TemporaryDirectory(prefix="quire-export-") as scratch:
        folder = _model_folder(resolved.location, Path(scratch))
        return export_folder(current_store(), current_registry_store(), resolved, folder, target, model_uri)


def export_folder(
    store: Store,
    registry: Store,
    resolved: ResolvedModel,
    folder: Path,
    target: Path,
    model_uri: str,
    *,
    with_run: bool = True,
) -> Exported:
    """Write a model, whose files lie in ``folder``, and what these stores know of it to one file.

    Without ``with_run`` the run that made it, and what its experiment knows of it, are left out.
    """
    if not (folder / "MLmodel").is_file():
        raise MalformedModel(f"{model_uri!r} ({resolved.location}) is not a model directory: it has no MLmodel file.")
    files = sorted(_files_below(folder))
    lineage = gather_lineage(store, registry, resolved, folder, with_run=with_run)
    origin = origin_of(lineage, folder, files)
    _write(target, folder, files, lineage, origin, model_uri)
    return Exported(
        path=str(target),
        size=target.stat().st_size,
        files=len(files),
        origin=origin,
        run_id=lineage.run.run_id if lineage.run else None,
        experiment_name=lineage.experiment_name,
        versions=[f"{item.name}/{item.version}" for item in lineage.registrations],
    )


def _model_folder(location: str, scratch: Path) -> Path:
    artifacts = open_artifacts(location)
    return artifacts.local_path() or artifacts.get("", scratch)


def _files_below(folder: Path) -> Iterator[str]:
    """Paths of the files, links left out: a bundle holds what lies in the folder, nothing that it points at."""
    for parent, folders, names in os.walk(folder, followlinks=False):
        folders[:] = [name for name in folders if name != "__pycache__"]
        for name in names:
            entry = Path(parent, name)
            if entry.is_file() and not entry.is_symlink():
                yield entry.relative_to(folder).as_posix()


def _write(target: Path, folder: Path, files: list[str], lineage: Lineage, origin: str, uri: str) -> None:
    partial = target.with_name(f"{target.name}.partial")
    try:
        try:
            with zipfile.ZipFile(partial, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
                _fill(archive, folder, files, lineage, origin, uri)
            os.replace(partial, target)
        finally:
            partial.unlink(missing_ok=True)
    except FileNotFoundError:
        raise NotFound(f"The folder {str(target.parent)!r} does not exist; create it first.") from None
    except PermissionError:
        raise PermissionDenied(f"{str(target)!r} may not be written; name a file in a writable folder.") from None
    except OSError as error:
        if error.errno == errno.EROFS:
            raise PermissionDenied(f"{str(target)!r} lies on a read-only disk; name a file elsewhere.") from None
        raise Unavailable(f"{str(target)!r} cannot be written: {error.strerror or error}.") from None


def _fill(
    archive: zipfile.ZipFile, folder: Path, files: list[str], lineage: Lineage, origin: str, model_uri: str
) -> None:
    text = msgspec.json.format(msgspec.json.encode(_redacted(msgspec.to_builtins(lineage))), indent=1)
    archive.writestr(_info(LINEAGE), text)
    entries = [FileEntry(LINEAGE, len(text), hashlib.sha256(text).hexdigest())]
    entries += [_add_file(archive, folder / path, f"{MODEL_FOLDER}{path}") for path in files]
    manifest = Manifest(
        format=FORMAT,
        quire_version=__version__,
        origin=origin,
        exported_from=redact(model_uri),
        files=entries,
    )
    archive.writestr(_info(MANIFEST), msgspec.json.format(msgspec.json.encode(manifest), indent=1))


def _redacted(value: Any) -> Any:
    """The value with what looks like a credential taken out of each text: a bundle travels."""
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, dict):
        return {key: _redacted(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_redacted(item) for item in value]
    return value


def _add_file(archive: zipfile.ZipFile, source: Path, path: str) -> FileEntry:
    digest, size = hashlib.sha256(), 0
    with source.open("rb") as reader, archive.open(_info(path), "w", force_zip64=True) as writer:
        while chunk := reader.read(_CHUNK):
            digest.update(chunk)
            size += len(chunk)
            writer.write(chunk)
    return FileEntry(path, size, digest.hexdigest())


def _info(path: str) -> zipfile.ZipInfo:
    """An entry that depends on nothing but its path, so that the same content gives the same file."""
    info = zipfile.ZipInfo(path, _FIXED_TIME)
    info.compress_type = zipfile.ZIP_DEFLATED
    info.external_attr = _REGULAR_FILE
    return info
