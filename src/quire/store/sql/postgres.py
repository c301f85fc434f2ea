"""PostgreSQL: many writers at once, from any number of machines.

Where SQLite has one writer, rows are locked: who changes a thing locks its row first, and of two that add the same
thing the second is run again and finds it. ``docs/decisions/0012`` says why this is enough.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import msgspec
import psycopg
import sqlalchemy as sa
from psycopg.pq import TransactionStatus
from psycopg.types.numeric import Int8Dumper
from sqlalchemy import event

from quire.domain.errors import InvalidInput, QuireError
from quire.store.sql import tables
from quire.store.sql.failures import Again, InDoubt, explain_value, original
from quire.store.sql.postgres_failures import explain_postgres, explain_waiting, is_away
from quire.store.sql.postgres_place import PostgresPlace
from quire.store.sql.postgres_united import kind_of, united, united_about
from quire.store.sql.session import Rows, Session
from quire.store.sql.statement import Statement
from quire.store.sql.watching import PostgresWatch

_BEGIN_READING = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
_BEGIN_WRITING = "BEGIN ISOLATION LEVEL READ COMMITTED; SELECT pg_current_xact_id()::text"
_IDLE_IN_TRANSACTION_SECONDS = 300
_LISTS = {"ids": "%s::bigint[]", "names": "%s::text[]"}
_PAIRS = "IN (SELECT (pair->>0)::bigint, (pair->>1)::bigint FROM json_array_elements(%s::json) AS pair)"
_ANY = re.compile(r"= ANY\(:(ids|names|pairs)\)")
_PARAMETER = re.compile(r"(?<!:):(\w+)")
_INSERT = re.compile(r"INSERT INTO (?P<table>\w+) \((?P<columns>[^)]*)\) VALUES \((?P<values>[^)]*)\)(?P<rest>.*)")

_TABLES = Statement("SELECT tablename FROM pg_tables WHERE schemaname = current_schema()")
_SHARE = Statement("SELECT pg_advisory_xact_lock_shared(hashtextextended('quire ' || :about, 0))")
_CLAIM = Statement("SELECT pg_try_advisory_xact_lock(hashtextextended('quire ' || :about, 0))")
_TURN = Statement("SELECT pg_advisory_xact_lock(hashtextextended('quire ' || :about, 0))")
_STATUS = Statement("SELECT pg_xact_status(CAST(:transaction AS xid8))")
# A server that recovers from a crash counts anew, and ends the recovery with a checkpoint.
_RECOVERY = """SELECT coalesce(extract(epoch FROM stats_reset), 0)::double precision, next_xid
    FROM pg_stat_bgwriter, pg_control_checkpoint()"""
_RECOVERED = "recovered"
_INVALID = Statement("SELECT indexrelid::regclass::text FROM pg_index WHERE NOT indisvalid")
_COUNTED = Statement("SELECT reltuples::bigint FROM pg_class WHERE oid = to_regclass(:table)")
_MANY = 500
_ENCODING = Statement("SELECT current_setting('server_encoding')")
# In order of preference: those that know the case of every alphabet.
_COLLATIONS = ("und-x-icu", "pg_c_utf8", "C.utf8", "C.UTF-8", "en_US.utf8")
_COLLATION = Statement("SELECT collname FROM pg_collation WHERE collname = ANY(:names) AND collencoding IN (-1, 6)")


class PostgresSession(Session):
    """A transaction of PostgreSQL. One that writes knows its number, to ask later what became of it."""

    __slots__ = ("_recovered", "_transaction")

    def __init__(self, connection: sa.Connection, place: str) -> None:
        super().__init__(connection, place)
        self._transaction: str | None = None
        self._recovered: float = connection.info[_RECOVERED]

    def _sql(self, statement: Statement) -> str:
        return statement.form("postgresql", _translated)

    def _list(self, items: Sequence[int] | Sequence[str] | Sequence[tuple[int, int]]) -> object:
        if isinstance(items[0], tuple):
            return msgspec.json.encode(items).decode()
        return list(items)

    def rows(self, statement: Statement, parameters: Sequence[Any] = ()) -> Rows:
        """All rows of a query; numbers come as they are, not as text."""
        found: Rows = self._driver.execute(self._sql(statement), parameters, binary=True).fetchall()
        return found

    def insert(self, statement: Statement, rows: Sequence[Sequence[Any]]) -> None:
        """Execute an INSERT of one row for each of these rows: one statement, which takes a list for each column."""
        if len(rows) == 1:
            self._driver.execute(self._sql(statement), rows[0])
        elif rows:
            columns = [list(column) for column in zip(*rows, strict=True)]
            self._driver.execute(statement.form("postgresql columns", _of_columns), columns)

    def insert_returning(self, statement: Statement, rows: Sequence[Sequence[Any]]) -> Rows:
        """Execute an INSERT with RETURNING of one row for each of these rows, as one statement."""
        if not rows:
            return []
        columns = [list(column) for column in zip(*rows, strict=True)]
        sql = statement.form("postgresql columns", _of_columns)
        found: Rows = self._driver.execute(sql, columns, binary=True).fetchall()
        return found

    def rows_of_each(self, statements: tuple[Statement, ...], ids: Sequence[int]) -> list[Rows]:
        """All rows of several queries about the same ids, as one statement."""
        one = united(statements)
        return one.divided(self.rows(one.statement, (self._list(ids),) * len(statements)))

    def row_and_rows_of_each(
        self, first: Statement, value: str, statements: tuple[Statement, ...]
    ) -> tuple[tuple[Any, ...] | None, list[Rows]]:
        """The row that ``first`` finds by a value, and the rows of each query about it, as one statement."""
        one = united_about(first, statements)
        rows, *others = one.divided(self.rows(one.statement, (value,) * (1 + len(statements))))
        return (rows[0] if rows else None), others

    def tables(self) -> set[str]:
        """The names of the tables of the schema in use."""
        return {row[0] for row in self.rows(_TABLES)}

    def create_all(self, metadata: sa.MetaData) -> None:
        """Create tables and indexes."""
        tables.for_postgresql(metadata)
        super().create_all(metadata)

    def take_turns(self, about: str) -> None:
        """Until the end of this transaction, wait for others that take turns about the same."""
        self.run(_TURN, (about,))

    def share_turn(self, about: str) -> None:
        """Until the end of this transaction, let nobody claim the turn about this. Those that share do not wait."""
        self.row(_SHARE, (about,))

    def claim_turn(self, about: str) -> bool:
        """Have the turn about this alone until the end of this transaction; False if others share or have it."""
        row = self.row(_CLAIM, (about,))
        return row is not None and bool(row[0])

    def take_time(self) -> None:
        """Let no statement of this transaction be given up for taking long."""
        self._driver.execute("SET LOCAL statement_timeout = 0")

    def has_grown(self, table: str, rows: int) -> None:
        """Count a table anew that has grown by more than a fifth: a plan made for a small one scans a large one."""
        if rows >= _MANY:
            counted = self.row(_COUNTED, (table,))
            if counted is not None and counted[0] < 5 * rows:
                self._driver.execute(f"ANALYZE {table}")

    def damage(self) -> list[str]:
        """What the database finds wrong with its own storage: indexes whose making failed."""
        return [f"the index {row[0]} is not valid" for row in self.rows(_INVALID)]

    def create_functions(self) -> None:
        """Create the function by which ILIKE compares."""
        encoding = self.rows(_ENCODING)[0][0]
        if encoding != "UTF8":
            raise InvalidInput(
                f"{self.place} keeps texts as {encoding}; Quire needs UTF8. Create another database: "
                "createdb --encoding UTF8 --template template0 NAME."
            )
        self._driver.execute(lower_function({row[0] for row in self.rows_of(_COLLATION, _COLLATIONS)}))

    def begin(self, *, writing: bool) -> None:
        """Begin."""
        if not writing:
            self._driver.execute(_BEGIN_READING)
            return
        cursor = self._driver.execute(_BEGIN_WRITING, prepare=False)
        cursor.nextset()
        self._transaction = cursor.fetchone()[0]

    def _commit(self) -> None:
        try:
            answer = self._driver.execute("COMMIT").statusmessage
        except psycopg.OperationalError as error:
            if self._transaction and self.broken:
                raise InDoubt(self._transaction, self._recovered) from error
            raise
        if answer != "COMMIT":
            raise Again(f"{self.place} undid the whole transaction, so nothing of it was stored. Do all of it again.")

    def is_open(self) -> bool:
        """Whether the transaction can still be undone or made durable."""
        return self._driver.info.transaction_status in (TransactionStatus.INTRANS, TransactionStatus.INERROR)

    @property
    def broken(self) -> bool:
        """Whether the connection is of no more use."""
        status = self._driver.info.transaction_status
        return status in (TransactionStatus.UNKNOWN, TransactionStatus.ACTIVE)


def lower_function(collations: set[str]) -> str:
    """The statement that makes ``quire_lower``, with the best of these collations."""
    best = next((name for name in _COLLATIONS if name in collations), None)
    text = f'$1 COLLATE "{best}"' if best else "$1"
    return (
        "CREATE OR REPLACE FUNCTION quire_lower(text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE "
        f"AS $body$ SELECT lower({text}) $body$"
    )


def _translated(sql: str) -> str:
    sql = sql.replace("%", "%%")
    sql = _ANY.sub(lambda found: _PAIRS if found[1] == "pairs" else f"= ANY({_LISTS[found[1]]})", sql)
    return _PARAMETER.sub("%s", sql)


def _of_columns(sql: str) -> str:
    """An INSERT of one row made into one that takes a list for each parameter: the values of its column."""
    found = _INSERT.fullmatch(sql)
    if found is None:
        raise ValueError(f"not an INSERT of one row: {sql}")
    table = tables.metadata.tables[found["table"]]
    columns = [name.strip() for name in found["columns"].split(",")]
    values = [value.strip() for value in found["values"].split(",")]
    given = [
        (f"given_{column}", kind_of(table.c[column]))
        for column, value in zip(columns, values, strict=True)
        if value[0] == ":"
    ]
    chosen = [f"given_{column}" if value[0] == ":" else value for column, value in zip(columns, values, strict=True)]
    lists = ", ".join(f"%s::{kind}[]" for _, kind in given)
    names = ", ".join(name for name, _ in given)
    return (  # pieces of our own statement, its values bound
        f"INSERT INTO {table.name} ({found['columns']}) SELECT {', '.join(chosen)} "  # noqa: S608
        f"FROM unnest({lists}) AS given({names}){found['rest'].replace('%', '%%')}"
    )


class Postgres:
    """A PostgreSQL database."""

    one_writer = False
    unites = True
    one_connection = False

    def __init__(self, place: PostgresPlace) -> None:
        self.place = f"The PostgreSQL database {place.name}"
        self.uri = place.uri
        self._where = place
        self._recoveries: dict[float, int] = {}

    def create_engine(self) -> sa.Engine:
        """The pool of connections."""
        engine = sa.create_engine(
            "postgresql+psycopg://",
            creator=self._connect,
            pool_size=self._where.pool_size,
            max_overflow=0,
            pool_timeout=30,
            pool_reset_on_return=None,
            pool_use_lifo=True,
            isolation_level="AUTOCOMMIT",
            use_native_hstore=False,
        )
        event.listen(engine, "connect", self._prepare_connection)
        return engine

    def _connect(self) -> psycopg.Connection[Any]:
        where = self._where
        return psycopg.connect(autocommit=True, prepare_threshold=3 if where.prepare else None, **where.parameters)

    def _prepare_connection(self, connection: Any, record: Any) -> None:
        connection.adapters.register_dumper(int, Int8Dumper)
        connection.execute(
            f"SET statement_timeout = {self._where.statement_timeout * 1000}; "
            f"SET idle_in_transaction_session_timeout = {_IDLE_IN_TRANSACTION_SECONDS * 1000}; SET jit = off",
            prepare=False,
        )
        record.info[_RECOVERED] = self._note_recovery(connection)

    def _note_recovery(self, connection: Any) -> float:
        """When the server last recovered from a crash, and with it the number of the first transaction since.

        Noted before this connection has one of its own, so that the number is that of the recovery's own checkpoint.
        """
        recovered, following = connection.execute(_RECOVERY, prepare=False).fetchone()
        epoch, _, number = following.partition(":")
        self._recoveries.setdefault(recovered, int(epoch) << 32 | int(number))
        return float(recovered)

    def session(self, connection: sa.Connection) -> PostgresSession:
        """A transaction over ``connection``, not yet begun."""
        return PostgresSession(connection, self.place)

    def watch(self) -> PostgresWatch:
        """A watch on the database, over a connection beside the pool's."""
        return PostgresWatch(self._connect)

    def prepare(self, engine: sa.Engine) -> None:
        """Nothing has to be done."""

    def explain(self, error: BaseException) -> QuireError | None:
        """The error that a failure of the database stands for; None if it is not one of the database's."""
        cause = original(error)
        if isinstance(cause, psycopg.Error):
            return explain_postgres(cause, self.place, self._where)
        if isinstance(cause, sa.exc.TimeoutError):
            return explain_waiting(self.place, self._where)
        return explain_value(cause)

    def is_away(self, error: BaseException) -> bool:
        """Whether the server cannot be reached just now."""
        return is_away(original(error))

    def was_committed(self, session: Session, doubt: InDoubt) -> bool | None:
        """What became of a transaction whose commit was not answered; None while it is still going on.

        A server that crashed may give the number of a transaction that it lost to another, which says nothing of
        the lost one. It does so with numbers from that on at which its recovery ended.
        """
        self._note_recovery(session.connection.connection.dbapi_connection)
        try:
            ((status,),) = session.rows(_STATUS, (doubt.transaction,))
        except psycopg.errors.InvalidParameterValue:
            return False  # a number that is still to be given
        if status != "committed":
            return False if status == "aborted" else None
        since = [recovered for recovered in self._recoveries if recovered > doubt.recovered]
        return not since or int(doubt.transaction) < self._recoveries[min(since)]
