"""Watches on SQLite and PostgreSQL databases: which tables were changed since the last look.

SQLite keeps a number in each connection that changes when another connection commits (``PRAGMA data_version``). It
says nothing of tables. PostgreSQL counts rows written by table, for everybody to read (``pg_stat_user_tables`` is made
of these counters).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable
from typing import Any

from quire.store.watching import EVERYTHING

_COUNTERS = """SELECT relname, pg_stat_get_tuples_inserted(oid) + pg_stat_get_tuples_updated(oid)
    + pg_stat_get_tuples_deleted(oid) FROM pg_class
    WHERE relkind = 'r' AND relnamespace = to_regnamespace(current_schema())"""


class SqliteWatch:
    """A watch on a file."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._connection: sqlite3.Connection | None = None
        self._version: int | None = None

    def changed(self) -> Iterable[str]:
        """EVERYTHING if anybody else committed: any other connection, one of this process too."""
        if self._connection is None:
            self._connection = sqlite3.connect(self._path, timeout=0, isolation_level=None, check_same_thread=False)
        (version,) = self._connection.execute("PRAGMA data_version").fetchone()
        before, self._version = self._version, version
        return () if before in (None, version) else (EVERYTHING,)

    def close(self) -> None:
        """Release the connection."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None


class PostgresWatch:
    """A watch on a database of a server. What it knew outlives a lost connection."""

    def __init__(self, connect: Callable[[], Any]) -> None:
        self._connect = connect
        self._connection: Any = None
        self._counted: dict[str, int] | None = None

    def changed(self) -> Iterable[str]:
        """The tables whose counters differ from those before."""
        try:
            if self._connection is None:
                self._connection = self._connect()
            counted = dict(self._connection.execute(_COUNTERS).fetchall())
        except BaseException:
            self.close()
            raise
        before, self._counted = self._counted, counted
        if before is None:
            return ()
        return [table for table, rows in counted.items() if before.get(table) != rows]

    def close(self) -> None:
        """Release the connection."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None
