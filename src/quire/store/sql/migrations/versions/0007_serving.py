"""Endpoints, trials, answers that were given, outcomes and their sums, deployments."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def _short(length: int) -> sa.String:
    return sa.String(length).with_variant(sa.String(length, collation="C"), "postgresql")


def upgrade() -> None:
    """Make the tables."""
    _few()
    _many()


def _few() -> None:
    op.create_table(
        "endpoints",
        sa.Column("name", TEXT, nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("content", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("name"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "trials",
        sa.Column("id", ID, nullable=False),
        sa.Column("trial_id", _short(40), nullable=False),
        sa.Column("subject", TEXT, nullable=False),
        sa.Column("namespace", TEXT, nullable=False),
        sa.Column("state", _short(16), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("content", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("trial_id"),
    )
    running = sa.text("state != 'ended'")
    op.create_index(
        "ix_trials_open",
        "trials",
        ["subject", "namespace"],
        unique=True,
        sqlite_where=running,
        postgresql_where=running,
    )
    op.create_index("ix_trials_state", "trials", ["state", "id"], unique=False)
    op.create_table(
        "deployments",
        sa.Column("id", ID, nullable=False),
        sa.Column("deployment_id", _short(40), nullable=False),
        sa.Column("content", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("deployment_id"),
    )


def _many() -> None:
    op.create_table(
        "served",
        sa.Column("id", ID, nullable=False),
        sa.Column("response_id", TEXT, nullable=False),
        sa.Column("trace_id", TEXT, nullable=False),
        sa.Column("endpoint", TEXT, nullable=False),
        sa.Column("experiment", TEXT, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("trial_id", _short(40), nullable=True),
        sa.Column("arm", TEXT, nullable=True),
        sa.Column("phase", sa.BigInteger(), nullable=False),
        sa.Column("unit", _short(100), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("response_id", "trace_id"),
    )
    op.create_index("ix_served_trace", "served", ["trace_id"], unique=False)
    op.create_table(
        "trial_outcomes",
        sa.Column("trial", ID, autoincrement=False, nullable=False),
        sa.Column("unit", _short(100), nullable=False),
        sa.Column("metric_id", ID, autoincrement=False, nullable=False),
        sa.Column("arm_id", ID, nullable=True),
        sa.Column("phase", sa.BigInteger(), nullable=True),
        sa.Column("value", sa.Double(), nullable=True),
        sa.Column("at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("trial", "unit", "metric_id"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "trial_tallies",
        sa.Column("trial", ID, autoincrement=False, nullable=False),
        sa.Column("metric_id", ID, autoincrement=False, nullable=False),
        sa.Column("arm_id", ID, autoincrement=False, nullable=False),
        sa.Column("phase", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("n", sa.BigInteger(), nullable=False),
        sa.Column("total", sa.Double(), nullable=False),
        sa.Column("squares", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("trial", "metric_id", "arm_id", "phase"),
        sqlite_with_rowid=False,
    )
