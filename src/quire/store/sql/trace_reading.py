"""Traces as entities: a few queries for any number of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from quire.domain.assessments import Assessment
from quire.domain.traces import (
    ARTIFACT_LOCATION_TAG,
    FINALIZED,
    IN_STORE,
    NAME_TAG,
    SPANS_LOCATION_TAG,
    SpanRecord,
    TraceInfo,
    trace_info,
)
from quire.domain.uris import join_uri
from quire.store.sql.session import Session
from quire.store.sql.statement import Statement

TRACE_COLUMNS = (
    "traces.id, traces.trace_id, traces.experiment_id, timestamp_ms, execution_time_ms, traces.status, finalized, "
    "has_spans, client_request_id, traces.name"
)
_TRACES = Statement(
    """SELECT $columns, tags, metadata, request_preview, response_preview
    FROM traces JOIN trace_details ON trace_details.id = traces.id WHERE traces.id = ANY(:ids)""",
    columns=TRACE_COLUMNS,
)
_LOCATIONS = Statement("SELECT id, artifact_location FROM experiments WHERE id = ANY(:ids)")
_ASSESSMENTS = Statement("SELECT trace_id, content FROM assessments WHERE trace_id = ANY(:ids) ORDER BY id")
_SPANS = Statement(
    """SELECT trace_id, span_id, parent_id, name, type, status, start_time_ns, end_time_ns, content, model, usage, cost
    FROM spans WHERE trace_id = ANY(:ids)"""
)
_SPAN = Statement(
    """SELECT trace_id, span_id, parent_id, name, type, status, start_time_ns, end_time_ns, content, model, usage, cost
    FROM spans WHERE trace_id = :trace AND span_id = :span"""
)
_labels = msgspec.json.Decoder(dict[str, str])
_usage = msgspec.json.Decoder(dict[str, int])
_cost = msgspec.json.Decoder(dict[str, float])
_assessment = msgspec.json.Decoder(Assessment)


def decode_labels(text: str) -> dict[str, str]:
    """Tags or metadata as the details hold them."""
    return _labels.decode(text)


def encode_labels(labels: Mapping[str, str]) -> str:
    """Tags or metadata for the details."""
    return msgspec.json.encode(labels).decode()


def read_infos(session: Session, ids: Sequence[int]) -> list[TraceInfo]:
    """The infos of the traces of these row numbers, in their order."""
    if not ids:
        return []
    rows = {row[0]: row for row in session.rows_of(_TRACES, ids)}
    locations: dict[int, str] = dict(session.rows_of(_LOCATIONS, sorted({row[2] for row in rows.values()})))
    found: dict[int, list[Assessment]] = defaultdict(list)
    for number, content in session.rows_of(_ASSESSMENTS, ids):
        found[number].append(_assessment.decode(content))
    return [_info(rows[number], locations[rows[number][2]], found.get(number, [])) for number in ids if number in rows]


def _info(row: Sequence[Any], location: str, assessments: list[Assessment]) -> TraceInfo:
    _, trace_id, experiment, timestamp, duration, status, finalized, has_spans, client_id, name = row[:10]
    tags, metadata = decode_labels(row[10]), decode_labels(row[11])
    if name is not None:
        tags[NAME_TAG] = name
    tags.setdefault(ARTIFACT_LOCATION_TAG, join_uri(location, "traces", trace_id, "artifacts"))
    if has_spans:
        tags[SPANS_LOCATION_TAG] = IN_STORE
    if finalized:
        metadata[FINALIZED] = "true"
    return trace_info(
        trace_id,
        str(experiment),
        timestamp_ms=timestamp,
        execution_time_ms=duration,
        client_request_id=client_id or "",
        state=status,
        tags=tags,
        trace_metadata=metadata,
        request_preview=row[12],
        response_preview=row[13],
        assessments=assessments,
    )


def read_span(session: Session, number: int, trace_id: str, span_id: str) -> SpanRecord | None:
    """One span of the trace of this row number; None if it has none of that id."""
    row = session.row(_SPAN, (number, span_id))
    return None if row is None else _record(row, trace_id)


def _record(row: Sequence[Any], trace_id: str) -> SpanRecord:
    _, span_id, parent, name, kind, status, start, end, content, model, usage, cost = row
    return SpanRecord(
        trace_id=trace_id,
        span_id=span_id,
        parent_id=parent,
        name=name,
        type=kind,
        status=status,
        start_time_ns=start,
        end_time_ns=end,
        content=bytes(content),
        model=model,
        usage=_usage.decode(usage) if usage else None,
        cost=_cost.decode(cost) if cost else None,
    )


def read_spans(session: Session, ids: Sequence[int], names: Mapping[int, str]) -> dict[int, list[SpanRecord]]:
    """The spans of the traces of these row numbers, roots first, then by start. ``names`` are the traces' ids."""
    found: dict[int, list[SpanRecord]] = defaultdict(list)
    for row in session.rows_of(_SPANS, ids):
        found[row[0]].append(_record(row, names[row[0]]))
    for spans in found.values():
        spans.sort(key=lambda span: (span.parent_id is not None, span.start_time_ns, span.span_id))
    return found
