"""Indexes by which traces are found by their tokens, their cost and the models that they called."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Make the indexes, of rows that have the number or the model alone."""
    _add("ix_traces_tokens", "traces", "experiment_id", "total_tokens")
    _add("ix_traces_cost", "traces", "experiment_id", "cost")
    _add("ix_spans_model", "spans", "model", "trace_id", told="model")


def _add(name: str, table: str, *columns: str, told: str = "") -> None:
    where = sa.text(f"{told or columns[-1]} IS NOT NULL")
    op.create_index(name, table, list(columns), unique=False, sqlite_where=where, postgresql_where=where)
