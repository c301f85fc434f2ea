"""Fetching and reading artifacts by any URI, or by run and path."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from quire.artifacts.base import ArtifactStore, Files
from quire.artifacts.opening import local_root, open_artifacts
from quire.domain.errors import InvalidInput, MissingExtra
from quire.domain.paths import checked_path
from quire.domain.uris import LocationUri, RunUri, is_local, parse_model_uri

if TYPE_CHECKING:
    from quire.store.base import Store

PathLike = str | Path


def download_artifacts(
    artifact_uri: str | None = None,
    run_id: str | None = None,
    artifact_path: PathLike | None = None,
    dst_path: PathLike | None = None,
    tracking_uri: str | None = None,
    registry_uri: str | None = None,
) -> str:
    """The local path of an artifact file or folder, fetched first if it does not lie on this machine.

    It is named by ``artifact_uri`` (a path, ``s3://…``, ``runs:/RUN_ID/path``, ``models:/…``) or by ``run_id`` with
    ``artifact_path``. With ``dst_path`` it is copied to that folder, which is made if needed.
    Raises InvalidInput unless exactly one is given; NotFound if there is nothing.
    """
    store, path = find_artifacts(artifact_uri, run_id, artifact_path, tracking_uri, registry_uri)
    return str(fetch(store, path, dst_path))


def list_artifacts(
    artifact_uri: str | None = None,
    run_id: str | None = None,
    artifact_path: PathLike | None = None,
    tracking_uri: str | None = None,
) -> Files:
    """The entries of one artifact folder, named as in :func:`download_artifacts`; empty if there is none."""
    store, path = find_artifacts(artifact_uri, run_id, artifact_path, tracking_uri)
    return store.list(path)


def load_text(artifact_uri: str) -> str:
    """The text of an artifact file. InvalidInput if it is not UTF-8."""
    store, path = find_artifacts(artifact_uri)
    try:
        return store.get_bytes(path).decode()
    except UnicodeDecodeError as error:
        raise InvalidInput(f"The artifact {artifact_uri!r} is not text in UTF-8: {error}.") from None


def load_dict(artifact_uri: str) -> Any:
    """The value of a JSON artifact file. InvalidInput if it is not JSON."""
    store, path = find_artifacts(artifact_uri)
    try:
        return msgspec.json.decode(store.get_bytes(path))
    except msgspec.MsgspecError as error:
        raise InvalidInput(f"The artifact {artifact_uri!r} is not JSON: {error}.") from None


def load_image(artifact_uri: str) -> Any:
    """The Pillow image of an artifact file. MissingExtra if Pillow is not installed."""
    import io

    try:
        import PIL.Image
    except ImportError:
        raise MissingExtra("Loading an image needs Pillow. Install it: pip install pillow.") from None
    store, path = find_artifacts(artifact_uri)
    return PIL.Image.open(io.BytesIO(store.get_bytes(path)))


def fetch(store: ArtifactStore, path: str, destination: PathLike | None) -> Path:
    """Where an artifact lies on this machine, copied to ``destination`` if that is given or else if it must be."""
    if destination is None:
        return store.local_path(path) or store.get(path, Path(tempfile.mkdtemp(prefix="quire-")))
    folder = Path(destination).absolute()
    if folder.exists() and not folder.is_dir():
        raise InvalidInput(f"The destination {str(folder)!r} is a file; name a folder.")
    return store.get(path, folder)


def find_artifacts(
    artifact_uri: str | None = None,
    run_id: str | None = None,
    artifact_path: PathLike | None = None,
    tracking_uri: str | None = None,
    registry_uri: str | None = None,
) -> tuple[ArtifactStore, str]:
    """The artifact store, and the path in it, that a URI or a run and path name."""
    if (artifact_uri is None) == (run_id is None):
        raise InvalidInput("Name the artifact either by `artifact_uri` or by `run_id`: exactly one of them.")
    path = checked_path(str(artifact_path), root=True) if artifact_path else ""
    if run_id is not None:
        run = _store(tracking_uri).get_run(run_id)
        return open_artifacts(run.info.artifact_uri, tracking_uri), path
    if path:
        raise InvalidInput("`artifact_path` goes with `run_id`; with `artifact_uri` write it into the URI.")
    return _named_by(str(artifact_uri), tracking_uri, registry_uri or tracking_uri)


def _named_by(uri: str, tracking_uri: str | None, registry_uri: str | None) -> tuple[ArtifactStore, str]:
    from quire.store.current import current_registry_store, open_uri
    from quire.store.resolve import resolve

    parsed = parse_model_uri(uri)
    if isinstance(parsed, LocationUri):
        return _split(uri, tracking_uri)
    registry = open_uri(registry_uri) if registry_uri else current_registry_store()
    found = resolve(_store(tracking_uri), registry, parsed)
    if isinstance(parsed, RunUri) and found.model_id is None:
        run = _store(tracking_uri).get_run(parsed.run_id)
        return open_artifacts(run.info.artifact_uri, tracking_uri), parsed.path.rstrip("/")
    if found.model_id or found.version:
        return open_artifacts(found.location, tracking_uri), ""
    return _split(found.location, tracking_uri)


def _split(uri: str, tracking_uri: str | None) -> tuple[ArtifactStore, str]:
    """The folder around the last name of a location, and that name: it may be a file or a folder."""
    if is_local(uri):
        place = Path(os.path.abspath(local_root(uri)))
        place = place.resolve() if place.is_symlink() else place
        return open_artifacts(str(place.parent)), place.name
    root, _, name = uri.rstrip("/").rpartition("/")
    if root.endswith(":/") or not root:
        return open_artifacts(uri, tracking_uri), ""
    return open_artifacts(root, tracking_uri), name


def _store(tracking_uri: str | None) -> Store:
    from quire.store.current import current_store, open_uri

    return open_uri(tracking_uri) if tracking_uri else current_store()
