"""Logged models: ``/api/2.0/mlflow/logged-models/…``."""

from __future__ import annotations

from quire.domain.errors import InvalidInput
from quire.domain.registry import LoggedModelStatus, MetricDataset, MetricOrder
from quire.server.calls import Calls
from quire.server.context import Context
from quire.store.rest.wire.common import Empty
from quire.store.rest.wire.logged_models import (
    CreateLoggedModel,
    DeleteLoggedModelTag,
    FinalizeLoggedModel,
    FinalStatus,
    LoggedModelResponse,
    LogLoggedModelParams,
    OfLoggedModel,
    OrderBy,
    SearchLoggedModels,
    SearchLoggedModelsResponse,
    SetLoggedModelTags,
    on_wire,
)

_STATUSES: dict[FinalStatus, LoggedModelStatus] = {
    "LOGGED_MODEL_PENDING": "PENDING",
    "LOGGED_MODEL_READY": "READY",
    "LOGGED_MODEL_UPLOAD_FAILED": "FAILED",
}

calls = Calls("2.0", "mlflow", tag="Logged models")


@calls.write("POST", "logged-models")
def create_logged_model(context: Context, request: CreateLoggedModel) -> LoggedModelResponse:
    """Reserve an id and a place for a model's files; its status is pending."""
    model = context.store.create_logged_model(
        request.experiment_id,
        name=request.name or None,
        source_run_id=request.source_run_id or None,
        model_type=request.model_type or None,
        params=request.params,
        tags=request.tags,
    )
    return LoggedModelResponse(model=on_wire(model))


@calls.read("GET", "logged-models/{model_id}", reads="point")
def get_logged_model(context: Context, request: OfLoggedModel) -> LoggedModelResponse:
    """The logged model of an id."""
    return LoggedModelResponse(model=on_wire(context.store.get_logged_model(request.model_id)))


@calls.write("PATCH", "logged-models/{model_id}")
def finalize_logged_model(context: Context, request: FinalizeLoggedModel) -> LoggedModelResponse:
    """Say that a model's files are complete, or that writing them failed."""
    model = context.store.finalize_logged_model(request.model_id, _STATUSES[request.status])
    return LoggedModelResponse(model=on_wire(model))


@calls.write("DELETE", "logged-models/{model_id}")
def delete_logged_model(context: Context, request: OfLoggedModel) -> Empty:
    """Delete a logged model's record."""
    context.store.delete_logged_model(request.model_id)
    return Empty()


@calls.write("PATCH", "logged-models/{model_id}/tags")
def set_logged_model_tags(context: Context, request: SetLoggedModelTags) -> Empty:
    """Set or replace tags of a logged model."""
    context.store.set_logged_model_tags(request.model_id, request.tags)
    return Empty()


@calls.write("DELETE", "logged-models/{model_id}/tags/{tag_key:path}")
def delete_logged_model_tag(context: Context, request: DeleteLoggedModelTag) -> Empty:
    """Remove a tag of a logged model."""
    context.store.delete_logged_model_tag(request.model_id, request.tag_key)
    return Empty()


@calls.write("POST", "logged-models/{model_id}/params")
def log_logged_model_params(context: Context, request: LogLoggedModelParams) -> Empty:
    """Add params to a logged model."""
    context.store.log_model_params(request.model_id, request.params)
    return Empty()


@calls.read("POST", "logged-models/search")
def search_logged_models(context: Context, request: SearchLoggedModels) -> SearchLoggedModelsResponse:
    """A page of the logged models of some experiments that match a filter."""
    page = context.store.search_logged_models(
        request.experiment_ids,
        filter_string=request.filter,
        datasets=[MetricDataset(item.dataset_name, item.dataset_digest or None) for item in request.datasets],
        order_by=[_order(key) for key in request.order_by],
        max_results=request.max_results,
        page_token=request.page_token or None,
    )
    return SearchLoggedModelsResponse(models=[on_wire(model) for model in page], next_page_token=page.token)


def _order(key: OrderBy) -> str | MetricOrder:
    order = f"{key.field_name} {'ASC' if key.ascending else 'DESC'}"
    if key.dataset_name:
        return MetricOrder(order, MetricDataset(key.dataset_name, key.dataset_digest or None))
    if key.dataset_digest:
        raise InvalidInput(
            f"order_by gives the dataset_digest {key.dataset_digest!r} without a dataset_name. Give both, or the "
            "name alone."
        )
    return order
