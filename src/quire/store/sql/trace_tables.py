"""The tables of traces and evaluation datasets; docs/decisions/0111 says why each is as it is.

A trace is a narrow row of what searches look at and sort by, and a row of details that only reading it needs. Its tags
and metadata are JSON in the details; those that people search by are rows of ``trace_labels`` too, indexed newest trace
first, as are the runs and prompt versions that it is linked to. A span is kept whole, as the OpenTelemetry message
that it arrived as, beside the few columns that are searched and summed. ``trace_text`` tells which traces may hold a
text (docs/decisions/0204).
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from quire.store.sql.tables import ID, TEXT, TIME, metadata, partial_index

_CLUSTERED: dict[str, Any] = {"sqlite_with_rowid": False}


def _short(length: int) -> sa.String:
    return sa.String(length).with_variant(sa.String(length, collation="C"), "postgresql")


TEXT_OF_ID = _short(100)

traces = sa.Table(
    "traces",
    metadata,
    sa.Column("id", ID, primary_key=True),
    sa.Column("trace_id", TEXT_OF_ID, nullable=False, unique=True),
    sa.Column("experiment_id", ID, nullable=False),
    sa.Column("timestamp_ms", TIME, nullable=False),
    sa.Column("execution_time_ms", TIME),
    sa.Column("status", _short(20), nullable=False),
    # Whether its info was given by whoever made it, or only follows from spans.
    sa.Column("finalized", sa.SmallInteger, nullable=False),
    sa.Column("has_spans", sa.SmallInteger, nullable=False),
    sa.Column("input_tokens", sa.BigInteger),
    sa.Column("output_tokens", sa.BigInteger),
    sa.Column("total_tokens", sa.BigInteger),
    sa.Column("cost", sa.Double),
    sa.Column("client_request_id", TEXT),
    sa.Column("name", TEXT),
)
sa.Index("ix_traces_newest", traces.c.experiment_id, traces.c.timestamp_ms.desc(), traces.c.trace_id)
sa.Index("ix_traces_status", traces.c.experiment_id, traces.c.status, traces.c.timestamp_ms.desc())
sa.Index("ix_traces_duration", traces.c.experiment_id, traces.c.execution_time_ms)
for _name, _column in (("ix_traces_tokens", traces.c.total_tokens), ("ix_traces_cost", traces.c.cost)):
    _told = _column.is_not(None)
    partial_index(_name, traces.c.experiment_id, _column, where=_told)

trace_details = sa.Table(
    "trace_details",
    metadata,
    sa.Column("id", ID, primary_key=True, autoincrement=False),
    sa.Column("tags", TEXT, nullable=False),
    sa.Column("metadata", TEXT, nullable=False),
    sa.Column("request_preview", TEXT),
    sa.Column("response_preview", TEXT),
)

trace_labels = sa.Table(
    "trace_labels",
    metadata,
    sa.Column("trace_id", ID, primary_key=True),
    sa.Column("kind", sa.SmallInteger, primary_key=True),
    sa.Column("key_id", ID, primary_key=True, autoincrement=False),
    sa.Column("head", TEXT, primary_key=True),
    sa.Column("experiment_id", ID, nullable=False),
    sa.Column("timestamp_ms", TIME, nullable=False),
    sa.Column("rest", TEXT),
    **_CLUSTERED,
)
sa.Index(
    "ix_trace_labels_order",
    trace_labels.c.experiment_id,
    trace_labels.c.kind,
    trace_labels.c.key_id,
    trace_labels.c.head,
    trace_labels.c.timestamp_ms.desc(),
)

spans = sa.Table(
    "spans",
    metadata,
    sa.Column("id", ID, primary_key=True),
    sa.Column("trace_id", ID, nullable=False),
    sa.Column("span_id", _short(16), nullable=False),
    sa.Column("parent_id", _short(16)),
    sa.Column("type", TEXT, nullable=False),
    sa.Column("status", _short(8), nullable=False),
    sa.Column("start_time_ns", TIME, nullable=False),
    sa.Column("end_time_ns", TIME),
    sa.Column("usage", TEXT),
    sa.Column("cost", TEXT),
    sa.Column("model", TEXT),
    sa.Column("name", TEXT, nullable=False),
    sa.Column("content", sa.LargeBinary, nullable=False),
    sa.UniqueConstraint("trace_id", "span_id"),
)
sa.Index("ix_spans_name", spans.c.name, spans.c.trace_id)
_called = spans.c.model.is_not(None)
partial_index("ix_spans_model", spans.c.model, spans.c.trace_id, where=_called)
_failed = spans.c.status == sa.literal_column("'ERROR'")
partial_index("ix_spans_failed", spans.c.trace_id, where=_failed)

trace_text = sa.Table(
    "trace_text",
    metadata,
    sa.Column("part", sa.SmallInteger, primary_key=True, autoincrement=False),
    sa.Column("block", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("data", sa.LargeBinary, nullable=False),
)

trace_text_late = sa.Table(
    "trace_text_late",
    metadata,
    sa.Column("trace_id", ID, primary_key=True, autoincrement=False),
)

assessments = sa.Table(
    "assessments",
    metadata,
    sa.Column("id", ID, primary_key=True),
    sa.Column("assessment_id", TEXT_OF_ID, nullable=False, unique=True),
    sa.Column("trace_id", ID, sa.ForeignKey("traces.id", ondelete="CASCADE"), nullable=False),
    sa.Column("kind", _short(12), nullable=False),
    sa.Column("name", TEXT, nullable=False),
    sa.Column("valid", sa.SmallInteger, nullable=False),
    # The value as text, by which it is searched, and as a number if it is one.
    sa.Column("head", TEXT, nullable=False),
    sa.Column("rest", TEXT),
    sa.Column("number", sa.Double),
    sa.Column("content", TEXT, nullable=False),
)
sa.Index("ix_assessments_trace", assessments.c.trace_id)
sa.Index("ix_assessments_value", assessments.c.name, assessments.c.kind, assessments.c.head, assessments.c.trace_id)

evaluation_datasets = sa.Table(
    "evaluation_datasets",
    metadata,
    sa.Column("id", ID, primary_key=True),
    sa.Column("dataset_id", TEXT_OF_ID, nullable=False, unique=True),
    sa.Column("name", TEXT, nullable=False),
    sa.Column("digest", _short(32), nullable=False),
    sa.Column("records", sa.BigInteger, nullable=False),
    sa.Column("created_time", TIME, nullable=False),
    sa.Column("last_update_time", TIME, nullable=False),
    sa.Column("created_by", TEXT),
    sa.Column("last_updated_by", TEXT),
    sa.Column("schema", TEXT),
    # The number of its newest version, and whether a record has changed since.
    sa.Column("versions", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("changed", sa.SmallInteger, nullable=False, server_default="1"),
)
sa.Index("ix_evaluation_datasets_newest", evaluation_datasets.c.created_time.desc(), evaluation_datasets.c.dataset_id)
sa.Index("ix_evaluation_datasets_name", evaluation_datasets.c.name)

evaluation_dataset_tags = sa.Table(
    "evaluation_dataset_tags",
    metadata,
    sa.Column("dataset_id", ID, sa.ForeignKey("evaluation_datasets.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("key", TEXT, primary_key=True),
    sa.Column("value", TEXT, nullable=False),
    **_CLUSTERED,
)

evaluation_dataset_experiments = sa.Table(
    "evaluation_dataset_experiments",
    metadata,
    sa.Column("experiment_id", ID, sa.ForeignKey("experiments.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("dataset_id", ID, sa.ForeignKey("evaluation_datasets.id", ondelete="CASCADE"), primary_key=True),
    **_CLUSTERED,
)
sa.Index("ix_evaluation_dataset_experiments_dataset", evaluation_dataset_experiments.c.dataset_id)

evaluation_records = sa.Table(
    "evaluation_records",
    metadata,
    sa.Column("id", ID, primary_key=True),
    sa.Column("record_id", TEXT_OF_ID, nullable=False, unique=True),
    sa.Column("dataset_id", ID, sa.ForeignKey("evaluation_datasets.id", ondelete="CASCADE"), nullable=False),
    sa.Column("input_hash", _short(64), nullable=False),
    sa.Column("created_time", TIME, nullable=False),
    sa.Column("last_update_time", TIME, nullable=False),
    sa.Column("created_by", TEXT),
    sa.Column("last_updated_by", TEXT),
    sa.Column("inputs", TEXT, nullable=False),
    sa.Column("outputs", TEXT),
    sa.Column("expectations", TEXT),
    sa.Column("tags", TEXT),
    sa.Column("source", TEXT),
    # The first version that holds it as it is.
    sa.Column("since", sa.BigInteger, nullable=False, server_default="1"),
    sa.UniqueConstraint("dataset_id", "input_hash"),
)
sa.Index("ix_evaluation_records_order", evaluation_records.c.dataset_id, evaluation_records.c.id)

# Versions of datasets, and records as they were in one before they changed: docs/decisions/0304.
evaluation_dataset_versions = sa.Table(
    "evaluation_dataset_versions",
    metadata,
    sa.Column("dataset_id", ID, sa.ForeignKey("evaluation_datasets.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("version", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("digest", _short(32), nullable=False),
    sa.Column("records", sa.BigInteger, nullable=False),
    sa.Column("created_time", TIME, nullable=False),
    sa.Column("created_by", TEXT),
    sa.Column("schema", TEXT),
    **_CLUSTERED,
)

evaluation_record_history = sa.Table(
    "evaluation_record_history",
    metadata,
    sa.Column("dataset_id", ID, sa.ForeignKey("evaluation_datasets.id", ondelete="CASCADE"), primary_key=True),
    # The place of the record among those of its dataset: its ``id`` when it was one of evaluation_records.
    sa.Column("id", ID, primary_key=True, autoincrement=False),
    # The first and the last version that hold it so.
    sa.Column("since", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("until", sa.BigInteger, nullable=False),
    sa.Column("record_id", TEXT_OF_ID, nullable=False),
    sa.Column("input_hash", _short(64), nullable=False),
    sa.Column("created_time", TIME, nullable=False),
    sa.Column("last_update_time", TIME, nullable=False),
    sa.Column("created_by", TEXT),
    sa.Column("last_updated_by", TEXT),
    sa.Column("inputs", TEXT, nullable=False),
    sa.Column("outputs", TEXT),
    sa.Column("expectations", TEXT),
    sa.Column("tags", TEXT),
    sa.Column("source", TEXT),
)
