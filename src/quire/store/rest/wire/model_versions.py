"""Messages about model versions: ``/api/2.0/mlflow/model-versions/…``."""

from __future__ import annotations

import msgspec

from quire.domain.protojson import Int64, Message, Required
from quire.domain.registry import ModelVersion
from quire.store.rest.wire.common import GivenTag


class CreateModelVersion(Message, frozen=True, kw_only=True):
    """``POST model-versions/create``."""

    name: Required
    source: Required
    run_id: str | None = None
    tags: list[GivenTag] = msgspec.field(default_factory=list)
    run_link: str = ""
    description: str = ""
    model_id: str | None = None


class ModelVersionResponse(Message, frozen=True, kw_only=True):
    """A model version: the answer to creating, reading, updating and moving it, and to reading an alias."""

    model_version: ModelVersion


class OfModelVersion(Message, frozen=True, kw_only=True):
    """A request about one version: ``GET model-versions/get``, ``GET …/get-download-uri``, ``DELETE …/delete``."""

    name: Required
    version: Required


class GetModelVersionDownloadUriResponse(Message, frozen=True, kw_only=True):
    """Where the version's files are."""

    artifact_uri: str


class UpdateModelVersion(OfModelVersion, frozen=True, kw_only=True):
    """``PATCH model-versions/update``."""

    description: str = ""


class TransitionModelVersionStage(OfModelVersion, frozen=True, kw_only=True):
    """``POST model-versions/transition-stage``; ``stage`` in any case."""

    stage: Required
    archive_existing_versions: bool = False


class SearchModelVersions(Message, frozen=True, kw_only=True):
    """``GET model-versions/search``."""

    filter: str = ""
    max_results: Int64 = 10_000
    order_by: list[str] = msgspec.field(default_factory=list)
    page_token: str | None = None


class SearchModelVersionsResponse(Message, frozen=True, kw_only=True):
    """A page of model versions."""

    model_versions: list[ModelVersion] = msgspec.field(default_factory=list)
    next_page_token: str | None = None


class SetModelVersionTag(OfModelVersion, frozen=True, kw_only=True):
    """``POST model-versions/set-tag``."""

    key: Required
    value: str = ""


class DeleteModelVersionTag(OfModelVersion, frozen=True, kw_only=True):
    """``DELETE model-versions/delete-tag``."""

    key: Required
