"""Looking after a database: upgraded, checked, backed up while it is written to."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import threading
from pathlib import Path

import psycopg
import pytest

from quire.domain.entities import Metric, Tag
from quire.domain.errors import AlreadyExists, InvalidInput, InvalidState, NotFound, Unavailable
from quire.store import open_store
from quire.store.sql.backup import backup
from quire.store.sql.schema import HEAD_REVISION
from quire.store.sql.upkeep import check, upgrade
from tests.postgres import PASSWORD, PostgresServer


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URI of a database that has no tables yet."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/quire.db"
    return str(request.getfixturevalue("postgres_uri"))


def _problems(uri: str) -> dict[str, str]:
    return {finding.name: finding.detail for finding in check(uri).findings if not finding.right}


def test_a_database_is_made_then_left_alone(place: str) -> None:
    made = upgrade(place, "artifacts")
    assert (made.before, made.after, made.changed) == (None, HEAD_REVISION, True)
    again = upgrade(place, "artifacts")
    assert (again.before, again.changed) == (HEAD_REVISION, False)
    assert PASSWORD not in repr(again)


def test_a_database_in_order_has_no_problems(place: str) -> None:
    store = open_store(place, artifact_root="artifacts")
    run = store.create_run("0").info.run_id
    store.log_batch(run, metrics=[Metric("m", 1.0)], tags=[Tag("t", "v")])
    condition = check(place)
    assert condition.right, condition
    assert "1 runs, 1 metric values" in condition.findings[-1].detail
    assert PASSWORD not in repr(condition)
    store.close()


def test_what_is_wrong_is_named(place: str) -> None:
    store = open_store(place, artifact_root="artifacts")
    run = store.create_run("0").info.run_id
    store.log_batch(run, metrics=[Metric("m", 1.0)])
    store.close()
    _run(
        place,
        "UPDATE runs SET unsettled = NULL",
        "INSERT INTO params (run_id, key_id, head, experiment_id, start_time) VALUES (99, 1, 'x', 0, 0)",
        "DROP INDEX ix_tags_order",
        "DROP TABLE run_dataset_tags",
    )
    problems = _problems(place)
    assert problems["search"] == "1 metrics are in no index, so a search by them misses their runs"
    assert problems["runs"] == "1 rows of params belong to no run"
    assert problems["tables"] == "missing: ix_tags_order, run_dataset_tags"
    assert set(problems) == {"search", "runs", "tables"}


def _run(uri: str, *statements: str) -> None:
    if uri.startswith("sqlite"):
        with sqlite3.connect(uri.removeprefix("sqlite:///")) as connection:
            for statement in statements:
                connection.execute(statement)
        connection.close()
    else:
        with psycopg.connect(uri) as server:
            for statement in statements:
                server.execute(statement.encode())


def test_an_old_or_empty_database_is_told_and_not_changed(place: str, tmp_path: Path) -> None:
    if place.startswith("sqlite"):
        with pytest.raises(NotFound, match="quire db upgrade"):
            check(place)
        assert not list(tmp_path.iterdir())
        Path(place.removeprefix("sqlite:///")).touch()
    assert _problems(place) == {"schema": "there are no tables yet"}
    upgrade(place, "artifacts")
    _run(place, "UPDATE quire_version SET version_num = '0001'")
    assert _problems(place) == {"schema": f"0001; this version of Quire uses {HEAD_REVISION}"}


def test_a_damaged_file_is_told(tmp_path: Path) -> None:
    uri = f"sqlite:///{tmp_path}/quire.db"
    store = open_store(uri)
    for number in range(200):
        store.set_experiment_tag("0", Tag(f"key {number}", "x" * 500))
    store.close()
    path = tmp_path / "quire.db"
    content = bytearray(path.read_bytes())
    content[-4096:] = b"\xff" * 4096
    path.write_bytes(content)
    try:
        problems = _problems(uri)
    except InvalidInput as refused:
        problems = {"storage": refused.message}
    assert "storage" in problems


def test_a_backup_of_sqlite_holds_what_was_acknowledged_while_others_write(tmp_path: Path) -> None:
    uri = f"sqlite:///{tmp_path}/quire.db"
    store = open_store(uri)
    run = store.create_run("0").info.run_id
    stop, steps = threading.Event(), [0]

    def write() -> None:
        while not stop.is_set():
            store.log_batch(run, metrics=[Metric(f"m{n}", 1.0, steps[0], steps[0]) for n in range(50)])
            steps[0] += 1

    writer = threading.Thread(target=write)
    writer.start()
    while steps[0] < 20:
        pass
    before = steps[0]
    done = backup(uri, tmp_path / "backup.db")
    stop.set()
    writer.join()
    assert done.size == (tmp_path / "backup.db").stat().st_size
    restored = open_store(f"sqlite:///{tmp_path}/backup.db")
    kept = [metric.step for metric in restored.get_metric_history(run, "m49")]
    assert len(kept) >= before
    assert kept == list(range(len(kept)))
    restored.close()
    store.close()
    assert sorted(path.name for path in tmp_path.glob("backup*")) == ["backup.db"]


def test_a_backup_replaces_a_file_only_if_told_to(tmp_path: Path) -> None:
    uri = f"sqlite:///{tmp_path}/quire.db"
    upgrade(uri, "artifacts")
    file = tmp_path / "backup.db"
    file.write_text("precious")
    with pytest.raises(AlreadyExists, match="--force"):
        backup(uri, file)
    assert file.read_text() == "precious"
    backup(uri, file, replace=True)
    assert check(f"sqlite:///{file}").right


@pytest.mark.parametrize(
    ("uri", "file", "kind", "problem"),
    [
        ("sqlite:///{folder}/absent.db", "b.db", NotFound, "nothing to back up"),
        ("sqlite:///{folder}/quire.db", "absent/b.db", NotFound, "absent does not exist"),
        ("sqlite://", "b.db", InvalidInput, "in memory"),
        ("http://host", "b.db", InvalidInput, "Only a database"),
        ("sqlite:///{folder}/quire.db", "quire.db", InvalidInput, "is the database itself"),
        ("sqlite:///{folder}/text.db", "b.db", Unavailable, "not a database"),
    ],
)
def test_a_backup_that_cannot_be_made_is_refused_and_leaves_nothing(
    tmp_path: Path, uri: str, file: str, kind: type[Exception], problem: str
) -> None:
    upgrade(f"sqlite:///{tmp_path}/quire.db", "artifacts")
    (tmp_path / "text.db").write_text("this is text, not a database, and long enough to be read as one" * 50)
    before = sorted(path.name for path in tmp_path.iterdir())
    with pytest.raises(kind, match=problem):
        backup(uri.format(folder=tmp_path), tmp_path / file, replace=file == "quire.db")
    assert sorted(path.name for path in tmp_path.iterdir()) == before


def test_postgresql_is_backed_up_by_its_own_program_and_restored(
    postgres_server: PostgresServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    uri = postgres_server.create_database()
    store = open_store(uri, artifact_root="artifacts")
    run = store.create_run("0").info.run_id
    store.log_batch(run, metrics=[Metric("m", 1.0)])
    store.close()
    monkeypatch.setenv("PG_DUMP", str(postgres_server.programs() / "pg_dump"))
    done = backup(uri, tmp_path / "quire.dump")
    assert PASSWORD not in repr(done)
    other = postgres_server.create_database()
    restore = [str(postgres_server.programs() / "pg_restore"), "--no-owner", f"--dbname={other}", done.file]
    subprocess.run(restore, check=True, env={**os.environ})
    assert check(other).right
    restored = open_store(other, artifact_root="artifacts")
    assert restored.get_run(run).data.metrics == {"m": 1.0}
    restored.close()


def test_without_the_program_the_command_is_told(
    postgres_uri: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PG_DUMP", "pg_dump-that-is-not-there")
    with pytest.raises(InvalidState, match="--format=custom --no-owner --file=") as raised:
        backup(postgres_uri, tmp_path / "quire.dump")
    assert PASSWORD not in str(raised.value)


def test_a_program_that_fails_is_quoted(tmp_path: Path, postgres_uri: str, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "pg_dump"
    program.write_text("#!/bin/sh\necho 'server version mismatch' >&2\nexit 1\n")
    program.chmod(0o755)
    monkeypatch.setenv("PG_DUMP", str(program))
    with pytest.raises(Unavailable, match="server version mismatch"):
        backup(postgres_uri, tmp_path / "quire.dump")
    assert not list(tmp_path.glob("quire.dump*"))
