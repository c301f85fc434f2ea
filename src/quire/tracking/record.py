"""Logging params, metrics and tags to the active run.

Each function starts a run if none is active, as in MLflow. ``synchronous`` is accepted and has no effect: what
was logged is stored when the function returns.
"""

from __future__ import annotations

from typing import Any

from quire.domain.entities import Dataset, DatasetInput, Metric, ModelInput
from quire.store.base import Store
from quire.tracking import values
from quire.tracking.batches import log_all
from quire.tracking.client import Client
from quire.tracking.client.runs import new_metric
from quire.tracking.context import OpenRun
from quire.tracking.inputs import AnyDataset, dataset_entity
from quire.tracking.runs import run_to_log_to


def log_param(key: str, value: Any, synchronous: bool | None = None) -> Any:
    """Log a param once; its value is kept as text. Returns the value.

    Raises InvalidInput if the run has another value of it already.
    """
    run = run_to_log_to()
    run.store.log_batch(run.run_id, params=[values.param(key, value)])
    return value


def log_params(params: dict[str, Any], synchronous: bool | None = None, run_id: str | None = None) -> None:
    """Log params to the active run or to ``run_id``, a hundred at a time: all of them or none."""
    store, target, _ = _target(run_id)
    log_all(store, target, params=values.params(params))


def log_metric(
    key: str,
    value: float,
    step: int | None = None,
    synchronous: bool | None = None,
    timestamp: int | None = None,
    run_id: str | None = None,
    model_id: str | None = None,
    dataset: AnyDataset | None = None,
) -> None:
    """Log one measured number to the active run or to ``run_id``.

    ``step`` is 0 and ``timestamp`` (milliseconds) is now unless given. With ``model_id`` it is also a metric of that
    logged model, measured on ``dataset``; without, of the models that the run logged at that step.
    Raises InvalidInput, naming key and value, for something that is not a number.
    """
    log_metrics({key: value}, step, synchronous, run_id, timestamp, model_id, dataset)


def log_metrics(
    metrics: dict[str, float],
    step: int | None = None,
    synchronous: bool | None = None,
    run_id: str | None = None,
    timestamp: int | None = None,
    model_id: str | None = None,
    dataset: AnyDataset | None = None,
) -> None:
    """Log numbers, a thousand at a time: all of them or none; see :func:`log_metric`."""
    values.expect_mapping("metrics", metrics)
    store, target, entry = _target(run_id)
    described = dataset_entity(dataset) if dataset is not None else None
    name, digest = (described.name, described.digest) if described else (None, None)
    models: list[str | None] = [model_id] if model_id else [*_models_at(entry, step or 0)] or [None]
    batch: list[Metric] = [
        new_metric(key, value, timestamp, step, model, name, digest)
        for key, value in metrics.items()
        for model in models
    ]
    if model_id or described:
        _note_inputs(store, target, entry, model_id, described)
    log_all(store, target, metrics=batch)


def set_tag(key: str, value: Any, synchronous: bool | None = None) -> None:
    """Set or replace a tag of the active run; its value is kept as text."""
    run = run_to_log_to()
    run.store.log_batch(run.run_id, tags=[values.tag(key, value)])


def set_tags(tags: dict[str, Any], synchronous: bool | None = None) -> None:
    """Set or replace tags of the active run, a hundred at a time: all of them or none."""
    run = run_to_log_to()
    log_all(run.store, run.run_id, tags=values.tags(tags))


def delete_tag(key: str) -> None:
    """Remove a tag of the active run; NotFound if it is not set."""
    run = run_to_log_to()
    run.store.delete_tag(run.run_id, key)


def flush_async_logging() -> None:
    """Nothing is left to wait for: logging is done when it returns. Here for scripts that call it."""


def flush_artifact_async_logging() -> None:
    """Nothing is left to wait for: artifacts are stored when logging them returns. Here for scripts that call it."""


def _target(run_id: str | None) -> tuple[Store, str, OpenRun | None]:
    if run_id is not None:
        return Client().store, run_id, None
    run = run_to_log_to()
    return run.store, run.run_id, run


def _models_at(entry: OpenRun | None, step: int) -> list[str]:
    return [output.model_id for output in entry.outputs if output.step == step] if entry else []


def _note_inputs(
    store: Store, run_id: str, entry: OpenRun | None, model_id: str | None, dataset: Dataset | None
) -> None:
    """Record that the run read the model (unless it made it) and the dataset that a metric was measured on."""
    made = model_id is not None and entry is not None and any(output.model_id == model_id for output in entry.outputs)
    models = [ModelInput(model_id=model_id)] if model_id and not made else []
    datasets = [DatasetInput(dataset=dataset)] if dataset else []
    if models or datasets:
        store.log_inputs(run_id, datasets=datasets, models=models)
