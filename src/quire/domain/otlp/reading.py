"""Requests to export spans, in protobuf or JSON, read into span records."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec
from google.protobuf.json_format import ParseDict, ParseError
from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from quire.domain.errors import InvalidInput
from quire.domain.otlp import conventions
from quire.domain.otlp.hiding import hide_secrets, may_hold_secret
from quire.domain.otlp.values import plain
from quire.domain.previews import CHAT_FIELDS, preview, preview_of_chat
from quire.domain.redaction import names_secret, redact
from quire.domain.traces import (
    LINKED_PROMPTS_TAG,
    NAME_TAG,
    SESSION,
    USER,
    SpanRecord,
    SpanStatus,
    TraceFacts,
)

_STATUS: tuple[SpanStatus, ...] = ("UNSET", "OK", "ERROR")
_HEX_FIELDS = ("traceId", "spanId", "parentSpanId", "trace_id", "span_id", "parent_span_id")
# What an SDK says of itself, and names that only stores may give.
_UNTOLD = ("telemetry.sdk.", "mlflow.")
# A name is searched by its first characters; the span itself keeps all of it.
_LONGEST_NAME = 500
_LONGEST_LABEL = 8_000


def read_protobuf(body: bytes) -> list[SpanRecord]:
    """The spans of an ``ExportTraceServiceRequest`` in protobuf. InvalidInput if it is none, or a span has no id."""
    request = ExportTraceServiceRequest()
    try:
        request.ParseFromString(body)
    except DecodeError as error:
        raise InvalidInput(f"The body is not an OTLP trace request in protobuf: {error}.") from None
    return _records(request, suspicious=may_hold_secret(body))


def read_json(body: bytes) -> list[SpanRecord]:
    """The spans of an ``ExportTraceServiceRequest`` in OTLP's JSON, where ids are hexadecimal."""
    try:
        data = msgspec.json.decode(body)
        if not isinstance(data, dict):
            raise InvalidInput(f"The body is a JSON {type(data).__name__}; expected an object with resourceSpans.")
        _ids_to_base64(data)
        request = ParseDict(data, ExportTraceServiceRequest(), ignore_unknown_fields=True)
    except (msgspec.DecodeError, ParseError, RecursionError, UnicodeDecodeError) as error:
        raise InvalidInput(f"The body is not an OTLP trace request in JSON: {str(error)[:300]}.") from None
    return _records(request, suspicious=may_hold_secret(body) or b"\\u" in body)


def _ids_to_base64(value: Any) -> None:
    """OTLP's JSON writes ids in hexadecimal, protobuf's JSON in base64. Only the places of ids are looked at."""
    for resource in _items(value, "resourceSpans", "resource_spans"):
        for scope in _items(resource, "scopeSpans", "scope_spans"):
            for span in _items(scope, "spans"):
                _convert_ids(span)
                for link in _items(span, "links"):
                    _convert_ids(link)


def _items(value: Any, *names: str) -> Iterable[Any]:
    if isinstance(value, dict):
        for name in names:
            found = value.get(name)
            if isinstance(found, list):
                yield from found


def _convert_ids(item: Any) -> None:
    if not isinstance(item, dict):
        return
    for field in _HEX_FIELDS:
        text = item.get(field)
        if isinstance(text, str):
            try:
                item[field] = base64.b64encode(bytes.fromhex(text)).decode()
            except (ValueError, binascii.Error):
                raise InvalidInput(f"The {field} {text[:60]!r} of a span is not hexadecimal.") from None


def read_span(message: Span | bytes, resource: Mapping[str, str] | None = None) -> SpanRecord:
    """One span: a message, or its bytes. Credentials in it are replaced."""
    span = message if isinstance(message, Span) else Span.FromString(message)
    return _record(span, resource or {}, suspicious=True)


def read_wire_span(data: dict[str, Any]) -> SpanRecord:
    """A span in protobuf's JSON form, ids in base64, as MLflow's servers answer it."""
    try:
        span = ParseDict(data, Span(), ignore_unknown_fields=True)
    except ParseError as error:
        raise InvalidInput(f"The server's answer holds a span that cannot be read: {str(error)[:300]}.") from None
    return read_span(span)


def _records(request: ExportTraceServiceRequest, *, suspicious: bool) -> list[SpanRecord]:
    records = []
    for resource_spans in request.resource_spans:
        resource = _resource_tags(resource_spans.resource)
        for scope_spans in resource_spans.scope_spans:
            records += [_record(span, resource, suspicious=suspicious) for span in scope_spans.spans]
    return records


