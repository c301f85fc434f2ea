"""Files of runs and models: lists and downloads under ``/api/2.0/mlflow/`` and at MLflow's older paths."""

from __future__ import annotations

from functools import partial
from typing import Any

from quire.artifacts.base import ArtifactStore
from quire.artifacts.streams import content
from quire.domain.entities import FileInfo
from quire.domain.errors import InvalidInput
from quire.domain.paths import checked_path
from quire.server.calls import Calls
from quire.server.context import Context
from quire.server.direct import is_bucket, signed
from quire.server.http import JSON, Reply, Request, Send, send_reply
from quire.server.transfer import receive_file, send_file
from quire.store.resolve import locate
from quire.store.rest.wire.artifacts import (
    ListArtifacts,
    ListArtifactsResponse,
    PresignedDownload,
    PresignedResponse,
    PresignedUpload,
)
from quire.store.rest.wire.logged_models import ListLoggedModelArtifacts

calls = Calls("2.0", "mlflow", tag="Artifacts", preview=True)
FILE: dict[str, Any] = {
    "responses": {
        "200": {"description": "The file.", "content": {"*/*": {"schema": {"type": "string", "format": "binary"}}}},
        "206": {"description": "The range asked for.", "content": {"*/*": {"schema": {"type": "string"}}}},
    }
}


def query(*names: str) -> dict[str, Any]:
    """Required fields of a query, for the OpenAPI document."""
    return {
        "parameters": [{"name": name, "in": "query", "required": True, "schema": {"type": "string"}} for name in names]
    }


@calls.read("GET", "artifacts/list", reads="files")
def list_artifacts(context: Context, request: ListArtifacts) -> ListArtifactsResponse:
    """The entries of one folder of a run's artifacts."""
    root = context.store.get_run(request.run).info.artifact_uri
    return ListArtifactsResponse(root_uri=root, files=_entries(context, root, request.path))


@calls.read("GET", "logged-models/{model_id}/artifacts/directories", reads="files")
def list_logged_model_artifacts(context: Context, request: ListLoggedModelArtifacts) -> ListArtifactsResponse:
    """The entries of one folder of a logged model."""
    root = context.store.get_logged_model(request.model_id).artifact_location
    return ListArtifactsResponse(root_uri=root, files=_entries(context, root, request.artifact_directory_path))


def _entries(context: Context, root: str, path: str) -> list[FileInfo]:
    """Entries of a folder below an artifact location; their paths are relative to that."""
    path = path.rstrip("/")
    store, place = context.places.find(root, path)
    above = place[: len(place) - len(path)].rstrip("/") if path else place
    cut = len(above) + 1 if above else 0
    return [
        FileInfo(path=entry.path[cut:], is_dir=entry.is_dir, file_size=entry.file_size) for entry in store.list(place)
    ]


@calls.stream("GET", "/get-artifact", openapi={**query("run_uuid", "path"), **FILE})
async def get_artifact(context: Context, request: Request, send: Send) -> None:
    """A file of a run's artifacts."""
    fields = dict(request.query)
    run_id = fields.get("run_uuid") or _given(fields, "run_id")
    path = _given(fields, "path")
    run = await context.run_look(partial(context.store.get_run, run_id))
    await _send(context, request, send, run.info.artifact_uri, path)


@calls.stream("GET", "/model-versions/get-artifact", openapi={**query("name", "version", "path"), **FILE})
async def get_model_version_artifact(context: Context, request: Request, send: Send) -> None:
    """A file of a model version."""
    fields = dict(request.query)
    name, number, path = (_given(fields, field) for field in ("name", "version", "path"))

    def place() -> str:
        version = context.registry.get_model_version(name, number)
        return locate(context.store, context.registry, version.source)

    await _send(context, request, send, await context.run_look(place), path)


@calls.stream("GET", "logged-models/{model_id}/artifacts/files", openapi={**query("artifact_file_path"), **FILE})
async def get_logged_model_artifact(context: Context, request: Request, send: Send) -> None:
    """A file of a logged model."""
    path = _given(dict(request.query), "artifact_file_path")
    model = await context.run_look(partial(context.store.get_logged_model, request.parameters["model_id"]))
    await _send(context, request, send, model.artifact_location, path)


@calls.stream("POST", "upload-artifact", kind="write", openapi=query("run_uuid", "path"))
async def upload_artifact(context: Context, request: Request, send: Send) -> None:
    """Store the body as a file of a run's artifacts."""
    fields = dict(request.query)
    run_id, path = _given(fields, "run_uuid"), checked_path(_given(fields, "path"))
    run = await context.run_look(partial(context.store.get_run, run_id))
    store, place = context.places.find(run.info.artifact_uri, path)
    await receive_file(context, request, store, place)
    await send_reply(send, Reply(b"{}", 200, [JSON]))


@calls.write("POST", "artifacts/presigned-upload-url")
def presigned_upload(context: Context, request: PresignedUpload) -> PresignedResponse:
    """A URL to send a file of a run or a logged model to the bucket itself."""
    if bool(request.run_id) == bool(request.model_id):
        raise InvalidInput("Give either run_id or model_id.")
    root = (
        context.store.get_run(request.run_id).info.artifact_uri
        if request.run_id
        else context.store.get_logged_model(request.model_id or "").artifact_location
    )
    store, path = _bucket(context, root, request.path)
    return PresignedResponse(presigned_url=signed(store, "PUT", path, request.expiration))


@calls.read("POST", "artifacts/presigned-download-url", reads="files")
def presigned_download_of_run(context: Context, request: PresignedDownload) -> PresignedResponse:
    """A URL to fetch a file of a run from the bucket itself."""
    store, path = _bucket(context, context.store.get_run(request.run).info.artifact_uri, request.path)
    size = content(store, path).size
    return PresignedResponse(presigned_url=signed(store, "GET", path, request.expiration), file_size=size)


def _bucket(context: Context, root: str, path: str) -> tuple[ArtifactStore, str]:
    store, place = context.places.find(root, checked_path(path))
    if not context.settings.direct_transfers or not is_bucket(store):
        raise InvalidInput(
            "These files are not kept in an object store that gives out URLs. Send and fetch them through the server: "
            "/api/2.0/mlflow-artifacts/artifacts/PATH."
        )
    return store, place


async def _send(context: Context, request: Request, send: Send, root: str, path: str) -> None:
    store, place = context.places.find(root, checked_path(path))
    await send_file(context, request, send, store, place)


def _given(fields: dict[str, str], name: str) -> str:
    value = fields.get(name)
    if not value:
        raise InvalidInput(
            f"Missing value for required parameter '{name}'. See the API docs for more information about request "
            "parameters."
        )
    return value
