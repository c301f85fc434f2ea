"""What a serving process shows of what it served: traces that others read, metrics, lines of the log."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import openai
import pytest

import quire
from quire import tracing
from quire.domain.endpoints import Breaker, Endpoint, Retrying
from quire.entities import Trace
from quire.serving.tracing import Tracer
from quire.testing import Simulator
from quire.tracking import outboxes
from tests.server.mlflow_program import answers_of
from tests.serving.test_metrics import read

PROGRAM = Path(__file__).with_name("mlflow_reads.py")
Serve = Callable[..., Any]
Register = Callable[..., str]
JOKE: dict[str, Any] = {"messages": [{"role": "system", "content": "A joke about {topic}."}]}


@pytest.fixture(autouse=True)
def _fresh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("QUIRE_OUTBOX", str(tmp_path / "outbox"))
    yield
    tracing.reset()
    outboxes.close_all(0)


def client_of(served: Any) -> openai.OpenAI:
    return openai.OpenAI(base_url=served.base_url, api_key="any", max_retries=0)


def trace_of(served: Any, trace_id: str) -> Trace:
    """A trace that the server wrote, once the store has it."""
    tracer = next(one for one in served.app.context.observers if isinstance(one, Tracer))
    tracer.flush()
    found = quire.get_trace(trace_id)
    assert found is not None
    return found


def metrics_of(served: Any) -> dict[str, float]:
    answer = served.call("GET", "/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    return read(answer.body.decode())


def test_a_request_of_the_official_client_is_a_trace(serve: Serve, register: Register) -> None:
    version = register(**JOKE)
    served = serve("joker")
    answer = client_of(served).chat.completions.with_raw_response.create(
        model="joker",
        messages=[{"role": "user", "content": "Please."}],
        extra_body={"variables": {"topic": "owls"}},
        extra_headers={"x-request-id": "mine-1", "x-quire-key": "user-7"},
    )
    completion = answer.parse()
    served.wait_for(1)
    trace = trace_of(served, answer.headers["x-quire-trace-id"])
    (span,) = trace.data.spans
    assert span.inputs["messages"] == [
        {"role": "system", "content": "A joke about owls."},
        {"role": "user", "content": "Please."},
    ]
    assert span.inputs["model"] == "gpt-4o-mini"
    assert span.outputs == completion.model_dump(mode="json", exclude_unset=True)
    assert trace.info.client_request_id == completion.id
    assert completion.usage is not None
    assert trace.info.token_usage == {
        "input_tokens": completion.usage.prompt_tokens,
        "output_tokens": completion.usage.completion_tokens,
        "total_tokens": completion.usage.total_tokens,
    }
    said = {key: span.attributes[key] for key in ("quire.model_version", "quire.request_id", "quire.variables")}
    assert said == {
        "quire.model_version": f"joker/{version}",
        "quire.request_id": "mine-1",
        "quire.variables": {"topic": "owls"},
    }
    assert trace.info.trace_metadata["mlflow.trace.user"] == "user-7"


def test_a_stream_is_a_trace_with_its_message_and_its_counts(serve: Serve, register: Register) -> None:
    register(messages=[{"role": "system", "content": "Be brief."}])
    served = serve("joker")
    stream = client_of(served).chat.completions.create(
        model="joker", messages=[{"role": "user", "content": "Why?"}], stream=True
    )
    text = "".join(chunk.choices[0].delta.content or "" for chunk in stream)
    (done,) = served.wait_for(1)
    trace = trace_of(served, done.trace_id)
    (span,) = trace.data.spans
    assert span.outputs["choices"][0]["message"]["content"] == text
    assert trace.info.token_usage is not None
    assert trace.info.token_usage["output_tokens"] == done.usage.output_tokens > 0
    assert not done.usage_estimated
    assert span.attributes["quire.stream.first_token_ms"] > 0


def test_a_callers_trace_goes_on_through_the_server_to_the_upstream(
    serve: Serve, register: Register, upstream: Simulator
) -> None:
    register(messages=[{"role": "system", "content": "Be brief."}])
    served = serve("joker")
    with quire.start_span("the caller's") as span:
        headers = quire.tracing.get_tracing_context_headers_for_http_request()
        served.call(
            "POST",
            "/v1/chat/completions",
            {"model": "joker", "messages": [{"role": "user", "content": "Why?"}]},
            headers=headers,
        )
    (done,) = served.wait_for(1)
    tracing.flush()
    trace = trace_of(served, span.trace_id)
    below = next(one for one in trace.data.spans if one.name == "joker")
    assert below.parent_id == span.span_id
    assert upstream.requests[-1].headers["traceparent"] == f"00-{span.trace_id[3:]}-{below.span_id}-01"
    assert done.trace_id == span.trace_id


def test_a_refused_request_is_a_trace_with_the_reason(serve: Serve, register: Register) -> None:
    register(**JOKE)
    served = serve(Endpoint(name="joker", model="models:/joker@champion", trace_sample=0.0))
    with pytest.raises(openai.BadRequestError) as caught:
        client_of(served).chat.completions.create(model="joker", messages=[{"role": "user", "content": "Why?"}])
    trace = trace_of(served, caught.value.response.headers["x-quire-trace-id"])
    (span,) = trace.data.spans
    assert trace.info.state == "ERROR"
    assert "topic" in span.status.description
    assert span.inputs["messages"] == [{"role": "user", "content": "Why?"}]


def test_every_answer_has_an_id_of_its_request(serve: Serve, register: Register) -> None:
    register(**JOKE)
    served = serve("joker")
    asked = {"model": "joker", "messages": [{"role": "user", "content": "Why?"}]}
    refused = served.call("POST", "/v1/chat/completions", asked, headers={"x-request-id": "mine-2"})
    assert (refused.status, refused.headers["x-request-id"]) == (400, "mine-2")
    answered = served.call("POST", "/v1/chat/completions", {**asked, "variables": {"topic": "owls"}})
    assert answered.headers["x-request-id"].startswith("req_")
    done = served.wait_for(2)[-1]
    assert done.ask.request_id == answered.headers["x-request-id"]
    assert done.upstream_request_id == answered.headers["x-quire-upstream-request-id"] != done.ask.request_id


def test_metrics_count_what_was_served(serve: Serve, register: Register) -> None:
    register(messages=[{"role": "system", "content": "Be brief."}])
    served = serve("joker")
    client = client_of(served)
    ask: dict[str, Any] = {"model": "joker", "messages": [{"role": "user", "content": "Why?"}]}
    client.chat.completions.create(**ask)
    list(client.chat.completions.create(**ask, stream=True))
    served.call("POST", "/v1/chat/completions", b"no JSON")
    served.call("POST", "/v1/chat/completions", {**ask, "temperature": 2})
    done = served.wait_for(3)
    found = metrics_of(served)
    of = 'endpoint="joker",arm="champion"'
    assert found[f'quire_serving_requests_total{{{of},status="200"}}'] == 2
    assert found[f'quire_serving_requests_total{{{of},status="400"}}'] == 1
    assert found['quire_serving_refusals_total{status="400",code="invalid_json"}'] == 1
    assert found[f'quire_serving_tokens_total{{{of},kind="output"}}'] == sum(one.usage.output_tokens for one in done)
    assert found[f"quire_serving_cost_usd_total{{{of}}}"] == pytest.approx(sum(one.cost_usd or 0 for one in done))
    assert found['quire_serving_first_token_seconds_count{endpoint="joker"}'] == 1
    assert found['quire_serving_added_seconds_count{endpoint="joker"}'] == 2
    assert found['quire_serving_running{endpoint="joker"}'] == 0
    assert found['quire_serving_breaker_open{endpoint="joker",upstream="default"}'] == 0
    assert found["quire_serving_spans_dropped_total"] == 0


def test_metrics_tell_that_an_upstream_is_left_alone(serve: Serve, register: Register, upstream: Simulator) -> None:
    register(messages=[{"role": "system", "content": "Be brief."}])
    endpoint = Endpoint(
        name="joker",
        model="models:/joker@champion",
        retrying=Retrying(retries=0),
        breaker=Breaker(least=2, rest_s=60),
    )
    served = serve(endpoint)
    upstream.stop()
    ask: dict[str, Any] = {"model": "joker", "messages": [{"role": "user", "content": "Why?"}]}
    for _ in range(3):
        with pytest.raises(openai.APIStatusError):
            client_of(served).chat.completions.create(**ask)
    assert metrics_of(served)['quire_serving_breaker_open{endpoint="joker",upstream="default"}'] == 1


def test_the_log_has_a_line_for_each_request(
    serve: Serve, register: Register, capfd: pytest.CaptureFixture[str]
) -> None:
    register(messages=[{"role": "system", "content": "Be brief."}])
    served = serve("joker", log_requests=True)
    ask: dict[str, Any] = {"model": "joker", "messages": [{"role": "user", "content": "WHAT WAS ASKED"}]}
    client_of(served).chat.completions.create(**ask, extra_headers={"x-request-id": "mine-3"})
    served.wait_for(1)
    served.stop()
    (line,) = [json.loads(text) for text in capfd.readouterr().err.splitlines() if text.startswith("{")]
    assert (line["request_id"], line["endpoint"], line["status"]) == ("mine-3", "joker", 200)
    assert "WHAT WAS ASKED" not in json.dumps(line)


@pytest.mark.mlflow
@pytest.mark.slow
def test_mlflows_client_reads_what_was_served(
    upstream: Simulator, serve: Serve, quire_server: str, mlflow_python: Path
) -> None:
    quire.set_tracking_uri(quire_server)
    name = f"joker-{uuid.uuid4().hex[:8]}"
    model = quire.openai.log_model(
        "gpt-4o-mini", "chat.completions", name=name, registered_model_name=name, messages=JOKE["messages"]
    )
    quire.Client().set_registered_model_alias(name, "champion", "1")
    served = serve(name, tracking_uri=quire_server)
    answer = client_of(served).chat.completions.with_raw_response.create(
        model=name, messages=[{"role": "user", "content": "Please."}], extra_body={"variables": {"topic": "owls"}}
    )
    trace_id = answer.headers["x-quire-trace-id"]
    served.wait_for(1)
    trace_of(served, trace_id)
    said = answers_of(mlflow_python, PROGRAM, quire_server, trace_id, "champion")
    completion = answer.parse()
    assert said["outputs"] == completion.model_dump(mode="json", exclude_unset=True)
    assert said["inputs"]["messages"][0] == {"role": "system", "content": "A joke about owls."}
    assert said["span"] == [name, "CHAT_MODEL", "OK"]
    assert (said["experiment"], said["state"], said["found"]) == (f"endpoints/{name}", "OK", True)
    assert (said["client_request_id"], said["model"]) == (completion.id, model.model_id)
    assert said["version"] == f"{name}/1"
    assert said["tokens"]["total_tokens"] == completion.usage.total_tokens  # type: ignore[union-attr]
    assert said["cost"]
    assert said["previews"] == ["Please.", completion.choices[0].message.content]
