"""What a server says of itself: ``/api/3.0/mlflow/server-info``."""

from __future__ import annotations

import msgspec

from quire.domain.protojson import Message, written


class Features(Message, frozen=True, kw_only=True):
    """Optional parts of MLflow's server."""

    gateway: bool = written(False)


class ServerInfo(Message, frozen=True, kw_only=True):
    """What a client may use. MLflow's servers before 3.3 do not have this call."""

    store_type: str = written("SqlStore")
    workspaces_enabled: bool = written(False)
    trace_archival_enabled: bool = written(False)
    multipart_uploads_enabled: bool = written(False)
    multipart_downloads_enabled: bool = written(False)
    presigned_upload_run_id_supported: bool = written(False)
    presigned_upload_model_id_supported: bool = written(False)
    features_enabled: Features = msgspec.field(default_factory=Features)


class ErrorResponse(Message, frozen=True, kw_only=True):
    """What went wrong. Newer servers of MLflow add ``sqlstate`` and ``error_class``."""

    error_code: str
    message: str = ""
    sqlstate: str | None = None
    error_class: str | None = None
