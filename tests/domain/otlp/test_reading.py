"""Requests to export spans, read into records."""

from __future__ import annotations

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from quire.domain.errors import InvalidInput
from quire.domain.otlp import mlflow_span, otlp_span, read_json, read_protobuf, read_wire_span, write_protobuf
from quire.domain.otlp.values import plain_attributes, put
from tests.server.test_golden import RECORDED
from tests.spans import START, export, message, new_trace, span

GOLDEN = RECORDED.with_name("mlflow-traces.json")
SECRET = "sk-" + "a1B2" * 8


def golden() -> list[dict[str, Any]]:
    return json.loads(GOLDEN.read_text())["traces"] if GOLDEN.is_file() else []


@pytest.mark.parametrize("trace", golden(), ids=lambda trace: trace["info"]["tags"]["mlflow.traceName"])
def test_a_recorded_trace_tells_the_same(trace: dict[str, Any]) -> None:
    """The spans that MLflow's autologging wrote give the name, type, usage and answer that MLflow gave its trace."""
    for recorded in trace["data"]["spans"]:
        attributes = {key: json.loads(value) for key, value in recorded["attributes"].items()}
        made = span(trace["info"]["trace_id"], recorded["name"], **attributes)
        assert (made.name, made.type) == (recorded["name"], attributes["mlflow.spanType"])
        assert made.usage == attributes.get("mlflow.chat.tokenUsage")
        assert made.model == attributes.get("mlflow.llm.model")
        assert made.facts is not None
        if "request_preview" in trace["info"]:
            assert made.facts.request_preview is not None
        content = Span.FromString(made.content)
        assert plain_attributes(content.attributes) == attributes
        written = mlflow_span(made)["attributes"]
        assert {key: json.loads(value) for key, value in written.items()} == attributes


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [
        ({"mlflow__spanType": "TOOL"}, ("TOOL", None, None)),
        ({"mlflow__spanType": '"TOOL"'}, ("TOOL", None, None)),
        ({"gen_ai__operation__name": "chat", "gen_ai__request__model": "a"}, ("CHAT_MODEL", "a", None)),
        ({"gen_ai__response__model": "b", "gen_ai__request__model": "a"}, ("UNKNOWN", "b", None)),
        ({"openinference__span__kind": "RETRIEVER", "llm__model_name": "c"}, ("RETRIEVER", "c", None)),
        (
            {"gen_ai__usage__input_tokens": 3, "gen_ai__usage__output_tokens": 4},
            ("UNKNOWN", None, {"input_tokens": 3, "output_tokens": 4, "total_tokens": 7}),
        ),
        ({"mlflow__chat__tokenUsage": '{"input_tokens": 3}'}, ("UNKNOWN", None, {"input_tokens": 3})),
        ({"mlflow__chat__tokenUsage": "nonsense"}, ("UNKNOWN", None, None)),
        ({"mlflow__chat__tokenUsage": {"input_tokens": -1, "output_tokens": True}}, ("UNKNOWN", None, None)),
        ({"mlflow__llm__model": 5}, ("UNKNOWN", "5", None)),
        ({}, ("UNKNOWN", None, None)),
    ],
)
def test_attributes_say_what_a_span_is(attributes: dict[str, Any], expected: tuple[Any, ...]) -> None:
    made = span(new_trace(), **attributes)
    assert (made.type, made.model, made.usage) == expected


_LEAVES = st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False) | st.text()
_VALUES = st.recursive(_LEAVES, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=8)


@settings(max_examples=60)
@given(st.dictionaries(st.text(min_size=1), _VALUES, max_size=4))
def test_any_attributes_are_read_written_and_read_to_the_same(attributes: dict[str, Any]) -> None:
    raw = message(new_trace())
    for key, value in attributes.items():
        pair = raw.attributes.add()
        pair.key = key
        put(pair.value, value)
    (record,) = read_protobuf(export(raw).SerializeToString())
    (again,) = read_protobuf(write_protobuf([record]))
    wire = json.loads(json.dumps(otlp_span(record)))
    assert again.content == record.content
    read = Span.FromString(read_wire_span(wire).content)
    assert plain_attributes(read.attributes) == plain_attributes(Span.FromString(record.content).attributes)


