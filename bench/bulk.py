"""Rows straight into a database's tables, past every server: what fills a store with a million runs in minutes."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from typing import Any, Protocol, Self

Row = Sequence[object]


class Bulk(Protocol):
    """An open database that takes rows."""

    def __enter__(self) -> Self:
        """Open it."""
        ...

    def __exit__(self, *_exception: object) -> None:
        """Refresh what the planner knows, and close it."""
        ...

    def begin(self) -> None:
        """Begin a transaction."""
        ...

    def commit(self) -> None:
        """Commit it."""
        ...

    def insert(self, table: str, columns: str, rows: Iterable[Row]) -> None:
        """Insert rows."""
        ...

    def query(self, statement: str) -> list[tuple[Any, ...]]:
        """All rows of a query, or none of another statement."""
        ...


class SqliteBulk:
    """A SQLite file that others may have open. Nothing is synced to the disk: the rows can be made again."""

    def __init__(self, file: str) -> None:
        self._connection = sqlite3.connect(file, isolation_level=None, timeout=60)
        for pragma in ("synchronous=OFF", "cache_size=-1000000", "temp_store=MEMORY"):
            self._connection.execute(f"PRAGMA {pragma}")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self._connection.execute("PRAGMA optimize")
        self._connection.close()

    def begin(self) -> None:
        self._connection.execute("BEGIN IMMEDIATE")

    def commit(self) -> None:
        self._connection.execute("COMMIT")

    def insert(self, table: str, columns: str, rows: Iterable[Row]) -> None:
        places = ", ".join("?" * len(columns.split(", ")))
        self._connection.executemany(f"INSERT INTO {table} ({columns}) VALUES ({places})", rows)

    def query(self, statement: str) -> list[tuple[Any, ...]]:
        return self._connection.execute(statement).fetchall()


class PostgresBulk:
    """A PostgreSQL database; rows go in with COPY."""

    def __init__(self, uri: str) -> None:
        import psycopg

        self._connection = psycopg.connect(uri, autocommit=True)
        self._connection.execute("SET synchronous_commit = off")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self._connection.execute("VACUUM ANALYZE")
        self._connection.close()

    def begin(self) -> None:
        self._connection.execute("BEGIN")

    def commit(self) -> None:
        self._connection.execute("COMMIT")

    def insert(self, table: str, columns: str, rows: Iterable[Row]) -> None:
        with self._connection.cursor().copy(f"COPY {table} ({columns}) FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)

    def query(self, statement: str) -> list[tuple[Any, ...]]:
        cursor = self._connection.execute(statement)
        return cursor.fetchall() if cursor.description else []


def open_bulk(uri: str) -> Bulk:
    """Open the database of a SQLAlchemy URI."""
    if uri.startswith("sqlite:///"):
        return SqliteBulk(uri.removeprefix("sqlite:///"))
    return PostgresBulk(uri)
