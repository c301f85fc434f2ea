"""The connections of a store: transactions begun, made durable or undone, errors explained, calls run again."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import partial
from typing import TypeVar

import sqlalchemy as sa

from quire.domain.errors import InvalidState, QuireError, Unavailable
from quire.store.sql.dialect import Dialect
from quire.store.sql.failures import Again, InDoubt
from quire.store.sql.session import Session

T = TypeVar("T")
# How long a call waits for a server that is away (seconds), and how often a call is run again.
PATIENCE = 10.0
_ATTEMPTS = 20
_FIRST_PAUSE, _LONGEST_PAUSE = 0.002, 0.25


class Database:
    """The connections of one store. Safe from many threads; after a fork the child makes its own."""

    def __init__(self, dialect: Dialect) -> None:
        self.dialect = dialect
        self.place = dialect.place
        self._engine = dialect.create_engine()
        self._local = threading.local()
        self._turns = threading.RLock()
        self._reached = False
        self.closed = False

    @property
    def engine(self) -> sa.Engine:
        """The engine below, for migrations and for tests that break it."""
        return self._engine

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A consistent view; joins the transaction or the view that this thread has open, if any."""
        current = self._current() or self._view()
        if current is not None:
            current.refuse_if_lost()
            yield current
            return
        with self.explained(), self._turn(self.dialect.one_connection), self._transaction(writing=False) as session:
            yield session

    @contextmanager
    def glance(self) -> Iterator[Session]:
        """A view for one ``row_and_rows_of_each`` of the session, and beside it for what never changes (names of keys).

        Where that is one statement, it is consistent by itself: nothing is begun, and nothing has to be ended.
        """
        if not self.dialect.unites or self._current() or self._view():
            with self.read() as session:
                yield session
            return
        with self.explained():
            session = self._patiently(self._connected)
            try:
                yield session
                session.committed()
            finally:
                _give_back(session)

    @contextmanager
    def view(self) -> Iterator[None]:
        """Let all that this thread reads inside be one consistent view, at the cost of one transaction."""
        with self.read() as session:
            self._local.view = session
            try:
                yield
            finally:
                self._local.view = None

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
        with self.explained(), self._turn(self.dialect.one_writer), self._transaction(writing=True) as session:
            self._local.session = session
            try:
                yield session
            finally:
                self._local.session = None

    @contextmanager
    def write_now(self) -> Iterator[Session | None]:
        """A transaction as :meth:`write` gives, for a caller that cannot wait: None if somebody else writes."""
        if self._current() is not None:
            raise InvalidState("This thread has a transaction open already.")
        if not self._turns.acquire(blocking=False):
            yield None
            return
        try:
            with self.explained():
                session = self._begun_now()
                if session is None:
                    yield None
                    return
                with self._ended(session):
                    self._local.session = session
                    try:
                        yield session
                    finally:
                        self._local.session = None
        finally:
            self._turns.release()

    @contextmanager
    def part(self) -> Iterator[None]:
        """A part of the transaction that this thread has open, undone alone when it raises; a call's first own part."""
        current = self._current()
        assert current is not None
        with self.explained(), current.part(lend=True):
            yield

    def again(self, call: Callable[[], T]) -> T:
        """What ``call`` gives, run again as a whole when the database undid it for a reason that may have passed.

        A call inside a transaction of this thread is run once: all of that transaction would have to be run again.
        """
        if self._current() is not None:
            return call()
        deadline = time.monotonic() + PATIENCE
        for attempt in range(_ATTEMPTS):
            try:
                return call()
            except Again:
                if attempt == _ATTEMPTS - 1 or time.monotonic() > deadline:
                    raise
                time.sleep(_pause(attempt))
        raise AssertionError

    def _current(self) -> Session | None:
        """The write transaction that this thread has open."""
        session: Session | None = getattr(self._local, "session", None)
        return session

    def _view(self) -> Session | None:
        """The view that this thread has open."""
        session: Session | None = getattr(self._local, "view", None)
        return session

    def _turn(self, wanted: bool) -> AbstractContextManager[object]:
        return self._turns if wanted else nullcontext()

    @contextmanager
    def _transaction(self, *, writing: bool) -> Iterator[Session]:
        with self._ended(self._begun(writing=writing)) as session:
            yield session

    @contextmanager
    def _ended(self, session: Session) -> Iterator[Session]:
        """What has begun is made durable when the block ends, undone when it raises."""
        try:
            yield session
            session.commit()
        except InDoubt as doubt:
            self._resolve(doubt)
            session.committed()
        except BaseException:
            session.undo()
            raise
        finally:
            _give_back(session)

    def _begun(self, *, writing: bool) -> Session:
        """A transaction that has begun."""
        return self._patiently(partial(self._begin, writing=writing))

    def _patiently(self, open_session: Callable[[], Session]) -> Session:
        """A session that was opened. Nothing was asked for yet, so a server that is away is waited for."""
        deadline = time.monotonic() + PATIENCE
        attempt = 0
        while True:
            try:
                session = open_session()
            except Exception as error:
                if not self._reached or not self.dialect.is_away(error) or time.monotonic() > deadline:
                    raise
                time.sleep(_pause(attempt))
                attempt += 1
            else:
                self._reached = True
                return session

    def _begin(self, *, writing: bool) -> Session:
        session = self._connected()
        try:
            session.begin(writing=writing)
        except BaseException:
            _give_back(session)
            raise
        return session

    def _begun_now(self) -> Session | None:
        session = self._connected()
        begun = False
        try:
            begun = session.begin_now()
        finally:
            if not begun:
                _give_back(session)
        return session if begun else None

    def _connected(self) -> Session:
        if self.closed:
            raise InvalidState(f"{self.place} was closed by this process. Open the store again with open_store.")
        return self.dialect.session(self._engine.connect())

    def _resolve(self, doubt: InDoubt) -> None:
        """Return if the transaction was made durable; raise Again if it was not, Unavailable if nobody knows."""
        deadline = time.monotonic() + PATIENCE
        committed: bool | None = None
        while committed is None:
            try:
                with self._transaction(writing=False) as session:
                    committed = self.dialect.was_committed(session, doubt)
            except Exception as error:
                if not self.dialect.is_away(error):
                    raise self._unknown() from error
            if committed is None and time.monotonic() > deadline:
                raise self._unknown() from doubt
            time.sleep(0 if committed is not None else _LONGEST_PAUSE)
        if not committed:
            raise Again(f"{self.place} went away before it stored the call. Call again.")

    def _unknown(self) -> Unavailable:
        return Unavailable(
            f"{self.place} went away while it stored the call, and cannot be asked whether it did. Once it is back, "
            "look before you call again."
        )

    @contextmanager
    def explained(self) -> Iterator[None]:
        """Turn what the driver raises inside into Quire's errors."""
        try:
            yield
        except QuireError:
            raise
        except Exception as error:
            explanation = self.dialect.explain(error)
            if explanation is None:
                raise
            raise explanation from error

    def prepare(self) -> None:
        """What has to be done before the first table is made."""
        with self.explained():
            self.dialect.prepare(self._engine)

    def close(self) -> None:
        """Release the connections."""
        self.closed = True
        self._engine.dispose()

    def after_fork(self) -> None:
        """In the child of a fork: leave the parent's connections alone and make new ones when needed."""
        self._local = threading.local()
        self._turns = threading.RLock()
        if not self.dialect.one_connection:
            _INHERITED.append(self._engine.pool)
            self._engine.dispose(close=False)


# Connections that belong to a parent process: closing them here would disturb it, so they are kept as they are.
_INHERITED: list[object] = []


def _give_back(session: Session) -> None:
    if session.broken:
        session.connection.invalidate()
    session.connection.close()


def _pause(attempt: int) -> float:
    """Longer each time, and never the same for two callers that are in each other's way."""
    pause: float = min(_LONGEST_PAUSE, _FIRST_PAUSE * 2**attempt)
    return pause * random.uniform(0.5, 1.0)  # noqa: S311 - no secret
