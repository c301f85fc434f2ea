"""Traces, assessments and evaluation datasets."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def _short(length: int) -> sa.String:
    return sa.String(length).with_variant(sa.String(length, collation="C"), "postgresql")


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "evaluation_datasets",
        sa.Column("id", ID, nullable=False),
        sa.Column("dataset_id", _short(100), nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("digest", _short(32), nullable=False),
        sa.Column("records", sa.BigInteger(), nullable=False),
        sa.Column("created_time", sa.BigInteger(), nullable=False),
        sa.Column("last_update_time", sa.BigInteger(), nullable=False),
        sa.Column("created_by", TEXT, nullable=True),
        sa.Column("last_updated_by", TEXT, nullable=True),
        sa.Column("schema", TEXT, nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("dataset_id"),
    )
    op.create_index("ix_evaluation_datasets_name", "evaluation_datasets", ["name"], unique=False)
    op.create_index(
        "ix_evaluation_datasets_newest",
        "evaluation_datasets",
        [sa.text("created_time DESC"), "dataset_id"],
        unique=False,
    )
    op.create_table(
        "spans",
        sa.Column("id", ID, nullable=False),
        sa.Column("trace_id", ID, nullable=False),
        sa.Column("span_id", _short(16), nullable=False),
        sa.Column("parent_id", _short(16), nullable=True),
        sa.Column("type", TEXT, nullable=False),
        sa.Column("status", _short(8), nullable=False),
        sa.Column("start_time_ns", sa.BigInteger(), nullable=False),
        sa.Column("end_time_ns", sa.BigInteger(), nullable=True),
        sa.Column("usage", TEXT, nullable=True),
        sa.Column("cost", TEXT, nullable=True),
        sa.Column("model", TEXT, nullable=True),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("trace_id", "span_id"),
    )
    op.create_index(
        "ix_spans_failed",
        "spans",
        ["trace_id"],
        unique=False,
        sqlite_where=sa.text("status = 'ERROR'"),
        postgresql_where=sa.text("status = 'ERROR'"),
    )
    op.create_index("ix_spans_name", "spans", ["name", "trace_id"], unique=False)
    op.create_table(
        "trace_details",
        sa.Column("id", ID, nullable=False, autoincrement=False),
        sa.Column("tags", TEXT, nullable=False),
        sa.Column("metadata", TEXT, nullable=False),
        sa.Column("request_preview", TEXT, nullable=True),
        sa.Column("response_preview", TEXT, nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "trace_labels",
        sa.Column("trace_id", ID, nullable=False),
        sa.Column("kind", sa.SmallInteger(), nullable=False),
        sa.Column("key_id", ID, nullable=False, autoincrement=False),
        sa.Column("head", TEXT, nullable=False),
        sa.Column("experiment_id", ID, nullable=False),
        sa.Column("timestamp_ms", sa.BigInteger(), nullable=False),
        sa.Column("rest", TEXT, nullable=True),
        sa.PrimaryKeyConstraint("trace_id", "kind", "key_id", "head"),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "ix_trace_labels_order",
        "trace_labels",
        ["experiment_id", "kind", "key_id", "head", sa.text("timestamp_ms DESC")],
        unique=False,
    )
    op.create_table(
        "traces",
        sa.Column("id", ID, nullable=False),
        sa.Column("trace_id", _short(100), nullable=False),
        sa.Column("experiment_id", ID, nullable=False),
        sa.Column("timestamp_ms", sa.BigInteger(), nullable=False),
        sa.Column("execution_time_ms", sa.BigInteger(), nullable=True),
        sa.Column("status", _short(20), nullable=False),
        sa.Column("finalized", sa.SmallInteger(), nullable=False),
        sa.Column("has_spans", sa.SmallInteger(), nullable=False),
        sa.Column("input_tokens", sa.BigInteger(), nullable=True),
        sa.Column("output_tokens", sa.BigInteger(), nullable=True),
        sa.Column("total_tokens", sa.BigInteger(), nullable=True),
        sa.Column("cost", sa.Double(), nullable=True),
        sa.Column("client_request_id", TEXT, nullable=True),
        sa.Column("name", TEXT, nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("trace_id"),
    )
    op.create_index("ix_traces_duration", "traces", ["experiment_id", "execution_time_ms"], unique=False)
    op.create_index(
        "ix_traces_newest", "traces", ["experiment_id", sa.text("timestamp_ms DESC"), "trace_id"], unique=False
    )
    op.create_index(
        "ix_traces_status", "traces", ["experiment_id", "status", sa.text("timestamp_ms DESC")], unique=False
    )
    op.create_table(
        "assessments",
        sa.Column("id", ID, nullable=False),
        sa.Column("assessment_id", _short(100), nullable=False),
        sa.Column("trace_id", ID, nullable=False),
        sa.Column("kind", _short(12), nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("valid", sa.SmallInteger(), nullable=False),
        sa.Column("head", TEXT, nullable=False),
        sa.Column("rest", TEXT, nullable=True),
        sa.Column("number", sa.Double(), nullable=True),
        sa.Column("content", TEXT, nullable=False),
        sa.ForeignKeyConstraint(["trace_id"], ["traces.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("assessment_id"),
    )
    op.create_index("ix_assessments_trace", "assessments", ["trace_id"], unique=False)
    op.create_index("ix_assessments_value", "assessments", ["name", "kind", "head", "trace_id"], unique=False)
    op.create_table(
        "evaluation_dataset_experiments",
        sa.Column("experiment_id", ID, nullable=False),
        sa.Column("dataset_id", ID, nullable=False),
        sa.ForeignKeyConstraint(["dataset_id"], ["evaluation_datasets.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["experiment_id"], ["experiments.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("experiment_id", "dataset_id"),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "ix_evaluation_dataset_experiments_dataset", "evaluation_dataset_experiments", ["dataset_id"], unique=False
    )
    op.create_table(
        "evaluation_dataset_tags",
        sa.Column("dataset_id", ID, nullable=False),
        sa.Column("key", TEXT, nullable=False),
        sa.Column("value", TEXT, nullable=False),
        sa.ForeignKeyConstraint(["dataset_id"], ["evaluation_datasets.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("dataset_id", "key"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "evaluation_records",
        sa.Column("id", ID, nullable=False),
        sa.Column("record_id", _short(100), nullable=False),
        sa.Column("dataset_id", ID, nullable=False),
        sa.Column("input_hash", _short(64), nullable=False),
        sa.Column("created_time", sa.BigInteger(), nullable=False),
        sa.Column("last_update_time", sa.BigInteger(), nullable=False),
        sa.Column("created_by", TEXT, nullable=True),
        sa.Column("last_updated_by", TEXT, nullable=True),
        sa.Column("inputs", TEXT, nullable=False),
        sa.Column("outputs", TEXT, nullable=True),
        sa.Column("expectations", TEXT, nullable=True),
        sa.Column("tags", TEXT, nullable=True),
        sa.Column("source", TEXT, nullable=True),
        sa.ForeignKeyConstraint(["dataset_id"], ["evaluation_datasets.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("dataset_id", "input_hash"),
        sa.UniqueConstraint("record_id"),
    )
    op.create_index("ix_evaluation_records_order", "evaluation_records", ["dataset_id", "id"], unique=False)
