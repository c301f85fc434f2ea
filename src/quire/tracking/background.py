"""Which calls log in the background, and the outboxes of this process."""

from __future__ import annotations

import atexit
import logging
import os
import threading
import time
from typing import TYPE_CHECKING

from quire.domain.entities import DatasetInput, Metric, ModelInput, Param, RunStatus, Tag
from quire.domain.errors import QuireError, Unavailable
from quire.store.current import open_uri

if TYPE_CHECKING:
    from collections.abc import Sequence

    from quire.tracking.operations import Operation
    from quire.tracking.outbox import Outbox, RunOperations

VARIABLES = ("QUIRE_ASYNC_LOGGING", "MLFLOW_ENABLE_ASYNC_LOGGING")
EXIT_VARIABLE = "QUIRE_ASYNC_EXIT_SECONDS"
EXIT_SECONDS = 10.0
"""Seconds that the end of the program waits for a store that is away; what is not stored then stays on disk."""
_TRUE = {"1", "true", "yes", "on"}

_outboxes: dict[str, Outbox] = {}
_of_parents: list[object] = []
_lock = threading.Lock()
log = logging.getLogger("quire")


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
    outbox = _outboxes.get(uri)
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


def outbox_of(uri: str) -> Outbox:
    """The outbox of a store, made on first use; what an earlier process left is taken over."""
    with _lock:
        outbox = _outboxes.get(uri)
        if outbox is None:
            from quire.tracking.outbox import Outbox

            outbox = _outboxes[uri] = Outbox(uri)
    return outbox


def flush_all(uri: str | None = None) -> None:
    """Wait until the stores have all that was logged before. Raises what a store refused.

    ``uri`` names a store whose left-overs of earlier processes are brought too.
    """
    if uri is not None:
        outbox_of(uri)
    errors: list[QuireError] = []
    for outbox in list(_outboxes.values()):
        outbox.flush()
        errors += outbox.refusals()
    if errors:
        more = f" {len(errors) - 1} more were refused; the log names them." if len(errors) > 1 else ""
        raise type(errors[0])(f"The store refused what was logged in the background. {errors[0].message}{more}")


def _operation(run_id: str, **fields: object) -> Operation:
    from quire.tracking.operations import Operation

    lists = {name: list(value) if isinstance(value, list | tuple) else value for name, value in fields.items()}
    return Operation(run_id=run_id, **lists)  # type: ignore[arg-type]


def _exit_seconds() -> float:
    text = os.environ.get(EXIT_VARIABLE)
    try:
        return float(text) if text else EXIT_SECONDS
    except ValueError:
        log.warning("%s is %r; expected a number of seconds, so %g is used.", EXIT_VARIABLE, text, EXIT_SECONDS)
        return EXIT_SECONDS


def close_all(timeout: float | None = None) -> None:
    """Bring what can be brought within ``timeout`` (s); the rest stays on disk. Done at the end of the program."""
    end = time.monotonic() + (_exit_seconds() if timeout is None else timeout)
    for outbox in list(_outboxes.values()):
        outbox.close(max(0.0, end - time.monotonic()))
    _outboxes.clear()


def _after_fork() -> None:
    global _lock  # noqa: PLW0603 - the parent's lock may be held by a thread that does not exist here
    _lock = threading.Lock()
    _of_parents.extend(outbox.leave_to_parent() for outbox in _outboxes.values())
    _outboxes.clear()


atexit.register(close_all)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
