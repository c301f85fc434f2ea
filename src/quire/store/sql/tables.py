"""The tables, laid out for speed; docs/decisions/0010 says why each is as it is.

Names that repeat (keys of metrics, params and tags) are interned in ``keys``. A metric's history is append-only,
clustered by run in the order of logging; its latest value is a row of its own. ``experiment_id`` and
``start_time`` are repeated in the searched tables (neither ever changes for a run), so that an index gives
a filtered page in its final order. A metric that is not a number is stored as NULL. What is
logged to runs names no parent table: its rows are written only after the run was read in the same transaction, and
a check of each would be paid a hundred times a batch.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

metadata = sa.MetaData()

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TIME = sa.BigInteger()
# Texts are compared by their characters' numbers, in every database and whatever its locale.
TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
_CLUSTERED: dict[str, Any] = {"sqlite_with_rowid": False}
_WHERE = "quire_where"


def _short(length: int) -> sa.String:
    return sa.String(length).with_variant(sa.String(length, collation="C"), "postgresql")


def _parent(target: str) -> sa.ForeignKey:
    return sa.ForeignKey(target, ondelete="CASCADE")


def _tags(name: str, parent: str, column: str) -> sa.Table:
    """Tags of things that are few: plain keys and values."""
    return sa.Table(
        name,
        metadata,
        sa.Column(column, ID, _parent(f"{parent}.id"), primary_key=True),
        sa.Column("key", TEXT, primary_key=True),
        sa.Column("value", TEXT, nullable=False),
        **_CLUSTERED,
    )


def partial_index(name: str, *columns: Any, where: sa.ColumnElement[Any], unique: bool = False) -> None:
    """An index of some rows. PostgreSQL is told so by :func:`for_postgresql`."""
    sa.Index(name, *columns, unique=unique, sqlite_where=where, info={_WHERE: where})


def for_postgresql(metadata: sa.MetaData) -> None:
    """Say of tables what only PostgreSQL has to be told.

    Naming PostgreSQL where the tables are made would load all that SQLAlchemy knows of it wherever a store is opened.
    """
    for table in metadata.tables.values():
        for index in table.indexes:
            if _WHERE in index.info:
                index.dialect_options["postgresql"]["where"] = index.info[_WHERE]


version = sa.Table(
    "quire_version",
    metadata,
    sa.Column("version_num", sa.String(32)),
    sa.PrimaryKeyConstraint("version_num", name="quire_version_pkc"),
)

keys = sa.Table(
    "keys",
    metadata,
    sa.Column("id", ID, primary_key=True),
    sa.Column("name", TEXT, nullable=False, unique=True),
)

experiments = sa.Table(
    "experiments",
    metadata,
    sa.Column("id", ID, primary_key=True),
    sa.Column("name", TEXT, nullable=False, unique=True),
    sa.Column("artifact_location", TEXT, nullable=False),
    sa.Column("deleted", sa.SmallInteger, nullable=False),
    sa.Column("creation_time", TIME, nullable=False),
    sa.Column("last_update_time", TIME, nullable=False),
)

experiment_tags = _tags("experiment_tags", "experiments", "experiment_id")

runs = sa.Table(
    "runs",
    metadata,
    sa.Column("id", ID, primary_key=True),
    sa.Column("run_id", _short(32), nullable=False, unique=True),
    sa.Column("experiment_id", ID, _parent("experiments.id"), nullable=False),
    sa.Column("run_name", TEXT, nullable=False),
    sa.Column("user_id", TEXT, nullable=False),
    sa.Column("status", _short(16), nullable=False),
    sa.Column("start_time", TIME, nullable=False),
    sa.Column("end_time", TIME),
    sa.Column("artifact_uri", TEXT, nullable=False),
    sa.Column("deleted_time", TIME),
    # When its metrics were last written while out of the search index; NULL when they are in it.
    sa.Column("unsettled", TIME),
)
sa.Index("ix_runs_newest", runs.c.experiment_id, runs.c.start_time.desc(), runs.c.run_id)
partial_index("ix_runs_unsettled", runs.c.experiment_id, runs.c.unsettled, where=runs.c.unsettled.is_not(None))

metrics = sa.Table(
    "metrics",
    metadata,
    sa.Column("run_id", ID, primary_key=True),
    sa.Column("seq", ID, primary_key=True),
    sa.Column("key_id", ID, nullable=False),
    sa.Column("step", sa.BigInteger, nullable=False),
    sa.Column("timestamp", TIME, nullable=False),
    sa.Column("value", sa.Double),
    **_CLUSTERED,
)

latest_metrics = sa.Table(
    "latest_metrics",
    metadata,
    sa.Column("run_id", ID, primary_key=True),
    sa.Column("key_id", ID, primary_key=True),
    sa.Column("step", sa.BigInteger, nullable=False),
    sa.Column("timestamp", TIME, nullable=False),
    sa.Column("value", sa.Double),
    sa.Column("experiment_id", ID, nullable=False),
    sa.Column("start_time", TIME, nullable=False),
    sa.Column("settled", sa.SmallInteger, nullable=False),
    **_CLUSTERED,
)
_settled = latest_metrics.c.settled == sa.literal_column("1")
partial_index(
    "ix_latest_metrics_order",
    latest_metrics.c.experiment_id,
    latest_metrics.c.key_id,
    latest_metrics.c.value,
    latest_metrics.c.start_time,
    latest_metrics.c.settled,  # so that the index alone answers
    where=_settled,
)


def _texts(name: str) -> sa.Table:
    """Params or tags of runs, indexed by key and the head of the text, newest run first."""
    table = sa.Table(
        name,
        metadata,
        sa.Column("run_id", ID, primary_key=True),
        sa.Column("key_id", ID, primary_key=True),
        sa.Column("head", TEXT, nullable=False),
        sa.Column("experiment_id", ID, nullable=False),
        sa.Column("start_time", TIME, nullable=False),
        sa.Column("rest", TEXT),
        **_CLUSTERED,
    )
    sa.Index(f"ix_{name}_order", table.c.experiment_id, table.c.key_id, table.c.head, table.c.start_time.desc())
    return table


params = _texts("params")
tags = _texts("tags")

datasets = sa.Table(
    "datasets",
    metadata,
    sa.Column("id", ID, primary_key=True),
    sa.Column("experiment_id", ID, _parent("experiments.id"), nullable=False),
    sa.Column("name", TEXT, nullable=False),
    sa.Column("digest", TEXT, nullable=False),
    sa.Column("source_type", TEXT, nullable=False),
    sa.Column("source", TEXT, nullable=False),
    sa.Column("schema", TEXT),
    sa.Column("profile", TEXT),
    sa.UniqueConstraint("experiment_id", "name", "digest"),
)

run_datasets = sa.Table(
    "run_datasets",
    metadata,
    sa.Column("run_id", ID, _parent("runs.id"), primary_key=True),
    sa.Column("dataset_id", ID, _parent("datasets.id"), primary_key=True),
    **_CLUSTERED,
)

run_dataset_tags = sa.Table(
    "run_dataset_tags",
    metadata,
    sa.Column("run_id", ID, primary_key=True),
    sa.Column("dataset_id", ID, primary_key=True),
    sa.Column("key", TEXT, primary_key=True),
    sa.Column("value", TEXT, nullable=False),
    sa.ForeignKeyConstraint(
        ["run_id", "dataset_id"], ["run_datasets.run_id", "run_datasets.dataset_id"], ondelete="CASCADE"
    ),
    **_CLUSTERED,
)

run_models = sa.Table(
    "run_models",
    metadata,
    sa.Column("run_id", ID, _parent("runs.id"), primary_key=True),
    sa.Column("is_output", sa.SmallInteger, primary_key=True),
    sa.Column("model_id", TEXT, primary_key=True),
    sa.Column("step", sa.BigInteger, primary_key=True),
    **_CLUSTERED,
)

logged_models = sa.Table(
    "logged_models",
    metadata,
    sa.Column("id", ID, primary_key=True),
    sa.Column("model_id", _short(34), nullable=False, unique=True),
    sa.Column("experiment_id", ID, _parent("experiments.id"), nullable=False),
    sa.Column("name", TEXT, nullable=False),
    sa.Column("artifact_location", TEXT, nullable=False),
    sa.Column("creation_timestamp_ms", TIME, nullable=False),
    sa.Column("last_updated_timestamp_ms", TIME, nullable=False),
    sa.Column("status", _short(16), nullable=False),
    sa.Column("model_type", TEXT),
    sa.Column("source_run_id", TEXT),
    sa.Column("deleted", sa.SmallInteger, nullable=False),
)
sa.Index(
    "ix_logged_models_newest",
    logged_models.c.experiment_id,
    logged_models.c.creation_timestamp_ms.desc(),
    logged_models.c.model_id,
)

logged_model_tags = _tags("logged_model_tags", "logged_models", "logged_model_id")
logged_model_params = _tags("logged_model_params", "logged_models", "logged_model_id")

logged_model_metrics = sa.Table(
    "logged_model_metrics",
    metadata,
    sa.Column("logged_model_id", ID, _parent("logged_models.id"), primary_key=True),
    sa.Column("key", TEXT, primary_key=True),
    sa.Column("timestamp", TIME, primary_key=True),
    sa.Column("step", sa.BigInteger, primary_key=True),
    sa.Column("run_id", ID, _parent("runs.id"), primary_key=True),
    sa.Column("value", sa.Double),
    sa.Column("dataset_name", TEXT),
    sa.Column("dataset_digest", TEXT),
    **_CLUSTERED,
)

registered_models = sa.Table(
    "registered_models",
    metadata,
    sa.Column("id", ID, primary_key=True),
    sa.Column("name", TEXT, nullable=False, unique=True),
    sa.Column("creation_timestamp", TIME, nullable=False),
    sa.Column("last_updated_timestamp", TIME, nullable=False),
    sa.Column("description", TEXT, nullable=False),
    # The number of the newest version ever made: a number is not used again after its version is deleted.
    sa.Column("last_version", sa.BigInteger, nullable=False),
)

registered_model_tags = _tags("registered_model_tags", "registered_models", "registered_model_id")

model_versions = sa.Table(
    "model_versions",
    metadata,
    sa.Column("registered_model_id", ID, _parent("registered_models.id"), primary_key=True),
    sa.Column("version", sa.BigInteger, primary_key=True),
    sa.Column("creation_timestamp", TIME, nullable=False),
    sa.Column("last_updated_timestamp", TIME, nullable=False),
    sa.Column("user_id", TEXT, nullable=False),
    sa.Column("current_stage", _short(16), nullable=False),
    sa.Column("description", TEXT, nullable=False),
    sa.Column("source", TEXT, nullable=False),
    sa.Column("run_id", TEXT, nullable=False),
    sa.Column("run_link", TEXT, nullable=False),
    sa.Column("model_id", TEXT),
    **_CLUSTERED,
)
sa.Index("ix_model_versions_updated", model_versions.c.last_updated_timestamp.desc())
sa.Index("ix_model_versions_run", model_versions.c.run_id)

_VERSION = ["model_versions.registered_model_id", "model_versions.version"]

model_version_tags = sa.Table(
    "model_version_tags",
    metadata,
    sa.Column("registered_model_id", ID, primary_key=True),
    sa.Column("version", sa.BigInteger, primary_key=True),
    sa.Column("key", TEXT, primary_key=True),
    sa.Column("value", TEXT, nullable=False),
    sa.ForeignKeyConstraint(["registered_model_id", "version"], _VERSION, ondelete="CASCADE"),
    **_CLUSTERED,
)

aliases = sa.Table(
    "aliases",
    metadata,
    sa.Column("registered_model_id", ID, primary_key=True),
    sa.Column("alias", TEXT, primary_key=True),
    sa.Column("version", sa.BigInteger, nullable=False),
    sa.ForeignKeyConstraint(["registered_model_id", "version"], _VERSION, ondelete="CASCADE"),
    **_CLUSTERED,
)
sa.Index("ix_aliases_version", aliases.c.registered_model_id, aliases.c.version)
