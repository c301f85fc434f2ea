"""SQLite: one writer at a time, readers that never wait, one file for any number of threads and processes."""

from __future__ import annotations

import re
import sqlite3
import time
from collections.abc import Sequence
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.pool import QueuePool, StaticPool

from quire.domain.errors import QuireError
from quire.store.sql.failures import InDoubt, explain_sqlite, explain_value, is_busy, original
from quire.store.sql.session import Rows, Session
from quire.store.sql.span_text import holds
from quire.store.sql.statement import Statement
from quire.store.sql.watching import SqliteWatch

# How long a writer waits for the others before it gives up (seconds).
WRITE_PATIENCE = 300.0
_WAL_PATIENCE = 60.0
_BUSY_TIMEOUT_MS = 60_000
_PATIENT = f"PRAGMA busy_timeout={_BUSY_TIMEOUT_MS}"
_CACHE_KIB = 32 * 1024
_MAPPED_BYTES = 2**30
# Pages in the log before they are carried over to the file, which waits for the disk: SQLite's own 1,000 would have a
# busy server do that ten times a second, mostly with the same pages.
_LOG_PAGES = 4000
# Few sizes, so that few statements are prepared; 50 rows of 8 values stay below what SQLite allows.
_ROWS_AT_ONCE = (50, 10)

