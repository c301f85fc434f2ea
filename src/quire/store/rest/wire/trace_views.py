"""Messages about traces that are looked at: ``/api/quire/v1/traces/…``."""

from __future__ import annotations

import msgspec

from quire.domain.protojson import Int64, Message, Required
from quire.domain.trace_views import SpanView, TraceOutline, TraceSeries


class OfTraceOutline(Message, frozen=True, kw_only=True):
    """``GET traces/{trace_id}/outline``."""

    trace_id: Required


class OfSpan(OfTraceOutline, frozen=True, kw_only=True):
    """``GET traces/{trace_id}/spans/{span_id}``."""

    span_id: Required


class TraceOutlineResponse(Message, frozen=True, kw_only=True):
    """A trace and the outlines of its spans."""

    trace: TraceOutline


class SpanResponse(Message, frozen=True, kw_only=True):
    """One span."""

    span: SpanView


class TraceModels(Message, frozen=True, kw_only=True):
    """``POST traces/models``."""

    trace_ids: list[str]


class TraceModelsResponse(Message, frozen=True, kw_only=True):
    """The models that each trace called, by the trace's id; a trace without a call is left out."""

    models: dict[str, list[str]] = msgspec.field(default_factory=dict)


class TraceSeriesRequest(Message, frozen=True, kw_only=True):
    """``POST traces/series``; times are milliseconds, ``start_ms`` included, ``end_ms`` not."""

    experiment_ids: list[str]
    filter: str = ""
    start_ms: Int64 | None = None
    end_ms: Int64 | None = None
    points: Int64 = 60


class TraceSeriesResponse(Message, frozen=True, kw_only=True):
    """Traces over time."""

    series: TraceSeries


class AddTraces(Message, frozen=True, kw_only=True):
    """``POST datasets/{dataset_id}/traces``."""

    dataset_id: Required
    trace_ids: list[str]


class AddedTracesResponse(Message, frozen=True, kw_only=True):
    """What has become of the dataset: its version now, and how many records that has."""

    records: int
    version: int | None = None


class ExportTraces(Message, frozen=True, kw_only=True):
    """``GET traces/export``: these traces, or those of experiments that match a filter."""

    trace_ids: list[str] = msgspec.field(default_factory=list)
    experiment_ids: list[str] = msgspec.field(default_factory=list)
    filter: str = ""
    format: str = "mlflow"
