"""The artifact proxy: ``/api/2.0/mlflow-artifacts/…``, files below the server's own artifact root."""

from __future__ import annotations

import re
from functools import partial
from typing import Any

from quire.artifacts.multipart import MOST_PARTS, Multipart
from quire.artifacts.streams import content
from quire.domain.entities import FileInfo
from quire.domain.errors import InvalidInput, NotFound
from quire.domain.paths import checked_path
from quire.server.calls import Calls
from quire.server.context import Context
from quire.server.direct import direct_bucket, gives_urls, not_implemented, signed, takes_parts, uploads_in_parts
from quire.server.http import JSON, Reply, Request, Send, send_reply
from quire.server.routes.artifacts import FILE
from quire.server.transfer import receive_file, send_file
from quire.store.rest.wire.artifacts import (
    AbortMultipartUpload,
    CompleteMultipartUpload,
    CreateMultipartUpload,
    CreateMultipartUploadResponse,
    ListProxied,
    ListProxiedResponse,
    OfProxied,
    PartCredential,
    ProxiedPresignedResponse,
)
from quire.store.rest.wire.common import Empty

calls = Calls("2.0", "mlflow-artifacts", tag="Artifact proxy")
_PATH = "artifacts/{artifact_path:path}"
_BYTES: dict[str, Any] = {
    "requestBody": {"content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}}
}


@calls.read("GET", "artifacts", reads="files")
def list_proxied(context: Context, request: ListProxied) -> ListProxiedResponse:
    """The entries of one folder; their paths are relative to it."""
    path = checked_path(request.path.rstrip("/") or request.path, root=True)
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


@calls.read("GET", "presigned/{artifact_path:path}", offered=gives_urls, reads="files")
def presigned_download(context: Context, request: OfProxied) -> ProxiedPresignedResponse:
    """A URL to fetch a file from the bucket itself."""
    store = direct_bucket(context)
    if store is None:
        raise not_implemented("Multipart download")
    path = checked_path(request.artifact_path)
    size = content(store, path).size
    return ProxiedPresignedResponse(url=signed(store, "GET", path), file_size=size)


@calls.write("POST", "mpu/create/{artifact_path:path}", "mpu/create", offered=takes_parts, reads="files")
def create_multipart_upload(context: Context, request: CreateMultipartUpload) -> CreateMultipartUploadResponse:
    """Begin an upload in parts that the client sends to the bucket itself."""
    uploads, path = _upload(context, request.artifact_path, request.path)
    if not 1 <= request.num_parts <= MOST_PARTS:
        raise InvalidInput(f"num_parts is {request.num_parts}; give a number from 1 to {MOST_PARTS:,}.")
    upload_id = uploads.create(path)
    parts = range(1, request.num_parts + 1)
    return CreateMultipartUploadResponse(
        upload_id=upload_id,
        credentials=[
            PartCredential(url=uploads.part_url(path, upload_id, number), part_number=number) for number in parts
        ],
    )


@calls.write("POST", "mpu/complete/{artifact_path:path}", "mpu/complete", offered=takes_parts, reads="files")
def complete_multipart_upload(context: Context, request: CompleteMultipartUpload) -> Empty:
    """Make one file of the parts that were sent."""
    uploads, path = _upload(context, request.artifact_path, request.path)
    uploads.complete(path, request.upload_id, [(part.part_number, part.etag) for part in request.parts])
    return Empty()


@calls.write("POST", "mpu/abort/{artifact_path:path}", "mpu/abort", offered=takes_parts, reads="files")
def abort_multipart_upload(context: Context, request: AbortMultipartUpload) -> Empty:
    """Forget the parts that were sent."""
    uploads, path = _upload(context, request.artifact_path, request.path)
    uploads.abort(path, request.upload_id)
    return Empty()


def _upload(context: Context, folder: str, file: str) -> tuple[Multipart, str]:
    """The uploads of the bucket, and the path of a file, of which the client gives its own path."""
    uploads = uploads_in_parts(context)
    if uploads is None:
        raise not_implemented("Multipart upload")
    name = re.split(r"[/\\]", file)[-1]
    return uploads, checked_path("/".join(part for part in (folder.strip("/"), name) if part))


def _path(request: Request) -> str:
    return checked_path(request.parameters["artifact_path"].rstrip("/"))
