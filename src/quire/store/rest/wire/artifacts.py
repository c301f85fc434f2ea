"""Messages about artifacts: ``/api/2.0/mlflow/artifacts/…`` and the proxy's ``/api/2.0/mlflow-artifacts/…``."""

from __future__ import annotations

import msgspec

from quire.domain.entities import FileInfo
from quire.domain.protojson import Int64, Message, Required
from quire.store.rest.wire.common import OfRun


class ListArtifacts(OfRun, frozen=True, kw_only=True):
    """``GET artifacts/list``."""

    path: str = ""
    page_token: str | None = None


class ListArtifactsResponse(Message, frozen=True, kw_only=True):
    """The entries of one folder; their paths are relative to ``root_uri``."""

    root_uri: str
    files: list[FileInfo] = msgspec.field(default_factory=list)
    next_page_token: str | None = None


class ListProxied(Message, frozen=True, kw_only=True):
    """``GET mlflow-artifacts/artifacts``: a folder below the proxy's root."""

    path: str = ""


class ListProxiedResponse(Message, frozen=True, kw_only=True):
    """The entries of one folder; their paths are relative to the folder."""

    files: list[FileInfo] = msgspec.field(default_factory=list)


class OfProxied(Message, frozen=True, kw_only=True):
    """``GET mlflow-artifacts/presigned/{artifact_path}``."""

    artifact_path: Required


class CreateMultipartUpload(Message, frozen=True, kw_only=True):
    """``POST mlflow-artifacts/mpu/create/{artifact_path}``: the folder; ``path`` is the file on the client's side."""

    artifact_path: str = ""
    path: Required
    num_parts: Int64 = 1


class PartCredential(Message, frozen=True, kw_only=True):
    """Where to send one part: ``PUT url`` with ``headers``."""

    url: str
    part_number: int
    headers: dict[str, str] = msgspec.field(default_factory=dict)


class CreateMultipartUploadResponse(Message, frozen=True, kw_only=True):
    """An upload that was begun."""

    upload_id: str
    credentials: list[PartCredential] = msgspec.field(default_factory=list)


class UploadedPart(Message, frozen=True, kw_only=True):
    """A part that was sent, with the ``ETag`` that its place answered."""

    part_number: Int64
    etag: str = ""
    url: str | None = None


class CompleteMultipartUpload(Message, frozen=True, kw_only=True):
    """``POST mlflow-artifacts/mpu/complete/{artifact_path}``."""

    artifact_path: str = ""
    path: Required
    upload_id: Required
    parts: list[UploadedPart] = msgspec.field(default_factory=list)


class AbortMultipartUpload(Message, frozen=True, kw_only=True):
    """``POST mlflow-artifacts/mpu/abort/{artifact_path}``."""

    artifact_path: str = ""
    path: Required
    upload_id: Required


class PresignedUpload(Message, frozen=True, kw_only=True):
    """``POST artifacts/presigned-upload-url``: of a run or of a logged model; ``expiration`` in seconds."""

    run_id: str | None = None
    model_id: str | None = None
    path: Required
    expiration: Int64 | None = None


class PresignedDownload(OfRun, frozen=True, kw_only=True):
    """``POST artifacts/presigned-download-url``."""

    path: Required
    expiration: Int64 | None = None


class PresignedResponse(Message, frozen=True, kw_only=True):
    """A URL that serves one request for a while."""

    presigned_url: str
    headers: dict[str, str] = msgspec.field(default_factory=dict)
    file_size: Int64 | None = None


class ProxiedPresignedResponse(Message, frozen=True, kw_only=True):
    """``GET mlflow-artifacts/presigned/{path}``: a URL to download one file from."""

    url: str
    headers: dict[str, str] = msgspec.field(default_factory=dict)
    file_size: Int64 | None = None
