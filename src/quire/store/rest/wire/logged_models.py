"""Messages about logged models: ``/api/2.0/mlflow/logged-models/…``."""

from __future__ import annotations

from typing import Literal

import msgspec

from quire.domain.protojson import Int64, Message, Required
from quire.domain.registry import LoggedModel
from quire.store.rest.wire.common import GivenParam, GivenTag

FinalStatus = Literal["LOGGED_MODEL_PENDING", "LOGGED_MODEL_READY", "LOGGED_MODEL_UPLOAD_FAILED"]


def on_wire(model: LoggedModel) -> LoggedModel:
    """A logged model as it is sent: what it lacks is the empty text."""
    info = model.info
    if info.model_type is not None and info.source_run_id is not None:
        return model
    replaced = msgspec.structs.replace(info, model_type=info.model_type or "", source_run_id=info.source_run_id or "")
    return LoggedModel(info=replaced, data=model.data)


class CreateLoggedModel(Message, frozen=True, kw_only=True):
    """``POST logged-models``."""

    experiment_id: Required
    name: str | None = None
    model_type: str | None = None
    source_run_id: str | None = None
    params: list[GivenParam] = msgspec.field(default_factory=list)
    tags: list[GivenTag] = msgspec.field(default_factory=list)


class LoggedModelResponse(Message, frozen=True, kw_only=True):
    """A logged model: the answer to creating, reading and finalizing it."""

    model: LoggedModel


class OfLoggedModel(Message, frozen=True, kw_only=True):
    """A request about one logged model, named by the path; ``GET`` and ``DELETE logged-models/{model_id}``."""

    model_id: Required


class FinalizeLoggedModel(OfLoggedModel, frozen=True, kw_only=True):
    """``PATCH logged-models/{model_id}``."""

    status: FinalStatus


class SetLoggedModelTags(OfLoggedModel, frozen=True, kw_only=True):
    """``PATCH logged-models/{model_id}/tags``."""

    tags: list[GivenTag] = msgspec.field(default_factory=list)


class DeleteLoggedModelTag(OfLoggedModel, frozen=True, kw_only=True):
    """``DELETE logged-models/{model_id}/tags/{tag_key}``."""

    tag_key: Required


class LogLoggedModelParams(OfLoggedModel, frozen=True, kw_only=True):
    """``POST logged-models/{model_id}/params``."""

    params: list[GivenParam] = msgspec.field(default_factory=list)


class OrderBy(Message, frozen=True, kw_only=True):
    """One key of an order; a metric may be that of one dataset."""

    field_name: Required
    ascending: bool = True
    dataset_name: str | None = None
    dataset_digest: str | None = None


class OnDataset(Message, frozen=True, kw_only=True):
    """A dataset that metrics were measured on; without a digest, every dataset of that name."""

    dataset_name: Required
    dataset_digest: str | None = None


class SearchLoggedModels(Message, frozen=True, kw_only=True):
    """``POST logged-models/search``."""

    experiment_ids: list[str] = msgspec.field(default_factory=list)
    filter: str = ""
    datasets: list[OnDataset] = msgspec.field(default_factory=list)
    max_results: Int64 = 50
    order_by: list[OrderBy] = msgspec.field(default_factory=list)
    page_token: str | None = None


class SearchLoggedModelsResponse(Message, frozen=True, kw_only=True):
    """A page of logged models."""

    models: list[LoggedModel] = msgspec.field(default_factory=list)
    next_page_token: str | None = None


class ListLoggedModelArtifacts(OfLoggedModel, frozen=True, kw_only=True):
    """``GET logged-models/{model_id}/artifacts/directories``."""

    artifact_directory_path: str = ""
    page_token: str | None = None
