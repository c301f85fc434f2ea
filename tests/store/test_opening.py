"""Opening stores by URI."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

import pytest

from quire.domain.errors import InvalidInput
from quire.store import open_store
from quire.store.opening import parse_sqlite


def test_one_store_a_process_for_each_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    store = open_store("sqlite:///quire.db")
    assert open_store(f"sqlite:///{tmp_path}/quire.db") is store
    assert open_store(f"sqlite:///{tmp_path}/quire.db", artifact_root=str(tmp_path / "elsewhere")) is not store
    assert store.uri == f"sqlite:///{tmp_path}/quire.db"
    assert store.get_experiment("0").artifact_location == f"{tmp_path}/quire-artifacts/0"
    store.close()


def test_a_relative_file_stays_where_it_was_when_the_folder_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    store = open_store("sqlite:///quire.db")
    (tmp_path / "other").mkdir()
    monkeypatch.chdir(tmp_path / "other")
    store.create_experiment("x")
    assert not (tmp_path / "other" / "quire.db").exists()
    store.close()


def test_artifacts_go_under_the_given_root(tmp_path: Path) -> None:
    store = open_store(f"sqlite:///{tmp_path}/quire.db", artifact_root="s3://bucket/root")
    experiment = store.create_experiment("x")
    run = store.create_run(experiment)
    assert run.info.artifact_uri == f"s3://bucket/root/{experiment}/{run.info.run_id}/artifacts"
    store.close()


@pytest.mark.parametrize("uri", ["sqlite://", "sqlite:///:memory:"])
def test_a_database_in_memory_is_one_for_all_threads(uri: str) -> None:
    store = open_store(uri)
    store.create_experiment("seen by all")
    seen: list[object] = []
    threads = [
        threading.Thread(target=lambda: seen.append(open_store(uri).get_experiment_by_name("seen by all")))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(seen) == 4
    assert None not in seen
    store.close()


@pytest.mark.parametrize(
    ("uri", "path", "synchronous"),
    [
        ("sqlite:////tmp/a.db", "/tmp/a.db", "normal"),
        ("sqlite:////tmp/with%20space.db", "/tmp/with space.db", "normal"),
        ("sqlite:////tmp/a.db?synchronous=full", "/tmp/a.db", "full"),
        ("sqlite+pysqlite:////tmp/a.db", "/tmp/a.db", "normal"),
    ],
)
def test_sqlite_uris(uri: str, path: str, synchronous: str) -> None:
    place = parse_sqlite(uri)
    assert (str(place.path), place.synchronous) == (path, synchronous)


@pytest.mark.parametrize(
    ("uri", "problem"),
    [
        ("sqlite://quire.db", "names a host"),
        ("sqlite:///a.db?journal=off", "has the option journal=off"),
        ("sqlite:///a.db?synchronous=off", "synchronous=normal or full"),
        ("mysql://host/db", "'mysql', which no store serves"),
        ("./mlruns", "names a folder"),
        ("file:///tmp/mlruns", "names a folder"),
    ],
)
def test_a_uri_that_no_store_serves_is_refused(uri: str, problem: str) -> None:
    with pytest.raises(InvalidInput, match=problem):
        open_store(uri)


def test_every_write_reaches_the_disk_if_asked_for(tmp_path: Path) -> None:
    from quire.store.sql import SqlStore

    store = open_store(f"sqlite:///{tmp_path}/quire.db?synchronous=full")
    assert isinstance(store, SqlStore)
    with store._database.engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2
    store.create_experiment("x")
    store.close()


def test_opening_a_current_file_loads_no_alembic(tmp_path: Path) -> None:
    open_store(f"sqlite:///{tmp_path}/quire.db").close()
    program = "import sys\nfrom quire.store import open_store\nopen_store(sys.argv[1])\nprint('alembic' in sys.modules)"
    command = [sys.executable, "-c", program, f"sqlite:///{tmp_path}/quire.db"]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip() == "False"


def test_quire_store_itself_loads_no_sqlalchemy() -> None:
    program = "import sys, quire.store; print('sqlalchemy' in sys.modules)"
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert result.stdout == "False\n"
