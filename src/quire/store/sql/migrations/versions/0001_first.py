"""The first schema."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def _short(length: int) -> sa.String:
    return sa.String(length).with_variant(sa.String(length, collation="C"), "postgresql")


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "experiments",
        sa.Column("id", ID, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("artifact_location", TEXT, nullable=False),
        sa.Column("deleted", sa.SmallInteger(), nullable=False),
        sa.Column("creation_time", sa.BigInteger(), nullable=False),
        sa.Column("last_update_time", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("name"),
    )
    op.create_table(
        "keys",
        sa.Column("id", ID, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("name"),
    )
    op.create_table(
        "latest_metrics",
        sa.Column("run_id", ID, nullable=False),
        sa.Column("key_id", ID, nullable=False),
        sa.Column("step", sa.BigInteger(), nullable=False),
        sa.Column("timestamp", sa.BigInteger(), nullable=False),
        sa.Column("value", sa.Double(), nullable=True),
        sa.Column("experiment_id", ID, nullable=False),
        sa.Column("start_time", sa.BigInteger(), nullable=False),
        sa.Column("settled", sa.SmallInteger(), nullable=False),
        sa.PrimaryKeyConstraint("run_id", "key_id"),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "ix_latest_metrics_order",
        "latest_metrics",
        ["experiment_id", "key_id", "value", "start_time", "settled"],
        unique=False,
        sqlite_where=sa.text("settled = 1"),
        postgresql_where=sa.text("settled = 1"),
    )
    op.create_table(
        "metrics",
        sa.Column("run_id", ID, nullable=False),
        sa.Column("seq", ID, nullable=False),
        sa.Column("key_id", ID, nullable=False),
        sa.Column("step", sa.BigInteger(), nullable=False),
        sa.Column("timestamp", sa.BigInteger(), nullable=False),
        sa.Column("value", sa.Double(), nullable=True),
        sa.PrimaryKeyConstraint("run_id", "seq"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "params",
        sa.Column("run_id", ID, nullable=False),
        sa.Column("key_id", ID, nullable=False),
        sa.Column("head", TEXT, nullable=False),
        sa.Column("experiment_id", ID, nullable=False),
        sa.Column("start_time", sa.BigInteger(), nullable=False),
        sa.Column("rest", TEXT, nullable=True),
        sa.PrimaryKeyConstraint("run_id", "key_id"),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "ix_params_order",
        "params",
        ["experiment_id", "key_id", "head", sa.literal_column("start_time DESC")],
        unique=False,
    )
    op.create_table(
        "registered_models",
        sa.Column("id", ID, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("creation_timestamp", sa.BigInteger(), nullable=False),
        sa.Column("last_updated_timestamp", sa.BigInteger(), nullable=False),
        sa.Column("description", TEXT, nullable=False),
        sa.Column("last_version", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("name"),
    )
    op.create_table(
        "tags",
        sa.Column("run_id", ID, nullable=False),
        sa.Column("key_id", ID, nullable=False),
        sa.Column("head", TEXT, nullable=False),
        sa.Column("experiment_id", ID, nullable=False),
        sa.Column("start_time", sa.BigInteger(), nullable=False),
        sa.Column("rest", TEXT, nullable=True),
        sa.PrimaryKeyConstraint("run_id", "key_id"),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "ix_tags_order", "tags", ["experiment_id", "key_id", "head", sa.literal_column("start_time DESC")], unique=False
    )
    op.create_table(
        "datasets",
        sa.Column("id", ID, nullable=False),
        sa.Column("experiment_id", ID, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("digest", TEXT, nullable=False),
        sa.Column("source_type", TEXT, nullable=False),
        sa.Column("source", TEXT, nullable=False),
        sa.Column("schema", TEXT, nullable=True),
        sa.Column("profile", TEXT, nullable=True),
        sa.ForeignKeyConstraint(["experiment_id"], ["experiments.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("experiment_id", "name", "digest"),
    )
    op.create_table(
        "experiment_tags",
        sa.Column("experiment_id", ID, nullable=False),
        sa.Column("key", TEXT, nullable=False),
        sa.Column("value", TEXT, nullable=False),
        sa.ForeignKeyConstraint(["experiment_id"], ["experiments.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("experiment_id", "key"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "logged_models",
        sa.Column("id", ID, nullable=False),
        sa.Column("model_id", _short(34), nullable=False),
        sa.Column("experiment_id", ID, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("artifact_location", TEXT, nullable=False),
        sa.Column("creation_timestamp_ms", sa.BigInteger(), nullable=False),
        sa.Column("last_updated_timestamp_ms", sa.BigInteger(), nullable=False),
        sa.Column("status", _short(16), nullable=False),
        sa.Column("model_type", TEXT, nullable=True),
        sa.Column("source_run_id", TEXT, nullable=True),
        sa.Column("deleted", sa.SmallInteger(), nullable=False),
        sa.ForeignKeyConstraint(["experiment_id"], ["experiments.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("model_id"),
    )
    op.create_index(
        "ix_logged_models_newest",
        "logged_models",
        ["experiment_id", sa.literal_column("creation_timestamp_ms DESC"), "model_id"],
        unique=False,
    )
    op.create_table(
        "model_versions",
        sa.Column("registered_model_id", ID, nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("creation_timestamp", sa.BigInteger(), nullable=False),
        sa.Column("last_updated_timestamp", sa.BigInteger(), nullable=False),
        sa.Column("user_id", TEXT, nullable=False),
        sa.Column("current_stage", _short(16), nullable=False),
        sa.Column("description", TEXT, nullable=False),
        sa.Column("source", TEXT, nullable=False),
        sa.Column("run_id", TEXT, nullable=False),
        sa.Column("run_link", TEXT, nullable=False),
        sa.Column("model_id", TEXT, nullable=True),
        sa.ForeignKeyConstraint(["registered_model_id"], ["registered_models.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("registered_model_id", "version"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_model_versions_run", "model_versions", ["run_id"], unique=False)
    op.create_index(
        "ix_model_versions_updated", "model_versions", [sa.literal_column("last_updated_timestamp DESC")], unique=False
    )
    op.create_table(
        "registered_model_tags",
        sa.Column("registered_model_id", ID, nullable=False),
        sa.Column("key", TEXT, nullable=False),
        sa.Column("value", TEXT, nullable=False),
        sa.ForeignKeyConstraint(["registered_model_id"], ["registered_models.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("registered_model_id", "key"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "runs",
        sa.Column("id", ID, nullable=False),
        sa.Column("run_id", _short(32), nullable=False),
        sa.Column("experiment_id", ID, nullable=False),
        sa.Column("run_name", TEXT, nullable=False),
        sa.Column("user_id", TEXT, nullable=False),
        sa.Column("status", _short(16), nullable=False),
        sa.Column("start_time", sa.BigInteger(), nullable=False),
        sa.Column("end_time", sa.BigInteger(), nullable=True),
        sa.Column("artifact_uri", TEXT, nullable=False),
        sa.Column("deleted_time", sa.BigInteger(), nullable=True),
        sa.Column("unsettled", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["experiment_id"], ["experiments.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("run_id"),
    )
    op.create_index(
        "ix_runs_newest", "runs", ["experiment_id", sa.literal_column("start_time DESC"), "run_id"], unique=False
    )
    op.create_index(
        "ix_runs_unsettled",
        "runs",
        ["experiment_id", "unsettled"],
        unique=False,
        sqlite_where=sa.text("unsettled IS NOT NULL"),
        postgresql_where=sa.text("unsettled IS NOT NULL"),
    )
    op.create_table(
        "aliases",
        sa.Column("registered_model_id", ID, nullable=False),
        sa.Column("alias", TEXT, nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["registered_model_id", "version"],
            ["model_versions.registered_model_id", "model_versions.version"],
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("registered_model_id", "alias"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_aliases_version", "aliases", ["registered_model_id", "version"], unique=False)
    op.create_table(
        "logged_model_metrics",
        sa.Column("logged_model_id", ID, nullable=False),
        sa.Column("key", TEXT, nullable=False),
        sa.Column("timestamp", sa.BigInteger(), nullable=False),
        sa.Column("step", sa.BigInteger(), nullable=False),
        sa.Column("run_id", ID, nullable=False),
        sa.Column("value", sa.Double(), nullable=True),
        sa.Column("dataset_name", TEXT, nullable=True),
        sa.Column("dataset_digest", TEXT, nullable=True),
        sa.ForeignKeyConstraint(["logged_model_id"], ["logged_models.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("logged_model_id", "key", "timestamp", "step", "run_id"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "logged_model_params",
        sa.Column("logged_model_id", ID, nullable=False),
        sa.Column("key", TEXT, nullable=False),
        sa.Column("value", TEXT, nullable=False),
        sa.ForeignKeyConstraint(["logged_model_id"], ["logged_models.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("logged_model_id", "key"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "logged_model_tags",
        sa.Column("logged_model_id", ID, nullable=False),
        sa.Column("key", TEXT, nullable=False),
        sa.Column("value", TEXT, nullable=False),
        sa.ForeignKeyConstraint(["logged_model_id"], ["logged_models.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("logged_model_id", "key"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "model_version_tags",
        sa.Column("registered_model_id", ID, nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("key", TEXT, nullable=False),
        sa.Column("value", TEXT, nullable=False),
        sa.ForeignKeyConstraint(
            ["registered_model_id", "version"],
            ["model_versions.registered_model_id", "model_versions.version"],
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("registered_model_id", "version", "key"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "run_datasets",
        sa.Column("run_id", ID, nullable=False),
        sa.Column("dataset_id", ID, nullable=False),
        sa.ForeignKeyConstraint(["dataset_id"], ["datasets.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("run_id", "dataset_id"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "run_models",
        sa.Column("run_id", ID, nullable=False),
        sa.Column("is_output", sa.SmallInteger(), nullable=False),
        sa.Column("model_id", TEXT, nullable=False),
        sa.Column("step", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("run_id", "is_output", "model_id", "step"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "run_dataset_tags",
        sa.Column("run_id", ID, nullable=False),
        sa.Column("dataset_id", ID, nullable=False),
        sa.Column("key", TEXT, nullable=False),
        sa.Column("value", TEXT, nullable=False),
        sa.ForeignKeyConstraint(
            ["run_id", "dataset_id"], ["run_datasets.run_id", "run_datasets.dataset_id"], ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("run_id", "dataset_id", "key"),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    """There is nothing before the first schema."""
    raise NotImplementedError("the first schema cannot be undone; delete the file instead")
