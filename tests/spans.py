"""Spans for tests, made as OpenTelemetry's exporters make them."""

from __future__ import annotations

import os
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from quire.domain.otlp import read_span
from quire.domain.otlp.values import put
from quire.domain.traces import SpanRecord

START = 1_700_000_000_000
CODES = {"UNSET": 0, "OK": 1, "ERROR": 2}


def new_trace() -> str:
    """The id of a trace that there is not yet."""
    return f"tr-{os.urandom(16).hex()}"


def message(
    trace_id: str,
    name: str = "call",
    *,
    span_id: str | None = None,
    parent: str | None = None,
    start: int = START,
    ms: int = 5,
    status: str = "OK",
    **attributes: Any,
) -> Span:
    """A span of a trace: ``start`` and ``ms`` in milliseconds; of an attribute's name, ``__`` stands for a dot."""
    span = Span(name=name, start_time_unix_nano=start * 1_000_000, end_time_unix_nano=(start + ms) * 1_000_000)
    span.trace_id = bytes.fromhex(trace_id.removeprefix("tr-"))
    span.span_id = bytes.fromhex(span_id) if span_id else os.urandom(8)
    if parent:
        span.parent_span_id = bytes.fromhex(parent)
    span.status.code = CODES[status]  # type: ignore[assignment]
    for key, value in attributes.items():
        pair = span.attributes.add()
        pair.key = key.replace("__", ".")
        put(pair.value, value)
    return span


def span(trace_id: str, name: str = "call", **options: Any) -> SpanRecord:
    """The record of a span; options are those of :func:`message`."""
    return read_span(message(trace_id, name, **options))


def export(*spans: Span, resource: dict[str, str] | None = None) -> ExportTraceServiceRequest:
    """The request that exports these spans."""
    request = ExportTraceServiceRequest()
    place = request.resource_spans.add()
    for key, value in (resource or {}).items():
        pair = place.resource.attributes.add()
        pair.key = key
        pair.value.string_value = value
    place.scope_spans.add().spans.extend(spans)
    return request
