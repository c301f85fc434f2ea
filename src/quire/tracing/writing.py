"""Finished traces as stores keep them: OpenTelemetry messages, with cost, without what is not to be kept."""

from __future__ import annotations

from typing import Any

import msgspec
from opentelemetry.proto.common.v1.common_pb2 import AnyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span as Message

from quire.domain.otlp import read_span
from quire.domain.otlp.values import put
from quire.domain.redaction import redact
from quire.domain.span_names import INPUTS, LOG_LEVEL, OUTPUTS, TYPE
from quire.domain.traces import (
    MAX_PREVIEW,
    NAME_TAG,
    TRACE_STATES,
    SpanRecord,
    Trace,
    TraceFacts,
    TraceState,
    trace_info,
)
from quire.tracing.cleaning import Held, held_of, kept_overrides
from quire.tracing.finished import FinishedSpan, FinishedTrace
from quire.tracing.finishing import finishing_metadata
from quire.tracing.levels import final_level
from quire.tracing.pausing import pause_between_spans
from quire.tracing.values import to_json

_STATES: tuple[TraceState, ...] = ("STATE_UNSPECIFIED", "OK", "ERROR")


def stored(trace: FinishedTrace) -> Trace:
    """A trace as a store keeps it. Credentials are replaced, and content is left out if the settings say so."""
    said = _Said(trace)
    records = []
    for span in trace.spans:
        records.append(_record(said, span))
        pause_between_spans()
    root = next((span for span in reversed(trace.spans) if not span.parent_id), None)
    place = next((place for place, record in enumerate(records) if record.parent_id is None), None)
    facts = TraceFacts()
    if place is not None:
        facts = _finished(trace, records, place)
        records[place] = msgspec.structs.replace(records[place], facts=facts)
    info = trace_info(
        f"tr-{trace.trace_id.hex()}",
        trace.experiment_id,
        timestamp_ms=(root or trace.spans[0]).start_ns // 1_000_000,
        execution_time_ms=None if root is None else (root.end_ns - root.start_ns) // 1_000_000,
        client_request_id=redact(trace.client_request_id),
        state=_state(trace, root),
        tags=dict(facts.tags),
        trace_metadata=dict(facts.metadata),
        request_preview=facts.request_preview,
        response_preview=facts.response_preview,
    )
    return Trace(info, records)


def _finished(trace: FinishedTrace, records: list[SpanRecord], place: int) -> TraceFacts:
    """What the root says of its trace, with what MLflow writes at its end; what was said otherwise counts more."""
    root = records[place]
    facts = root.facts or TraceFacts()
    more = finishing_metadata(records, root, whole=trace.complete and not trace.in_parts)
    return msgspec.structs.replace(facts, metadata={**more, **facts.metadata})


class _Said:
    """What is said of a trace, without credentials."""

    def __init__(self, trace: FinishedTrace) -> None:
        self.trace_id = trace.trace_id
        self.cleaned = trace.cleaned
        self.tags = {key: redact(value) for key, value in trace.tags.items()}
        self.metadata = {key: redact(value) for key, value in trace.metadata.items()}
        self.overrides = {key: redact(value)[:MAX_PREVIEW] for key, value in kept_overrides(trace).items()}


def _state(trace: FinishedTrace, root: FinishedSpan | None) -> TraceState:
    if root is None:
        return "IN_PROGRESS"
    given = trace.overrides.get("state", "").upper()
    return next((state for state in TRACE_STATES if state == given), _STATES[root.status])


def _record(trace: _Said, span: FinishedSpan) -> SpanRecord:
    record = read_span(_message(trace.trace_id, span, held_of(span, cleaned=trace.cleaned)))
    facts = record.facts or TraceFacts()
    tags = {**facts.tags, **trace.tags}
    if not span.parent_id:
        tags.setdefault(NAME_TAG, record.name)
    said = TraceFacts(
        request_preview=trace.overrides.get("request", facts.request_preview),
        response_preview=trace.overrides.get("response", facts.response_preview),
        tags=tags,
        metadata={**facts.metadata, **trace.metadata},
    )
    return msgspec.structs.replace(record, facts=said)


def _message(trace_id: bytes, span: FinishedSpan, held: Held) -> Message:
    message = Message(
        trace_id=trace_id,
        span_id=span.span_id,
        parent_span_id=span.parent_id,
        name=_text(held.name),
        start_time_unix_nano=span.start_ns,
        end_time_unix_nano=span.end_ns,
    )
    message.status.code = span.status  # type: ignore[assignment]
    if held.message:
        message.status.message = _text(held.message)
    for key, value in _attributes(held).items():
        _put(message.attributes.add(key=_text(key)).value, value)
    for item, (name, attributes) in zip(span.events, held.events, strict=False):
        event = message.events.add(name=_text(name), time_unix_nano=item.time_ns)
        for key, value in attributes.items():
            _put(event.attributes.add(key=_text(key)).value, value)
    for trace_of_link, span_of_link, attributes in held.links:
        link = message.links.add(trace_id=trace_of_link, span_id=span_of_link)
        for key, value in attributes.items():
            _put(link.attributes.add(key=_text(key)).value, value)
    return message


def _attributes(held: Held) -> dict[str, Any]:
    """All attributes of a span, its content among them."""
    attributes: dict[str, Any] = {TYPE: held.type, **held.attributes}
    failed = any(name == "exception" for name, _ in held.events)
    attributes[LOG_LEVEL] = final_level(attributes, held.type, failed=failed)
    if held.inputs is not None:
        attributes[INPUTS] = held.inputs
    if held.outputs is not None:
        attributes[OUTPUTS] = held.outputs
    return attributes


def _put(target: AnyValue, value: Any) -> None:
    """Set a value; one that is nested too deep, or has no form in the protocol, is kept as JSON text."""
    try:
        put(target, value)
    except Exception:
        target.Clear()
        target.string_value = to_json(value).decode("utf-8", "replace")


def _text(text: str) -> str:
    """Text that protobuf takes: without halves of characters."""
    return text.encode("utf-8", "replace").decode()
