"""A store for each test, and tracing as a fresh process has it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import quire
from quire import tracing
from quire.entities import Trace
from quire.tracking import outboxes


@pytest.fixture(autouse=True)
def _traced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("QUIRE_OUTBOX", str(tmp_path / "outbox"))
    quire.set_tracking_uri(f"sqlite:///{tmp_path}/quire.db")
    yield
    tracing.reset()
    outboxes.close_all(0)


def last_trace() -> Trace:
    """The trace that ended last, as the store has it."""
    found = quire.get_trace(str(quire.get_last_active_trace_id()))
    assert found is not None
    return found


def names_by_parent(trace: Trace) -> dict[str, str | None]:
    """The name of each span's parent."""
    names = {span.span_id: span.name for span in trace.data.spans}
    return {span.name: names.get(span.parent_id or "") for span in trace.data.spans}
