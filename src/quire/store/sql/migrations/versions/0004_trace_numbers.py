"""Indexes by which traces are found by their tokens, their cost, the models that they called, and their texts."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the indexes, those of numbers and models of rows that have one alone; texts are indexed as spans come."""
    _add("ix_traces_tokens", "traces", "experiment_id", "total_tokens")
    _add("ix_traces_cost", "traces", "experiment_id", "cost")
    _add("ix_spans_model", "spans", "model", "trace_id", told="model")
    op.create_table(
        "trace_text",
        sa.Column("part", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("block", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("part", "block"),
    )
    op.create_table(
        "trace_text_late",
        sa.Column("trace_id", ID, autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("trace_id"),
    )


def _add(name: str, table: str, *columns: str, told: str = "") -> None:
    where = sa.text(f"{told or columns[-1]} IS NOT NULL")
    op.create_index(name, table, list(columns), unique=False, sqlite_where=where, postgresql_where=where)
