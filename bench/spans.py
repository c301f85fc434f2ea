"""Spans as OpenTelemetry's exporters send them: one request a batch, its ids new each time.

A trace has four spans (an agent, a search, a tool, a chat call with messages, usage and model); a request has 128
spans. OpenTelemetry's batch processor sends up to 512 at once; MLflow's server, on two cores, needs longer for those
than it gives its own processes. A request is made once; for each further one the random part of its ids is replaced
and its times move on, as those of a program that runs do.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

PER_TRACE = 4
TRACES = 32
SPANS = PER_TRACE * TRACES
_APART_NS = TRACES * 1_000_000
_RANDOM = b"\xfa\xfb\xfc\xfd\xfe\xf9\xf8\xf7"[:6]

_ASKED = "Where is my order, and when will it arrive? I have waited for nine days, and nobody answers my letters. " * 3
_ANSWERED = "It left the warehouse this morning and will arrive on Thursday; a courier will call before he comes. " * 3
_MESSAGES = [
    {"role": "system", "parts": [{"type": "text", "content": "You answer questions about the orders of a shop."}]},
    {"role": "user", "parts": [{"type": "text", "content": _ASKED}]},
]
_CHAT: dict[str, Any] = {
    "gen_ai.operation.name": "chat",
    "gen_ai.provider.name": "openai",
    "gen_ai.request.model": "gpt-4o-mini",
    "gen_ai.response.model": "gpt-4o-mini-2024-07-18",
    "gen_ai.request.temperature": 0.2,
    "gen_ai.usage.input_tokens": 212,
    "gen_ai.usage.output_tokens": 57,
    "gen_ai.input.messages": json.dumps(_MESSAGES),
    "gen_ai.output.messages": json.dumps([{"role": "assistant", "parts": [{"type": "text", "content": _ANSWERED}]}]),
}
_STEPS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("invoke_agent orders", {"gen_ai.operation.name": "invoke_agent", "session.id": "session-7", "user.id": "ada"}),
    ("search orders", {"db.system": "postgresql", "db.query.text": "SELECT * FROM orders WHERE customer = $1"}),
    ("execute_tool track", {"gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": "track"}),
    ("chat gpt-4o-mini", _CHAT),
)


def bodies() -> Iterator[bytes]:
    """Requests to export 128 spans each, for ever."""
    request = _made()
    spans = request.resource_spans[0].scope_spans[0].spans
    while True:
        yield request.SerializeToString().replace(_RANDOM, os.urandom(len(_RANDOM)))
        for span in spans:
            span.start_time_unix_nano += _APART_NS
            span.end_time_unix_nano += _APART_NS


def _made() -> ExportTraceServiceRequest:
    request = ExportTraceServiceRequest()
    place = request.resource_spans.add()
    _put(place.resource, {"service.name": "shop", "service.version": "1.4.2"})
    scope = place.scope_spans.add()
    now = time.time_ns()
    for trace in range(TRACES):
        for step, (name, attributes) in enumerate(_STEPS):
            number = trace * PER_TRACE + step
            span = scope.spans.add(name=name, kind=1)
            span.trace_id = _RANDOM + trace.to_bytes(10, "big")
            span.span_id = _RANDOM + number.to_bytes(2, "big")
            if step:
                span.parent_span_id = _RANDOM + (number - step).to_bytes(2, "big")
            span.start_time_unix_nano = now + trace * 1_000_000 + step * 10_000
            span.end_time_unix_nano = span.start_time_unix_nano + 900_000 // (step + 1)
            span.status.code = 1  # type: ignore[assignment]
            _put(span, attributes)
    return request


def _put(place: Any, attributes: dict[str, Any]) -> None:
    for key, value in attributes.items():
        target = place.attributes.add(key=key).value
        if isinstance(value, int):
            target.int_value = value
        elif isinstance(value, float):
            target.double_value = value
        else:
            target.string_value = value
