"""Traces written as JSON lines, each the text of one trace as MLflow's ``Trace.from_json`` reads it."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, Any

import msgspec

from quire.cli.traces_table import search
from quire.domain.traces import Trace
from quire.store.base import Store

_AT_ONCE = 100


def write(store: Store, experiment_ids: Sequence[str], filter_string: str, limit: int, file: Path) -> int:
    """Write the newest traces that match to a file, ``-`` for standard output; how many."""
    ids = [info.trace_id for info in search(store, experiment_ids, filter_string, [], limit)]
    count = 0
    with _opened(file) as target:
        for start in range(0, len(ids), _AT_ONCE):
            for trace in store.get_traces(ids[start : start + _AT_ONCE]):
                target.write(msgspec.json.encode(_plain(trace)).decode() + "\n")
                count += 1
    return count


@contextlib.contextmanager
def _opened(file: Path) -> Iterator[IO[str]]:
    if str(file) == "-":
        yield sys.stdout
        return
    with file.open("w", encoding="utf-8") as target:
        yield target


def _plain(trace: Trace) -> dict[str, Any]:
    from quire.domain.otlp import mlflow_span

    return {"info": trace.info, "data": {"spans": [mlflow_span(span) for span in trace.spans]}}
