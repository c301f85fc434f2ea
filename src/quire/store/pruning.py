"""Retention: traces are deleted by age and by size, a few hundred at a time, so that nobody waits long.

Notes of served answers go with their traces; those that belong to no trace go as a trace of their age would.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec

from quire.domain.trace_usage import Pruning
from quire.store.base import Store
from quire.store.serving import serving_of

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

    With them go the notes of answers that were served no later and have no trace.

    ``older_than_ms`` is a time in milliseconds since the epoch; ``progress`` is told how many traces are gone. The
    database uses the room again; its file does not become smaller. Raises InvalidInput.
    """
    plan = store.plan_pruning(experiment_ids, older_than_ms=older_than_ms, keep_bytes=keep_bytes)
    if plan.before_ms is None:
        return plan
    traces, notes = 0, 0
    after: int | None = 0
    while after is not None:
        part = prune_part(store, experiment_ids, before_ms=plan.before_ms, after=after)
        traces, notes, after = traces + part.traces, notes + part.notes, part.after
        if part.traces:
            progress(traces)
    return Pruning(before_ms=plan.before_ms, traces=traces, bytes=plan.bytes, notes=notes)


class PrunedPart(msgspec.Struct, frozen=True, kw_only=True):
    """What one part of a pruning deleted; ``after`` says where the next one goes on, None at the end."""

    traces: int = 0
    notes: int = 0
    after: int | None = None


def prune_part(store: Store, experiment_ids: Sequence[str], *, before_ms: int, after: int = 0) -> PrunedPart:
    """Delete some of what began at a time (milliseconds since the epoch) or earlier: traces first, then notes.

    Call again with what it says in ``after``: so nobody else waits long, and who deletes sees how far it is.
    """
    deleted = 0
    for experiment_id in experiment_ids:
        left = AT_ONCE - deleted
        deleted += store.delete_traces(experiment_id, max_timestamp_ms=before_ms, max_traces=left)
        if deleted >= AT_ONCE:
            return PrunedPart(traces=deleted, after=after)
    part = serving_of(store).prune_notes(experiment_ids, before_ms=before_ms, after=after)
    return PrunedPart(traces=deleted, notes=part.deleted, after=part.after)
