"""Finished traces as stores keep them: OpenTelemetry messages, with cost, without what is not to be kept."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import msgspec
from opentelemetry.proto.trace.v1.trace_pb2 import Span as Message

from quire.domain.otlp import read_span
from quire.domain.otlp.values import put
from quire.domain.traces import NAME_TAG, TRACE_STATES, SpanRecord, Trace, TraceFacts, TraceState, trace_info
from quire.tracing import state
from quire.tracing.completing import complete
from quire.tracing.finished import FinishedSpan, FinishedTrace
from quire.tracing.markers import SHAPES_ONLY

_TYPE = "mlflow.spanType"
_INPUTS = "mlflow.spanInputs"
_OUTPUTS = "mlflow.spanOutputs"
_STATES: tuple[TraceState, ...] = ("STATE_UNSPECIFIED", "OK", "ERROR")


def stored(trace: FinishedTrace) -> Trace:
    """A trace as a store keeps it. Credentials are replaced, and content is left out if the settings say so."""
    records = []
    for span in trace.spans:
        records.append(_record(trace, span))
        time.sleep(0)  # lets a thread of the program go on that has waited for this one
    root = next((span for span in reversed(trace.spans) if not span.parent_id), None)
    facts = next((record.facts for record in records if record.parent_id is None), None) or TraceFacts()
    info = trace_info(
        f"tr-{trace.trace_id.hex()}",
        trace.experiment_id,
        timestamp_ms=(root or trace.spans[0]).start_ns // 1_000_000,
        execution_time_ms=None if root is None else (root.end_ns - root.start_ns) // 1_000_000,
        client_request_id=trace.client_request_id,
        state=_state(trace, root),
        tags=dict(facts.tags),
        trace_metadata=dict(facts.metadata),
        request_preview=facts.request_preview,
        response_preview=facts.response_preview,
    )
    return Trace(info, records)


def _state(trace: FinishedTrace, root: FinishedSpan | None) -> TraceState:
    if root is None:
        return "IN_PROGRESS"
    given = trace.overrides.get("state", "").upper()
    return next((state for state in TRACE_STATES if state == given), _STATES[root.status])


def _record(trace: FinishedTrace, span: FinishedSpan) -> SpanRecord:
    record = read_span(_message(trace.trace_id, span))
    facts = record.facts or TraceFacts()
    tags = {**facts.tags, **trace.tags}
    if not span.parent_id:
        tags.setdefault(NAME_TAG, span.name)
    said = TraceFacts(
        request_preview=trace.overrides.get("request", facts.request_preview),
        response_preview=trace.overrides.get("response", facts.response_preview),
        tags=tags,
        metadata={**facts.metadata, **trace.metadata},
    )
    return msgspec.structs.replace(record, facts=said)


def _message(trace_id: bytes, span: FinishedSpan) -> Message:
    attributes = _attributes(span)
    message = Message(
        trace_id=trace_id,
        span_id=span.span_id,
        parent_span_id=span.parent_id,
        name=span.name,
        start_time_unix_nano=span.start_ns,
        end_time_unix_nano=span.end_ns,
    )
    message.status.code = span.status  # type: ignore[assignment]
    if span.message:
        message.status.message = span.message
    for key, value in attributes.items():
        put(message.attributes.add(key=key).value, value)
    for item in span.events:
        event = message.events.add(name=item.name, time_unix_nano=item.time_ns)
        for key, value in msgspec.json.decode(item.attributes).items():
            put(event.attributes.add(key=key).value, value)
    for trace_of_link, span_of_link in span.links:
        message.links.add(trace_id=trace_of_link, span_id=span_of_link)
    return message


def _attributes(span: FinishedSpan) -> dict[str, Any]:
    """All attributes of a span, its content among them, after the program's own hooks."""
    settings = state.settings()
    attributes: dict[str, Any] = {_TYPE: span.type, **span.attributes}
    inputs = None if span.inputs is None else msgspec.json.decode(span.inputs)
    outputs = None if span.outputs is None else msgspec.json.decode(span.outputs)
    complete(attributes, inputs, outputs)
    if settings.redact:
        held: dict[str, Any] = {
            "name": span.name,
            "type": span.type,
            "inputs": inputs,
            "outputs": outputs,
            "attributes": attributes,
        }
        for hook in settings.redact:
            hook(held)
        inputs, outputs, attributes = held["inputs"], held["outputs"], held["attributes"]
    if attributes.pop(SHAPES_ONLY, False) or not settings.content:
        inputs, outputs = shape(inputs), shape(outputs)
    if inputs is not None:
        attributes[_INPUTS] = inputs
    if outputs is not None:
        attributes[_OUTPUTS] = outputs
    return attributes


def shape(value: Any) -> Any:
    """A value without its content: types of what it holds and lengths of its texts."""
    if isinstance(value, Mapping):
        return {key: shape(item) for key, item in value.items()}
    if isinstance(value, list):
        return [shape(item) for item in value]
    if isinstance(value, str):
        return f"<{len(value)} characters>"
    return value
