"""Logging params, metrics and tags to the active run.

Each function starts a run if none is active, as in MLflow. What was logged is stored when the function returns,
unless ``synchronous=False`` (or ``QUIRE_ASYNC_LOGGING=1`` in the environment) has it logged in the background: see
:mod:`quire.tracking.outbox`. A function that logs in the background returns :class:`RunOperations`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from quire.domain.entities import Dataset, DatasetInput, Metric, ModelInput
from quire.store.current import absolute_uri, get_tracking_uri
from quire.tracking import values
from quire.tracking.background import flush_all, in_background
from quire.tracking.batches import record
from quire.tracking.client.runs import new_metric
from quire.tracking.context import OpenRun
from quire.tracking.inputs import AnyDataset, dataset_entity
from quire.tracking.runs import run_to_log_to

if TYPE_CHECKING:
    from quire.tracking.outbox import RunOperations


def log_param(key: str, value: Any, synchronous: bool | None = None) -> Any:
    """Log a param once; its value is kept as text. Returns the value.

    Raises InvalidInput if the run has another value of it already.
    """
    run = run_to_log_to()
    logged = record(run.uri, run.run_id, synchronous, params=[values.param(key, value)])
    return logged or value


def log_params(
    params: dict[str, Any], synchronous: bool | None = None, run_id: str | None = None
) -> RunOperations | None:
    """Log params to the active run or to ``run_id``, a hundred at a time: all of them or none."""
    uri, target, _ = _target(run_id)
    return record(uri, target, synchronous, params=values.params(params))


def log_metric(
    key: str,
    value: float,
    step: int | None = None,
    synchronous: bool | None = None,
    timestamp: int | None = None,
    run_id: str | None = None,
    model_id: str | None = None,
    dataset: AnyDataset | None = None,
) -> RunOperations | None:
    """Log one measured number to the active run or to ``run_id``.

    ``step`` is 0 and ``timestamp`` (milliseconds) is now unless given. With ``model_id`` it is also a metric of that
    logged model, measured on ``dataset``; without, of the models that the run logged at that step.
    Raises InvalidInput, naming key and value, for something that is not a number.
    """
    return log_metrics({key: value}, step, synchronous, run_id, timestamp, model_id, dataset)


def log_metrics(
    metrics: dict[str, float],
    step: int | None = None,
    synchronous: bool | None = None,
    run_id: str | None = None,
    timestamp: int | None = None,
    model_id: str | None = None,
    dataset: AnyDataset | None = None,
) -> RunOperations | None:
    """Log numbers, a thousand at a time: all of them or none; see :func:`log_metric`."""
    values.expect_mapping("metrics", metrics)
    uri, target, entry = _target(run_id)
    described = dataset_entity(dataset) if dataset is not None else None
    name, digest = (described.name, described.digest) if described else (None, None)
    models: list[str | None] = [model_id] if model_id else [*_models_at(entry, step or 0)] or [None]
    batch: list[Metric] = [
        new_metric(key, value, timestamp, step, model, name, digest)
        for key, value in metrics.items()
        for model in models
    ]
    models_in, datasets = _inputs(entry, model_id, described)
    return record(uri, target, synchronous, metrics=batch, datasets=datasets, models=models_in)


def set_tag(key: str, value: Any, synchronous: bool | None = None) -> RunOperations | None:
    """Set or replace a tag of the active run; its value is kept as text."""
    run = run_to_log_to()
    return record(run.uri, run.run_id, synchronous, tags=[values.tag(key, value)])


def set_tags(tags: dict[str, Any], synchronous: bool | None = None) -> RunOperations | None:
    """Set or replace tags of the active run, a hundred at a time: all of them or none."""
    run = run_to_log_to()
    return record(run.uri, run.run_id, synchronous, tags=values.tags(tags))


def delete_tag(key: str) -> None:
    """Remove a tag of the active run; NotFound if it is not set."""
    run = run_to_log_to()
    run.store.delete_tag(run.run_id, key)


def flush_async_logging() -> None:
    """Wait until the stores have what was logged in the background, by this process or by one that died before.

    Raises what a store refused, once.
    """
    flush_all(absolute_uri(get_tracking_uri()) if in_background(None) else None)


def flush_artifact_async_logging() -> None:
    """Nothing is left to wait for: artifacts are stored when logging them returns. Here for scripts that call it."""


def _target(run_id: str | None) -> tuple[str, str, OpenRun | None]:
    if run_id is not None:
        return absolute_uri(get_tracking_uri()), run_id, None
    run = run_to_log_to()
    return run.uri, run.run_id, run


def _models_at(entry: OpenRun | None, step: int) -> list[str]:
    return [output.model_id for output in entry.outputs if output.step == step] if entry else []


def _inputs(
    entry: OpenRun | None, model_id: str | None, dataset: Dataset | None
) -> tuple[list[ModelInput], list[DatasetInput]]:
    """That the run read the model (unless it made it) and the dataset that a metric was measured on."""
    made = model_id is not None and entry is not None and any(output.model_id == model_id for output in entry.outputs)
    models = [ModelInput(model_id=model_id)] if model_id and not made else []
    return models, [DatasetInput(dataset=dataset)] if dataset else []
