"""Requests that were served are traces in the store, made after the caller has its answer."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

import quire
from quire import tracing
from quire.domain.calls import Usage
from quire.domain.endpoints import Endpoint, Upstream
from quire.entities import Trace
from quire.serving.measuring import measure
from quire.serving.request import Ask, Caller, Done, Given, Outgoing
from quire.serving.traceparents import begin, parent_of
from quire.serving.tracing import Tracer
from quire.tracking import outboxes
from tests.quire_server import QuireServer

ANSWER = {
    "id": "chatcmpl-1",
    "object": "chat.completion",
    "created": 1,
    "model": "gpt-4o-mini",
    "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "Because."}}],
    "usage": {"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10},
}
GIVEN = Given(
    arm="b",
    model_uri="models:/joker@b",
    name="joker",
    version="4",
    model_id="m-1",
    trial_id="trial-1",
    phase=2,
    unit="u",
    prompt_name="jokes",
    prompt_version="3",
)


@pytest.fixture(autouse=True)
def _fresh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("QUIRE_OUTBOX", str(tmp_path / "outbox"))
    yield
    tracing.reset()
    outboxes.close_all(0)


@pytest.fixture
def uri(tmp_path: Path) -> str:
    uri = f"sqlite:///{tmp_path}/quire.db"
    quire.set_tracking_uri(uri)
    return uri


Trace_ = Callable[..., Trace]


@pytest.fixture
def traced(uri: str) -> Iterator[Callable[..., Trace | None]]:
    """Trace a request as a server would, and read it from the store."""
    tracers: list[Tracer] = []

    def make(done: Done, **endpoint: Any) -> Trace | None:
        known = Endpoint(name="joker", model="models:/joker@champion", **endpoint)
        tracer = Tracer(uri, lambda name: known)
        tracer.start()
        tracers.append(tracer)
        measure(done)
        tracer(done)
        tracer.flush()
        return quire.get_trace(done.trace_id, silent=True)

    yield make
    for tracer in tracers:
        tracer.close()


def ended(body: Any = ANSWER, **fields: Any) -> Done:
    """A chat request that ended."""
    ids = begin(fields.pop("traceparent_in", ""))
    asked = fields.pop("asked", {})
    ask = Ask(
        "chat.completions",
        "joker",
        {"model": "joker", "messages": [{"role": "user", "content": "Why?"}], **asked},
        False,
        Caller("ada", "tk-1"),
        key="user-7",
        namespace="acme",
        variables={"topic": "owls"},
        request_id="req-1",
    )
    out = Outgoing(
        "chat.completions",
        {
            "model": "gpt-4o-mini",
            "messages": [{"role": "system", "content": "Joke of owls."}, {"role": "user", "content": "Why?"}],
            "temperature": 0.5,
        },
        False,
    )
    given: dict[str, Any] = {
        "out": out,
        "given": GIVEN,
        "ending": "answered",
        "status": 200,
        "start_ns": 1_700_000_000_000_000_000,
        "latency_s": 0.25,
        "trace_id": ids.trace_id,
        "span_id": ids.span_id,
        "upstream": "default",
        "attempts": 2,
        **fields,
    }
    return Done(ask=ask, body=body if isinstance(body, bytes) else json.dumps(body).encode(), **given)


def only_span(trace: Trace | None) -> Any:
    assert trace is not None
    (span,) = trace.data.spans
    return span


def test_a_request_is_one_span_with_what_was_asked_of_the_upstream_and_answered(traced: Trace_) -> None:
    done = ended()
    trace = traced(done)
    span = only_span(trace)
    assert (span.name, span.span_type, span.status.status_code) == ("joker", "CHAT_MODEL", "OK")
    assert done.out is not None
    assert span.inputs == done.out.body
    assert span.outputs == ANSWER
    assert (trace.info.state, trace.info.client_request_id) == ("OK", "chatcmpl-1")
    assert trace.info.execution_duration == 250
    assert trace.info.token_usage == {"input_tokens": 7, "output_tokens": 3, "total_tokens": 10}
    assert (trace.info.cost or {})["total_cost"] == pytest.approx(done.cost_usd)
    assert (trace.info.request_preview, trace.info.response_preview) == ("Why?", "Because.")


def test_a_span_says_which_arm_model_and_prompt_answered_and_for_whom(traced: Trace_) -> None:
    trace = traced(ended(first_token_s=0.1))
    attributes = only_span(trace).attributes
    assert {
        "quire.endpoint": "joker",
        "quire.arm": "b",
        "quire.model_uri": "models:/joker@b",
        "quire.model_version": "joker/4",
        "quire.trial": "trial-1",
        "quire.phase": 2,
        "quire.namespace": "acme",
        "quire.caller": "ada",
        "quire.request_id": "req-1",
        "quire.attempts": 2,
        "quire.variables": {"topic": "owls"},
        "quire.stream.first_token_ms": 100.0,
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "openai",
        "gen_ai.request.temperature": 0.5,
        "gen_ai.response.id": "chatcmpl-1",
        "gen_ai.response.finish_reasons": ["stop"],
        "mlflow.modelId": "m-1",
        "mlflow.message.format": "openai",
    }.items() <= attributes.items()
    found = quire.search_traces(
        [trace.info.experiment_id],
        "metadata.`quire.arm` = 'b' AND metadata.`quire.trial` = 'trial-1' AND prompt = 'jokes/3'",
        return_type="list",
    )
    assert [one.info.trace_id for one in found] == [trace.info.trace_id]
    assert trace.info.trace_metadata["mlflow.trace.user"] == "user-7"
    assert quire.get_experiment(trace.info.experiment_id).name == "endpoints/joker"
    assert trace.info.trace_metadata["mlflow.source.name"] == "quire serve"
    assert "mlflow.source.git.commit" not in trace.info.trace_metadata


def test_an_endpoint_may_name_the_experiment(traced: Trace_) -> None:
    trace = traced(ended(), experiment="jokes in public")
    assert quire.get_experiment(trace.info.experiment_id).name == "jokes in public"


def events(*datas: Any, done: bool = True) -> bytes:
    made = [f"data: {json.dumps(data)}\n\n" for data in datas] + (["data: [DONE]\n\n"] if done else [])
    return "".join(made).encode()


def chunk(delta: dict[str, Any] | None = None, reason: str | None = None, **more: Any) -> dict[str, Any]:
    choices = [] if delta is None else [{"index": 0, "delta": delta, "finish_reason": reason}]
    return {
        "id": "c-1",
        "object": "chat.completion.chunk",
        "created": 1,
        "model": "gpt-4o-mini",
        "choices": choices,
        **more,
    }


def test_a_stream_is_shown_as_the_message_that_it_makes(traced: Trace_) -> None:
    body = events(
        chunk({"role": "assistant", "content": ""}),
        chunk({"content": "Be"}),
        chunk({"content": "cause."}),
        chunk({}, "stop"),
        chunk(usage=ANSWER["usage"]),
    )
    span = only_span(traced(ended(body)))
    assert span.outputs["choices"] == ANSWER["choices"]
    assert span.outputs["usage"] == ANSWER["usage"]
    assert span.attributes["quire.stream.pieces"] == 5
    assert span.token_usage == {"input_tokens": 7, "output_tokens": 3, "total_tokens": 10}


def test_a_stream_of_tool_calls_is_shown_with_their_arguments(traced: Trace_) -> None:
    def tool(**fields: Any) -> dict[str, Any]:
        return {"tool_calls": [{"index": 0, **fields}]}

    body = events(
        chunk({"role": "assistant", "content": None}),
        chunk(tool(id="call-1", type="function", function={"name": "look", "arguments": ""})),
        chunk(tool(function={"arguments": '{"at":'})),
        chunk(tool(function={"arguments": '"owl"}'})),
        chunk({}, "tool_calls"),
    )
    (choice,) = only_span(traced(ended(body))).outputs["choices"]
    assert choice["message"]["tool_calls"] == [
        {"id": "call-1", "type": "function", "function": {"name": "look", "arguments": '{"at":"owl"}'}}
    ]
    assert choice["finish_reason"] == "tool_calls"


def test_a_stream_with_probabilities_is_shown_with_them(traced: Trace_) -> None:
    said = {"token": "Be", "logprob": -0.5, "bytes": None, "top_logprobs": []}
    first = chunk({"content": "Be"})
    first["choices"][0]["logprobs"] = {"content": [said]}
    body = json.dumps(first, separators=(",", ":")).encode()
    (choice,) = only_span(traced(ended(b"data: " + body + b"\n\n" + events(chunk({}, "stop"))))).outputs["choices"]
    assert choice["logprobs"]["content"] == [said]
    assert choice["message"]["content"] == "Be"


def test_tokens_that_no_upstream_counted_are_reckoned(traced: Trace_) -> None:
    span = only_span(traced(ended(events(chunk({"content": "Because of owls."}), chunk({}, "stop")))))
    assert span.attributes["quire.usage.estimated"] is True
    assert span.token_usage["output_tokens"] > 0


def test_a_stream_that_broke_off_is_an_error_with_what_came(traced: Trace_) -> None:
    body = events(chunk({"content": "Be"}), done=False)
    trace = traced(ended(body, ending="broken", error="The upstream broke off."))
    span = only_span(trace)
    assert span.outputs["choices"][0]["message"]["content"] == "Be"
    assert (trace.info.state, span.status.status_code) == ("ERROR", "ERROR")
    assert span.status.description == "200: The upstream broke off."
    assert span.events[0].name == "exception"


def test_a_streamed_response_is_shown_as_its_last_event_has_it(traced: Trace_) -> None:
    whole = {"id": "resp_1", "object": "response", "model": "gpt-4o-mini", "status": "completed", "output": []}
    body = b'event: response.created\ndata: {"type":"response.created","response":{"id":"resp_1"}}\n\n'
    body += (
        f"event: response.completed\ndata: {json.dumps({'type': 'response.completed', 'response': whole})}\n\n".encode()
    )
    done = ended(body)
    done.out = Outgoing("responses", {"model": "gpt-4o-mini", "input": "Why?"}, True)
    span = only_span(traced(done))
    assert span.outputs == whole
    assert done.response_id == "resp_1"


def test_of_vectors_only_their_length_is_kept(traced: Trace_) -> None:
    answer = {
        "object": "list",
        "data": [
            {"object": "embedding", "index": 0, "embedding": [0.5] * 1536},
            {"object": "embedding", "index": 1, "embedding": "AAAA" * 10},
        ],
        "model": "text-embedding-3-small",
        "usage": {"prompt_tokens": 2, "total_tokens": 2},
    }
    done = ended(answer)
    done.out = Outgoing("embeddings", {"model": "text-embedding-3-small", "input": ["a", "b"]}, False)
    span = only_span(traced(done))
    assert [item["embedding"] for item in span.outputs["data"]] == ["<1536 numbers>", "<40 characters of base64>"]
    assert (span.span_type, span.outputs["usage"]) == ("EMBEDDING", answer["usage"])


def test_a_refused_request_that_reached_no_upstream_shows_what_was_asked(traced: Trace_) -> None:
    done = ended(b"", out=None, ending="refused", status=400, error="A value for {topic} is missing.")
    trace = traced(done, trace_sample=0.0)
    span = only_span(trace)
    assert span.inputs == done.ask.body
    assert span.status.description == "400: A value for {topic} is missing."
    assert span.attributes["http.response.status_code"] == 400
    assert span.model_name is None
    assert trace.info.state == "ERROR"


def test_without_content_only_shapes_and_counts_are_kept(traced: Trace_) -> None:
    trace = traced(ended(), log_content=False)
    text = trace.to_json()
    for secret in ("Because", "owls", "Why?", "user-7"):
        assert secret not in text
    span = only_span(trace)
    assert span.outputs["choices"][0]["message"]["content"] == "<8 characters>"
    assert span.token_usage == {"input_tokens": 7, "output_tokens": 3, "total_tokens": 10}
    assert span.attributes["quire.arm"] == "b"


def test_credentials_are_redacted(traced: Trace_) -> None:
    key = "sk-" + "a1b2" * 8
    answer = json.loads(json.dumps(ANSWER).replace("Because.", f"The key is {key}"))
    done = ended(answer, asked={"user": key})
    trace = traced(done)
    assert key not in trace.to_json()
    assert "[REDACTED]" in trace.to_json()


def test_a_share_is_traced_and_whatever_fails(traced: Trace_) -> None:
    kept, left = ended(), ended()
    kept.trace_id, left.trace_id = "tr-" + "1" * 16 + "0" * 16, "tr-" + "1" * 16 + "f" * 16
    assert traced(kept, trace_sample=0.5) is not None
    assert traced(left, trace_sample=0.5) is None
    assert traced(ended(b"", ending="failed", status=502, error="down"), trace_sample=0.0) is not None


def test_the_process_may_trace_fewer_and_those_that_take_long(traced: Trace_) -> None:
    tracing.configure(sample_rate=0.0, slow_seconds=0.2)
    assert traced(ended(latency_s=0.1)) is None
    assert traced(ended(latency_s=0.3)) is not None


def test_what_is_turned_away_is_counted_and_not_traced(traced: Trace_) -> None:
    away = {"ending": "refused", "status": 429, "error": "The token has reached its limit."}
    assert traced(ended(b"", out=None, upstream="", **away)) is None
    assert traced(ended(b"", upstream="", **away)) is None
    assert traced(ended(b"", upstream="default", **away)) is not None


def test_tracing_that_is_off_makes_nothing(traced: Trace_) -> None:
    tracing.disable()
    assert traced(ended()) is None


def test_the_callers_trace_goes_on(uri: str, traced: Trace_) -> None:
    quire.set_experiment("callers")
    with quire.start_span("the caller's") as span:
        headers = quire.tracing.get_tracing_context_headers_for_http_request()
    done = ended(traceparent_in=headers["traceparent"])
    done.ask.traceparent = headers["traceparent"]
    trace = traced(done)
    assert done.trace_id == span.trace_id
    names = {one.name: one for one in trace.data.spans}
    assert names["joker"].parent_id == span.span_id
    assert names["joker"].span_id == done.span_id


def test_a_caller_that_does_not_sample_is_not_traced(traced: Trace_) -> None:
    header = f"00-{'a' * 32}-{'b' * 16}-00"
    done = ended(traceparent_in=header)
    done.ask.traceparent = header
    assert traced(done) is None


def test_an_arm_that_gave_way_is_below_the_request(traced: Trace_) -> None:
    first = ended(b"", ending="failed", status=502, error="The arm is down.", fell_back=True)
    second = ended(fell_back=True, given=Given(arm="a", model_uri="models:/joker@a"))
    second.trace_id, second.span_id = first.trace_id, first.span_id
    traced(first)
    trace = traced(second)
    spans = {span.name: span for span in trace.data.spans}
    assert spans["joker: b"].parent_id == spans["joker"].span_id
    assert spans["joker: b"].status.status_code == "ERROR"
    assert trace.info.state == "OK"
    assert trace.info.trace_metadata["quire.arm"] == "a"
    assert spans["joker"].attributes["quire.fell_back"] is True


def test_a_store_that_is_away_loses_no_trace(tmp_path: Path) -> None:
    server = QuireServer(tmp_path / "server")
    tracer = Tracer(server.url)
    tracer.start()
    done = ended()
    measure(done)
    tracer(done)
    tracer.flush()
    assert (tracer.waiting, tracer.dropped) == (0, 0)
    assert list((tmp_path / "outbox").iterdir())
    with server:
        quire.set_tracking_uri(server.url)
        tracing.flush()
        assert only_span(quire.get_trace(done.trace_id)).outputs == ANSWER
    tracer.close()


def test_what_finds_no_room_is_dropped_and_counted(uri: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("quire.serving.tracing.MOST_WAITING", 2)
    tracer = Tracer(uri)
    for _ in range(5):
        tracer(ended())
    assert (tracer.waiting, tracer.dropped) == (2, 3)
    tracer.start()
    tracer.flush()
    assert tracer.waiting == 0
    tracer.close()


def test_a_request_that_cannot_be_traced_is_in_nobodys_way(uri: str, caplog: pytest.LogCaptureFixture) -> None:
    tracer = Tracer(uri)
    tracer.start()
    tracer(msgspec.structs.replace(ended(), given=None))
    tracer.flush()
    assert "could not be traced" in caplog.text
    done = ended()
    tracer(done)
    tracer.flush()
    assert quire.get_trace(done.trace_id) is not None
    tracer.close()


@pytest.mark.parametrize(
    "header",
    [
        "",
        "nonsense",
        f"00-{'0' * 32}-{'b' * 16}-01",
        f"00-{'a' * 32}-{'0' * 16}-01",
        f"ff-{'a' * 32}-{'b' * 16}-01",
        f"00-{'A' * 32}-{'b' * 16}-01",
        f"00-{'a' * 31}-{'b' * 16}-01",
    ],
)
def test_a_header_that_names_no_span_begins_a_trace(header: str) -> None:
    ids = begin(header)
    assert "a" * 31 not in ids.trace_id.lower()
    assert parent_of(header) == (True, b"")
    assert begin(header).trace_id != ids.trace_id


def test_a_header_is_continued_and_handed_on() -> None:
    ids = begin(f"00-{'a' * 32}-{'b' * 16}-00-what-comes-later")
    assert ids.trace_id == "tr-" + "a" * 32
    assert ids.traceparent == f"00-{'a' * 32}-{ids.span_id}-00"
    assert parent_of(ids.traceparent) == (False, bytes.fromhex(ids.span_id))


def test_usage_is_left_out_of_nothing(traced: Trace_) -> None:
    answer = {**ANSWER, "usage": {**ANSWER["usage"], "prompt_tokens_details": {"cached_tokens": 5}}}  # type: ignore[dict-item]
    done = ended(answer)
    span = only_span(traced(done))
    assert done.usage == Usage(7, 3, 5)
    assert span.token_usage["cache_read_input_tokens"] == 5


def test_a_cached_answer_costs_nothing(traced: Trace_) -> None:
    trace = traced(ended(cached=True))
    assert (trace.info.cost or {})["total_cost"] == 0
    assert only_span(trace).attributes["quire.cached"] is True


def test_azure_is_named_as_the_provider(traced: Trace_) -> None:
    span = only_span(traced(ended(), upstream=Upstream(api_type="azure")))
    assert span.attributes["gen_ai.provider.name"] == "azure.ai.openai"
