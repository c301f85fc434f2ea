"""Traces sent to collectors: a receiver of the test, Quire's own server, a real MLflow server."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import quire
from quire.domain.errors import InvalidInput
from quire.domain.otlp import plain_attributes
from quire.store import open_store
from quire.tracing import otlp_out, state
from tests.tracing.otlp_receiver import Receiver

REQUEST = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "Where is my order?"}]}
ANSWER = {"choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "Here."}}]}


@pytest.fixture(autouse=True)
def _store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("ENDPOINT", "TRACES_ENDPOINT", "HEADERS", "TRACES_HEADERS", "PROTOCOL", "COMPRESSION"):
        monkeypatch.delenv(f"OTEL_EXPORTER_OTLP_{name}", raising=False)
    quire.set_tracking_uri(f"sqlite:///{tmp_path / 'quire.db'}")
    quire.tracing.reset()
    yield
    quire.tracing.reset()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as running:
        yield running


def _call() -> str:
    """A traced call of a model below a step of a program; the trace's id."""
    with quire.start_span("answer") as root:
        quire.update_current_trace(session_id="s1", user="ada")
        with quire.start_span("Completions", span_type="CHAT_MODEL") as span:
            span.set_inputs(REQUEST)
            span.set_outputs(ANSWER)
            span.set_attribute("gen_ai.operation.name", "chat")
            span.set_attribute("api_key", "sk-proj-" + "a1B2c3D4" * 6)
    return root.trace_id


def test_the_environment_names_a_collector(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", receiver.url + "/")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", "x-team=blue%20sky, authorization=Bearer%20t")
    monkeypatch.setenv("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment.name=test,service.name=other")
    monkeypatch.setenv("OTEL_SERVICE_NAME", "shop")
    quire.tracing.reset()
    trace_id = _call()
    quire.tracing.flush()
    (request,) = receiver.requests
    assert (request.path, request.headers["content-type"]) == ("/v1/traces", "application/x-protobuf")
    assert request.headers["content-encoding"] == "gzip"
    assert (request.headers["x-team"], request.headers["authorization"]) == ("blue sky", "Bearer t")
    assert request.resource.items() >= {"service.name": "shop", "deployment.environment.name": "test"}.items()
    spans = {span.name: span for span in request.spans}
    assert {span.trace_id.hex() for span in spans.values()} == {trace_id.removeprefix("tr-")}
    assert spans["Completions"].parent_span_id == spans["answer"].span_id
    assert open_store(quire.get_tracking_uri()).get_trace_info(trace_id).state == "OK"


def test_spans_carry_what_the_conventions_name(receiver: Receiver) -> None:
    quire.tracing.configure(otlp_endpoint=receiver.url)
    _call()
    quire.tracing.flush()
    span = next(span for span in receiver.spans if span.name == "Completions")
    attributes: dict[str, Any] = plain_attributes(span.attributes)
    assert json.loads(attributes["gen_ai.input.messages"]) == [
        {"role": "user", "parts": [{"type": "text", "content": "Where is my order?"}]}
    ]
    (answered,) = json.loads(attributes["gen_ai.output.messages"])
    assert answered == {
        "role": "assistant",
        "parts": [{"type": "text", "content": "Here."}],
        "finish_reason": "stop",
    }
    assert (attributes["session.id"], attributes["user.id"]) == ("s1", "ada")
    assert span.kind == span.SPAN_KIND_CLIENT
    assert b"sk-proj" not in span.SerializeToString()


def test_without_content_none_is_sent(receiver: Receiver) -> None:
    quire.tracing.configure(otlp_endpoint=receiver.url, content=False)
    _call()
    quire.tracing.flush()
    assert receiver.spans
    assert not any(b"order" in span.SerializeToString() for span in receiver.spans)


