"""Many processes and threads on one file: nothing is lost, nothing is locked, nobody waits for ever."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from quire.domain.entities import Metric
from quire.domain.errors import InvalidState
from quire.store import Store, open_store
from quire.store.sql import migrate, schema

Start = Callable[..., object]

WRITER = """
import sys
from quire.domain.entities import Metric, Param, Tag
from quire.store import open_store
uri, experiment, batches = sys.argv[1], sys.argv[2], int(sys.argv[3])
store = open_store(uri)
run = store.create_run(experiment).info.run_id
for step in range(batches):
    store.log_batch(run, metrics=[Metric(f"m{n}", float(step), step, step) for n in range(10)],
                    params=[Param(f"p{step}", "1")], tags=[Tag("step", str(step))])
    store.get_run(run)
store.update_run(run, status="FINISHED")
print(run)
"""


def _write_at_once(store: Store, uri: str, start: Start, processes: int, batches: int) -> None:
    experiment = store.create_experiment("shared")
    running = [start(WRITER, uri, experiment, batches) for _ in range(processes)]
    for process in running:
        out, err = process.communicate(timeout=150)  # type: ignore[attr-defined]
        assert process.returncode == 0, err  # type: ignore[attr-defined]
        run = store.get_run(out.strip())
        assert run.info.status == "FINISHED"
        assert run.data.metrics == {f"m{n}": float(batches - 1) for n in range(10)}
        assert len(run.data.params) == batches
        assert len(store.get_metric_history(run.info.run_id, "m3")) == batches
    found = store.search_runs([experiment], order_by=["metrics.m0"])
    assert len(found) == processes


def test_four_processes_write_at_once(store: Store, uri: str, start: Start) -> None:
    _write_at_once(store, uri, start, processes=4, batches=40)


@pytest.mark.slow
def test_sixteen_processes_write_at_once(store: Store, uri: str, start: Start) -> None:
    _write_at_once(store, uri, start, processes=16, batches=200)


@pytest.mark.parametrize("place", ["file", "memory"])
def test_sixteen_threads_write_at_once(uri: str, place: str) -> None:
    store = open_store(uri if place == "file" else "sqlite://")
    experiment = store.create_experiment("threads")
    run = store.create_run(experiment).info.run_id
    errors: list[BaseException] = []

    def write(thread: int) -> None:
        try:
            for step in range(20):
                store.log_batch(run, metrics=[Metric("m", 1.0, timestamp=thread, step=step)])
                store.get_run(run)
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert len(store.get_metric_history(run, "m")) == 16 * 20
    store.close()


OPENER = """
import sys, time
from quire.store import open_store
while time.time() < float(sys.argv[2]):
    time.sleep(0.001)
store = open_store(sys.argv[1])
print(store.get_experiment("0").name, len(store.search_experiments()))
"""


@pytest.mark.parametrize("processes", [6, pytest.param(16, marks=pytest.mark.slow)])
def test_a_new_file_opened_by_many_processes_is_made_once(uri: str, start: Start, processes: int) -> None:
    begin = time.time() + 1 + processes / 8
    running = [start(OPENER, uri, begin) for _ in range(processes)]
    for process in running:
        out, err = process.communicate(timeout=120)  # type: ignore[attr-defined]
        assert (process.returncode, out) == (0, "Default 1\n"), err  # type: ignore[attr-defined]


MIGRATOR = """
import sys, time
from pathlib import Path
from quire.store import open_store
from quire.store.sql import migrate, schema
uri, begin, folder = sys.argv[1:]
migrate.FOLDER, schema.HEAD_REVISION = Path(folder), "9999"
while time.time() < float(begin):
    time.sleep(0.001)
store = open_store(uri)
run = store.search_runs(["0"])[0]
print(run.info.run_name, run.data.metrics, store.create_run("0").info.status)
"""

NEXT_REVISION = f"""
import sqlalchemy as sa
from alembic import op
revision, down_revision = "9999", "{schema.HEAD_REVISION}"
def upgrade():
    op.add_column("runs", sa.Column("colour", sa.Text()))
    op.execute("UPDATE runs SET colour = 'blue'")
    op.create_table("migrated_once", sa.Column("id", sa.Integer(), primary_key=True))
