"""Stored traces written as a recording, which answers the calls that they hold once more."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from quire.cli.traces_table import search
from quire.domain.errors import NotFound
from quire.entities.traces import Trace
from quire.openai.recording import TraceRecording, record_traces
from quire.store.base import Store

_AT_ONCE = 100


def write_found(
    store: Store, experiment_ids: Sequence[str], filter_string: str, limit: int, file: Path
) -> TraceRecording:
    """Write the calls of the newest traces that match, oldest first."""
    found = search(store, experiment_ids, filter_string, [], limit)
    return record_traces(_read(store, [info.trace_id for info in reversed(found)]), file)


def write_named(store: Store, trace_ids: Sequence[str], file: Path) -> TraceRecording:
    """Write the calls of these traces. NotFound if there is no such trace."""
    return record_traces(_read(store, trace_ids), file)


def _read(store: Store, trace_ids: Sequence[str]) -> Iterator[Trace]:
    for start in range(0, len(trace_ids), _AT_ONCE):
        some = trace_ids[start : start + _AT_ONCE]
        found = {trace.info.trace_id: trace for trace in store.get_traces(some)}
        for trace_id in some:
            if trace_id not in found:
                raise NotFound(f"There is no trace {trace_id!r}. `quire traces list` shows the ids.")
            yield Trace.from_stored(found[trace_id])
