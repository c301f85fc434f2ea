"""Keeping a database in order: bringing its tables up to date, looking for what is wrong in it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import msgspec
import sqlalchemy as sa

from quire.domain.errors import NotFound
from quire.domain.uris import store_kind
from quire.store.opening import dialect_of, parse_sqlite
from quire.store.sql import tables
from quire.store.sql.database import Database
from quire.store.sql.schema import HEAD_REVISION, ensure_schema, revision
from quire.store.sql.session import Session
from quire.store.sql.statement import Statement


class Upgrade(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a database's tables. ``before`` is None if there were none."""

    database: str
    before: str | None
    after: str

    @property
    def changed(self) -> bool:
        """Whether there was anything to do."""
        return self.before != self.after


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that was looked at. ``remedy`` says what to do about it if it is not right."""

    name: str
    right: bool
    detail: str
    remedy: str = ""


class Condition(msgspec.Struct, frozen=True, kw_only=True):
    """The condition that a database is in."""

    database: str
    right: bool
    findings: list[Finding]


_COUNTS = {
    "experiments": "SELECT count(*) FROM experiments",
    "runs": "SELECT count(*) FROM runs",
    "metric values": "SELECT count(*) FROM metrics",
    "logged models": "SELECT count(*) FROM logged_models",
    "registered models": "SELECT count(*) FROM registered_models",
    "traces": "SELECT count(*) FROM traces",
}
_ORPHANS = {
    table: Statement(
        "SELECT count(*) FROM $table WHERE NOT EXISTS (SELECT 1 FROM runs WHERE runs.id = $table.run_id)", table=table
    )
    for table in ("metrics", "latest_metrics", "params", "tags")
}
_UNSEARCHED = Statement(
    """SELECT count(*) FROM latest_metrics WHERE settled = 0 AND NOT EXISTS
    (SELECT 1 FROM runs WHERE runs.id = latest_metrics.run_id AND runs.unsettled IS NOT NULL)"""
)


@contextmanager
def opened(uri: str) -> Iterator[Database]:
    """The database of a tracking URI, as it is: nothing is made or migrated."""
    database = Database(dialect_of(uri))
    try:
        yield database
    finally:
        database.close()


def upgrade(uri: str, artifact_root: str) -> Upgrade:
    """Make the tables, or bring them up to date; nothing is changed if they are."""
    with opened(uri) as database:
        with database.read() as session:
            before = revision(session)
        ensure_schema(database, artifact_root)
        return Upgrade(database=database.dialect.uri, before=before, after=HEAD_REVISION)


def check(uri: str) -> Condition:
    """Look at the tables and at what they hold; nothing is changed. NotFound if there is no such file."""
    path = parse_sqlite(uri).path if store_kind(uri) == "sqlite" else None
    if path is not None and not path.is_file():
        raise NotFound(f"The database {path} does not exist. Make it with: quire db upgrade")
    with opened(uri) as database:
        findings = list(_findings(database))
        return Condition(
            database=database.dialect.uri, right=all(finding.right for finding in findings), findings=findings
        )


def _findings(database: Database) -> Iterator[Finding]:
    with database.read() as session:
        current = revision(session)
        yield _schema(current)
        if current != HEAD_REVISION:
            return
        session.take_time()
        yield _whole(session)
        yield _tables(session)
        yield _orphans(session)
        yield _searched(session)
        counts = [f"{session.rows(Statement(sql))[0][0]:,} {name}" for name, sql in _COUNTS.items()]
        yield Finding(name="contents", right=True, detail=", ".join(counts))


def _schema(current: str | None) -> Finding:
    if current == HEAD_REVISION:
        return Finding(name="schema", right=True, detail=f"{current}, the newest")
    if current is None:
        return Finding(name="schema", right=False, detail="there are no tables yet", remedy="quire db upgrade")
    return Finding(
        name="schema",
        right=False,
        detail=f"{current}; this version of Quire uses {HEAD_REVISION}",
        remedy="Back it up (quire db backup FILE), then: quire db upgrade",
    )


def _whole(session: Session) -> Finding:
    problems = session.damage()
    if not problems:
        return Finding(name="storage", right=True, detail="whole")
    return Finding(
        name="storage",
        right=False,
        detail="; ".join(problems[:3]),
        remedy="Restore the newest backup, or ask the makers of the database how to mend it.",
    )


def _tables(session: Session) -> Finding:
    found = sa.inspect(session.connection)
    missing = []
    for table in tables.metadata.sorted_tables:
        if not found.has_table(table.name):
            missing.append(table.name)
            continue
        missing += _missing(found, table)
    if not missing:
        return Finding(name="tables", right=True, detail="as they should be")
    return Finding(
        name="tables",
        right=False,
        detail=f"missing: {', '.join(missing)}",
        remedy="Something other than Quire changed the tables. Restore a backup, or add what is missing by hand.",
    )


def _missing(found: Any, table: sa.Table) -> list[str]:
    columns = {column["name"] for column in found.get_columns(table.name)}
    indexes = {index["name"] for index in found.get_indexes(table.name)}
    lacking = [f"{table.name}.{column.name}" for column in table.columns if column.name not in columns]
    return lacking + [str(index.name) for index in table.indexes if index.name not in indexes]


def _orphans(session: Session) -> Finding:
    lost = {name: session.rows(statement)[0][0] for name, statement in _ORPHANS.items()}
    found = [f"{count:,} rows of {name}" for name, count in lost.items() if count]
    if not found:
        return Finding(name="runs", right=True, detail="everything logged belongs to a run")
    return Finding(
        name="runs",
        right=False,
        detail=f"{', '.join(found)} belong to no run",
        remedy="They take room and are never shown. Delete them by hand after a backup.",
    )


def _searched(session: Session) -> Finding:
    ((count,),) = session.rows(_UNSEARCHED)
    if not count:
        return Finding(name="search", right=True, detail="finds every metric")
    return Finding(
        name="search",
        right=False,
        detail=f"{count:,} metrics are in no index, so a search by them misses their runs",
        remedy="After a backup: UPDATE latest_metrics SET settled = 1; UPDATE runs SET unsettled = NULL",
    )