def _resource_tags(resource: Resource) -> dict[str, str]:
    tags = {}
    for item in resource.attributes:
        if item.key and not item.key.startswith(_UNTOLD) and len(item.key) <= 250 and not names_secret(item.key):
            value = plain(item.value)
            text = value if isinstance(value, str) else msgspec.json.encode(value).decode()
            tags[item.key] = redact(text.replace("\0", "")[:_LONGEST_LABEL])
    return tags


def _record(span: Span, resource: Mapping[str, str], *, suspicious: bool) -> SpanRecord:
    trace_id, span_id = span.trace_id, span.span_id
    if len(trace_id) != 16 or len(span_id) != 8:
        raise InvalidInput(
            f"A span has a trace id of {len(trace_id)} bytes and a span id of {len(span_id)}; OpenTelemetry's have 16 "
            f"and 8. Its name is {span.name[:100]!r}."
        )
    if span.start_time_unix_nano >= 2**63 or span.end_time_unix_nano >= 2**63:
        raise InvalidInput(f"The span {span.name[:100]!r} begins or ends after the year 2262.")
    content = span.SerializeToString()
    if suspicious and may_hold_secret(content):
        hide_secrets(span)
        content = span.SerializeToString()
    parent = span.parent_span_id.hex() or None
    values = _values(span, is_root=parent is None)
    code = span.status.code
    model = conventions.text(values, "model")
    return SpanRecord(
        trace_id=f"tr-{trace_id.hex()}",
        span_id=span_id.hex(),
        parent_id=parent,
        name=_clean(span.name),
        type=_clean(conventions.span_type(values)),
        status=_STATUS[code] if 0 <= code < len(_STATUS) else "UNSET",
        start_time_ns=span.start_time_unix_nano,
        end_time_ns=span.end_time_unix_nano or None,
        content=content,
        model=None if model is None else _clean(model),
        usage=conventions.token_usage(values),
        cost=conventions.call_cost(values),
        facts=_facts(span, values, resource, parent is None),
    )


def _values(span: Span, *, is_root: bool) -> dict[str, Any]:
    """What the attributes say, by its meaning. Inputs and outputs are large, and only a root's are looked at."""
    ranks: dict[str, int] = {}
    found: dict[str, AnyValue] = {}
    for item in span.attributes:
        known = conventions.MEANINGS.get(item.key)
        if known is not None:
            meaning, rank = known
            if rank <= ranks.get(meaning, rank) and (is_root or meaning not in _OF_ROOTS):
                ranks[meaning], found[meaning] = rank, item.value
    return {meaning: value if meaning in _OF_ROOTS else plain(value) for meaning, value in found.items()}


_OF_ROOTS = ("inputs", "outputs")


def _facts(span: Span, values: Mapping[str, Any], resource: Mapping[str, str], is_root: bool) -> TraceFacts | None:
    tags = dict(resource)
    if "prompts" in values:
        prompts = conventions.linked_prompts(values)
        if prompts:
            tags[LINKED_PROMPTS_TAG] = msgspec.json.encode(prompts).decode()
    metadata = {}
    for key, meaning in ((SESSION, "session"), (USER, "user")):
        if meaning in values:
            said = conventions.text(values, meaning)
            if said:
                metadata[key] = _clean(said)
    if not is_root:
        return TraceFacts(tags=tags, metadata=metadata) if tags or metadata else None
    tags[NAME_TAG] = _clean(span.name)
    prefix = conventions.TAG_PREFIX
    for item in span.attributes:
        if item.key.startswith(prefix) and 0 < len(item.key) - len(prefix) <= 250:
            value = plain(item.value)
            text = conventions.unquoted(value) if isinstance(value, str) else msgspec.json.encode(value).decode()
            tags[item.key[len(prefix) :]] = redact(text.replace("\0", "")[:_LONGEST_LABEL])
    return TraceFacts(
        request_preview=_preview(values.get("inputs"), "user"),
        response_preview=_preview(values.get("outputs"), "assistant"),
        tags=tags,
        metadata=metadata,
    )


def _preview(value: AnyValue | None, role: str) -> str | None:
    """The preview of inputs or outputs, of which no more is read than that takes."""
    if value is None:
        return None
    text = preview_of_chat(_outline(value), role) or preview(plain(value), role)
    return None if text is None else text.replace("\0", "")


def _outline(value: AnyValue) -> dict[str, Any]:
    """The end of each list that may hold a chat's messages."""
    if value.WhichOneof("value") != "kvlist_value":
        return {}
    made = {}
    for item in value.kvlist_value.values:
        if item.key in CHAT_FIELDS:
            items = item.value.array_value.values
            made[item.key] = [plain(one) for one in (items[:1] if item.key == "choices" else items[-_LAST:])]
    return made


_LAST = 4


def _clean(text: str) -> str:
    return text if len(text) <= _LONGEST_NAME and "\0" not in text else text.replace("\0", "")[:_LONGEST_NAME]
