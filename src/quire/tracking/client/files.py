"""Artifact files of runs and logged models, by id."""

from __future__ import annotations

from pathlib import Path
from typing import IO, Any

import msgspec

from quire.artifacts import ArtifactStore, open_artifacts
from quire.artifacts.access import fetch
from quire.domain.entities import FileInfo
from quire.domain.errors import InvalidInput, InvalidState, NotFound
from quire.domain.paths import checked_path
from quire.tracking.client.base import ClientBase

PathLike = str | Path


class FileCalls(ClientBase):
    """What a client does with artifact files."""

    def list_artifacts(self, run_id: str, path: PathLike | None = None) -> list[FileInfo]:
        """The entries of one artifact folder of a run; empty if there is no such folder."""
        return self._run_artifacts(run_id).list(_folder(path))

    def download_artifacts(self, run_id: str, path: PathLike = "", dst_path: PathLike | None = None) -> str:
        """The local path of an artifact file or folder, fetched first if it does not lie on this machine.

        With ``dst_path`` it is copied to that folder, which is made if needed. NotFound if there is no such artifact.
        """
        return str(fetch(self._run_artifacts(run_id), _folder(path), dst_path))

    def log_artifact(self, run_id: str, local_path: PathLike, artifact_path: PathLike | None = None) -> None:
        """Store a local file, or a folder under its own name, in the folder ``artifact_path`` of the artifacts."""
        put_file_or_folder(self._open_to_write(run_id), Path(local_path), _folder(artifact_path))

    def log_artifacts(self, run_id: str, local_dir: PathLike, artifact_path: PathLike | None = None) -> None:
        """Store what is in a local folder in the folder ``artifact_path`` of the artifacts."""
        put_folder(self._open_to_write(run_id), Path(local_dir), _folder(artifact_path))

    def log_text(self, run_id: str, text: str, artifact_file: PathLike) -> None:
        """Store text as the file ``artifact_file``, in UTF-8."""
        if not isinstance(text, str):
            raise InvalidInput(f"log_text stores text, and was given {type(text).__name__}. For data use log_dict.")
        self._put(run_id, text.encode(), artifact_file)

    def log_dict(self, run_id: str, dictionary: Any, artifact_file: PathLike) -> None:
        """Store a JSON-like value: as YAML if the file's name ends in .yaml or .yml, else as JSON."""
        name = str(artifact_file)
        self._put(run_id, _yaml(dictionary) if name.endswith((".yaml", ".yml")) else _json(dictionary), name)

    def log_stream(self, run_id: str, stream: IO[bytes], artifact_file: PathLike) -> None:
        """Store what is left in a binary stream."""
        data = stream.read()
        if not isinstance(data, bytes | bytearray):
            raise InvalidInput(f"log_stream needs a binary stream; reading this one gave {type(data).__name__}.")
        self._put(run_id, bytes(data), artifact_file)

    def list_logged_model_artifacts(self, model_id: str, path: PathLike | None = None) -> list[FileInfo]:
        """The entries of one folder of a logged model."""
        return self._model_artifacts(model_id).list(_folder(path))

    def log_model_artifact(self, model_id: str, local_path: PathLike, artifact_path: PathLike | None = None) -> None:
        """Store a local file or folder among the files of a logged model."""
        put_file_or_folder(self._model_artifacts(model_id), Path(local_path), _folder(artifact_path))

    def log_model_artifacts(self, model_id: str, local_dir: PathLike, artifact_path: PathLike | None = None) -> None:
        """Store what is in a local folder among the files of a logged model."""
        put_folder(self._model_artifacts(model_id), Path(local_dir), _folder(artifact_path))

    def _put(self, run_id: str, data: bytes, artifact_file: PathLike) -> None:
        path = checked_path(str(artifact_file))
        self._open_to_write(run_id).put_bytes(data, path)

    def artifacts_at(self, uri: str) -> ArtifactStore:
        """The files at an artifact location that the store has given: of a run, of a logged model."""
        return open_artifacts(uri, self._store_uri)

    def _run_artifacts(self, run_id: str) -> ArtifactStore:
        return self.artifacts_at(self.store.get_run(run_id).info.artifact_uri)

    def _open_to_write(self, run_id: str) -> ArtifactStore:
        info = self.store.get_run(run_id).info
        if info.lifecycle_stage != "active":
            raise InvalidState(f"The run {run_id} is deleted; restore it before logging artifacts to it.")
        return self.artifacts_at(info.artifact_uri)

    def _model_artifacts(self, model_id: str) -> ArtifactStore:
        return self.artifacts_at(self.store.get_logged_model(model_id).artifact_location)


def put_file_or_folder(store: ArtifactStore, local: Path, folder: str) -> None:
    """Store a file, or a folder under its own name, in a folder of the artifacts. NotFound if there is neither."""
    name = local.absolute().name if local.name not in ("", "..") else local.resolve().name
    target = f"{folder}/{name}" if folder else name
    if local.is_dir():
        store.put_folder(local, target)
    else:
        store.put_file(local, target)


def put_folder(store: ArtifactStore, local: Path, folder: str) -> None:
    """Store what is in a local folder. InvalidInput for a file, NotFound for nothing."""
    if local.is_file():
        raise InvalidInput(f"{str(local)!r} is a file; log_artifacts takes a folder. Use log_artifact for a file.")
    if not local.exists():
        raise NotFound(f"There is no folder {str(local)!r} to store.")
    store.put_folder(local, folder)


def _folder(path: PathLike | None) -> str:
    return checked_path(str(path), root=True) if path else ""


def _json(value: Any) -> bytes:
    import json

    try:
        return json.dumps(value, indent=2, default=_plain).encode()
    except (TypeError, ValueError) as error:
        raise InvalidInput(f"The value cannot be written as JSON: {error}. Convert it to plain types first.") from None


def _yaml(value: Any) -> bytes:
    import yaml

    plain = msgspec.json.decode(_json(value))
    return yaml.safe_dump(plain, sort_keys=False, allow_unicode=True).encode()


def _plain(value: Any) -> Any:
    """NumPy scalars and arrays, Structs and dataclasses as plain values. Raises TypeError for the rest."""
    if hasattr(value, "tolist"):
        return value.tolist()
    return msgspec.to_builtins(value)
