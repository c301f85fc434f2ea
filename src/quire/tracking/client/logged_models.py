"""Logged models, by model id."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from quire.domain.errors import InvalidInput
from quire.domain.paging import Page
from quire.domain.registry import LoggedModel, LoggedModelStatus, MetricDataset, MetricOrder
from quire.tracking import values
from quire.tracking.client.base import ClientBase


class LoggedModelCalls(ClientBase):
    """What a client does with logged models."""

    def create_logged_model(
        self,
        experiment_id: str,
        name: str | None = None,
        source_run_id: str | None = None,
        tags: dict[str, str] | None = None,
        params: dict[str, str] | None = None,
        model_type: str | None = None,
    ) -> LoggedModel:
        """Reserve an id and a place for a model's files; its status is PENDING."""
        return self.store.create_logged_model(
            str(experiment_id),
            name=name,
            source_run_id=source_run_id,
            model_type=model_type,
            params=values.params(params or {}),
            tags=values.tags(tags),
        )

    def finalize_logged_model(self, model_id: str, status: LoggedModelStatus | str) -> LoggedModel:
        """Say that a model's files are complete (READY) or that writing them failed (FAILED)."""
        if status not in ("READY", "FAILED"):
            raise InvalidInput(f"A logged model ends as READY or FAILED, not {status!r}.")
        return self.store.finalize_logged_model(model_id, "READY" if status == "READY" else "FAILED")

    def get_logged_model(self, model_id: str) -> LoggedModel:
        """The logged model of that id."""
        return self.store.get_logged_model(model_id)

    def delete_logged_model(self, model_id: str) -> None:
        """Delete a logged model's record."""
        self.store.delete_logged_model(model_id)

    def log_model_params(self, model_id: str, params: dict[str, Any]) -> None:
        """Add params to a logged model."""
        self.store.log_model_params(model_id, values.params(params))

    def set_logged_model_tags(self, model_id: str, tags: dict[str, Any]) -> None:
        """Set or replace tags."""
        self.store.set_logged_model_tags(model_id, values.tags(tags))

    def delete_logged_model_tag(self, model_id: str, key: str) -> None:
        """Remove a tag; NotFound if it is not set."""
        self.store.delete_logged_model_tag(model_id, key)

    def search_logged_models(
        self,
        experiment_ids: Sequence[str],
        filter_string: str | None = None,
        datasets: Sequence[Mapping[str, str]] | None = None,
        max_results: int | None = None,
        order_by: Sequence[Mapping[str, Any] | str] | None = None,
        page_token: str | None = None,
    ) -> Page[LoggedModel]:
        """One page of the logged models that match.

        ``order_by`` takes texts such as ``"metrics.accuracy DESC"`` or MLflow's
        ``{"field_name": …, "ascending": …, "dataset_name": …, "dataset_digest": …}``; a metric is then that of the
        dataset. ``datasets`` are mappings with ``dataset_name`` and, for one digest alone, ``dataset_digest``: only
        models measured on one of them are found, by the metrics measured there.
        """
        return self.store.search_logged_models(
            [str(experiment_id) for experiment_id in experiment_ids],
            filter_string=filter_string or "",
            datasets=[_dataset(given) for given in datasets or ()],
            order_by=[_order(clause) for clause in order_by or ()],
            max_results=max_results or 100,
            page_token=page_token,
        )


_DATASET = {"dataset_name", "dataset_digest"}


def _dataset(given: Mapping[str, Any]) -> MetricDataset:
    if not given.get("dataset_name") or set(given) - _DATASET:
        raise InvalidInput(f"{dict(given)!r} names no dataset; expected {{'dataset_name': …, 'dataset_digest': …}}.")
    return MetricDataset(given["dataset_name"], given.get("dataset_digest"))


def _order(clause: Mapping[str, Any] | str) -> str | MetricOrder:
    if isinstance(clause, str):
        return clause
    unknown = set(clause) - {"field_name", "ascending"} - _DATASET
    if "field_name" not in clause or unknown:
        raise InvalidInput(f"{dict(clause)!r} does not say an order; expected {{'field_name': …, 'ascending': …}}.")
    order = f"{clause['field_name']} {'ASC' if clause.get('ascending', True) else 'DESC'}"
    of_dataset = {key: value for key, value in clause.items() if key in _DATASET and value is not None}
    return MetricOrder(order, _dataset(of_dataset)) if of_dataset else order
