"""Logged models of the active experiment and run."""

from __future__ import annotations

from contextvars import ContextVar
from typing import Any

from quire.domain.errors import InvalidInput
from quire.domain.registry import LoggedModel, LoggedModelStatus
from quire.tracking import context
from quire.tracking.client import Client
from quire.tracking.experiments import current_experiment_id
from quire.tracking.origin import origin_tags

EXTERNAL = "mlflow.model.isExternal"
_last: ContextVar[str | None] = ContextVar("quire_last_logged_model", default=None)


def initialize_logged_model(
    name: str | None = None,
    source_run_id: str | None = None,
    tags: dict[str, str] | None = None,
    params: dict[str, str] | None = None,
    model_type: str | None = None,
    experiment_id: str | None = None,
) -> LoggedModel:
    """Reserve an id and a place for a model's files, under the active run and experiment unless others are given."""
    entry = context.innermost()
    client = Client(entry.uri) if entry else Client()
    if experiment_id is None:
        experiment_id = entry.run.info.experiment_id if entry else current_experiment_id()
    model = client.create_logged_model(
        experiment_id,
        name,
        source_run_id or (entry.run_id if entry else None),
        {**origin_tags(), **(tags or {})},
        params,
        model_type,
    )
    _last.set(model.model_id)
    return model


def create_external_model(
    name: str | None = None,
    source_run_id: str | None = None,
    tags: dict[str, str] | None = None,
    params: dict[str, str] | None = None,
    model_type: str | None = None,
    experiment_id: str | None = None,
) -> LoggedModel:
    """Record a model whose files are kept elsewhere, so that params and metrics can be logged to it."""
    all_tags = {**(tags or {}), EXTERNAL: "true"}
    model = initialize_logged_model(name, source_run_id, all_tags, params, model_type, experiment_id)
    return finalize_logged_model(model.model_id, "READY")


def finalize_logged_model(model_id: str, status: LoggedModelStatus | str) -> LoggedModel:
    """Say that a model's files are complete (READY) or that writing them failed (FAILED)."""
    return _client().finalize_logged_model(model_id, status)


def get_logged_model(model_id: str) -> LoggedModel:
    """The logged model of that id; NotFound if there is none."""
    return _client().get_logged_model(model_id)


def last_logged_model() -> LoggedModel | None:
    """The model logged last in this thread or task; None if there was none."""
    model_id = _last.get()
    return get_logged_model(model_id) if model_id else None


def delete_logged_model(model_id: str) -> None:
    """Delete a logged model's record."""
    _client().delete_logged_model(model_id)


def log_model_params(params: dict[str, Any], model_id: str | None = None) -> None:
    """Add params to a logged model: the one logged last here unless ``model_id`` names another."""
    model_id = model_id or _last.get()
    if model_id is None:
        raise InvalidInput("No model was logged here yet; name one by `model_id`.")
    _client().log_model_params(model_id, params)


def set_logged_model_tags(model_id: str, tags: dict[str, Any]) -> None:
    """Set or replace tags of a logged model."""
    _client().set_logged_model_tags(model_id, tags)


def delete_logged_model_tag(model_id: str, key: str) -> None:
    """Remove a tag of a logged model; NotFound if it is not set."""
    _client().delete_logged_model_tag(model_id, key)


def _client() -> Client:
    entry = context.innermost()
    return Client(entry.uri) if entry else Client()
