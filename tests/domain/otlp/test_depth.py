"""Values nested deep: what is written can be read by protobuf's parsers, in both of its forms."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from quire.domain.errors import InvalidInput
from quire.domain.otlp import plain_attributes, read_json, read_mlflow_span, read_protobuf, write_protobuf
from quire.domain.otlp.values import MAX_DEPTH, put, put_any
from tests.spans import export, message, new_trace


def mapping(depth: int) -> Any:
    return {"in": mapping(depth - 1)} if depth else "bottom"


def listing(depth: int) -> Any:
    return [listing(depth - 1)] if depth else "bottom"


def mixed(depth: int) -> Any:
    return ({"in": mixed(depth - 1)} if depth % 2 else [mixed(depth - 1)]) if depth else "bottom"


def everywhere(value: Any) -> Span:
    """A span that has a value in each place where one may stand."""
    span = message(new_trace())
    places = [span.attributes, span.events.add(name="e").attributes, span.links.add(span_id=b"1" * 8).attributes]
    for place in places:
        put(place.add(key="deep").value, value)
    return span


@pytest.mark.parametrize("nested", [mapping, listing, mixed])
def test_the_deepest_value_that_is_written_is_read(nested: Callable[[int], Any]) -> None:
    value = nested(MAX_DEPTH)
    span = everywhere(value)
    (record,) = read_protobuf(export(span).SerializeToString())
    (read,) = ExportTraceServiceRequest.FromString(write_protobuf([record])).resource_spans[0].scope_spans[0].spans
    for place in (read, read.events[-1], read.links[-1]):
        assert plain_attributes(place.attributes)["deep"] == value


def test_the_deepest_value_is_read_from_json() -> None:
    deep: Any = {"stringValue": "bottom"}
    for _ in range(MAX_DEPTH):
        deep = {"kvlistValue": {"values": [{"key": "in", "value": deep}]}}
    span = {"traceId": "a" * 32, "spanId": "b" * 16, "name": "s", "attributes": [{"key": "deep", "value": deep}]}
    body = {"resourceSpans": [{"scopeSpans": [{"spans": [span]}]}]}
    (record,) = read_json(json.dumps(body).encode())
    assert plain_attributes(Span.FromString(record.content).attributes)["deep"] == mapping(MAX_DEPTH)


def test_what_is_deeper_is_refused_or_kept_as_json_text() -> None:
    with pytest.raises(InvalidInput, match=f"more than {MAX_DEPTH} levels"):
        everywhere(mapping(MAX_DEPTH + 1))
    span = message(new_trace())
    put_any(span.attributes.add(key="deep").value, mapping(200))
    assert json.loads(plain_attributes(span.attributes)["deep"]) == mapping(200)


def test_a_deep_value_costs_no_trace_of_mlflow() -> None:
    data = {
        "trace_id": "a" * 32,
        "span_id": "b" * 16,
        "name": "s",
        "start_time_unix_nano": 1,
        "end_time_unix_nano": 2,
        "status": {"code": "STATUS_CODE_OK"},
        "attributes": {"mlflow.spanInputs": json.dumps(mapping(100))},
    }
    record = read_mlflow_span(data, f"tr-{'a' * 32}")
    (again,) = read_protobuf(write_protobuf([record]))
    held = plain_attributes(Span.FromString(again.content).attributes)["mlflow.spanInputs"]
    assert json.loads(held) == mapping(100)
