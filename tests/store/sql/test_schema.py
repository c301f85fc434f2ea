"""The schema: made at once or by migrations, it is the same."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import pytest

from quire.domain.errors import InvalidInput
from quire.store.sql import Sqlite
from quire.store.sql.database import Database
from quire.store.sql.migrate import known_revisions, upgrade
from quire.store.sql.schema import HEAD_REVISION, ensure_schema


@pytest.fixture
def migrated(tmp_path: Path) -> Path:
    """A database brought to the current schema by migrations from nothing."""
    database = Database(Sqlite(tmp_path / "migrated.db"))
    with database.write() as session:
        upgrade(session.connection)
    database.close()
    return tmp_path / "migrated.db"


def _described(path: Path) -> dict[str, Any]:
    """Tables with their columns, parents and indexes, whatever the order of clauses."""
    with sqlite3.connect(path) as connection:
        names = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        described = {}
        for name in names:
            described[name] = {
                "columns": connection.execute(f"PRAGMA table_info({name})").fetchall(),
                "parents": sorted(row[2:7] for row in connection.execute(f"PRAGMA foreign_key_list({name})")),
                "clustered": connection.execute(f"PRAGMA table_list({name})").fetchall()[0][4],
                "indexes": sorted(
                    (row[2], [tuple(c) for c in connection.execute(f"PRAGMA index_xinfo({row[1]})")])
                    for row in connection.execute(f"PRAGMA index_list({name})")
                ),
            }
        indexes = connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL")
        described["indexes"] = {name: " ".join(sql.split()) for name, sql in indexes}
    return described


def test_migrations_from_nothing_give_what_a_new_file_gets(tmp_path: Path, migrated: Path) -> None:
    database = Database(Sqlite(tmp_path / "new.db"))
    ensure_schema(database, "artifacts")
    database.close()
    assert _described(migrated) == _described(tmp_path / "new.db")


def test_the_newest_migration_is_the_one_the_code_expects(migrated: Path) -> None:
    assert HEAD_REVISION in known_revisions()
    with sqlite3.connect(migrated) as connection:
        assert connection.execute("SELECT version_num FROM quire_version").fetchall() == [(HEAD_REVISION,)]


def _migrate_and_fail(database: Database) -> None:
    with database.write() as session:
        upgrade(session.connection)
        raise InvalidInput("the disk went away")


def test_a_migration_that_fails_changes_nothing(tmp_path: Path) -> None:
    database = Database(Sqlite(tmp_path / "broken.db"))
    with pytest.raises(InvalidInput):
        _migrate_and_fail(database)
    database.close()
    with sqlite3.connect(tmp_path / "broken.db") as connection:
        assert connection.execute("SELECT name FROM sqlite_master").fetchall() == []


def test_readers_do_not_wait_for_writers(tmp_path: Path) -> None:
    database = Database(Sqlite(tmp_path / "wal.db"))
    ensure_schema(database, "artifacts")
    with database.engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
        assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1
    database.close()
