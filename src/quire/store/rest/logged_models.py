"""Logged models over MLflow's REST protocol."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from quire.domain.entities import Param, Tag
from quire.domain.errors import InvalidInput
from quire.domain.filters import format_order_by
from quire.domain.metric_orders import parse_metric_orders
from quire.domain.names import (
    MAX_EXPERIMENT_NAME,
    MAX_MODEL_ID,
    check_experiment_id,
    check_logged_model_name,
    check_page_size,
    check_params,
    check_tags,
    check_text,
)
from quire.domain.paging import Page
from quire.domain.registry import LoggedModel, LoggedModelStatus, MetricDataset, MetricOrder
from quire.store.rest.base import clean_params, clean_tags, segment
from quire.store.rest.runs import RestRuns
from quire.store.rest.wire.common import Empty
from quire.store.rest.wire.logged_models import (
    CreateLoggedModel,
    FinalizeLoggedModel,
    FinalStatus,
    LoggedModelResponse,
    LogLoggedModelParams,
    OfLoggedModel,
    OnDataset,
    OrderBy,
    SearchLoggedModels,
    SearchLoggedModelsResponse,
    SetLoggedModelTags,
)

MAX_PAGE = 50_000
_WIRE_STATUS: dict[str, FinalStatus] = {
    "PENDING": "LOGGED_MODEL_PENDING",
    "READY": "LOGGED_MODEL_READY",
    "FAILED": "LOGGED_MODEL_UPLOAD_FAILED",
}


class RestLoggedModels(RestRuns):
    """The part of a store that keeps logged models."""

    def create_logged_model(
        self,
        experiment_id: str,
        *,
        name: str | None = None,
        source_run_id: str | None = None,
        model_type: str | None = None,
        params: Sequence[Param] = (),
        tags: Sequence[Tag] = (),
    ) -> LoggedModel:
        """Reserve an id and a place for a model's files; its status is PENDING."""
        check_experiment_id(experiment_id)
        check_params(params)
        check_tags(tags, "model")
        message = CreateLoggedModel(
            experiment_id=experiment_id,
            name=None if name is None else check_logged_model_name(name),
            model_type=None if model_type is None else check_text(model_type, "model_type", MAX_EXPERIMENT_NAME),
            source_run_id=_id(source_run_id),
            params=clean_params(params),
            tags=clean_tags(tags),
        )
        look = "Look for it with search_logged_models before you log it again."
        made = self._ask("POST", "/logged-models", message, LoggedModelResponse, repeatable=False, look=look)
        return _sorted(made.model)

    def get_logged_model(self, model_id: str) -> LoggedModel:
        """The logged model of that id."""
        return _sorted(self._get(_path(model_id), Empty(), LoggedModelResponse).model)

    def finalize_logged_model(self, model_id: str, status: LoggedModelStatus) -> LoggedModel:
        """Say that the files are complete (READY) or that writing them failed (FAILED)."""
        if status not in _WIRE_STATUS:
            raise InvalidInput(f"Invalid status {status!r} of a logged model; expected {', '.join(_WIRE_STATUS)}.")
        message = FinalizeLoggedModel(model_id=model_id, status=_WIRE_STATUS[status])
        return _sorted(self._ask("PATCH", _path(model_id), message, LoggedModelResponse).model)

    def delete_logged_model(self, model_id: str) -> None:
        """Delete a logged model's record."""
        self._tell("DELETE", _path(model_id), OfLoggedModel(model_id=model_id), repeatable=False)

    def log_model_params(self, model_id: str, params: Sequence[Param]) -> None:
        """Add params to a logged model. InvalidInput if one is logged with another value."""
        check_params(params)
        message = LogLoggedModelParams(model_id=model_id, params=clean_params(params))
        self._tell("POST", f"{_path(model_id)}/params", message)

    def set_logged_model_tags(self, model_id: str, tags: Sequence[Tag]) -> None:
        """Set or replace tags."""
        check_tags(tags, "model")
        message = SetLoggedModelTags(model_id=model_id, tags=clean_tags(tags))
        self._tell("PATCH", f"{_path(model_id)}/tags", message)

    def delete_logged_model_tag(self, model_id: str, key: str) -> None:
        """Remove a tag; NotFound if it is not set."""
        self._tell("DELETE", f"{_path(model_id)}/tags/{segment(key)}", Empty(), repeatable=False)

    def search_logged_models(
        self,
        experiment_ids: Sequence[str],
        *,
        filter_string: str = "",
        datasets: Sequence[MetricDataset] = (),
        order_by: Sequence[str | MetricOrder] = (),
        max_results: int = 100,
        page_token: str | None = None,
    ) -> Page[LoggedModel]:
        """Logged models of these experiments that match; newest first unless ordered otherwise.

        With ``datasets``, those that were measured on one of them, and metrics of the filter are those measured there.
        """
        check_page_size(max_results, MAX_PAGE)
        for experiment_id in experiment_ids:
            check_experiment_id(experiment_id)
        message = SearchLoggedModels(
            experiment_ids=list(experiment_ids),
            filter=filter_string,
            datasets=[OnDataset(dataset_name=item.name, dataset_digest=item.digest) for item in datasets],
            order_by=_orders(order_by),
            max_results=max_results,
            page_token=page_token,
        )
        found = self._ask("POST", "/logged-models/search", message, SearchLoggedModelsResponse)
        return Page([_sorted(model) for model in found.models], found.next_page_token or None)


def _orders(clauses: Sequence[str | MetricOrder]) -> list[OrderBy]:
    """Order clauses as the protocol has them here: the field, the direction and the dataset apart."""
    parsed = parse_metric_orders(clauses)
    fields = (clause.rsplit(" ", 1)[0] for clause in format_order_by([order for order, _ in parsed]))
    return [
        OrderBy(
            field_name=field,
            ascending=order.ascending,
            dataset_name=dataset.name if dataset else None,
            dataset_digest=dataset.digest if dataset else None,
        )
        for field, (order, dataset) in zip(fields, parsed, strict=True)
    ]


def _path(model_id: str) -> str:
    check_text(model_id, "The id of a logged model", MAX_MODEL_ID)
    return f"/logged-models/{segment(model_id)}"


def _id(source_run_id: str | None) -> str | None:
    return None if source_run_id is None else check_text(source_run_id, "source_run_id", MAX_EXPERIMENT_NAME)


def _sorted(model: LoggedModel) -> LoggedModel:
    """The model in one shape, whichever the server has: lists by key, what is absent as None."""
    info = model.info
    if info.model_type == "" or info.source_run_id == "":
        info = msgspec.structs.replace(
            info, model_type=info.model_type or None, source_run_id=info.source_run_id or None
        )
        model = msgspec.structs.replace(model, info=info)
    model.info.tag_list.sort(key=lambda tag: tag.key)
    model.data.param_list.sort(key=lambda param: param.key)
    model.data.metric_list.sort(key=lambda metric: (metric.key, metric.timestamp, metric.step))
    return model
