"""One transaction: its statements, the parts of it that may be undone alone, what waits for its commit."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from typing import Any, ClassVar

import sqlalchemy as sa

from quire.domain.errors import Unavailable
from quire.store.sql.statement import Statement

Rows = list[tuple[Any, ...]]
_AT_ONCE = 10_000


class Session(ABC):
    """One transaction. Statements take their parameters by position.

    What a kind of database does its own way is in its subclass.
    """

    __slots__ = ("_after_commit", "_depth", "_driver", "_lent", "_lost", "connection", "place")
    sorts_to_group: ClassVar[bool] = False
    """Whether ``GROUP BY`` without an index sorts all rows, however few groups there are."""

    def __init__(self, connection: sa.Connection, place: str) -> None:
        self.connection = connection
        self.place = place
        self._driver: Any = connection.connection.dbapi_connection
        self._after_commit: list[Callable[[], None]] = []
        self._depth = 0
        self._lent: str | None = None
        self._lost = False

    @abstractmethod
    def _sql(self, statement: Statement) -> str:
        """The statement as the driver takes it."""

    @abstractmethod
    def _list(self, items: Sequence[int] | Sequence[str] | Sequence[tuple[int, int]]) -> object:
        """The parameter for ``ANY``: one value, however many items there are."""

    def listed(self, items: Sequence[int] | Sequence[str]) -> object:
        """The parameter for ``ANY`` in a statement that has others too."""
        return self._list(items)

    @abstractmethod
    def insert(self, statement: Statement, rows: Sequence[Sequence[Any]]) -> None:
        """Execute an INSERT of one row for each of these rows, many at a time."""

    @abstractmethod
    def insert_returning(self, statement: Statement, rows: Sequence[Sequence[Any]]) -> Rows:
        """Execute an INSERT with RETURNING of one row for each of these rows; what it returns of those inserted."""

    @abstractmethod
    def tables(self) -> set[str]:
        """The names of the tables that the database has."""

    @abstractmethod
    def take_turns(self, about: str) -> None:
        """Until the end of this transaction, wait for others that take turns about the same."""

    def share_turn(self, about: str) -> None:
        """Until the end of this transaction, let nobody claim the turn about this. Those that share do not wait."""
        return

    def claim_turn(self, about: str) -> bool:
        """Have the turn about this alone until the end of this transaction; False if others share or have it."""
        return True

    @abstractmethod
    def damage(self) -> list[str]:
        """What the database finds wrong with its own storage."""

    def take_time(self) -> None:
        """Let no statement of this transaction be given up for taking long."""
        return

    def has_grown(self, table: str, rows: int) -> None:
        """Let the database know that a table has so many more rows, if that may change how it is best read."""
        return

    @abstractmethod
    def begin(self, *, writing: bool) -> None:
        """Begin."""

    def begin_now(self) -> bool:
        """Begin to write, unless somebody else writes."""
        self.begin(writing=True)
        return True

    @abstractmethod
    def is_open(self) -> bool:
        """Whether the transaction can still be undone or made durable: the database has not ended it by itself."""

    @property
    def broken(self) -> bool:
        """Whether the connection is of no more use."""
        return False

    def rows(self, statement: Statement, parameters: Sequence[Any] = ()) -> Rows:
        """All rows of a query."""
        result: Rows = self._driver.execute(self._sql(statement), parameters).fetchall()
        return result

    def stream(self, statement: Statement, parameters: Sequence[Any] = ()) -> Iterator[tuple[Any, ...]]:
        """The rows of a query one by one: where the database is a file, never many of them are in memory."""
        cursor: Any = self._driver.execute(self._sql(statement), parameters)
        while rows := cursor.fetchmany(_AT_ONCE):
            yield from rows

    def row(self, statement: Statement, parameters: Sequence[Any] = ()) -> tuple[Any, ...] | None:
        """The first row of a query, if any."""
        result: tuple[Any, ...] | None = self._driver.execute(self._sql(statement), parameters).fetchone()
        return result

    def run(self, statement: Statement, parameters: Sequence[Any] = ()) -> int:
        """Execute a change; the number of rows it touched."""
        count: int = self._driver.execute(self._sql(statement), parameters).rowcount
        return count

    def rows_of(self, statement: Statement, items: Sequence[int] | Sequence[str] | Sequence[tuple[int, int]]) -> Rows:
        """All rows of a query whose one parameter is ``= ANY(:ids)``, ``(a, b) = ANY(:pairs)`` or ``ANY(:names)``."""
        return self.rows(statement, (self._list(items),)) if items else []

    def rows_of_each(self, statements: tuple[Statement, ...], ids: Sequence[int]) -> list[Rows]:
        """All rows of several queries about the same ids, at the cost of one where the database is far away."""
        return [self.rows_of(statement, ids) for statement in statements]

    def row_and_rows_of_each(
        self, first: Statement, value: str, statements: tuple[Statement, ...]
    ) -> tuple[tuple[Any, ...] | None, list[Rows]]:
        """The row that ``first`` finds by a value, and the rows of each query about the number it begins with."""
        row = self.row(first, (value,))
        return row, [] if row is None else self.rows_of_each(statements, [row[0]])

    def select(self, query: sa.sql.expression.Executable) -> Rows:
        """All rows of a query built for the occasion."""
        cursor: Any = self.connection.execute(query).cursor
        rows: Rows = cursor.fetchall()
        return rows

    @abstractmethod
    def create_functions(self) -> None:
        """Create the functions that queries call, unless each connection has them anyway."""

    def create_all(self, metadata: sa.MetaData) -> None:
        """Create tables and indexes."""
        for text in _texts_of(metadata, self.connection.dialect.name):
            self._driver.execute(text, ())

    def after_commit(self, action: Callable[[], None]) -> None:
        """Call ``action`` once what this transaction wrote is durable; not at all if it is undone."""
        self._after_commit.append(action)

    def commit(self) -> None:
        """Make everything durable, then run what waits for that."""
        self.refuse_if_lost()
        self._commit()
        self.committed()

    def _commit(self) -> None:
        self._driver.execute("COMMIT")

    def committed(self) -> None:
        """Run what waits for the commit."""
        for action in self._after_commit:
            action()

    def undo(self) -> None:
        """Undo everything, unless the database did so by itself or nothing had begun."""
        if self.is_open():
            self._driver.execute("ROLLBACK")

    def refuse_if_lost(self) -> None:
        """Raise Unavailable if the database undid the whole transaction by itself, as it may on a full disk."""
        if self._lost:
            raise Unavailable(
                f"{self.place} undid the whole transaction when a call in it failed, so nothing of it was stored. Do "
                "all of it again."
            )

    @contextmanager
    def part(self, *, lend: bool = False) -> Iterator[None]:
        """A part that is undone alone when it raises.

        With ``lend``, the first part that is begun inside is this one: nothing was written yet, so that undoing the
        one undoes the other, and a savepoint is saved.
        """
        self.refuse_if_lost()
        lent, self._lent = self._lent, None
        if lent is not None:
            with self._undone_to(lent):
                yield
            return
        self._depth += 1
        name = f"part_{self._depth}"
        self._driver.execute(f"SAVEPOINT {name}")
        self._lent = name if lend else None
        try:
            with self._undone_to(name):
                yield
        finally:
            self._lent = None
            self._depth -= 1
            if not self._lost:
                self._driver.execute(f"RELEASE {name}")

    @contextmanager
    def _undone_to(self, savepoint: str) -> Iterator[None]:
        waiting = len(self._after_commit)
        try:
            yield
        except BaseException:
            del self._after_commit[waiting:]
            self._lost = self._lost or not self.is_open()
            if not self._lost:
                self._driver.execute(f"ROLLBACK TO {savepoint}")
            raise
        self.refuse_if_lost()


@cache
def _texts_of(metadata: sa.MetaData, dialect: str) -> list[str]:
    """What makes tables and indexes, as text: writing it takes longer than running it, so a process does it once."""
    texts: list[str] = []

    def keep(ddl: Any, *_: object, **__: object) -> None:
        texts.append(str(ddl.compile(dialect=engine.dialect)))

    engine = sa.create_mock_engine(f"{dialect}://", keep)
    metadata.create_all(engine, checkfirst=False)
    return texts
