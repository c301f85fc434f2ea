"""Spans as MLflow keeps them in its database and in its trace files, read into span records."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any

import msgspec
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from quire.domain.errors import InvalidInput
from quire.domain.otlp.reading import read_span
from quire.domain.otlp.values import put_any
from quire.domain.traces import SpanRecord

_CODES = {"STATUS_CODE_UNSET": 0, "STATUS_CODE_OK": 1, "STATUS_CODE_ERROR": 2, "UNSET": 0, "OK": 1, "ERROR": 2}


def read_mlflow_span(data: Mapping[str, Any], trace_id: str) -> SpanRecord:
    """A span of the trace ``trace_id``: a row's ``content``, or an item of ``traces.json``, in either of its forms.

    MLflow 3 writes ids in base64, MLflow 2 in hexadecimal in a ``context``; in both, attribute values are JSON text.
    InvalidInput for something else.
    """
    try:
        span = _span_of_two(data) if "context" in data else _span_of_three(data)
        _describe(span, data)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise InvalidInput(
            f"A span of the trace {trace_id} cannot be read ({type(error).__name__}: {error})."
        ) from None
    return msgspec.structs.replace(read_span(span), trace_id=trace_id)


def _span_of_three(data: Mapping[str, Any]) -> Span:
    return Span(
        trace_id=_bytes(data["trace_id"], 16),
        span_id=_bytes(data["span_id"], 8),
        parent_span_id=_bytes(data.get("parent_span_id"), 8),
        start_time_unix_nano=int(data["start_time_unix_nano"]),
        end_time_unix_nano=int(data.get("end_time_unix_nano") or 0),
        status=_status(data["status"]["code"], data["status"].get("message")),
    )


def _span_of_two(data: Mapping[str, Any]) -> Span:
    return Span(
        trace_id=_bytes(data["context"]["trace_id"], 16),
        span_id=_bytes(data["context"]["span_id"], 8),
        parent_span_id=_bytes(data.get("parent_id"), 8),
        start_time_unix_nano=int(data["start_time"]),
        end_time_unix_nano=int(data.get("end_time") or 0),
        status=_status(data.get("status_code"), data.get("status_message")),
    )


def _status(code: Any, message: str | None) -> Status:
    made = Status(message=message or "")
    made.code = _CODES.get(str(code), 0)  # type: ignore[assignment]
    return made


def _describe(span: Span, data: Mapping[str, Any]) -> None:
    span.name = str(data["name"])
    for key, text in (data.get("attributes") or {}).items():
        put_any(span.attributes.add(key=key).value, _decoded(text))
    for item in data.get("events") or []:
        event = span.events.add(
            name=str(item["name"]), time_unix_nano=int(item.get("time_unix_nano", item.get("timestamp", 0)))
        )
        for key, value in (item.get("attributes") or {}).items():
            put_any(event.attributes.add(key=key).value, value)
    for item in data.get("links") or []:
        link = span.links.add(
            trace_id=_bytes(item["trace_id"].removeprefix("tr-"), 16), span_id=_bytes(item["span_id"], 8)
        )
        for key, value in (item.get("attributes") or {}).items():
            put_any(link.attributes.add(key=key).value, value)


def _bytes(text: str | None, length: int) -> bytes:
    """The bytes of an id, in hexadecimal (perhaps after ``0x``) or base64."""
    if not text:
        return b""
    digits = text.removeprefix("0x")
    if len(digits) == 2 * length:
        return bytes.fromhex(digits)
    return base64.b64decode(text, validate=True)


def _decoded(text: Any) -> Any:
    if not isinstance(text, str):
        return text
    try:
        return json.loads(text)
    except ValueError:
        return text
