"""Several calls in one commit: each is all or nothing, and none hurts another."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path

import pytest

from quire.domain.entities import Metric, Run
from quire.domain.errors import AlreadyExists, InvalidInput, NotFound, Unavailable
from quire.store.sql import Sqlite, SqlStore


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqlStore]:
    """A store in a file."""
    opened = SqlStore(Sqlite(tmp_path / "quire.db"), "artifacts")
    yield opened
    opened.close()


@pytest.fixture
def other(tmp_path: Path, store: SqlStore) -> Iterator[SqlStore]:
    """The same file, seen through connections of its own: what it sees is committed."""
    opened = SqlStore(Sqlite(tmp_path / "quire.db"), "artifacts")
    yield opened
    opened.close()


@pytest.fixture
def run(store: SqlStore) -> str:
    """The id of a fresh run."""
    return store.create_run("0").info.run_id


def _log_and_fail(store: SqlStore, run: str) -> None:
    store.log_batch(run, metrics=[Metric("never", 1.0)])
    store.get_run("absent")


def _swallow(store: SqlStore, run: str) -> None:
    """A call that hides the failure of what it calls."""
    with pytest.raises(InvalidInput):
        store.log_batch(run, metrics=[Metric("bad", 1.0, step=2**63)])
    store.log_batch(run, metrics=[Metric("kept", 1.0)])


def test_several_calls_share_one_commit(store: SqlStore, other: SqlStore, run: str) -> None:
    with store.transaction():
        store.log_batch(run, metrics=[Metric("first", 1.0)])
        with pytest.raises(NotFound):
            store.log_batch(run, metrics=[Metric("undone", 1.0), Metric("bad", 1.0, model_id="m-absent")])
        store.log_batch(run, metrics=[Metric("second", 2.0)])
        assert store.get_run(run).data.metrics == {"first": 1.0, "second": 2.0}
        assert other.get_run(run).data.metrics == {}
    assert other.get_run(run).data.metrics == {"first": 1.0, "second": 2.0}


def test_a_key_of_a_call_that_was_undone_can_be_logged_again(store: SqlStore, other: SqlStore, run: str) -> None:
    with store.transaction(), pytest.raises(NotFound):
        store.log_batch(run, metrics=[Metric("undone", 1.0), Metric("bad", 1.0, model_id="m-absent")])
    other.log_batch(run, metrics=[Metric("meanwhile", 2.0), Metric("undone", 3.0)])
    store.log_batch(run, metrics=[Metric("bad", 4.0)])
    assert store.get_run(run).data.metrics == {"meanwhile": 2.0, "undone": 3.0, "bad": 4.0}


def test_a_block_that_raises_stores_nothing(store: SqlStore, other: SqlStore, run: str) -> None:
    with pytest.raises(NotFound), store.transaction():
        _log_and_fail(store, run)
    assert other.get_run(run).data.metrics == {}
    store.log_batch(run, metrics=[Metric("after", 1.0), Metric("never", 2.0)])
    assert other.get_run(run).data.metrics == {"after": 1.0, "never": 2.0}


def test_calls_run_together_give_their_values_in_order(store: SqlStore, other: SqlStore) -> None:
    outcomes = store.together([partial(store.create_run, "0", run_name=str(number)) for number in range(20)])
    runs: list[Run] = [outcome.result() for outcome in outcomes]
    assert [run.info.run_name for run in runs] == [str(number) for number in range(20)]
    assert {found.info.run_id for found in other.search_runs(["0"])} == {run.info.run_id for run in runs}
    assert store.together([]) == []


def test_a_call_that_fails_is_undone_alone_and_hurts_no_other(store: SqlStore, other: SqlStore, run: str) -> None:
    store.create_experiment("taken")
    calls = [
        partial(store.log_batch, run, metrics=[Metric("first", 1.0)]),
        partial(store.create_experiment, "taken"),
        partial(_log_and_fail, store, run),
        partial(_swallow, store, run),
        partial(store.log_batch, run, metrics=[Metric("m", 1.0, step=2**63)]),
        partial(int, "not a number"),
        partial(store.log_batch, run, metrics=[Metric("last", 2.0)]),
    ]
    outcomes = store.together(calls)
    errors = [type(outcome.error) for outcome in outcomes]
    none = type(None)
    assert errors == [none, AlreadyExists, NotFound, none, InvalidInput, ValueError, none]
    assert other.get_run(run).data.metrics == {"first": 1.0, "kept": 1.0, "last": 2.0}
    with pytest.raises(AlreadyExists, match="taken"):
        outcomes[1].result()


def test_parts_of_a_call_are_undone_alone_though_they_share_its_savepoint(
    store: SqlStore, other: SqlStore, run: str
) -> None:
    half = [Metric("never", 1.0), Metric("bad", 1.0, model_id="m-absent")]

    def call() -> None:
        for number in range(3):
            with pytest.raises(NotFound):
                store.log_batch(run, metrics=half)
            store.log_batch(run, metrics=[Metric(f"kept {number}", 1.0)])
        with suppress(NotFound), store.transaction():
            _log_and_fail(store, run)

    assert [outcome.error for outcome in store.together([call])] == [None]
    assert other.get_run(run).data.metrics == {"kept 0": 1.0, "kept 1": 1.0, "kept 2": 1.0}


def test_who_cannot_wait_for_another_writer_is_told_at_once(store: SqlStore, other: SqlStore, run: str) -> None:
    calls = [partial(store.log_batch, run, metrics=[Metric("m", 1.0)]), partial(_log_and_fail, store, run)]
    with other.transaction():
        other.log_batch(run, metrics=[Metric("theirs", 1.0)])
        assert store.together_now(calls) is None
    assert other.get_run(run).data.metrics == {"theirs": 1.0}
    outcomes = store.together_now(calls)
    assert outcomes is not None
    assert [type(outcome.error) for outcome in outcomes] == [type(None), NotFound]
    assert other.get_run(run).data.metrics == {"theirs": 1.0, "m": 1.0}
    store.log_batch(run, metrics=[Metric("after", 1.0)])  # and others are waited for again


def test_nothing_is_seen_before_all_of_it(store: SqlStore, other: SqlStore, run: str) -> None:
    seen: list[dict[str, float]] = []
    store.together(
        [
            partial(store.log_batch, run, metrics=[Metric("m", 1.0)]),
            lambda: seen.append(other.get_run(run).data.metrics),
            lambda: seen.append(store.get_run(run).data.metrics),
        ]
    )
    assert seen == [{}, {"m": 1.0}]


def test_an_interrupt_undoes_all(store: SqlStore, other: SqlStore, run: str) -> None:
    def interrupt() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        store.together([partial(store.log_batch, run, metrics=[Metric("m", 1.0)]), interrupt])
    assert other.get_run(run).data.metrics == {}
    store.log_batch(run, metrics=[Metric("after", 1.0)])
    assert other.get_run(run).data.metrics == {"after": 1.0}


@pytest.fixture
def fragile(store: SqlStore) -> SqlStore:
    """A store whose database undoes the whole transaction when the tag ``bad`` is set, as it may on a full disk."""
    with store._database.write() as session:
        session.connection.exec_driver_sql(
            """CREATE TRIGGER bad BEFORE INSERT ON tags WHEN NEW.head = 'bad'
            BEGIN SELECT RAISE(ROLLBACK, 'database or disk is full'); END"""
        )
    return store


def test_a_transaction_that_the_database_undid_is_not_taken_for_stored(
    fragile: SqlStore, other: SqlStore, run: str
) -> None:
    ran: list[str] = []
    calls = [
        partial(fragile.log_batch, run, metrics=[Metric("before", 1.0)]),
        partial(fragile.create_run, "0", run_name="bad"),
        partial(fragile.log_batch, run, metrics=[Metric("after", 1.0)]),
        partial(ran.append, "nothing runs in a transaction that is lost"),
    ]
    with pytest.raises(Unavailable, match="nothing of it was stored"):
        fragile.together(calls)
    assert ran == []
    assert other.get_run(run).data.metrics == {}
    assert [found.info.run_id for found in other.search_runs(["0"])] == [run]
    fragile.log_batch(run, metrics=[Metric("later", 1.0), Metric("before", 2.0)])
    assert other.get_run(run).data.metrics == {"later": 1.0, "before": 2.0}


def test_a_call_by_itself_whose_transaction_the_database_undid_says_why(fragile: SqlStore) -> None:
    with pytest.raises(Unavailable, match="disk is full"):
        fragile.create_run("0", run_name="bad")
    assert fragile.search_runs(["0"]) == []
