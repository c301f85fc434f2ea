"""PostgreSQL: many writers at once, a server that goes away and comes back, one migration however many start."""

from __future__ import annotations

import math
import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psycopg
import pytest

from quire.domain.entities import Dataset, DatasetInput, Metric, Param, Tag
from quire.domain.errors import AlreadyExists, InvalidInput, NotFound, PermissionDenied, Unavailable
from quire.store import Store, open_store
from quire.store.sql import SqlStore, database
from quire.store.sql.database import Database
from quire.store.sql.failures import InDoubt
from quire.store.sql.migrate import upgrade
from quire.store.sql.postgres import Postgres, PostgresSession
from quire.store.sql.postgres_place import parse_postgres
from tests.postgres import PASSWORD, PostgresServer, create_database, drop_database

Start = Callable[..., Any]


@pytest.fixture
def store(postgres_copy: str) -> Iterator[SqlStore]:
    """A store in a database of its own."""
    opened = open_store(postgres_copy, artifact_root="artifacts")
    assert isinstance(opened, SqlStore)
    yield opened
    opened.close()


@pytest.fixture
def server() -> Iterator[PostgresServer]:
    """A server that the test may stop."""
    own = PostgresServer()
    yield own
    own.remove()


def _at_once(count: int, work: Callable[[int], object]) -> list[object]:
    """What ``work`` gives in each of these threads, which start together; an error is given too."""
    barrier = threading.Barrier(count)

    def run(number: int) -> object:
        barrier.wait()
        try:
            return work(number)
        except Exception as error:
            return error

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(run, range(count)))


def _round_trips(store: SqlStore, folder: Path, call: Callable[[], object]) -> int:
    """How often a call waits for the server: what libpq notes that it sent, of the connection that is used next."""
    with store._database.glance() as session:
        driver: Any = session.connection.connection.dbapi_connection
    with (folder / "trace").open("w+") as trace:
        driver.pgconn.trace(trace.fileno())
        call()
        driver.pgconn.untrace()
        trace.seek(0)
        sent = [line.split()[4] for line in trace if line.split("\t")[1] == "F"]
    return sent.count("Sync") + sent.count("Query")


def test_a_run_is_read_in_one_round_trip_and_a_page_of_runs_in_one_more_than_finds_them(
    store: SqlStore, tmp_path: Path
) -> None:
    dataset = DatasetInput(
        dataset=Dataset(name="d", digest="1", source_type="local", source="{}"), tag_list=[Tag("context", "train")]
    )
    for number in range(3):
        run = store.create_run("0").info.run_id
        metrics = [Metric("m", float(number)), Metric("i", -math.inf), Metric("n", math.nan)]
        store.log_batch(run, metrics=metrics, params=[Param("p", "x" * 200)], tags=[Tag("t", "v")])
        store.log_inputs(run, datasets=[dataset])
        store.update_run(run, status="FINISHED")
    whole = store.get_run(run)
    assert (whole.data.metrics["i"], math.isnan(whole.data.metrics["n"])) == (-math.inf, True)
    assert (whole.data.params, whole.inputs.dataset_inputs) == ({"p": "x" * 200}, [dataset])
    assert _round_trips(store, tmp_path, lambda: store.get_run(run)) == 1

    def search() -> object:
        return store.search_runs(["0"], filter_string="metrics.m < 5", order_by=["metrics.m DESC"], max_results=2)

    search()
    begin_unsettled_page_runs_commit = 5
    assert _round_trips(store, tmp_path, search) == begin_unsettled_page_runs_commit


def test_sixteen_threads_write_to_one_run(store: SqlStore) -> None:
    run = store.create_run("0").info.run_id

    def write(thread: int) -> None:
        for step in range(10):
            metrics = [Metric(f"m{key}", 1.0, thread, step) for key in range(5)]
            store.log_batch(run, metrics=metrics, params=[Param(f"p{thread}", "1")], tags=[Tag("last", str(thread))])
            store.get_run(run)

    assert _at_once(16, write) == [None] * 16
    found = store.get_run(run).data
    assert sorted(found.params) == sorted(f"p{thread}" for thread in range(16))
    assert found.metrics == {f"m{key}": 1.0 for key in range(5)}
    for key in range(5):
        assert len(store.get_metric_history(run, f"m{key}")) == 160