_TABLES = Statement("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
_INTEGRITY = Statement("PRAGMA integrity_check(10)")
_PARENTS = Statement("PRAGMA foreign_key_check")
_PAIRS = "IN (SELECT json_extract(value, '$[0]'), json_extract(value, '$[1]') FROM json_each(?))"
_ANY = re.compile(r"= ANY\(:(ids|names|pairs)\)")
_ONE = re.compile(r"= ANY\(:(ids|names)\)")
_LOCK = re.compile(r" FOR (NO KEY )?(UPDATE|SHARE)( SKIP LOCKED)?$")
_PARAMETER = re.compile(r":\w+")
_ONE_ROW = re.compile(r"VALUES (\([^()]*\))")


class SqliteSession(Session):
    """A transaction of SQLite. A writer takes the one write lock when it begins, so that it never has to give up."""

    __slots__ = ()
    sorts_to_group = True

    def _sql(self, statement: Statement) -> str:
        return statement.form("sqlite", _translated)

    def _list(self, items: Sequence[int] | Sequence[str] | Sequence[tuple[int, int]]) -> object:
        return msgspec.json.encode(items).decode()

    def rows_of(self, statement: Statement, items: Sequence[int] | Sequence[str] | Sequence[tuple[int, int]]) -> Rows:
        """All rows of a query about one list; a single item needs no list."""
        if len(items) == 1 and not isinstance(items[0], tuple):
            sql = statement.form("sqlite one", _translated_for_one)
            rows: Rows = self._driver.execute(sql, (items[0],)).fetchall()
            return rows
        return super().rows_of(statement, items)

    def insert(self, statement: Statement, rows: Sequence[Sequence[Any]]) -> None:
        """Execute an INSERT of one row for each of these rows, many at a time: a row then costs a quarter less."""
        done = 0
        for count in _ROWS_AT_ONCE:
            while len(rows) - done >= count:
                values = list(chain.from_iterable(rows[done : done + count]))
                self._driver.execute(statement.form(count, partial(_of_rows, count=count)), values)
                done += count
        if done < len(rows):
            self._driver.executemany(self._sql(statement), rows[done:])

    def insert_returning(self, statement: Statement, rows: Sequence[Sequence[Any]]) -> Rows:
        """Execute an INSERT with RETURNING of one row for each of these rows, many at a time."""
        found: Rows = []
        done = 0
        for count in (*_ROWS_AT_ONCE, 1):
            sql = statement.form(count, partial(_of_rows, count=count))
            while len(rows) - done >= count:
                values = list(chain.from_iterable(rows[done : done + count]))
                found += self._driver.execute(sql, values).fetchall()
                done += count
        return found

    def tables(self) -> set[str]:
        """The names of the tables that the database has."""
        return {row[0] for row in self.rows(_TABLES)}

    def take_turns(self, about: str) -> None:
        """Writers take turns about everything."""

    def create_functions(self) -> None:
        """Each connection has them when it is made."""

    def damage(self) -> list[str]:
        """What the database finds wrong with its own storage."""
        said = [row[0] for row in self.rows(_INTEGRITY) if row[0] != "ok"]
        return said + [f"a row of {row[0]} names a row of {row[2]} that is gone" for row in self.rows(_PARENTS)]

    def begin_now(self) -> bool:
        """Begin to write, unless somebody else writes."""
        self._driver.execute("PRAGMA busy_timeout=0")
        try:
            self._driver.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:
            if not is_busy(error):
                raise
            return False
        finally:
            self._driver.execute(_PATIENT)
        return True

    def begin(self, *, writing: bool) -> None:
        """Begin, waiting for other writers."""
        deadline = time.monotonic() + WRITE_PATIENCE
        while True:
            try:
                self._driver.execute("BEGIN IMMEDIATE" if writing else "BEGIN")
            except sqlite3.OperationalError as error:
                if not writing or not is_busy(error) or time.monotonic() > deadline:
                    raise
                time.sleep(0.01)
            else:
                return

    def is_open(self) -> bool:
        """Whether the transaction can still be undone or made durable."""
        open_: bool = self._driver.in_transaction
        return open_


def _translated(sql: str) -> str:
    sql = _LOCK.sub("", sql).replace(" ESCAPE ''", "").replace(" OFFSET 0)", ")")
    sql = _ANY.sub(lambda found: _PAIRS if found[1] == "pairs" else "IN (SELECT value FROM json_each(?))", sql)
    return _PARAMETER.sub("?", sql)


def _translated_for_one(sql: str) -> str:
    return _translated(_ONE.sub("= ?", sql))


def _of_rows(sql: str, count: int) -> str:
    """An INSERT of one row made into one of ``count`` rows, whose parameters follow one another."""
    row = r", ".join([r"\1"] * count)
    made, found = _ONE_ROW.subn(f"VALUES {row}", _translated(sql))
    if found != 1:
        raise ValueError(f"not an INSERT of one row: {sql}")
    return made


class Sqlite:
    """SQLite in the file ``path``; None keeps it in memory, where all threads share one connection."""

    one_writer = True
    unites = False

    def __init__(self, path: Path | None, *, synchronous: str = "normal") -> None:
        self.place = f"The database {path}" if path else "The database in memory"
        self.uri = f"sqlite:///{path}" if path else "sqlite://"
        self.one_connection = path is None
        self._path = path
        self._synchronous = synchronous

    def create_engine(self) -> sa.Engine:
        """The pool of connections."""
        url = sa.URL.create("sqlite", database=str(self._path) if self._path else None)
        common: dict[str, Any] = {"isolation_level": "AUTOCOMMIT"}
        arguments = {"check_same_thread": False, "timeout": _BUSY_TIMEOUT_MS / 1000, "cached_statements": 256}
        if self._path is None:
            engine = sa.create_engine(url, poolclass=StaticPool, connect_args=arguments, **common)
        else:
            engine = sa.create_engine(
                url,
                poolclass=QueuePool,
                pool_size=16,
                max_overflow=-1,
                pool_reset_on_return=None,
                pool_use_lifo=True,  # each connection has a cache of its own: few warm ones rather than many cold
                connect_args=arguments,
                **common,
            )
        event.listen(engine, "connect", self._prepare_connection)
        return engine

    def _prepare_connection(self, connection: Any, _record: object) -> None:
        connection.execute(f"PRAGMA synchronous={self._synchronous}")
        connection.execute("PRAGMA foreign_keys=ON")
        connection.execute("PRAGMA case_sensitive_like=ON")
        connection.execute(f"PRAGMA cache_size=-{_CACHE_KIB}")
        connection.execute("PRAGMA temp_store=MEMORY")
        connection.execute(f"PRAGMA mmap_size={_MAPPED_BYTES}")
        connection.execute(f"PRAGMA wal_autocheckpoint={_LOG_PAGES}")
        connection.create_function("quire_lower", 1, _lower, deterministic=True)
        connection.create_function("quire_holds", 3, holds, deterministic=True)

    def session(self, connection: sa.Connection) -> SqliteSession:
        """A transaction over ``connection``, not yet begun."""
        return SqliteSession(connection, self.place)

    def watch(self) -> SqliteWatch | None:
        """A watch on the file. What is in memory is this process' own."""
        return SqliteWatch(str(self._path)) if self._path else None

    def prepare(self, engine: sa.Engine) -> None:
        """Write-ahead logging, kept in the file's header: readers never wait for a writer."""
        deadline = time.monotonic() + _WAL_PATIENCE
        while True:
            try:
                with engine.connect() as connection:
                    connection.exec_driver_sql("PRAGMA journal_mode=WAL")
            except sa.exc.OperationalError as error:
                if not is_busy(original(error)) or time.monotonic() > deadline:
                    raise
                time.sleep(0.01)
            else:
                return

    def explain(self, error: BaseException) -> QuireError | None:
        """The error that a failure of the database stands for; None if it is not one of the database's."""
        cause = original(error)
        if isinstance(cause, sqlite3.Error):
            return explain_sqlite(cause, self.place)
        return explain_value(cause)

    def is_away(self, error: BaseException) -> bool:
        """A file is never away for a while."""
        return False

    def was_committed(self, session: Session, doubt: InDoubt) -> bool | None:
        """A commit of SQLite is always answered."""
        raise NotImplementedError


def _lower(text: object) -> object:
    return text.lower() if isinstance(text, str) else text
