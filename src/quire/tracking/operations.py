"""What background logging has still to do: one operation for each call, several merged into one batch."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from quire.domain.entities import DatasetInput, Metric, ModelInput, Param, RunStatus, Tag
from quire.domain.names import (
    MAX_ITEMS_PER_BATCH,
    MAX_METRICS_PER_BATCH,
    MAX_PARAMS_PER_BATCH,
    MAX_TAGS_PER_BATCH,
    check_batch,
    check_inputs,
)
from quire.domain.redaction import redact
from quire.store.base import Store


class Operation(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Something to be logged to a run, or the run's new state. Doing it again changes nothing."""

    run_id: str
    metrics: list[Metric] = []
    params: list[Param] = []
    tags: list[Tag] = []
    datasets: list[DatasetInput] = []
    models: list[ModelInput] = []
    status: RunStatus | None = None
    end_time: int | None = None

    @property
    def weight(self) -> int:
        """About how many bytes it takes in memory."""
        texts = sum(len(item.key) + len(item.value) for item in self.params)
        texts += sum(len(item.key) + len(item.value) for item in self.tags)
        return 400 + 200 * len(self.metrics) + texts + 1000 * (len(self.datasets) + len(self.models))

    @property
    def is_batch(self) -> bool:
        """Whether it is nothing but metrics, params and tags, so that it can be merged."""
        return not (self.datasets or self.models or self.status)


def checked(operation: Operation) -> Operation:
    """The operation as it is kept: valid, and without credentials. Raises InvalidInput."""
    check_batch(operation.metrics, operation.params, operation.tags)
    check_inputs(operation.datasets, operation.models)
    return msgspec.structs.replace(
        operation,
        params=[Param(item.key, redact(item.value)) for item in operation.params],
        tags=[Tag(item.key, redact(item.value)) for item in operation.tags],
    )


def split(operation: Operation) -> Iterator[Operation]:
    """An operation that may hold any number of metrics, params and tags, as operations that stores accept."""
    if len(operation.metrics) + len(operation.params) + len(operation.tags) <= MAX_PARAMS_PER_BATCH:
        yield operation
        return
    if operation.datasets or operation.models:
        yield Operation(run_id=operation.run_id, datasets=operation.datasets, models=operation.models)
    for start in range(0, len(operation.params), MAX_PARAMS_PER_BATCH):
        yield Operation(run_id=operation.run_id, params=operation.params[start : start + MAX_PARAMS_PER_BATCH])
    for start in range(0, len(operation.tags), MAX_TAGS_PER_BATCH):
        yield Operation(run_id=operation.run_id, tags=operation.tags[start : start + MAX_TAGS_PER_BATCH])
    for start in range(0, len(operation.metrics), MAX_METRICS_PER_BATCH):
        yield Operation(run_id=operation.run_id, metrics=operation.metrics[start : start + MAX_METRICS_PER_BATCH])


def perform(store: Store, operation: Operation) -> None:
    """Do it."""
    if operation.datasets or operation.models:
        store.log_inputs(operation.run_id, datasets=operation.datasets, models=operation.models)
    if operation.metrics or operation.params or operation.tags:
        store.log_batch(operation.run_id, metrics=operation.metrics, params=operation.params, tags=operation.tags)
    if operation.status:
        store.update_run(operation.run_id, status=operation.status, end_time=operation.end_time)


def merged(operations: Sequence[Operation]) -> Iterator[tuple[Operation, list[int]]]:
    """Operations joined to as few as stores accept, each with the places of those that it holds.

    What belongs to one run stays in order; runs come in the order in which they were first logged to.
    """
    by_run: dict[str, list[int]] = {}
    for place, operation in enumerate(operations):
        by_run.setdefault(operation.run_id, []).append(place)
    for places in by_run.values():
        yield from _merged_of_run(operations, places)


class OfRuns:
    """What is logged to runs, as an outbox carries it."""

    name = "runs"
    operation = Operation
    most_on_disk = None
    linger = 0.05
    most_linger = 0.05
    returns_before_disk = False
    checked = staticmethod(checked)
    merged = staticmethod(merged)
    perform = staticmethod(perform)

    @staticmethod
    def for_disk(operation: Operation) -> Operation:
        """An operation as it may wait on disk: as it is, because no credential is in it any more."""
        return operation

    @staticmethod
    def described(operation: Operation) -> str:
        """What an operation is, for the log."""
        return f"what was logged to run {operation.run_id}"


def _merged_of_run(operations: Sequence[Operation], places: list[int]) -> Iterator[tuple[Operation, list[int]]]:
    open_places: list[int] = []
    size = [0, 0, 0]
    for place in places:
        operation = operations[place]
        added = [len(operation.metrics), len(operation.params), len(operation.tags)]
        if open_places and not (operation.is_batch and operations[open_places[-1]].is_batch and _fits(size, added)):
            yield _joined(operations, open_places), open_places
            open_places, size = [], [0, 0, 0]
        open_places.append(place)
        size = [before + more for before, more in zip(size, added, strict=True)]
    yield _joined(operations, open_places), open_places


def _fits(size: list[int], added: list[int]) -> bool:
    _, params, tags = (before + more for before, more in zip(size, added, strict=True))
    return (
        params <= MAX_PARAMS_PER_BATCH and tags <= MAX_TAGS_PER_BATCH and sum(size) + sum(added) <= MAX_ITEMS_PER_BATCH
    )


def _joined(operations: Sequence[Operation], places: list[int]) -> Operation:
    if len(places) == 1:
        return operations[places[0]]
    together = [operations[place] for place in places]
    return Operation(
        run_id=together[0].run_id,
        metrics=[metric for operation in together for metric in operation.metrics],
        params=[param for operation in together for param in operation.params],
        tags=[tag for operation in together for tag in operation.tags],
    )
