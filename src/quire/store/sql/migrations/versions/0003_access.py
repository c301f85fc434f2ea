"""Users, permissions, tokens, and an audit log that only grows."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
APPEND_ONLY = {
    "sqlite": (
        "CREATE TRIGGER audit_log_no_update BEFORE UPDATE ON audit_log "
        "BEGIN SELECT RAISE(ABORT, 'the audit log only grows'); END",
        "CREATE TRIGGER audit_log_no_delete BEFORE DELETE ON audit_log "
        "BEGIN SELECT RAISE(ABORT, 'the audit log only grows'); END",
    ),
    "postgresql": (
        "CREATE FUNCTION audit_log_only_grows() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'the audit log only grows'; END $$",
        "CREATE TRIGGER audit_log_no_change BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_log "
        "FOR EACH STATEMENT EXECUTE FUNCTION audit_log_only_grows()",
    ),
}


def _short(length: int) -> sa.String:
    return sa.String(length).with_variant(sa.String(length, collation="C"), "postgresql")


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "users",
        sa.Column("id", ID, nullable=False),
        sa.Column("username", TEXT, nullable=False),
        sa.Column("password_hash", TEXT, nullable=True),
        sa.Column("role", _short(16), nullable=True),
        sa.Column("subject", TEXT, nullable=True),
        sa.Column("creation_time", sa.BigInteger(), nullable=False),
        sa.Column("last_update_time", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("username"),
        sa.UniqueConstraint("subject"),
    )
    op.create_table(
        "permissions",
        sa.Column("user_id", ID, nullable=False),
        sa.Column("kind", _short(20), nullable=False),
        sa.Column("key", TEXT, nullable=False),
        sa.Column("role", _short(16), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("user_id", "kind", "key"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_permissions_resource", "permissions", ["kind", "key"], unique=False)
    op.create_table(
        "tokens",
        sa.Column("id", ID, nullable=False),
        sa.Column("token_id", _short(40), nullable=False),
        sa.Column("user_id", ID, nullable=False),
        sa.Column("kind", _short(16), nullable=False),
        sa.Column("hash", _short(64), nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("scope", TEXT, nullable=False),
        sa.Column("creation_time", sa.BigInteger(), nullable=False),
        sa.Column("expiration_time", sa.BigInteger(), nullable=True),
        sa.Column("last_used_time", sa.BigInteger(), nullable=True),
        sa.Column("revocation_time", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("token_id"),
        sa.UniqueConstraint("hash"),
    )
    op.create_index("ix_tokens_user", "tokens", ["user_id"], unique=False)
    op.create_table(
        "audit_log",
        sa.Column("id", ID, nullable=False),
        sa.Column("time", sa.BigInteger(), nullable=False),
        sa.Column("username", TEXT, nullable=False),
        sa.Column("token_id", _short(40), nullable=True),
        sa.Column("address", TEXT, nullable=False),
        sa.Column("action", TEXT, nullable=False),
        sa.Column("route", TEXT, nullable=False),
        sa.Column("entity", TEXT, nullable=False),
        sa.Column("before", TEXT, nullable=True),
        sa.Column("after", TEXT, nullable=True),
        sa.Column("request_id", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_audit_log_time", "audit_log", ["time"], unique=False)
    op.create_index("ix_audit_log_entity", "audit_log", ["entity", "id"], unique=False)
    op.create_index("ix_audit_log_username", "audit_log", ["username", "id"], unique=False)
    for statement in APPEND_ONLY[op.get_bind().dialect.name]:
        op.execute(statement)
