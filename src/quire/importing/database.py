"""An MLflow database, read with plain SQL: SQLite or PostgreSQL, of MLflow 2 or 3."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.pool import StaticPool

from quire.domain.errors import InvalidInput, NotFound, QuireError
from quire.domain.uris import store_kind
from quire.store.opening import dialect_of, parse_sqlite

Row = dict[str, Any]
_SLICE = 10_000
DEFAULT_WORKSPACE = "default"


class MlflowDatabase:
    """One consistent view of an MLflow database; nothing is written to it."""

    def __init__(self, uri: str, workspace: str = DEFAULT_WORKSPACE) -> None:
        self.workspace = workspace
        self._engine, self.uri = _engine(uri)
        try:
            self._connection = self._engine.connect()
            self._begin()
            found = sa.inspect(self._connection)
            self._columns = {
                table: {column["name"] for column in found.get_columns(table)} for table in found.get_table_names()
            }
        except sa.exc.DBAPIError as error:
            raise _explained(error, uri) from error
        self._refuse_other()

    def _begin(self) -> None:
        if self._engine.dialect.name == "postgresql":
            self._connection.exec_driver_sql("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
            self._connection.exec_driver_sql(
                "SET LOCAL statement_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 0"
            )
        else:
            self._connection.exec_driver_sql("BEGIN")

    def _refuse_other(self) -> None:
        if "run_uuid" in self._columns.get("runs", ()) and "alembic_version" in self._columns:
            return
        if "quire_version" in self._columns:
            raise InvalidInput(f"{self.uri} is a database of Quire, not of MLflow: use it as the tracking URI.")
        shown = ", ".join(sorted(self._columns)[:5]) or "none"
        raise InvalidInput(
            f"{self.uri} is not a database of MLflow (its tables: {shown}). Name MLflow's backend store."
        )

    def has(self, table: str, column: str | None = None) -> bool:
        """Whether there is such a table, or such a column in it."""
        return table in self._columns and (column is None or column in self._columns[table])

    def columns(self, table: str) -> set[str]:
        """The columns of a table; empty if there is none."""
        return self._columns.get(table, set())

    def in_workspace(self, table: str) -> str:
        """The condition that a row of ``table`` belongs to the workspace; true where there are no workspaces."""
        return f"{table}.workspace = :workspace" if self.has(table, "workspace") else "1 = 1"

    def rows(self, sql: str, **parameters: Any) -> list[Row]:
        """The rows of a query; a parameter that is a list is expanded."""
        return [dict(row) for row in self._run(sql, parameters).mappings()]

    def tuples(self, sql: str, **parameters: Any) -> Sequence[Any]:
        """The same as tuples, for the longest tables."""
        return self._run(sql, parameters).all()

    def value(self, sql: str, **parameters: Any) -> Any:
        """The one value of a query."""
        return self._run(sql, parameters).scalar()

    def slices(self, sql: str, **parameters: Any) -> Iterator[Sequence[Any]]:
        """The rows of a long query, so many at a time."""
        yield from self._run(sql, parameters, stream=True).partitions(_SLICE)

    def _run(self, sql: str, parameters: dict[str, Any], *, stream: bool = False) -> sa.CursorResult[Any]:
        statement = sa.text(sql)
        if ":workspace" in sql:
            parameters = {**parameters, "workspace": self.workspace}
        lists = [name for name, value in parameters.items() if isinstance(value, list)]
        statement = statement.bindparams(*(sa.bindparam(name, expanding=True) for name in lists))
        try:
            return self._connection.execute(statement, parameters, execution_options={"stream_results": stream})
        except sa.exc.DBAPIError as error:
            raise _explained(error, self.uri) from error

    def close(self) -> None:
        """Release the connection."""
        self._connection.close()
        self._engine.dispose()


def _engine(uri: str) -> tuple[sa.Engine, str]:
    scheme = uri.partition("://")[0] if "://" in uri else ""
    if scheme.split("+")[0] in ("mysql", "mssql", "oracle"):
        raise InvalidInput(
            f"A database of the kind {scheme!r} cannot be read. Import from SQLite or PostgreSQL; `mlflow db` and the "
            "tools of the database can copy one into the other."
        )
    kind = store_kind(uri)
    if kind == "http":
        raise InvalidInput(
            f"{uri} is a server; name the database behind it, which `mlflow server` got as --backend-store-uri."
        )
    if kind == "file":
        raise InvalidInput(
            f"{uri} is a folder. Let MLflow 3 put it into a database first: mlflow migrate-filestore --source {uri} "
            "--target sqlite:///mlflow.db"
        )
    if kind == "sqlite":
        return _sqlite_engine(parse_sqlite(uri).path, uri)
    dialect = dialect_of(uri)
    return dialect.create_engine(), dialect.uri


def _sqlite_engine(path: Path | None, uri: str) -> tuple[sa.Engine, str]:
    if path is None or not path.is_file():
        raise NotFound(f"There is no database at {path or uri}. Name the file of MLflow's backend store.")

    def connect() -> sqlite3.Connection:
        return sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True, isolation_level=None, check_same_thread=False)

    return sa.create_engine("sqlite://", creator=connect, poolclass=StaticPool), f"sqlite:///{path}"


def _explained(error: sa.exc.DBAPIError, uri: str) -> QuireError:
    if store_kind(uri) == "postgresql":
        explanation = dialect_of(uri).explain(error)
        if explanation is not None:
            return explanation
    return InvalidInput(f"The database of MLflow cannot be read: {error.orig}. Is it MLflow's backend store?")
