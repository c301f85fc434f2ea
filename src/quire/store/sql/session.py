"""One transaction: its statements, the parts of it that may be undone alone, what waits for its commit."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import chain
from typing import Any

import sqlalchemy as sa

from quire.domain.errors import Unavailable
from quire.store.sql.statement import Statement, id_list

Rows = list[tuple[Any, ...]]
# Few sizes, so that few statements are prepared; 50 rows of 8 values stay below what any database allows.
_ROWS_AT_ONCE = (50, 10)


class Session:
    """One transaction. Statements take their parameters by position."""

    __slots__ = ("_after_commit", "_depth", "_dialect", "_driver", "_lost", "connection", "place")

    def __init__(self, connection: sa.Connection, place: str) -> None:
        self.connection = connection
        self.place = place
        self._driver: Any = connection.connection.dbapi_connection
        self._dialect = connection.dialect
        self._after_commit: list[Callable[[], None]] = []
        self._depth = 0
        self._lost = False

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

    def rows_of(self, statement: Statement, ids: Sequence[int] | Sequence[tuple[int, int]]) -> Rows:
        """All rows of a query whose one parameter is ``= ANY(:ids)``, or ``(a, b) = ANY(:pairs)``."""
        return self.rows(statement, (id_list(self.dialect, ids),))

    def select(self, query: sa.sql.expression.Executable) -> Rows:
        """All rows of a query built for the occasion."""
        cursor: Any = self.connection.execute(query).cursor
        rows: Rows = cursor.fetchall()
        return rows

    def create_all(self, metadata: sa.MetaData) -> None:
        """Create tables and indexes."""
        metadata.create_all(self.connection, checkfirst=False)

    def after_commit(self, action: Callable[[], None]) -> None:
        """Call ``action`` once what this transaction wrote is durable; not at all if it is undone."""
        self._after_commit.append(action)

    def begin(self, *, writing: bool) -> None:
        """Begin; a writer takes the database's one write lock at once, so that it never has to give up later."""
        self._driver.execute("BEGIN IMMEDIATE" if writing else "BEGIN")

    def commit(self) -> None:
        """Make everything durable, then run what waits for that."""
        self.refuse_if_lost()
        self._driver.execute("COMMIT")
        for action in self._after_commit:
            action()

    def undo(self) -> None:
        """Undo everything, unless the database did so by itself or nothing had begun."""
        if self._is_open():
            self._driver.execute("ROLLBACK")

    def _is_open(self) -> bool:
        return not isinstance(self._driver, sqlite3.Connection) or self._driver.in_transaction

    def refuse_if_lost(self) -> None:
        """Raise Unavailable if the database undid the whole transaction by itself, as it may on a full disk."""
        if self._lost:
            raise Unavailable(
                f"{self.place} undid the whole transaction when a call in it failed, so nothing of it was stored. Do "
                "all of it again."
            )

    @contextmanager
    def part(self) -> Iterator[None]:
        """A part that is undone alone when it raises."""
        self.refuse_if_lost()
        self._depth += 1
        name, waiting = f"part_{self._depth}", len(self._after_commit)
        self._driver.execute(f"SAVEPOINT {name}")
        try:
            yield
        except BaseException:
            del self._after_commit[waiting:]
            self._lost = not self._is_open()
            if not self._lost:
                self._driver.execute(f"ROLLBACK TO {name}")
                self._driver.execute(f"RELEASE {name}")
            raise
        else:
            self.refuse_if_lost()
            self._driver.execute(f"RELEASE {name}")
        finally:
            self._depth -= 1
