"""Retention: traces are deleted by age and by size, a few hundred at a time, so that nobody waits long."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from quire.domain.trace_usage import Pruning
from quire.store.base import Store

AT_ONCE = 500
"""Traces that one transaction deletes."""


def prune(
    store: Store,
    experiment_ids: Sequence[str],
    *,
    older_than_ms: int | None = None,
    keep_bytes: int | None = None,
    progress: Callable[[int], None] = lambda _: None,
) -> Pruning:
    """Delete traces that began before a time, and the oldest beyond so many bytes; what was deleted.

    ``older_than_ms`` is a time in milliseconds since the epoch; ``progress`` is told how many traces are gone. The
    database uses the room again; its file does not become smaller. Raises InvalidInput.
    """
    plan = store.plan_pruning(experiment_ids, older_than_ms=older_than_ms, keep_bytes=keep_bytes)
    if plan.before_ms is None:
        return plan
    deleted = 0
    for experiment_id in experiment_ids:
        while gone := store.delete_traces(experiment_id, max_timestamp_ms=plan.before_ms, max_traces=AT_ONCE):
            deleted += gone
            progress(deleted)
    return Pruning(before_ms=plan.before_ms, traces=deleted, bytes=plan.bytes)
