"""Versions of evaluation datasets, and the records as they were in a version before they changed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def _short(length: int) -> sa.String:
    return sa.String(length).with_variant(sa.String(length, collation="C"), "postgresql")


def upgrade() -> None:
    """Make the tables. No dataset has a version yet, so that every record would first be part of version 1."""
    op.add_column("evaluation_datasets", sa.Column("versions", sa.BigInteger(), nullable=False, server_default="0"))
    op.add_column("evaluation_datasets", sa.Column("changed", sa.SmallInteger(), nullable=False, server_default="1"))
    op.add_column("evaluation_records", sa.Column("since", sa.BigInteger(), nullable=False, server_default="1"))
    op.create_table(
        "evaluation_dataset_versions",
        sa.Column("dataset_id", ID, nullable=False),
        sa.Column("version", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("digest", _short(32), nullable=False),
        sa.Column("records", sa.BigInteger(), nullable=False),
        sa.Column("created_time", sa.BigInteger(), nullable=False),
        sa.Column("created_by", TEXT, nullable=True),
        sa.Column("schema", TEXT, nullable=True),
        sa.ForeignKeyConstraint(["dataset_id"], ["evaluation_datasets.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("dataset_id", "version"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "evaluation_record_history",
        sa.Column("dataset_id", ID, nullable=False),
        sa.Column("id", ID, autoincrement=False, nullable=False),
        sa.Column("since", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.Column("record_id", _short(100), nullable=False),
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
        sa.PrimaryKeyConstraint("dataset_id", "id", "since"),
    )
