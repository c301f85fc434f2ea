"""Migrating an older database; loaded only when one is found, because Alembic takes long to load."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa
from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.script import ScriptDirectory

from quire.store.sql.tables import version

FOLDER = Path(__file__).parent / "migrations"


def known_revisions() -> set[str]:
    """The revisions that this version of Quire can migrate from."""
    return {script.revision for script in _scripts().walk_revisions()}


def upgrade(connection: sa.Connection, revision: str = "head") -> None:
    """Bring the tables to ``revision`` inside the transaction that ``connection`` is in."""
    scripts = _scripts()
    if not connection.in_transaction():
        connection.begin()  # tells Alembic that the transaction is not its own to commit

    def steps(current: object, _context: object) -> object:
        return scripts._upgrade_revs(revision, current)  # type: ignore[arg-type]

    with EnvironmentContext(Config(), scripts, fn=steps, destination_rev=revision) as environment:
        environment.configure(connection=connection, version_table=version.name)
        environment.run_migrations()


def _scripts() -> ScriptDirectory:
    return ScriptDirectory(str(FOLDER))
