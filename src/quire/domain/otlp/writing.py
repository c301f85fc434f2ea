"""Stored spans, written as JSON: OTLP's, and that of MLflow's trace files."""

from __future__ import annotations

import base64
from collections.abc import Iterable
from typing import Any

import msgspec
from google.protobuf.json_format import MessageToDict
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from quire.domain.otlp.values import plain, plain_attributes, wire_attributes
from quire.domain.traces import SpanRecord

_IDS = frozenset({"traceId", "spanId", "parentSpanId"})
_CODES = ("STATUS_CODE_UNSET", "STATUS_CODE_OK", "STATUS_CODE_ERROR")


def write_protobuf(records: Iterable[SpanRecord]) -> bytes:
    """An ``ExportTraceServiceRequest`` in protobuf that holds these spans."""
    request = ExportTraceServiceRequest()
    spans = request.resource_spans.add().scope_spans.add().spans
    for record in records:
        spans.append(Span.FromString(record.content))
    return request.SerializeToString()


def write_json(records: Iterable[SpanRecord]) -> dict[str, Any]:
    """The same in OTLP's JSON: ids are hexadecimal, enumerations numbers, as ``read_json`` and collectors read it.

    https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding
    """
    spans = []
    for record in records:
        span: dict[str, Any] = MessageToDict(Span.FromString(record.content), use_integers_for_enums=True)
        for holder in (span, *span.get("links", ())):
            for field in _IDS & holder.keys():
                holder[field] = base64.b64decode(holder[field]).hex()
        spans.append(span)
    return {"resourceSpans": [{"scopeSpans": [{"spans": spans}]}]}


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def otlp_span(record: SpanRecord) -> dict[str, Any]:
    """A span in protobuf's JSON form, with the field names of the description and ids in base64."""
    span = Span.FromString(record.content)
    made: dict[str, Any] = {"trace_id": _base64(span.trace_id), "span_id": _base64(span.span_id)}
    if span.trace_state:
        made["trace_state"] = span.trace_state
    if span.parent_span_id:
        made["parent_span_id"] = _base64(span.parent_span_id)
    made["name"] = span.name
    if span.kind:
        made["kind"] = Span.SpanKind.Name(span.kind) if span.kind in Span.SpanKind.values() else span.kind
    made["start_time_unix_nano"] = span.start_time_unix_nano
    made["end_time_unix_nano"] = span.end_time_unix_nano
    made["attributes"] = wire_attributes(span.attributes)
    if span.events:
        made["events"] = [
            {"time_unix_nano": item.time_unix_nano, "name": item.name, "attributes": wire_attributes(item.attributes)}
            for item in span.events
        ]
    if span.links:
        made["links"] = [
            {
                "trace_id": _base64(item.trace_id),
                "span_id": _base64(item.span_id),
                "attributes": wire_attributes(item.attributes),
            }
            for item in span.links
        ]
    made["status"] = _status(span, filled=False)
    return made


def mlflow_span(record: SpanRecord) -> dict[str, Any]:
    """A span as MLflow's ``traces.json`` holds it: attribute values are JSON text."""
    span = Span.FromString(record.content)
    attributes = {key: _dumped(value) for key, value in plain_attributes(span.attributes).items()}
    attributes["mlflow.traceRequestId"] = _dumped(record.trace_id)
    attributes.setdefault("mlflow.spanType", _dumped(record.type))
    return {
        "trace_id": _base64(span.trace_id),
        "span_id": _base64(span.span_id),
        "parent_span_id": _base64(span.parent_span_id) or None,
        "name": span.name,
        "start_time_unix_nano": span.start_time_unix_nano,
        "end_time_unix_nano": span.end_time_unix_nano or None,
        "events": [
            {"name": item.name, "time_unix_nano": item.time_unix_nano, "attributes": plain_attributes(item.attributes)}
            for item in span.events
        ],
        "status": _status(span, filled=True),
        "attributes": attributes,
        "links": [
            {
                "trace_id": f"tr-{item.trace_id.hex()}",
                "span_id": item.span_id.hex(),
                "attributes": {pair.key: plain(pair.value) for pair in item.attributes} or None,
            }
            for item in span.links
        ],
    }


def _status(span: Span, *, filled: bool) -> dict[str, str]:
    code = span.status.code
    made = {"code": _CODES[code] if 0 <= code < len(_CODES) else _CODES[0]}
    if span.status.message or filled:
        made["message"] = span.status.message
    return made


def _dumped(value: Any) -> str:
    return msgspec.json.encode(value).decode()
