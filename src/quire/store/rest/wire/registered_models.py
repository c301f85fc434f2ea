"""Messages about registered models and aliases: ``/api/2.0/mlflow/registered-models/…``."""

from __future__ import annotations

import msgspec

from quire.domain.protojson import Int64, Message, Required
from quire.domain.registry import ModelVersion, RegisteredModel
from quire.store.rest.wire.common import GivenTag


class OfRegisteredModel(Message, frozen=True, kw_only=True):
    """A request about one registered model; ``GET registered-models/get`` and ``DELETE registered-models/delete``."""

    name: Required


class CreateRegisteredModel(OfRegisteredModel, frozen=True, kw_only=True):
    """``POST registered-models/create``."""

    tags: list[GivenTag] = msgspec.field(default_factory=list)
    description: str = ""
    deployment_job_id: str | None = None


class RegisteredModelResponse(Message, frozen=True, kw_only=True):
    """A registered model: the answer to creating, reading, renaming and updating it."""

    registered_model: RegisteredModel


class RenameRegisteredModel(OfRegisteredModel, frozen=True, kw_only=True):
    """``POST registered-models/rename``."""

    new_name: Required


class UpdateRegisteredModel(OfRegisteredModel, frozen=True, kw_only=True):
    """``PATCH registered-models/update``."""

    description: str = ""
    deployment_job_id: str | None = None


class SearchRegisteredModels(Message, frozen=True, kw_only=True):
    """``GET registered-models/search``."""

    filter: str = ""
    max_results: Int64 = 100
    order_by: list[str] = msgspec.field(default_factory=list)
    page_token: str | None = None


class SearchRegisteredModelsResponse(Message, frozen=True, kw_only=True):
    """A page of registered models."""

    registered_models: list[RegisteredModel] = msgspec.field(default_factory=list)
    next_page_token: str | None = None


class GetLatestVersions(OfRegisteredModel, frozen=True, kw_only=True):
    """``POST registered-models/get-latest-versions``, or ``GET``."""

    stages: list[str] = msgspec.field(default_factory=list)


class GetLatestVersionsResponse(Message, frozen=True, kw_only=True):
    """The newest version of each stage."""

    model_versions: list[ModelVersion] = msgspec.field(default_factory=list)


class SetRegisteredModelTag(OfRegisteredModel, frozen=True, kw_only=True):
    """``POST registered-models/set-tag``."""

    key: Required
    value: str = ""


class DeleteRegisteredModelTag(OfRegisteredModel, frozen=True, kw_only=True):
    """``DELETE registered-models/delete-tag``."""

    key: Required


class SetAlias(OfRegisteredModel, frozen=True, kw_only=True):
    """``POST registered-models/alias``."""

    alias: Required
    version: Required


class MoveAlias(OfRegisteredModel, frozen=True, kw_only=True):
    """``POST /api/quire/v1/registered-models/move-alias``; without a version there is none, or shall be none.

    ``key`` and ``value`` are those of the tag.
    """

    alias: Required
    version: str | None = None
    expected: str | None = None
    key: Required
    value: str = ""


class OfAlias(OfRegisteredModel, frozen=True, kw_only=True):
    """``GET registered-models/alias``, which answers a model version, and ``DELETE``."""

    alias: Required