def test_threads_that_log_the_same_new_keys_in_different_orders(store: SqlStore) -> None:
    runs = [store.create_run("0").info.run_id for _ in range(8)]

    def write(thread: int) -> None:
        for step in range(10):
            keys = [f"k{step}-{number}" for number in range(20)]
            ordered = keys if thread % 2 else keys[::-1]
            store.log_batch(runs[thread], tags=[Tag(key, str(thread)) for key in ordered])
            store.log_batch(runs[thread], metrics=[Metric(key, 1.0, step, step) for key in ordered[::-1]])

    assert _at_once(8, write) == [None] * 8
    assert [len(store.get_run(run).data.metrics) for run in runs] == [200] * 8


def test_threads_that_set_the_same_tags_in_different_orders(store: SqlStore) -> None:
    store.create_registered_model("shared")
    version = store.create_model_version("shared", "s3://bucket/model").version
    experiment = store.create_experiment("tagged")

    def write(thread: int) -> None:
        for number in range(20):
            key = str(number if thread % 2 else 19 - number)
            store.set_registered_model_tag("shared", Tag(key, str(thread)))
            store.set_model_version_tag("shared", version, Tag(key, str(thread)))
            store.set_experiment_tag(experiment, Tag(key, str(thread)))

    assert _at_once(8, write) == [None] * 8
    assert len(store.get_registered_model("shared").tag_list) == 20
    assert len(store.get_experiment(experiment).tag_list) == 20


def test_experiments_made_at_once_have_numbers_of_their_own(store: SqlStore) -> None:
    made = _at_once(16, lambda thread: store.create_experiment(f"experiment {thread}"))
    assert sorted(int(str(number)) for number in made) == list(range(1, 17))


def test_of_threads_that_take_one_name_one_wins(store: SqlStore) -> None:
    for take in (
        lambda _: store.create_experiment("contested"),
        lambda _: store.create_registered_model("contested").name,
    ):
        said = _at_once(8, take)
        assert sorted(type(item).__name__ for item in said) == ["AlreadyExists"] * 7 + ["str"]
        assert "contested" in str(next(item for item in said if isinstance(item, AlreadyExists)))


def test_versions_made_at_once_have_numbers_of_their_own(store: SqlStore) -> None:
    store.create_registered_model("model")
    made = _at_once(8, lambda thread: store.create_model_version("model", f"s3://bucket/{thread}").version)
    assert sorted(int(str(number)) for number in made) == list(range(1, 9))


def test_a_param_logged_with_two_values_at_once_keeps_one_and_refuses_the_other(store: SqlStore) -> None:
    for _ in range(5):
        run = store.create_run("0").info.run_id
        said = _at_once(2, lambda thread: store.log_batch(run, params=[Param("p", str(thread))]))  # noqa: B023
        assert sorted(type(item).__name__ for item in said) == ["InvalidInput", "NoneType"]


def test_no_run_is_left_active_in_an_experiment_that_is_deleted_meanwhile(store: SqlStore) -> None:
    for number in range(5):
        experiment = store.create_experiment(f"short-lived {number}")

        def act(thread: int, experiment: str = experiment) -> object:
            return store.create_run(experiment) if thread else store.delete_experiment(experiment)

        for item in _at_once(4, act):
            assert not isinstance(item, Exception) or "is deleted" in str(item)
        assert store.search_runs([experiment]) == []


def test_a_model_that_is_deleted_meanwhile_is_not_found(store: SqlStore) -> None:
    for number in range(5):
        store.create_registered_model(f"model {number}")

        def act(thread: int, name: str = f"model {number}") -> object:
            if thread:
                return store.create_model_version(name, "s3://bucket/model")
            return store.delete_registered_model(name)

        for item in _at_once(4, act):
            assert not isinstance(item, Exception) or isinstance(item, NotFound)


