"""Traces that Quire's client wrote are read by a real MLflow, and the reverse, at Quire's server and at MLflow's."""

from __future__ import annotations

import json
import uuid
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

import quire
from quire.entities import Link, SpanLogLevel, Trace
from tests.server.mlflow_program import answers_of
from tests.tracing.conftest import last_trace, names_by_parent

pytestmark = [pytest.mark.mlflow, pytest.mark.slow]
PROGRAM = Path(__file__).with_name("mlflow_traces.py")
LINK = Link("tr-" + "a" * 32, "b" * 16, {"why": "again"})
USAGE = {"input_tokens": 3, "output_tokens": 4, "total_tokens": 7}


def write() -> str:
    """The same trace that the program writes."""
    with suppress(ValueError), quire.start_span("root", "CHAIN", attributes={"list": [1, {"a": None}]}) as root:
        quire.update_current_trace(
            tags={"team": "a"}, metadata={"meta": "data"}, client_request_id="ours", session_id="s-1", user="ada"
        )
        root.set_inputs({"question": "why", "text": '{"json": "in text"}'})
        root.set_outputs('["json in text"]')
        with quire.start_span("call", "CHAT_MODEL", links=[LINK], description="asks") as call:
            call.set_inputs({"messages": [{"role": "user", "content": "why"}], "model": "gpt-4o"})
            call.set_outputs({"choices": [{"message": {"role": "assistant", "content": "because"}}]})
            call.set_attribute("mlflow.chat.tokenUsage", USAGE)
            call.set_attribute("mlflow.llm.model", "gpt-4o")
            raise ValueError("at the end")
    return root.trace_id


@pytest.mark.parametrize("target", ["quire_server", "mlflow_server"])
def test_each_reads_what_the_other_wrote(target: str, mlflow_python: Path, request: pytest.FixtureRequest) -> None:
    url: str = request.getfixturevalue(target)
    quire.set_tracking_uri(url)
    experiment = f"traces-{uuid.uuid4().hex[:8]}"
    quire.set_experiment(experiment)
    ours = write()
    quire.log_feedback(trace_id=ours, name="good", value=0.5)
    found = answers_of(mlflow_python, PROGRAM, url, ours, experiment)
    check_what_mlflow_read(found["read"])
    check_what_quire_read(found["written"])
    assert {item.name for item in last_trace().info.assessments} == {"good", "theirs"}
    everything = quire.search_traces(return_type="list", filter_string="tags.team = 'a'")
    assert {trace.trace_id for trace in everything} == {ours, found["written"]}


def check_what_mlflow_read(read: dict[str, Any]) -> None:
    assert read["state"] == "ERROR"
    assert {"mlflow.traceName": "root", "team": "a"}.items() <= read["tags"].items()
    expected = {
        "meta": "data",
        "mlflow.trace.session": "s-1",
        "mlflow.trace.user": "ada",
        "mlflow.source.type": "LOCAL",
    }
    assert expected.items() <= read["metadata"].items()
    assert read["client_request_id"] == "ours"
    assert json.loads(read["previews"][0]) == {"question": "why", "text": '{"json": "in text"}'}
    assert (read["tokens"], read["cost"], read["found by search"]) == (USAGE, True, 1)
    assert read["assessments"] == [["good", 0.5]]
    root, call = read["spans"]
    assert (root["name"], root["parent"], root["type"]) == ("root", None, "CHAIN")
    assert (call["name"], call["parent"], call["type"]) == ("call", "root", "CHAT_MODEL")
    assert root["inputs"] == {"question": "why", "text": '{"json": "in text"}'}
    assert root["attributes"]["list"] == [1, {"a": None}]
    assert call["outputs"]["choices"][0]["message"]["content"] == "because"
    assert call["status"] == ["ERROR", "ValueError: at the end"]
    assert call["events"] == [["exception", "builtins.ValueError"]]
    assert call["links"] == [[LINK.trace_id, LINK.span_id, LINK.attributes]]
    assert (call["level"], call["description"], root["level"]) == ("ERROR", "asks", "ERROR")
    assert root["milliseconds"]
    stats = json.loads(read["metadata"]["mlflow.trace.sizeStats"])
    assert (stats["num_spans"], stats["total_size_bytes"]) == (2, int(read["metadata"]["mlflow.trace.sizeBytes"]))


def check_what_quire_read(trace_id: str) -> None:
    trace = quire.get_trace(trace_id)
    assert trace is not None
    assert names_by_parent(trace) == {"root": None, "call": "root"}
    root, call = trace.data.spans
    assert (trace.info.state, trace.info.client_request_id, trace.info.token_usage) == ("ERROR", "theirs", USAGE)
    assert (root.span_type, call.span_type) == ("CHAIN", "CHAT_MODEL")
    assert root.inputs == {"question": "why", "text": '{"json": "in text"}'}
    assert root.outputs in ('["json in text"]', ["json in text"])  # MLflow's server takes JSON text for what it says
    assert root.attributes["list"] == [1, {"a": None}]
    assert call.outputs["choices"][0]["message"]["content"] == "because"
    assert (call.token_usage, call.model_name) == (USAGE, "gpt-4o")
    assert call.status.status_code == "ERROR"
    assert (call.links, call.log_level, call.description) == ([LINK], SpanLogLevel.ERROR, "asks")
    assert call.events[0].name == "exception"
    assert Trace.from_json(trace.to_json()) == trace


def test_golden_traces_are_read_with_the_same_words(shared: Path) -> None:
    for golden in json.loads((shared / "golden" / "mlflow-traces.json").read_text())["traces"]:
        trace = Trace.from_dict(golden)
        for span, given in zip(trace.data.spans, golden["data"]["spans"], strict=True):
            attributes = given["attributes"]
            assert span.name == given["name"]
            assert span.span_type == json.loads(attributes["mlflow.spanType"])
            assert span.inputs == json.loads(attributes["mlflow.spanInputs"])
            assert span.outputs == json.loads(attributes.get("mlflow.spanOutputs", "null"))
        assert trace.info.trace_id == golden["info"]["trace_id"]
        assert trace.info.execution_duration == golden["info"]["execution_duration_ms"]
        usage = golden["info"]["trace_metadata"].get("mlflow.trace.tokenUsage")
        assert trace.info.token_usage == (json.loads(usage) if usage else None)
