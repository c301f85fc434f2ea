"""A model version as one file on its way to a client: made beside, whole or not at all, and sent as it is read."""

from __future__ import annotations

import re
import shutil
import tempfile
from functools import partial
from pathlib import Path

from quire.domain.access import Identity, Resource
from quire.domain.errors import InvalidState
from quire.domain.uris import RegisteredModelUri
from quire.server.auth.asking import IDENTITY
from quire.server.context import Context
from quire.server.http import Request, Send
from quire.server.model_folder import PlacedFolder, files_of
from quire.server.transfer import send_file

_MOST_FILES = 10_000
_MOST_BYTES = 4 * 1024**3


async def send_bundle(context: Context, request: Request, send: Send, name: str, version: str) -> None:
    """Send what ``quire models export`` writes of a version. Of a run that may not be read nothing is told."""
    from quire.artifacts import open_artifacts

    scratch = Path(await context.run_files(partial(tempfile.mkdtemp, prefix="quire-bundle-")))
    try:
        identity: Identity | None = request.scope.get(IDENTITY)
        file = await context.run_files(partial(_write, context, identity, scratch, name, version))
        await send_file(context, request, send, open_artifacts(str(file.parent)), file.name)
    finally:
        await context.run_files(partial(shutil.rmtree, scratch, ignore_errors=True))


def bundle_name(name: str, version: str) -> str:
    """The name of the file: that of the model, without what no file system takes."""
    plain = re.sub(r'[\x00-\x1f\x7f<>:"/\\|?*%]', "_", name).strip(". ") or "model"
    return f"{plain[:100]}-{version}.quire"


def _write(context: Context, identity: Identity | None, scratch: Path, name: str, version: str) -> Path:
    from quire.bundle.export import export_folder
    from quire.store.resolve import resolve

    resolved = resolve(context.store, context.registry, RegisteredModelUri(name, version=version))
    files, complete = files_of(context.places, resolved.location, _MOST_FILES)
    size = sum(file.size for file in files)
    if not complete or size > _MOST_BYTES:
        raise InvalidState(
            f"The model has {len(files):,} files or more, of {size:,} bytes; a bundle holds at most {_MOST_FILES:,} of "
            f"{_MOST_BYTES:,}. Download its files one by one."
        )
    copies, made = scratch / "model", scratch / "made"
    made.mkdir()
    folder = PlacedFolder(context.places, resolved.location).copied(copies)
    target = made / bundle_name(name, version)
    uri = f"models:/{name}/{version}"
    with_run = _reads_run(context, identity, resolved.run_id)
    export_folder(context.store, context.registry, resolved, folder, target, uri, with_run=with_run)
    return target


def _reads_run(context: Context, identity: Identity | None, run_id: str | None) -> bool:
    if identity is None or identity.administers:
        return True
    if run_id is None:
        return False
    experiment = context.store.get_run(run_id).info.experiment_id
    return identity.reads(Resource("experiment", experiment))