def test_more_unsettled_runs_than_are_kept_are_settled_by_whoever_writes(
    store: SqlStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    from quire.store.sql import settling

    monkeypatch.setattr(settling, "MOST_UNSETTLED", 4)
    monkeypatch.setattr(settling, "TAKEN_IN_AT_ONCE", 2)
    runs = [store.create_run("0").info.run_id for _ in range(16)]

    def write(thread: int) -> None:
        for step in range(10):
            for offset in (0, 5):
                run = runs[(thread * 3 + step + offset) % 16]
                store.log_batch(run, metrics=[Metric("m", float(thread), thread, step)])

    assert _at_once(8, write) == [None] * 8
    found = store.search_runs(["0"], order_by=["metrics.m DESC"])
    values = [run.data.metrics["m"] for run in found]
    assert len(values) == 16
    assert values == sorted(values, reverse=True)


WRITER = """
import sys
from quire.domain.entities import Dataset, DatasetInput, Metric, Param, Tag
from quire.store import open_store
store = open_store(sys.argv[1], artifact_root="artifacts")
run = store.create_run(sys.argv[2]).info.run_id
for step in range(int(sys.argv[3])):
    store.log_batch(run, metrics=[Metric(f"m{n}", float(step), step, step) for n in range(10)],
                    params=[Param(f"p{step}", "1")], tags=[Tag("step", str(step))])
store.update_run(run, status="FINISHED")
print(run)
"""


def test_eight_processes_write_at_once(store: SqlStore, postgres_copy: str, start: Start) -> None:
    experiment = store.create_experiment("shared")
    running = [start(WRITER, postgres_copy, experiment, 20) for _ in range(8)]
    for process in running:
        out, err = process.communicate(timeout=150)
        assert process.returncode == 0, err
        run = store.get_run(out.strip())
        assert run.data.metrics == {f"m{n}": 19.0 for n in range(10)}
        assert len(run.data.params) == 20
        assert len(store.get_metric_history(run.info.run_id, "m3")) == 20
    assert len(store.search_runs([experiment], order_by=["metrics.m0"])) == 8


OPENER = """
import sys, time
from quire.store import open_store
while time.time() < float(sys.argv[2]):
    time.sleep(0.001)
store = open_store(sys.argv[1], artifact_root="artifacts")
print(store.get_experiment("0").name, len(store.search_experiments()))
"""


def test_an_empty_database_opened_by_many_processes_is_made_once(postgres_uri: str, start: Start) -> None:
    running = [start(OPENER, postgres_uri, time.time() + 2) for _ in range(4)]
    for process in running:
        out, err = process.communicate(timeout=120)
        assert (process.returncode, out) == (0, "Default 1\n"), err


def _described(uri: str) -> dict[str, list[tuple[Any, ...]]]:
    """Tables, columns, indexes and constraints, whatever their order."""
    questions = {
        "columns": """SELECT table_name, column_name, data_type, is_nullable, collation_name, column_default,
            character_maximum_length FROM information_schema.columns WHERE table_schema = 'public'""",
        "indexes": "SELECT tablename, indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'",
        "constraints": """SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint
            WHERE connamespace = 'public'::regnamespace""",
        "functions": "SELECT proname, prosrc FROM pg_proc WHERE pronamespace = 'public'::regnamespace",
    }
    with psycopg.connect(uri) as connection:
        return {name: sorted(connection.execute(text).fetchall(), key=repr) for name, text in questions.items()}


def test_migrations_from_nothing_give_what_an_empty_database_gets(store: SqlStore, postgres_copy: str) -> None:
    migrated = create_database(postgres_copy)
    other = Database(Postgres(parse_postgres(migrated)))
    with other.write() as session:
        session.create_functions()
        upgrade(session.connection)
    other.close()
    assert _described(migrated) == _described(postgres_copy)
    drop_database(migrated)


class Load:
    """Threads that log one metric after another, each step acknowledged or not."""

    def __init__(self, store: Store, threads: int) -> None:
        self.runs = [store.create_run("0").info.run_id for _ in range(threads)]
        self.acknowledged: list[list[int]] = [[] for _ in self.runs]
        self.errors: list[Exception] = []
        self._store = store
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._write, args=(number,)) for number in range(threads)]

    def _write(self, number: int) -> None:
        step = 0
        while not self._stop.is_set():
            try:
                self._store.log_batch(self.runs[number], metrics=[Metric(f"m{key}", step, step, step) for key in "ab"])
            except Unavailable as error:
                self.errors.append(error)
            else:
                self.acknowledged[number].append(step)
            step += 1

    def __enter__(self) -> Load:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def wait_for_more(self, more: int = 20) -> None:
        """Until each thread had so many further writes acknowledged."""
        before = [len(steps) for steps in self.acknowledged]
        deadline = time.monotonic() + 60
        while any(len(steps) < count + more for steps, count in zip(self.acknowledged, before, strict=True)):
            assert time.monotonic() < deadline, self.errors[:3]
            time.sleep(0.01)


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGQUIT], ids=["restart", "crash"])
def test_a_server_restarted_under_load_keeps_every_acknowledged_write_once(
    server: PostgresServer, how: signal.Signals
) -> None:
    store = open_store(server.create_database(), artifact_root="artifacts")
    with Load(store, threads=6) as load:
        for _ in range(3):
            load.wait_for_more()
            server.restart(how)
        load.wait_for_more()
    assert load.errors == []
    with psycopg.connect(server.uri(store.uri.rpartition("/")[2])) as connection:
        rows = connection.execute(
            "SELECT runs.run_id, keys.name, step, count(*) FROM metrics JOIN runs ON runs.id = metrics.run_id "
            "JOIN keys ON keys.id = metrics.key_id GROUP BY 1, 2, 3"
        ).fetchall()
    stored: dict[tuple[str, str], list[int]] = {}
    for run, key, step, count in rows:
        assert count == 1
        stored.setdefault((run, key), []).append(step)
    for run, steps in zip(load.runs, load.acknowledged, strict=True):
        for key in ("ma", "mb"):
            assert sorted(stored[run, key]) == steps
    store.close()


