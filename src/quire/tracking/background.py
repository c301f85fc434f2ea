"""Which calls log in the background, and the outboxes of this process."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from quire.domain.entities import DatasetInput, Metric, ModelInput, Param, RunStatus, Tag
from quire.domain.errors import Unavailable
from quire.store.current import open_uri
from quire.tracking.outboxes import Outboxes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from quire.tracking.operations import Operation
    from quire.tracking.outbox import Kind, Outbox, RunOperations

VARIABLES = ("QUIRE_ASYNC_LOGGING", "MLFLOW_ENABLE_ASYNC_LOGGING")
_TRUE = {"1", "true", "yes", "on"}


def in_background(synchronous: bool | None) -> bool:
    """Whether a call logs in the background: as it says, else as the environment says."""
    if synchronous is not None:
        return not synchronous
    chosen = next((os.environ[name] for name in VARIABLES if os.environ.get(name)), "")
    return chosen.lower() in _TRUE


def log_in_background(
    uri: str,
    run_id: str,
    *,
    metrics: Sequence[Metric] = (),
    params: Sequence[Param] = (),
    tags: Sequence[Tag] = (),
    datasets: Sequence[DatasetInput] = (),
    models: Sequence[ModelInput] = (),
) -> RunOperations:
    """Hand over what is to be logged to a run of the store of that URI. Raises InvalidInput for what is not valid."""
    from quire.tracking.operations import split

    outbox = outbox_of(uri)
    given = _operation(run_id, metrics=metrics, params=params, tags=tags, datasets=datasets, models=models)
    *first, last = split(given)
    for operation in first:
        outbox.submit(operation)
    return outbox.submit(last)


def end_run(uri: str, run_id: str, status: RunStatus, end_time: int) -> None:
    """Store the end of a run, behind what was logged to it in the background.

    Waits until all of it is stored; if the store is away, until all of it is safe on disk.
    """
    outbox = _outboxes.existing(uri)
    if outbox is None or outbox.is_empty:
        try:
            open_uri(uri).update_run(run_id, status=status, end_time=end_time)
        except Unavailable:
            if outbox is None and not in_background(None):
                raise
            outbox = outbox_of(uri)
        else:
            return
    outbox.submit(_operation(run_id, status=status, end_time=end_time))
    outbox.flush(while_away=False)


def outbox_of(uri: str) -> Outbox[Operation]:
    """The outbox of a store, made on first use; what an earlier process left is taken over."""
    return _outboxes.of(uri)


def flush_all(uri: str | None = None) -> None:
    """Wait until the stores have all that was logged before. Raises what a store refused.

    ``uri`` names a store whose left-overs of earlier processes are brought too.
    """
    if uri is not None:
        outbox_of(uri)
    _outboxes.flush()


def _operation(run_id: str, **fields: object) -> Operation:
    from quire.tracking.operations import Operation

    lists = {name: list(value) if isinstance(value, list | tuple) else value for name, value in fields.items()}
    return Operation(run_id=run_id, **lists)  # type: ignore[arg-type]


def _of_runs() -> Kind[Operation]:
    from quire.tracking.operations import OfRuns

    return OfRuns()


_outboxes: Outboxes[Operation] = Outboxes(_of_runs)
