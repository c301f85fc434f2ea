"""Bringing a database to the current schema: made once, migrated once, however many processes open it."""

from __future__ import annotations

from quire.domain.errors import InvalidInput, InvalidState
from quire.domain.ids import now_ms
from quire.domain.uris import join_uri
from quire.store.sql import tables
from quire.store.sql.database import Database
from quire.store.sql.session import Session
from quire.store.sql.statement import Statement

HEAD_REVISION = "0008"
DEFAULT_EXPERIMENT = "Default"

_VERSION = Statement("SELECT version_num FROM quire_version")
_SET_VERSION = Statement("INSERT INTO quire_version (version_num) VALUES (:version)")
_ADD_DEFAULT = Statement(
    """INSERT INTO experiments (id, name, artifact_location, deleted, creation_time, last_update_time)
    VALUES (0, :name, :location, 0, :created, :updated)"""
)


def ensure_schema(database: Database, artifact_root: str) -> None:
    """Make or migrate the tables unless they are current, which one small query finds out.

    Raises InvalidInput for a file that is not Quire's, InvalidState for a schema newer than this version knows.
    """
    with database.read() as session:
        current = revision(session)
    if current == HEAD_REVISION:
        return
    database.prepare()
    with database.write() as session:
        session.take_time()
        session.take_turns("schema")
        current = revision(session)
        session.create_functions()
        if current is None:
            _create(session, artifact_root)
        elif current != HEAD_REVISION:
            _migrate(session, current)


def revision(session: Session) -> str | None:
    """The revision of the tables; None in an empty database. InvalidInput in one of another program."""
    names = session.tables()
    if tables.version.name in names:
        row = session.row(_VERSION)
        return str(row[0]) if row else None
    if names:
        _refuse_foreign(session, names)
    return None


def _refuse_foreign(session: Session, names: set[str]) -> None:
    if "alembic_version" in names and "experiments" in names:
        raise InvalidInput(
            f"{session.place} was made by MLflow. Quire keeps its own tables: name another file for Quire, or start "
            "`mlflow server` on this one and use its http:// address as the tracking URI."
        )
    shown = ", ".join(sorted(names)[:5])
    raise InvalidInput(
        f"{session.place} belongs to another program (its tables: {shown}). Name another file in the tracking URI."
    )


def _create(session: Session, artifact_root: str) -> None:
    session.create_all(tables.metadata)
    now = now_ms()
    session.run(_SET_VERSION, (HEAD_REVISION,))
    session.run(_ADD_DEFAULT, (DEFAULT_EXPERIMENT, join_uri(artifact_root, "0"), now, now))


def _migrate(session: Session, current: str) -> None:
    from quire.store.sql.migrate import known_revisions, upgrade

    if current not in known_revisions():
        raise InvalidState(
            f"{session.place} has the schema {current!r}, which is newer than this version of Quire knows "
            f"({HEAD_REVISION!r}). Upgrade Quire: pip install --upgrade quire."
        )
    upgrade(session.connection)