"""


@pytest.mark.parametrize("processes", [4, pytest.param(16, marks=pytest.mark.slow)])
def test_an_older_file_opened_by_many_processes_is_migrated_once(
    store: Store, uri: str, tmp_path: Path, start: Start, processes: int
) -> None:
    run = store.create_run("0", run_name="before").info.run_id
    store.log_batch(run, metrics=[Metric("m", 1.5)])
    store.close()
    folder = tmp_path / "migrations"
    shutil.copytree(migrate.FOLDER, folder, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "versions" / "9999_next.py").write_text(NEXT_REVISION)
    begin = time.time() + 1 + processes / 8
    running = [start(MIGRATOR, uri, begin, folder) for _ in range(processes)]
    said = [process.communicate(timeout=120) for process in running]  # type: ignore[attr-defined]
    assert [err for _, err in said if err] == []
    assert sum("before {'m': 1.5} RUNNING" in out for out, _ in said) >= 1
    with sqlite3.connect(tmp_path / "quire.db") as connection:
        assert connection.execute("SELECT version_num FROM quire_version").fetchall() == [("9999",)]
        assert connection.execute("SELECT colour FROM runs WHERE run_id = ?", (run,)).fetchall() == [("blue",)]
        assert connection.execute("SELECT count(*) FROM runs").fetchone() == (1 + processes,)


CREATOR = """
import sys, time
from quire.domain.errors import AlreadyExists
from quire.store import open_store
store = open_store(sys.argv[1])
while time.time() < float(sys.argv[2]):
    pass
try:
    print("made", store.create_experiment("contested"))
except AlreadyExists as error:
    print("taken", error)
"""


def test_of_two_processes_that_create_one_experiment_one_wins(store: Store, uri: str, start: Start) -> None:
    begin = time.time() + 1.5
    running = [start(CREATOR, uri, begin) for _ in range(2)]
    said = sorted(process.communicate(timeout=60)[0].split()[0] for process in running)  # type: ignore[attr-defined]
    assert said == ["made", "taken"]
    assert store.get_experiment_by_name("contested") is not None


ENDLESS = """
import sys
from quire.domain.entities import Metric
from quire.store import open_store
store = open_store(sys.argv[1])
run = store.create_run("0").info.run_id
print(run, flush=True)
step = 0
while True:
    store.log_batch(run, metrics=[Metric(f"m{n}", float(step), step, step) for n in range(50)])
    print(step, flush=True)
    step += 1
"""


@pytest.mark.parametrize("seconds", [0.05, 0.3])
def test_a_killed_process_loses_nothing_that_was_acknowledged(
    store: Store, uri: str, start: Start, seconds: float
) -> None:
    process = start(ENDLESS, uri)
    run = process.stdout.readline().strip()  # type: ignore[attr-defined]
    process.stdout.readline()  # type: ignore[attr-defined]
    time.sleep(seconds)
    process.send_signal(signal.SIGKILL)  # type: ignore[attr-defined]
    rest = process.stdout.read().split()  # type: ignore[attr-defined]
    acknowledged = int(rest[-1]) if rest else 0
    store.close()
    reopened = open_store(uri)
    steps = [metric.step for metric in reopened.get_metric_history(run, "m49")]
    assert steps[: acknowledged + 1] == list(range(acknowledged + 1))
    assert len(steps) <= acknowledged + 2
    for key in ("m0", "m49"):
        assert len(reopened.get_metric_history(run, key)) == len(steps)
    reopened.close()


def test_a_writer_waits_for_another_program_that_holds_the_lock(store: Store, uri: str, start: Start) -> None:
    holder = start(
        """
        import sqlite3, sys, time
        connection = sqlite3.connect(sys.argv[1].removeprefix("sqlite:///"), isolation_level=None)
        connection.execute("BEGIN IMMEDIATE")
        print("locked", flush=True)
        time.sleep(3)
        connection.execute("COMMIT")
        """,
        uri,
    )
    holder.stdout.readline()  # type: ignore[attr-defined]
    began = time.monotonic()
    store.get_experiment("0")
    assert time.monotonic() - began < 2
    store.create_experiment("after the lock")
    assert time.monotonic() - began > 2


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_forked_child_uses_the_store_and_the_parent_goes_on(store: Store, uri: str) -> None:
    run = store.create_run("0").info.run_id
    child = os.fork()
    if child == 0:
        status = 1
        try:
            open_store(uri).log_batch(run, metrics=[Metric("from child", 1.0)])
            store.log_batch(run, metrics=[Metric("by inheritance", 2.0)])
            status = 0
        finally:
            os._exit(status)
    assert os.waitpid(child, 0)[1] == 0
    store.log_batch(run, metrics=[Metric("from parent", 3.0)])
    assert store.get_run(run).data.metrics == {"from child": 1.0, "by inheritance": 2.0, "from parent": 3.0}


def test_a_closed_store_says_so_and_opening_again_gives_a_new_one(store: Store, uri: str) -> None:
    assert open_store(uri) is store
    store.close()
    with pytest.raises(InvalidState, match="Open the store again"):
        store.get_experiment("0")
    again = open_store(uri)
    assert again is not store
    assert again.get_experiment("0").name == "Default"
    again.close()