def test_a_collector_that_is_busy_is_asked_again(receiver: Receiver) -> None:
    receiver.answers = [503, 429, 502]
    quire.tracing.configure(otlp_endpoint=receiver.url)
    for _ in range(20):
        _call()
    quire.tracing.flush()
    assert len(receiver.spans) == 40
    assert len({span.span_id for span in receiver.spans}) == 40


def test_a_collector_that_refuses_hurts_nobody(receiver: Receiver, caplog: pytest.LogCaptureFixture) -> None:
    receiver.answers = [400]
    quire.tracing.configure(otlp_endpoint=receiver.url)
    trace_id = _call()
    with caplog.at_level(logging.ERROR), pytest.raises(quire.QuireError, match=r"The collector .* refused"):
        quire.tracing.flush()
    assert "refused the spans" in caplog.text
    assert open_store(quire.get_tracking_uri()).get_trace_info(trace_id).state == "OK"
    _call()
    quire.tracing.flush()
    assert len(receiver.spans) >= 2


def test_a_trace_that_is_not_sampled_is_not_sent(receiver: Receiver) -> None:
    quire.tracing.configure(otlp_endpoint=receiver.url, sample_rate=0)
    _call()
    quire.tracing.flush()
    assert receiver.requests == []


def test_variables_of_the_exporter(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://base:4318")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://other:9/spans")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_COMPRESSION", "none")
    named = otlp_out.from_environment()
    assert named is not None
    assert (named.url, named.compress) == ("http://other:9/spans", False)
    monkeypatch.delenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
    base = otlp_out.from_environment()
    assert base is not None
    assert base.url == "http://base:4318/v1/traces"
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc")
    assert otlp_out.from_environment() is None
    assert "not gRPC" in caplog.text
    monkeypatch.delenv("OTEL_EXPORTER_OTLP_PROTOCOL")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "nowhere")
    assert otlp_out.from_environment() is None
    with pytest.raises(InvalidInput, match="nowhere"):
        quire.tracing.configure(otlp_endpoint="nowhere")
    quire.tracing.configure(otlp_endpoint="http://base:4318")
    assert quire.tracing.configure(otlp_endpoint="").otlp is None
    assert state.settings().otlp is None


def test_quires_own_server_is_a_collector(quire_server: str) -> None:
    experiment = open_store(quire_server).create_experiment("otlp-out")
    quire.tracing.configure(otlp_endpoint=quire_server, otlp_headers={"x-mlflow-experiment-id": experiment})
    trace_id = _call()
    quire.tracing.flush()
    (trace,) = open_store(quire_server).get_traces([trace_id])
    assert trace.info.experiment_id == experiment
    assert [span.name for span in trace.spans] == ["answer", "Completions"]
    assert trace.info.trace_metadata["mlflow.trace.session"] == "s1"


@pytest.mark.slow
@pytest.mark.mlflow
def test_mlflows_server_is_a_collector(mlflow_server: str) -> None:
    experiment = open_store(mlflow_server).create_experiment("otlp-out")
    quire.tracing.configure(otlp_endpoint=mlflow_server, otlp_headers={"x-mlflow-experiment-id": experiment})
    trace_id = _call()
    quire.tracing.flush()
    (trace,) = open_store(mlflow_server).get_traces([trace_id])
    assert [span.name for span in trace.spans] == ["answer", "Completions"]
    assert trace.spans[1].type == "CHAT_MODEL"


def test_values_nested_deep_can_be_read_by_a_collector(receiver: Receiver) -> None:
    deep: Any = "bottom"
    for _ in range(60):
        deep = {"in": deep}
    quire.tracing.configure(otlp_endpoint=receiver.url)
    with quire.start_span("s") as span:
        span.set_inputs(deep)
        span.set_attribute("deep", deep)
        span.add_event("deep", {"value": deep})
    quire.tracing.flush()
    (sent,) = receiver.spans
    attributes = plain_attributes(sent.attributes)
    assert json.loads(attributes["deep"]) == json.loads(attributes["mlflow.spanInputs"]) == deep
    assert json.loads(plain_attributes(sent.events[0].attributes)["value"]) == deep
