"""Disks that are full or read-only, files that are not ours: each error says what is wrong and what to do."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from quire.domain.entities import Metric, Param
from quire.domain.errors import InvalidInput, InvalidState, NotFound, PermissionDenied, Unavailable
from quire.store import Store, open_store
from quire.store.sql import Sqlite, SqlStore

Start = Callable[..., object]


def _fill(store: Store, run: str) -> list[int]:
    """Log until the disk is full; the steps that were acknowledged."""
    acknowledged: list[int] = []
    with pytest.raises(Unavailable, match="make room on the disk"):
        _log_for_ever(store, run, acknowledged)
    return acknowledged


def _log_for_ever(store: Store, run: str, acknowledged: list[int]) -> None:
    for step in range(100_000):
        metrics = [Metric(f"m{n}", 1.0, step, step) for n in range(100)]
        store.log_batch(run, metrics=metrics, params=[Param(f"p{step}", "x" * 999)])
        acknowledged.append(step)


def test_a_full_disk_keeps_what_was_acknowledged(small_disk: Path) -> None:
    store = open_store(f"sqlite:///{small_disk}/quire.db")
    run = store.create_run("0").info.run_id
    acknowledged = _fill(store, run)
    assert acknowledged
    assert [metric.step for metric in store.get_metric_history(run, "m7")] == acknowledged
    store.close()
    reopened = open_store(f"sqlite:///{small_disk}/quire.db")
    assert [metric.step for metric in reopened.get_metric_history(run, "m99")] == acknowledged
    assert len(reopened.get_run(run).data.params) == len(acknowledged)
    reopened.close()


def test_a_database_that_may_not_grow_keeps_what_was_acknowledged(tmp_path: Path) -> None:
    from sqlalchemy import event

    store = SqlStore(Sqlite(tmp_path / "quire.db"), "artifacts")
    run = store.create_run("0").info.run_id
    engine = store._database.engine
    engine.dispose()
    event.listen(engine, "connect", lambda connection, _record: connection.execute("PRAGMA max_page_count=150"))
    acknowledged = _fill(store, run)
    assert [metric.step for metric in store.get_metric_history(run, "m7")] == acknowledged
    store.close()


def test_a_disk_without_room_for_a_new_file_says_so(small_disk: Path) -> None:
    (small_disk / "ballast").write_bytes(b"x" * _free(small_disk))
    with pytest.raises(Unavailable, match="make room on the disk"):
        open_store(f"sqlite:///{small_disk}/quire.db")


def _free(folder: Path) -> int:
    status = os.statvfs(folder)
    return status.f_bavail * status.f_frsize


AS_NOBODY = """
import os, sys
from quire.domain.errors import QuireError
from quire.store import open_store
import quire.store.sql.migrate
if os.geteuid() == 0:
    os.setuid(65534)
try:
    store = open_store(sys.argv[1])
    print("opened", flush=True)
    store.create_experiment("x")
    print("written")
except QuireError as error:
    print(type(error).__name__, error)
"""


@pytest.fixture
def open_folder() -> object:
    """A folder that any user may enter, unlike pytest's own."""
    import tempfile

    with tempfile.TemporaryDirectory() as name:
        os.chmod(name, 0o777)
        yield Path(name)


def _said(start: Start, folder: Path) -> str:
    process = start(AS_NOBODY, f"sqlite:///{folder}/quire.db")
    out, err = process.communicate(timeout=60)  # type: ignore[attr-defined]
    assert "Traceback" not in err, err
    return str(out)


def test_a_new_file_in_a_read_only_folder_is_refused(start: Start, open_folder: Path) -> None:
    os.chmod(open_folder, 0o555)
    said = _said(start, open_folder)
    assert said.startswith("PermissionDenied")
    assert "Give this user write access" in said


def test_a_read_only_file_is_refused(start: Start, open_folder: Path) -> None:
    open_store(f"sqlite:///{open_folder}/quire.db").close()
    os.chmod(open_folder / "quire.db", 0o444)
    os.chmod(open_folder, 0o555)
    said = _said(start, open_folder)
    assert "PermissionDenied" in said
    assert "written" not in said


def test_a_read_only_disk_is_refused(read_only_disk: Path) -> None:
    with pytest.raises(PermissionDenied, match="Give this user write access"):
        open_store(f"sqlite:///{read_only_disk}/quire.db")


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    (tmp_path / "quire.db").write_bytes(b"not a database, but long enough to look like a file" * 100)
    with pytest.raises(InvalidInput, match="is not a SQLite database"):
        open_store(f"sqlite:///{tmp_path}/quire.db")


def test_an_empty_file_becomes_a_store(tmp_path: Path) -> None:
    (tmp_path / "quire.db").touch()
    store = open_store(f"sqlite:///{tmp_path}/quire.db")
    assert store.get_experiment("0").name == "Default"
    store.close()


def test_the_database_of_another_program_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "quire.db"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE recipes (id INTEGER)")
    before = path.read_bytes()
    with pytest.raises(InvalidInput, match=r"belongs to another program.*recipes"):
        open_store(f"sqlite:///{path}")
    assert path.read_bytes() == before


def test_a_database_of_mlflow_is_recognised(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "mlflow.db") as connection:
        connection.execute("CREATE TABLE experiments (experiment_id INTEGER)")
        connection.execute("CREATE TABLE alembic_version (version_num TEXT)")
    with pytest.raises(InvalidInput, match="made by MLflow"):
        open_store(f"sqlite:///{tmp_path}/mlflow.db")


def test_a_newer_schema_is_refused(tmp_path: Path) -> None:
    open_store(f"sqlite:///{tmp_path}/quire.db").close()
    with sqlite3.connect(tmp_path / "quire.db") as connection:
        connection.execute("UPDATE quire_version SET version_num = '9999'")
    with pytest.raises(InvalidState, match=r"'9999', which is newer.*Upgrade Quire"):
        open_store(f"sqlite:///{tmp_path}/quire.db")


def test_a_folder_that_does_not_exist_is_named(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="absent does not exist"):
        open_store(f"sqlite:///{tmp_path}/absent/quire.db")


def test_a_folder_in_place_of_a_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="is a folder"):
        open_store(f"sqlite:///{tmp_path}")
