"""The artifact proxy: ``/api/2.0/mlflow-artifacts/…``, files below the server's own artifact root."""

from __future__ import annotations

from functools import partial
from typing import Any

from quire.domain.entities import FileInfo
from quire.domain.errors import NotFound
from quire.domain.paths import checked_path
from quire.server.calls import Calls
from quire.server.context import Context
from quire.server.http import JSON, Reply, Request, Send, send_reply
from quire.server.routes.artifacts import FILE
from quire.server.transfer import receive_file, send_file
from quire.store.rest.wire.artifacts import ListProxied, ListProxiedResponse

calls = Calls("2.0", "mlflow-artifacts", tag="Artifact proxy")
_PATH = "artifacts/{artifact_path:path}"
_BYTES: dict[str, Any] = {
    "requestBody": {"content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}}
}


@calls.read("GET", "artifacts")
def list_proxied(context: Context, request: ListProxied) -> ListProxiedResponse:
    """The entries of one folder; their paths are relative to it."""
    path = checked_path(request.path.strip("/"), root=True)
    cut = len(path) + 1 if path else 0
    files = [
        FileInfo(path=entry.path[cut:], is_dir=entry.is_dir, file_size=entry.file_size)
        for entry in context.places.proxied.list(path)
    ]
    return ListProxiedResponse(files=files)


@calls.stream("GET", _PATH, openapi=FILE)
async def download(context: Context, request: Request, send: Send) -> None:
    """A file, or a range of it."""
    await send_file(context, request, send, context.places.proxied, _path(request))


@calls.stream("PUT", _PATH, kind="write", openapi=_BYTES)
async def upload(context: Context, request: Request, send: Send) -> None:
    """Store the body as a file, replacing what is there."""
    await receive_file(context, request, context.places.proxied, _path(request))
    await send_reply(send, Reply(b"{}", 200, [JSON]))


@calls.stream("DELETE", _PATH, kind="write")
async def delete(context: Context, request: Request, send: Send) -> None:
    """Delete a file, or a folder with all below it; no error if there is nothing."""
    await context.run_files(partial(_delete, context, _path(request)))
    await send_reply(send, Reply(b"{}", 200, [JSON]))


def _delete(context: Context, path: str) -> None:
    try:
        context.places.proxied.delete(path)
    except NotFound:
        return


def _path(request: Request) -> str:
    return checked_path(request.parameters["artifact_path"])
