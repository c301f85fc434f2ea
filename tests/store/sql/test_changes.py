"""What changed since a time: sums are the same whether the database groups rows or reads a range for each part."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.tracefilling import fill_traces
from quire.store import open_store
from quire.store.sql import SqlStore
from quire.store.sql.sqlite import SqliteSession

BEGUN = 1_700_000_000_000
"""When the first of the traces began; each further one a millisecond later."""


@pytest.mark.parametrize(("since", "until", "bucket"), [(0, 300, 50), (7, 211, 50), (10, 11, 3), (250, 900, 100)])
def test_sums_of_each_part_are_the_same_however_they_are_made(
    tmp_path: Path, since: int, until: int, bucket: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = open_store(f"sqlite:///{tmp_path}/quire.db")
    assert isinstance(store, SqlStore)
    fill_traces(store, "0", 300)
    asked = (["0"], BEGUN + since, BEGUN + until, bucket)
    by_range = store.changes.spent(*asked)
    monkeypatch.setattr(SqliteSession, "sorts_to_group", False)
    grouped = store.changes.spent(*asked)
    store.close()
    assert [(part.at, part.traces, part.errors, part.tokens) for part in by_range] == [
        (part.at, part.traces, part.errors, part.tokens) for part in grouped
    ]
    assert [part.cost for part in by_range] == [pytest.approx(part.cost) for part in grouped]
    assert sum(part.traces for part in by_range) == min(until, 300) - since