def test_a_server_that_stays_away_is_said_to_be_away(server: PostgresServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "PATIENCE", 0.3)
    store = open_store(server.create_database(), artifact_root="artifacts")
    run = store.create_run("0").info.run_id
    server.stop()
    began = time.monotonic()
    with pytest.raises(Unavailable, match=r"cannot be reached|went away"):
        store.log_batch(run, metrics=[Metric("m", 1.0)])
    with pytest.raises(Unavailable):
        store.get_run(run)
    assert time.monotonic() - began < 5
    server.start()
    assert store.get_run(run).info.run_id == run  # its connection is one of before
    store.log_batch(run, metrics=[Metric("m", 2.0)])
    assert store.get_run(run).data.metrics == {"m": 2.0}
    store.close()


@pytest.fixture
def cut(store: SqlStore, monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[str]]:
    """Cuts the connection at the next commit, before or after the server did it; the list tells that it was cut."""
    from quire.store.sql.postgres import PostgresSession

    commit = PostgresSession._commit
    cuts: list[str] = []

    def cut_next(*, after: bool) -> list[str]:
        def cutting(session: PostgresSession) -> None:
            if cuts or session._transaction is None:
                return commit(session)
            cuts.append(session._transaction)
            if after:
                session._driver.execute("COMMIT")
            with socket.socket(fileno=os.dup(session._driver.fileno())) as line:
                line.shutdown(socket.SHUT_RDWR)
            return commit(session)

        monkeypatch.setattr(PostgresSession, "_commit", cutting)
        return cuts

    return cut_next


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_a_commit_that_was_not_answered_is_asked_about(
    store: SqlStore, cut: Callable[..., list[str]], after: bool
) -> None:
    run = store.create_run("0").info.run_id
    cuts = cut(after=after)
    store.log_batch(run, metrics=[Metric("m", 1.0, 5, 5)], params=[Param("p", "1")])
    assert len(cuts) == 1
    with store._database.read() as session:
        assert session.connection.exec_driver_sql("SELECT count(*) FROM metrics").scalar() == 1
    assert store.get_run(run).data.params == {"p": "1"}


def test_what_became_of_a_commit_is_known_after_two_crashes(server: PostgresServer) -> None:
    """A crash loses the number of a transaction that wrote nothing yet; what is given it next is not that one."""
    store = open_store(server.create_database(), artifact_root="artifacts")
    assert isinstance(store, SqlStore)
    data, run = store._database, store.create_run("0").info.run_id
    with data.write() as session:
        assert isinstance(session, PostgresSession)
        store.log_batch(run, tags=[Tag("kept", "yes")])
        kept = InDoubt(str(session._transaction), session._recovered)
    with pytest.raises(Unavailable), data.write() as session:  # noqa: PT012 - the crash belongs to the block
        assert isinstance(session, PostgresSession)
        lost = InDoubt(str(session._transaction), session._recovered)
        server.restart(signal.SIGQUIT)
    for number in range(3):
        store.log_batch(run, tags=[Tag("later", str(number))])
    with psycopg.connect(server.uri(store.uri.rpartition("/")[2])) as connection:
        status = connection.execute("SELECT pg_xact_status(%s::text::xid8)", [lost.transaction]).fetchone()
        assert status == ("committed",)
    server.restart(signal.SIGQUIT)
    with data.read() as session:
        assert data.dialect.was_committed(session, kept) is True
        assert data.dialect.was_committed(session, lost) is False
    store.close()


