"""Large files straight to and from the object store behind a tracking server, by URLs that the server signs.

The server says in ``/api/3.0/mlflow/server-info`` whether it offers this; a server that says nothing is not asked.
Signed URLs get no credentials of ours: they carry their own.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from pathlib import Path
from typing import BinaryIO
from urllib.parse import quote, urlsplit

from quire.artifacts.disk import explained
from quire.domain import protojson
from quire.domain.errors import InvalidState, QuireError, Unavailable
from quire.domain.protojson import Message
from quire.store.rest.client import Call, RestClient, client_of
from quire.store.rest.connection import Answer
from quire.store.rest.wire.artifacts import (
    AbortMultipartUpload,
    CompleteMultipartUpload,
    CreateMultipartUpload,
    CreateMultipartUploadResponse,
    PartCredential,
    ProxiedPresignedResponse,
    UploadedPart,
)
from quire.store.rest.wire.info import ServerInfo

API = "/api/2.0/mlflow-artifacts"
PART = 16 * 1024 * 1024
"""Bytes of a part of an upload or download; more for a file that would have more than ``MAX_PARTS``."""
MAX_PARTS = 1000
PARTS_AT_ONCE = 6


class Direct:
    """Uploads and downloads past the server, where it offers them."""

    def __init__(self, client: RestClient) -> None:
        self._client = client

    def upload(self, local: Path, size: int, key: str) -> bool:
        """Upload a file in parts; False, with nothing done, where the server does not offer it."""
        if not self._offers.multipart_uploads_enabled:
            return False
        folder, _, name = key.rpartition("/")
        length = max(PART, -(-size // MAX_PARTS))
        count = -(-size // length)
        begun = self._begin(folder, CreateMultipartUpload(path=name, num_parts=count))
        if begun is None:
            return False
        try:
            with ThreadPoolExecutor(PARTS_AT_ONCE, "quire-upload") as pool:
                sent = list(pool.map(lambda part: _send(part, local, length, size), begun.credentials))
            done = CompleteMultipartUpload(path=name, upload_id=begun.upload_id, parts=sent)
            self._tell("complete", folder, done)
        except BaseException:
            self._abort(folder, AbortMultipartUpload(path=name, upload_id=begun.upload_id))
            raise
        return True

    def download(self, key: str, file: BinaryIO) -> bool:
        """Download a file in ranges; False, with nothing done, where the server does not offer it."""
        if not self._offers.multipart_downloads_enabled:
            return False
        try:
            call = Call(method="GET", path=f"{API}/presigned/{quote(key)}")
            signed = self._client.decode(call, ProxiedPresignedResponse)
        except Unavailable:
            raise
        except QuireError:
            return False
        if signed.file_size is None:
            return False
        starts = range(0, signed.file_size, PART)
        with ThreadPoolExecutor(PARTS_AT_ONCE, "quire-download") as pool:
            for first in range(0, len(starts), PARTS_AT_ONCE):
                for data in pool.map(lambda start: _range(signed, start), starts[first : first + PARTS_AT_ONCE]):
                    file.write(data)
        return True

    @cached_property
    def _offers(self) -> ServerInfo:
        try:
            return self._client.decode(Call(method="GET", path="/api/3.0/mlflow/server-info"), ServerInfo)
        except Unavailable:
            raise
        except QuireError:
            return ServerInfo()

    def _begin(self, folder: str, wanted: CreateMultipartUpload) -> CreateMultipartUploadResponse | None:
        try:
            answer = self._tell("create", folder, wanted)
        except Unavailable:
            raise
        except QuireError:
            return None
        return protojson.decode(answer.body, CreateMultipartUploadResponse)

    def _tell(self, step: str, folder: str, message: Message) -> Answer:
        path = f"{API}/mpu/{step}/{quote(folder)}" if folder else f"{API}/mpu/{step}"
        return self._client.call(Call(method="POST", path=path, body=protojson.encode(message)))

    def _abort(self, folder: str, message: AbortMultipartUpload) -> None:
        try:
            self._tell("abort", folder, message)
        except QuireError:
            return


def _send(part: PartCredential, local: Path, length: int, size: int) -> UploadedPart:
    start = (part.part_number - 1) * length
    with explained(f"reading {str(local)!r}"), local.open("rb") as file:
        file.seek(start)
        data = file.read(min(length, size - start))
    if len(data) != min(length, size - start):
        raise InvalidState(f"{str(local)!r} was cut while it was uploaded. Try again once it is complete.")
    headers = {"Content-Type": "", **part.headers, "Content-Length": str(len(data))}
    answer = _ask("PUT", part.url, headers, data)
    return UploadedPart(part_number=part.part_number, etag=answer.headers.get("etag", ""), url=part.url)


def _range(signed: ProxiedPresignedResponse, start: int) -> bytes:
    assert signed.file_size is not None
    end = min(start + PART, signed.file_size)
    headers = {**signed.headers, "Range": f"bytes={start}-{end - 1}"}
    answer = _ask("GET", signed.url, headers, None)
    if len(answer.body) != end - start:
        raise InvalidState(
            f"The object store sent {len(answer.body)} bytes where {end - start} were asked for: the file changed "
            "meanwhile, or ranges are not served. Try again."
        )
    return answer.body


def _ask(method: str, url: str, headers: dict[str, str], body: bytes | None) -> Answer:
    """A request to a signed URL, without our credentials."""
    parts = urlsplit(url)
    client = client_of(f"{parts.scheme}://{parts.netloc}", anonymous=True)
    target = f"{parts.path}?{parts.query}" if parts.query else parts.path
    return client.call(Call(method=method, path=target, headers=headers, body=body))
