"""The tables of users, permissions, tokens and the audit log; docs/decisions/0140 says why."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from quire.store.sql.tables import ID, TEXT, TIME, metadata

_CLUSTERED: dict[str, Any] = {"sqlite_with_rowid": False}


def _short(length: int) -> sa.String:
    return sa.String(length).with_variant(sa.String(length, collation="C"), "postgresql")


def _user() -> sa.ForeignKey:
    return sa.ForeignKey("users.id", ondelete="CASCADE")


users = sa.Table(
    "users",
    metadata,
    sa.Column("id", ID, primary_key=True),
    sa.Column("username", TEXT, nullable=False, unique=True),
    sa.Column("password_hash", TEXT),
    sa.Column("role", _short(16)),
    # How an identity provider knows them: its address and their name there.
    sa.Column("subject", TEXT, unique=True),
    sa.Column("creation_time", TIME, nullable=False),
    sa.Column("last_update_time", TIME, nullable=False),
)

permissions = sa.Table(
    "permissions",
    metadata,
    sa.Column("user_id", ID, _user(), primary_key=True),
    sa.Column("kind", _short(20), primary_key=True),
    sa.Column("key", TEXT, primary_key=True),
    sa.Column("role", _short(16), nullable=False),
    **_CLUSTERED,
)
sa.Index("ix_permissions_resource", permissions.c.kind, permissions.c.key)

tokens = sa.Table(
    "tokens",
    metadata,
    sa.Column("id", ID, primary_key=True),
    sa.Column("token_id", _short(40), nullable=False, unique=True),
    sa.Column("user_id", ID, _user(), nullable=False),
    sa.Column("kind", _short(16), nullable=False),
    sa.Column("hash", _short(64), nullable=False, unique=True),
    sa.Column("name", TEXT, nullable=False),
    sa.Column("scope", TEXT, nullable=False),
    sa.Column("creation_time", TIME, nullable=False),
    sa.Column("expiration_time", TIME),
    sa.Column("last_used_time", TIME),
    sa.Column("revocation_time", TIME),
)
sa.Index("ix_tokens_user", tokens.c.user_id)

# What tokens asked endpoints for, by day of UTC since the epoch. Ids, not references: what was spent stays known.
token_usage = sa.Table(
    "token_usage",
    metadata,
    sa.Column("day", sa.Integer(), primary_key=True, autoincrement=False),
    sa.Column("token_id", _short(40), primary_key=True),
    sa.Column("requests", sa.BigInteger(), nullable=False),
    sa.Column("tokens", sa.BigInteger(), nullable=False),
    sa.Column("usd", sa.Double(), nullable=False),
    **_CLUSTERED,
)

# Names, not references: what was done stays known when who did it is gone.
audit_log = sa.Table(
    "audit_log",
    metadata,
    sa.Column("id", ID, primary_key=True),
    sa.Column("time", TIME, nullable=False),
    sa.Column("username", TEXT, nullable=False),
    sa.Column("token_id", _short(40)),
    sa.Column("address", TEXT, nullable=False),
    sa.Column("action", TEXT, nullable=False),
    sa.Column("route", TEXT, nullable=False),
    sa.Column("entity", TEXT, nullable=False),
    sa.Column("before", TEXT),
    sa.Column("after", TEXT),
    sa.Column("request_id", TEXT, nullable=False),
)
sa.Index("ix_audit_log_time", audit_log.c.time)
sa.Index("ix_audit_log_entity", audit_log.c.entity, audit_log.c.id)
sa.Index("ix_audit_log_username", audit_log.c.username, audit_log.c.id)

APPEND_ONLY: dict[str, tuple[str, ...]] = {
    "sqlite": tuple(
        f"CREATE TRIGGER audit_log_no_{change} BEFORE {change.upper()} ON audit_log "
        "BEGIN SELECT RAISE(ABORT, 'the audit log only grows'); END"
        for change in ("update", "delete")
    ),
    "postgresql": (
        "CREATE FUNCTION audit_log_only_grows() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'the audit log only grows'; END $$",
        "CREATE TRIGGER audit_log_no_change BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_log "
        "FOR EACH STATEMENT EXECUTE FUNCTION audit_log_only_grows()",
    ),
}
"""What keeps entries from being changed or removed, by kind of database."""


def _guard(dialect: str, statement: str) -> None:
    ddl = sa.DDL(statement.replace("%", "%%"))  # type: ignore[no-untyped-call]
    sa.event.listen(audit_log, "after_create", ddl.execute_if(dialect=dialect))


for _dialect, _statements in APPEND_ONLY.items():
    for _statement in _statements:
        _guard(_dialect, _statement)