def test_a_deadlock_between_transactions_is_undone_and_told(store: SqlStore) -> None:
    first, second, before = (store.create_run("0").info.run_id for _ in range(3))
    store.log_batch(before, metrics=[Metric("m", 1.0)])
    barrier = threading.Barrier(2)

    def write(thread: int) -> None:
        one, other = (first, second) if thread else (second, first)
        with store.transaction():
            store.log_batch(one, metrics=[Metric("m", 1.0)])
            barrier.wait()
            store.log_batch(other, metrics=[Metric("m", 1.0)])

    said = [item for item in _at_once(2, write) if item is not None]
    assert len(said) == 1
    assert isinstance(said[0], Unavailable)
    assert "changed by another call at the same time" in str(said[0])


def test_calls_run_together_are_undone_alone(store: SqlStore) -> None:
    run = store.create_run("0").info.run_id
    outcomes = store.together(
        [
            lambda: store.log_batch(run, metrics=[Metric("a", 1.0)]),
            lambda: store.create_experiment("Default"),
            lambda: store.log_batch(run, metrics=[Metric("b", 2.0), Metric("c", 1.0, model_id="m-absent")]),
            lambda: store.log_batch(run, params=[Param("p", "1")]),
        ]
    )
    assert [type(outcome.error).__name__ for outcome in outcomes] == [
        "NoneType",
        "AlreadyExists",
        "NotFound",
        "NoneType",
    ]
    assert (store.get_run(run).data.metrics, store.get_run(run).data.params) == ({"a": 1.0}, {"p": "1"})


def test_a_statement_that_takes_too_long_is_given_up(postgres_copy: str) -> None:
    store = open_store(f"{postgres_copy}?statement_timeout=1", artifact_root="artifacts")
    assert isinstance(store, SqlStore)
    run = store.create_run("0").info.run_id
    with psycopg.connect(postgres_copy) as other:
        other.execute("SELECT 1 FROM runs FOR UPDATE")
        with pytest.raises(Unavailable, match="took longer than 1 seconds"):
            store.log_batch(run, metrics=[Metric("m", 1.0)])
    store.log_batch(run, metrics=[Metric("m", 1.0)])
    store.close()


def test_more_threads_than_connections_wait_for_one(postgres_copy: str) -> None:
    store = open_store(f"{postgres_copy}?pool_size=2", artifact_root="artifacts")
    run = store.create_run("0").info.run_id
    assert _at_once(12, lambda thread: store.log_batch(run, metrics=[Metric("m", 1.0, thread)])) == [None] * 12
    store.close()


@pytest.mark.parametrize("scheme", ["postgres", "postgresql+psycopg"])
def test_other_schemes_and_unprepared_statements(postgres_copy: str, scheme: str) -> None:
    store = open_store(postgres_copy.replace("postgresql", scheme, 1) + "?prepare=off", artifact_root="artifacts")
    run = store.create_run("0").info.run_id
    for step in range(8):
        store.log_batch(run, metrics=[Metric(f"m{n}", 1.0, step, step) for n in range(3)])
    assert isinstance(store, SqlStore)
    with store._database.read() as session:
        prepared = session.connection.exec_driver_sql("SELECT count(*) FROM pg_prepared_statements").scalar()
    assert prepared == 0
    store.close()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_forked_child_uses_the_store_and_the_parent_goes_on(store: SqlStore) -> None:
    run = store.create_run("0").info.run_id
    child = os.fork()
    if child == 0:
        status = 1
        try:
            store.log_batch(run, metrics=[Metric("from child", 1.0)])
            status = 0
        finally:
            os._exit(status)
    assert os.waitpid(child, 0)[1] == 0
    store.log_batch(run, metrics=[Metric("from parent", 3.0)])
    assert store.get_run(run).data.metrics == {"from child": 1.0, "from parent": 3.0}


