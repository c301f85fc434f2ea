"""The connections of a store: one writer at a time, readers never waiting, errors explained."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.pool import QueuePool, StaticPool

from quire.domain.errors import InvalidState, QuireError
from quire.store.sql.failures import explain, is_busy
from quire.store.sql.session import Session

# How long a writer waits for the others before it gives up (seconds).
WRITE_PATIENCE = 300.0
_BUSY_TIMEOUT_MS = 60_000
_CACHE_KIB = 32 * 1024
_MAPPED_BYTES = 2**30


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
        current = self._current()
        if current is not None:
            current.refuse_if_lost()
            yield current
            return
        with self.explained(), self._memory_lock(), self._connect() as connection:
            session = Session(connection, self.place)
            try:
                session.begin(writing=False)
                yield session
                session.commit()
            except BaseException:
                session.undo()
                raise

    @contextmanager
    def write(self) -> Iterator[Session]:
        """A transaction that is durable when the block ends and undone when it raises.

        Inside another one of the same thread it is a part of that one, undone alone when it raises.
        """
        current = self._current()
        if current is not None:
            with self.explained(), current.part():
                yield current
            return
        with self.explained(), self._write_lock, self._connect() as connection:
            session = Session(connection, self.place)
            try:
                self._begin_writing(session)
                self._local.session = session
                yield session
                session.commit()
            except BaseException:
                session.undo()
                raise
            finally:
                self._local.session = None

    def _current(self) -> Session | None:
        """The write transaction that this thread has open."""
        session: Session | None = getattr(self._local, "session", None)
        return session

    @staticmethod
    def _begin_writing(session: Session) -> None:
        deadline = time.monotonic() + WRITE_PATIENCE
        while True:
            try:
                session.begin(writing=True)
            except sqlite3.OperationalError as error:
                if not is_busy(error) or time.monotonic() > deadline:
                    raise
                time.sleep(0.01)
            else:
                return

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
