"""Logging any number of params, metrics and tags through batches that every store accepts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, TypeVar

from quire.domain.entities import DatasetInput, Metric, ModelInput, Param, Tag
from quire.domain.names import MAX_METRICS_PER_BATCH, MAX_PARAMS_PER_BATCH, MAX_TAGS_PER_BATCH
from quire.store.base import Store
from quire.store.current import open_uri
from quire.tracking.background import in_background, log_in_background

if TYPE_CHECKING:
    from quire.tracking.outbox import RunOperations

T = TypeVar("T")
_TOGETHER = MAX_METRICS_PER_BATCH - MAX_PARAMS_PER_BATCH - MAX_TAGS_PER_BATCH


def record(
    uri: str,
    run_id: str,
    synchronous: bool | None,
    *,
    metrics: Sequence[Metric] = (),
    params: Sequence[Param] = (),
    tags: Sequence[Tag] = (),
    datasets: Sequence[DatasetInput] = (),
    models: Sequence[ModelInput] = (),
) -> RunOperations | None:
    """Log to a run of the store of that URI: now, or in the background as the call or the environment says."""
    if in_background(synchronous):
        return log_in_background(
            uri, run_id, metrics=metrics, params=params, tags=tags, datasets=datasets, models=models
        )
    store = open_uri(uri)
    if datasets or models:
        store.log_inputs(run_id, datasets=datasets, models=models)
    log_all(store, run_id, metrics=metrics, params=params, tags=tags)
    return None


def log_all(
    store: Store, run_id: str, metrics: Sequence[Metric] = (), params: Sequence[Param] = (), tags: Sequence[Tag] = ()
) -> None:
    """Log everything: at once if one batch holds it, else params first, batch by batch.

    Each batch is stored whole or not at all.
    """
    if len(metrics) <= _TOGETHER and len(params) <= MAX_PARAMS_PER_BATCH and len(tags) <= MAX_TAGS_PER_BATCH:
        store.log_batch(run_id, metrics=metrics, params=params, tags=tags)
        return
    for some_params in _slices(params, MAX_PARAMS_PER_BATCH):
        store.log_batch(run_id, params=some_params)
    for some_tags in _slices(tags, MAX_TAGS_PER_BATCH):
        store.log_batch(run_id, tags=some_tags)
    for some_metrics in _slices(metrics, MAX_METRICS_PER_BATCH):
        store.log_batch(run_id, metrics=some_metrics)


def _slices(items: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]