def test_texts_are_ordered_by_their_characters_and_found_in_any_case(store: SqlStore) -> None:
    experiment = store.create_experiment("texts")
    for text in ("b", "B", "a", "é", "Z", "_", "a\\b", "100%"):
        run = store.create_run(experiment).info.run_id
        store.log_batch(run, params=[Param("text", text)])

    def found(**search: Any) -> list[str]:
        return [run.data.params["text"] for run in store.search_runs([experiment], **search)]

    texts = found(order_by=["params.text"])
    assert texts == sorted(texts)
    assert sorted(found(filter_string="params.text ILIKE 'B'")) == ["B", "b"]
    assert found(filter_string="params.text LIKE 'a\\%'") == ["a\\b"]
    assert found(filter_string="params.text LIKE '100%'") == ["100%"]


def test_a_database_of_another_program_is_left_alone(postgres_uri: str) -> None:
    with psycopg.connect(postgres_uri) as connection:
        connection.execute("CREATE TABLE recipes (id integer)")
    with pytest.raises(InvalidInput, match=r"belongs to another program.*recipes"):
        open_store(postgres_uri)


@pytest.mark.parametrize(
    ("change", "kind", "problem"),
    [
        (lambda uri: uri.replace(PASSWORD, "wrong-password"), PermissionDenied, "refused the user or the password"),
        (lambda uri: uri + "_absent", NotFound, "does not exist. Create it first"),
        (lambda _: "postgresql://u:hidden-word@127.0.0.1:1/db", Unavailable, "cannot be reached"),
        (lambda uri: uri + "?sslmode=perhaps", None, "sslmode"),
        (lambda uri: uri + "?colour=blue", InvalidInput, "cannot be read"),
        (lambda uri: uri + "?pool_size=many", InvalidInput, "pool_size=many"),
        (lambda uri: uri + "?prepare=perhaps", InvalidInput, "prepare=perhaps"),
        (lambda _: "postgresql://u:hidden@127.0.0.1:1:2/db", Unavailable, "cannot be reached"),
        (lambda _: "postgresql://u:hidden%zzword@host/db", InvalidInput, "is malformed"),
        (lambda _: "postgresql+pg8000://u:hidden@host/db", InvalidInput, "asks for the driver"),
    ],
)
def test_a_uri_that_leads_nowhere_is_explained_without_its_password(
    postgres_server: PostgresServer, change: Callable[[str], str], kind: type[Exception] | None, problem: str
) -> None:
    with pytest.raises(kind or Exception, match=problem) as raised:
        open_store(change(postgres_server.create_database()), artifact_root="artifacts")
    said = repr(raised.value) + str(raised.value.__cause__)
    for secret in (PASSWORD, "wrong-password", "hidden"):
        assert secret not in said


def test_the_uri_of_a_store_shows_no_user_and_no_password(store: SqlStore, postgres_copy: str) -> None:
    assert PASSWORD in postgres_copy
    assert store.uri == "postgresql://" + postgres_copy.partition("@")[2]
    assert PASSWORD not in repr(parse_postgres(postgres_copy))
    assert open_store(postgres_copy, artifact_root=str(Path("artifacts").absolute())) is store


def test_a_value_that_cannot_be_stored_is_refused_by_naming_it(store: SqlStore) -> None:
    run = store.create_run("0").info.run_id
    with pytest.raises(InvalidInput, match="surrogate"):
        store.log_batch(run, tags=[Tag("k", "\udc80")])
    store.log_batch(run, tags=[Tag("k", "fine")])


def test_a_user_without_rights_is_told(server: PostgresServer) -> None:
    other = open_store(server.create_database(), artifact_root="artifacts")
    assert isinstance(other, SqlStore)
    with psycopg.connect(server.uri(other.uri.rpartition("/")[2]), autocommit=True) as connection:
        connection.execute("CREATE ROLE reader LOGIN PASSWORD 'readers-word'")
        connection.execute("GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader")
    uri = server.uri(other.uri.rpartition("/")[2]).replace(f"quire:{PASSWORD}", "reader:readers-word")
    reader = open_store(uri, artifact_root="artifacts")
    assert reader.get_experiment("0").name == "Default"
    with pytest.raises(PermissionDenied, match="does not allow this user"):
        reader.create_experiment("x")
    reader.close()
    other.close()
