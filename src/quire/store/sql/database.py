"""Connections and transactions: one writer at a time, readers never waiting, errors explained."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from itertools import chain
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.pool import QueuePool, StaticPool

from quire.domain.errors import InvalidState, QuireError
from quire.store.sql.failures import explain, is_busy
from quire.store.sql.statement import Statement, id_list

Rows = list[tuple[Any, ...]]
# How long a writer waits for the others before it gives up (seconds).
WRITE_PATIENCE = 300.0
_BUSY_TIMEOUT_MS = 60_000
_CACHE_KIB = 32 * 1024
_MAPPED_BYTES = 2**30
# Few sizes, so that few statements are prepared; 50 rows of 8 values stay below what any database allows.
_ROWS_AT_ONCE = (50, 10)


class Session:
    """One transaction. Statements take their parameters by position."""

    __slots__ = ("_after_commit", "_dialect", "_driver", "connection", "place", "savepoints")

    def __init__(self, connection: sa.Connection, place: str) -> None:
        self.connection = connection
        self.place = place
        self._driver: Any = connection.connection.dbapi_connection
        self._dialect = connection.dialect
        self._after_commit: list[Callable[[], None]] = []
        self.savepoints = 0

    @property
    def dialect(self) -> str:
        """``sqlite`` or ``postgresql``."""
        return self._dialect.name

    def rows(self, statement: Statement, parameters: Sequence[Any] = ()) -> Rows:
        """All rows of a query."""
        result: Rows = self._driver.execute(statement.for_dialect(self._dialect), parameters).fetchall()
        return result

    def row(self, statement: Statement, parameters: Sequence[Any] = ()) -> tuple[Any, ...] | None:
        """The first row of a query, if any."""
        result: tuple[Any, ...] | None = self._driver.execute(
            statement.for_dialect(self._dialect), parameters
        ).fetchone()
        return result

    def run(self, statement: Statement, parameters: Sequence[Any] = ()) -> int:
        """Execute a change; the number of rows it touched."""
        count: int = self._driver.execute(statement.for_dialect(self._dialect), parameters).rowcount
        return count

    def insert(self, statement: Statement, rows: Sequence[Sequence[Any]]) -> None:
        """Execute an INSERT for each of these rows, many at a time: a row then costs a quarter less."""
        done = 0
        for count in _ROWS_AT_ONCE:
            while len(rows) - done >= count:
                values = list(chain.from_iterable(rows[done : done + count]))
                self._driver.execute(statement.for_rows(self._dialect, count), values)
                done += count
        if done < len(rows):
            self._driver.executemany(statement.for_dialect(self._dialect), rows[done:])

    def rows_of(self, statement: Statement, ids: Sequence[int], parameters: Sequence[Any] = ()) -> Rows:
        """All rows of a query with ``= ANY(:ids)``, its first parameter."""
        return self.rows(statement, (id_list(self.dialect, ids), *parameters))

    def select(self, query: sa.sql.expression.Executable) -> Rows:
        """All rows of a query built for the occasion."""
        cursor: Any = self.connection.execute(query).cursor
        rows: Rows = cursor.fetchall()
        return rows

    def command(self, sql: str) -> None:
        """Execute a command that takes no parameters and is the same for every driver."""
        self._driver.execute(sql)

    def create_all(self, metadata: sa.MetaData) -> None:
        """Create tables and indexes."""
        metadata.create_all(self.connection, checkfirst=False)

    def after_commit(self, action: Callable[[], None]) -> None:
        """Call ``action`` once what this transaction wrote is durable; not at all if it is undone."""
        self._after_commit.append(action)

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        """A part that is undone alone when it raises."""
        self.savepoints += 1
        name, marked = f"part_{self.savepoints}", len(self._after_commit)
        self._driver.execute(f"SAVEPOINT {name}")
        try:
            yield
        except BaseException:
            del self._after_commit[marked:]
            if not isinstance(self._driver, sqlite3.Connection) or self._driver.in_transaction:
                self._driver.execute(f"ROLLBACK TO {name}")
                self._driver.execute(f"RELEASE {name}")
            raise
        else:
            self._driver.execute(f"RELEASE {name}")
        finally:
            self.savepoints -= 1

    def committed(self) -> None:
        """Run what waits for the commit."""
        for action in self._after_commit:
            action()


class Database:
    """The connections of one store. Safe from many threads; after a fork the child makes its own.

    ``path`` is the database file; None keeps it in memory, where all threads share one connection.
    """

    def __init__(self, path: Path | None, *, synchronous: str = "normal") -> None:
        self.place = f"The database {path}" if path else "The database in memory"
        self._synchronous = synchronous
        self._memory = path is None
        self._engine = self._create_engine(path)
        self._local = threading.local()
        self._write_lock = threading.RLock()
        self.closed = False

    def _create_engine(self, path: Path | None) -> sa.Engine:
        url = sa.URL.create("sqlite", database=str(path) if path else None)
        common: dict[str, Any] = {"isolation_level": "AUTOCOMMIT"}
        arguments = {"check_same_thread": False, "timeout": _BUSY_TIMEOUT_MS / 1000, "cached_statements": 256}
        if path is None:
            engine = sa.create_engine(url, poolclass=StaticPool, connect_args=arguments, **common)
        else:
            engine = sa.create_engine(
                url,
                poolclass=QueuePool,
                pool_size=16,
                max_overflow=-1,
                pool_reset_on_return=None,
                connect_args=arguments,
                **common,
            )
        event.listen(engine, "connect", self._prepare)
        return engine

    def _prepare(self, connection: Any, _record: object) -> None:
        connection.execute(f"PRAGMA synchronous={self._synchronous}")
        connection.execute("PRAGMA foreign_keys=ON")
        connection.execute("PRAGMA case_sensitive_like=ON")
        connection.execute(f"PRAGMA cache_size=-{_CACHE_KIB}")
        connection.execute("PRAGMA temp_store=MEMORY")
        connection.execute(f"PRAGMA mmap_size={_MAPPED_BYTES}")
        connection.create_function("quire_lower", 1, _lower, deterministic=True)

    @property
    def engine(self) -> sa.Engine:
        """The engine below, for migrations and for tests that break it."""
        return self._engine

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A consistent view; joins the write transaction that this thread has open, if any."""
        current: Session | None = getattr(self._local, "session", None)
        if current is not None:
            yield current
            return
        with self.explained(), self._memory_lock(), self._connect() as connection:
            session = Session(connection, self.place)
            session.command("BEGIN")
            try:
                yield session
            finally:
                self._end(session, "COMMIT")
            session.committed()

    @contextmanager
    def write(self) -> Iterator[Session]:
        """A transaction that is durable when the block ends and undone when it raises.

        Inside another one of the same thread it is a part of that one, undone alone when it raises.
        """
        current: Session | None = getattr(self._local, "session", None)
        if current is not None:
            with self.explained(), current.savepoint():
                yield current
            return
        with self.explained(), self._write_lock, self._connect() as connection:
            session = Session(connection, self.place)
            self._begin_writing(session)
            self._local.session = session
            try:
                yield session
                session.command("COMMIT")
            except BaseException:
                self._end(session, "ROLLBACK")
                raise
            finally:
                self._local.session = None
            session.committed()

    def _begin_writing(self, session: Session) -> None:
        deadline = time.monotonic() + WRITE_PATIENCE
        while True:
            try:
                session.command("BEGIN IMMEDIATE")
            except sqlite3.OperationalError as error:
                if not is_busy(error) or time.monotonic() > deadline:
                    raise
                time.sleep(0.01)
            else:
                return

    @staticmethod
    def _end(session: Session, how: str) -> None:
        driver = session._driver
        if not isinstance(driver, sqlite3.Connection) or driver.in_transaction:
            driver.execute(how)

    def _memory_lock(self) -> AbstractContextManager[object]:
        return self._write_lock if self._memory else nullcontext()

    @contextmanager
    def _connect(self) -> Iterator[sa.Connection]:
        if self.closed:
            raise InvalidState(f"{self.place} was closed by this process. Open the store again with open_store.")
        connection = self._engine.connect()
        try:
            yield connection
        finally:
            connection.close()

    @contextmanager
    def explained(self) -> Iterator[None]:
        """Turn what the driver raises inside into Quire's errors."""
        try:
            yield
        except QuireError:
            raise
        except Exception as error:
            explanation = explain(error, self.place)
            if explanation is None:
                raise
            raise explanation from error

    def close(self) -> None:
        """Release the connections."""
        self.closed = True
        self._engine.dispose()

    def after_fork(self) -> None:
        """In the child of a fork: leave the parent's connections alone and make new ones when needed."""
        self._local = threading.local()
        self._write_lock = threading.RLock()
        if not self._memory:
            _INHERITED.append(self._engine.pool)
            self._engine.dispose(close=False)


# Connections that belong to a parent process: closing them here would disturb it, so they are kept as they are.
_INHERITED: list[object] = []


def _lower(text: object) -> object:
    return text.lower() if isinstance(text, str) else text
