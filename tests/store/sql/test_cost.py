"""What a write costs does not depend on how much was written before: counted in steps of SQLite's virtual machine."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import cast

import pytest

from quire.domain.entities import Metric, Param, Tag
from quire.store.sql import Sqlite, SqlStore

_STEPS_AT_ONCE = 100


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqlStore]:
    """A store in a file."""
    opened = SqlStore(Sqlite(tmp_path / "quire.db"), "artifacts")
    yield opened
    opened.close()


def steps_of(store: SqlStore, call: Callable[[], None]) -> int:
    """About how many steps of the virtual machine a call takes."""
    counted = 0

    def count() -> int:
        nonlocal counted
        counted += _STEPS_AT_ONCE
        return 0

    with store._database.write() as session:
        driver = cast(sqlite3.Connection, session.connection.connection.dbapi_connection)
        driver.set_progress_handler(count, _STEPS_AT_ONCE)
        try:
            call()
        finally:
            driver.set_progress_handler(None, 0)
    return counted


def test_a_metric_logged_again_does_not_read_the_history_of_its_run(store: SqlStore) -> None:
    """mlflow#24577."""
    run = store.create_run("0").info.run_id
    batch = [Metric("loss", 0.5, timestamp=step, step=step) for step in range(100)]

    def again() -> None:
        store.log_batch(run, metrics=batch)

    again()
    short = steps_of(store, again)
    for begin in range(0, 20_000, 1000):
        store.log_batch(run, metrics=[Metric("loss", 0.5, begin + step, begin + step) for step in range(1000)])
    assert 0 < steps_of(store, again) < 2 * short
    assert len(store.get_metric_history(run, "loss", max_results=50_000)) == 20_000


def test_a_run_does_not_read_other_runs(store: SqlStore) -> None:
    """Summed over many runs, because one in so many puts what others left in its place."""

    def log_many() -> None:
        for _ in range(100):
            run = store.create_run("0").info.run_id
            store.log_batch(run, metrics=[Metric("m", 1.0)], params=[Param("p", "x")], tags=[Tag("t", "x")])

    log_many()
    few = steps_of(store, log_many)
    for _ in range(6):
        log_many()
    assert 0 < steps_of(store, log_many) < 2 * few