@settings(max_examples=100)
@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(body: bytes) -> None:
    for read in (read_protobuf, read_json):
        with contextlib.suppress(InvalidInput):
            read(body)


@pytest.mark.parametrize("field", ["name", "status", "event", "attribute", "nested", "named", "link"])
def test_a_credential_is_hidden_wherever_it_stands(field: str) -> None:
    raw = message(new_trace())
    match field:
        case "name":
            raw.name = f"use {SECRET}"
        case "status":
            raw.status.message = f"refused {SECRET}"
        case "event":
            pair = raw.events.add(name="exception").attributes.add(key="exception.message")
            pair.value.string_value = f"bad key {SECRET}"
        case "attribute":
            put(raw.attributes.add(key="text").value, f"Authorization: Bearer {SECRET}")
        case "nested":
            put(raw.attributes.add(key="a").value, [{"b": {"c": [SECRET]}}])
        case "named":
            put(raw.attributes.add(key="http.request.header.x-api-key").value, ["opaque", SECRET])
        case "link":
            put(raw.links.add(trace_id=raw.trace_id, span_id=raw.span_id).attributes.add(key="k").value, SECRET)
    (record,) = read_protobuf(export(raw).SerializeToString())
    assert SECRET.encode() not in record.content
    assert b"opaque" not in record.content
    assert b"[REDACTED]" in record.content


def test_a_name_that_sounds_like_a_credential_is_no_secret() -> None:
    attributes = {"max_tokens": 5, "prompt": "my password policy, the task-force and a bearer of news", "monkey": "key"}
    made = span(new_trace(), **attributes)
    assert plain_attributes(Span.FromString(made.content).attributes) == attributes


def test_the_root_names_the_trace_and_carries_its_tags() -> None:
    trace_id = new_trace()
    root = span(trace_id, "root", **{"mlflow.traceTag.team": '"red"', "mlflow.traceTag.n": 5})
    assert root.facts is not None
    assert root.facts.tags == {"mlflow.traceName": "root", "team": "red", "n": "5"}
    child = span(trace_id, "child", parent=root.span_id, **{"mlflow.traceTag.team": "blue", "session.id": "s"})
    assert child.facts is not None
    assert (child.facts.tags, child.facts.metadata) == ({}, {"mlflow.trace.session": "s"})


def test_previews_are_those_of_chats() -> None:
    chat = {"messages": [{"role": "user", "content": "hi"}, {"role": "tool", "content": "t"}]}
    answer = {"id": "x", "choices": [{"message": {"role": "assistant", "content": "hello"}}], "usage": {"n": 1}}
    made = span(new_trace(), mlflow__spanInputs=chat, mlflow__spanOutputs=answer).facts
    assert made is not None
    assert (made.request_preview, made.response_preview) == ("hi", "hello")


def test_a_span_that_has_not_ended_has_no_end() -> None:
    raw = message(new_trace())
    raw.end_time_unix_nano = 0
    (record,) = read_protobuf(export(raw).SerializeToString())
    assert (record.start_time_ns, record.end_time_ns) == (START * 1_000_000, None)


@pytest.mark.parametrize("change", [{"trace_id": b"short"}, {"span_id": b""}, {"start_time_unix_nano": 2**63}])
def test_a_span_that_cannot_be_kept_is_refused(change: dict[str, Any]) -> None:
    raw = message(new_trace(), "odd one")
    for field, value in change.items():
        setattr(raw, field, value)
    with pytest.raises(InvalidInput, match="odd one"):
        read_protobuf(export(raw).SerializeToString())
