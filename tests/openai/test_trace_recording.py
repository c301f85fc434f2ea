"""Traces become a recording: what autologging has stored answers the same calls again, without network and key."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openai
import pytest
from pydantic import BaseModel

import quire
from quire import tracing
from quire.domain.errors import InvalidInput, NotFound
from quire.entities import Trace
from quire.openai import RecordingMiss, recording_from_traces, replay
from quire.openai.recording import record_traces
from quire.testing import Simulator
from quire.tracking import outboxes

KEY = "sk-abcdefghijklmnopqrstuvwxyz"
HELLO: Any = [{"role": "user", "content": "Say hello."}]
WEATHER: Any = {
    "type": "function",
    "function": {
        "name": "weather",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    },
}


class City(BaseModel):
    """What a parsed answer is."""

    name: str
    inhabitants: int


@pytest.fixture
def service() -> Iterator[Simulator]:
    with Simulator() as running:
        yield running


@pytest.fixture(autouse=True)
def _traced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("QUIRE_OUTBOX", str(tmp_path / "outbox"))
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    quire.set_tracking_uri(f"sqlite:///{tmp_path}/quire.db")
    quire.openai.autolog()
    yield
    quire.openai.autolog(disable=True)
    tracing.reset()
    outboxes.close_all(0)


def client_of(service: Simulator | None) -> openai.OpenAI:
    return openai.OpenAI() if service is None else openai.OpenAI(base_url=service.base_url, api_key=KEY)


def chat(client: openai.OpenAI, **options: Any) -> Any:
    return client.chat.completions.create(**{"model": "gpt-4o", "messages": HELLO, **options})


def whole(client: openai.OpenAI) -> Any:
    embedded = client.embeddings.create(model="text-embedding-3-small", input=["one", "two"])
    return [
        chat(client, temperature=0.5, n=2).model_dump(),
        chat(client, tools=[WEATHER], tool_choice="required").model_dump(),
        client.completions.create(model="gpt-3.5-turbo-instruct", prompt="one").model_dump(),
        client.responses.create(model="gpt-4o", input="one").model_dump(),
        client.responses.create(model="gpt-4o", input="one", stream=False, temperature=0.1).output_text,
        [item.embedding for item in embedded.data],
        client.chat.completions.parse(model="gpt-4o", messages=HELLO, response_format=City).choices[0].message.parsed,
        client.moderations.create(input="one", model="omni-moderation-latest").results[0].flagged,
    ]


def joined(pieces: Any) -> Any:
    """A streamed chat, put together by hand."""
    text, calls, reasons, usage = "", {}, [], None
    for piece in pieces:
        usage = piece.usage or usage
        for choice in piece.choices:
            text += choice.delta.content or ""
            reasons += [choice.finish_reason] if choice.finish_reason else []
            for call in choice.delta.tool_calls or []:
                name, arguments = calls.get(call.index, ("", ""))
                calls[call.index] = (name + (call.function.name or ""), arguments + (call.function.arguments or ""))
    return text, calls, reasons, usage and usage.total_tokens


def streamed(client: openai.OpenAI) -> Any:
    texts = client.completions.create(model="gpt-3.5-turbo-instruct", prompt="one", stream=True)
    with client.responses.stream(model="gpt-4o", input="one") as events:
        response = events.get_final_response()
    with client.chat.completions.stream(model="gpt-4o", messages=HELLO) as helped:
        completion = helped.get_final_completion()
    return [
        joined(chat(client, stream=True)),
        joined(chat(client, stream=True, seed=3, stream_options={"include_usage": True})),
        joined(chat(client, stream=True, tools=[WEATHER], tool_choice="required")),
        "".join(piece.choices[0].text for piece in texts if piece.choices),
        (response.id, response.output_text, response.usage and response.usage.total_tokens),
        (completion.id, completion.choices[0].message.content),
    ]


def tooled(client: openai.OpenAI) -> Any:
    tool: Any = {"type": "function", "name": "weather", "parameters": WEATHER["function"]["parameters"]}
    options: Any = {"model": "gpt-4o", "input": "Rain?", "tools": [tool], "tool_choice": "required"}
    with client.responses.stream(**options) as events:
        kinds = {event.type for event in events}
        final = events.get_final_response()
    assert {"response.function_call_arguments.delta", "response.completed"} <= kinds
    return [(item.type, item.call_id, item.name, item.arguments) for item in final.output]


@pytest.mark.parametrize("use", [whole, streamed, tooled])
def test_traced_calls_are_answered_without_network_and_key(service: Simulator, tmp_path: Path, use: Any) -> None:
    recorded = use(client_of(service))
    made = recording_from_traces("", tmp_path / "calls.jsonl")
    service.stop()
    with replay(tmp_path / "calls.jsonl") as replayer:
        assert use(client_of(None)) == recorded
    assert made.calls == made.traces == replayer.count > 0
    assert (made.failed, made.left_out) == (0, 0)


def test_asynchronous_calls_of_one_trace(service: Simulator, tmp_path: Path) -> None:
    async def use(client: openai.AsyncOpenAI) -> Any:
        answer = await client.chat.completions.create(model="gpt-4o", messages=HELLO)
        stream = await client.chat.completions.create(model="gpt-4o", messages=HELLO, stream=True)
        return [answer.model_dump(), "".join([p.choices[0].delta.content or "" async for p in stream if p.choices])]

    with quire.start_span("both") as span:
        recorded = asyncio.run(use(openai.AsyncOpenAI(base_url=service.base_url, api_key=KEY)))
    made = recording_from_traces(span.trace_id, tmp_path / "calls.jsonl")
    assert (made.traces, made.calls) == (1, 2)
    with replay(tmp_path / "calls.jsonl"):
        assert asyncio.run(use(openai.AsyncOpenAI())) == recorded


def test_like_requests_are_answered_in_the_order_in_which_they_were_made(service: Simulator, tmp_path: Path) -> None:
    recorded = [chat(client_of(service)).id for _ in range(3)]
    with quire.start_span("in one trace"):
        recorded += [chat(client_of(service)).id for _ in range(3)]
    recording_from_traces("", tmp_path / "calls.jsonl")
    with replay(tmp_path / "calls.jsonl"):
        assert [chat(client_of(None)).id for _ in range(7)] == [*recorded, recorded[-1]]


def test_traces_are_chosen_by_id_list_and_filter(service: Simulator, tmp_path: Path) -> None:
    ids = []
    for number in range(3):
        with quire.start_span("s") as span:
            quire.update_current_trace(tags={"number": number})  # type: ignore[dict-item]
            chat(client_of(service), seed=number)
        ids.append(span.trace_id)
    file = tmp_path / "calls.jsonl"
    assert recording_from_traces(ids[:2], file).calls == 2
    assert recording_from_traces(ids[0], file).calls == 1
    assert recording_from_traces("tags.number = '2'", file).calls == 1
    with replay(file):
        assert chat(client_of(None), seed=2)
        with pytest.raises(RecordingMiss):
            chat(client_of(None), seed=0)
    other = quire.create_experiment("other")
    with pytest.raises(InvalidInput, match="no call of the OpenAI API to record in 0 traces"):
        recording_from_traces("", file, experiment_ids=[other])
    assert len(file.read_text().splitlines()) == 1


def test_the_simulator_answers_from_traces(service: Simulator, tmp_path: Path) -> None:
    client = client_of(service)
    recorded = [chat(client).model_dump(), joined(chat(client, stream=True))]
    recording_from_traces("", tmp_path / "calls.jsonl")
    service.behave(recording=tmp_path / "calls.jsonl", unknown_question="error", seed=7)
    assert [chat(client).model_dump(), joined(chat(client, stream=True))] == recorded


def test_predictions_of_a_packaged_model(service: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    messages = [{"role": "user", "content": "About {x}"}]
    quire.openai.save_model("gpt-4o", "chat.completions", tmp_path / "chat", messages=messages)
    quire.openai.save_model("text-embedding-3-small", "embeddings", tmp_path / "embed")
    models = [quire.pyfunc.load_model(str(tmp_path / name)) for name in ("chat", "embed")]
    for name, value in service.environment.items():
        monkeypatch.setenv(name, value)
    rows = [{"x": "one"}, {"x": "two"}]
    recorded = [models[0].predict(rows), models[1].predict(["one", "two"])]
    recording_from_traces("", tmp_path / "calls.jsonl")
    service.stop()
    with replay(tmp_path / "calls.jsonl"):
        assert [models[0].predict(rows), models[1].predict(["one", "two"])] == recorded


def test_traces_of_mlflows_autologging_answer_too(shared: Path, tmp_path: Path) -> None:
    golden = json.loads((shared / "golden" / "mlflow-traces.json").read_text())["traces"]
    made = record_traces([Trace.from_dict(trace) for trace in golden], tmp_path / "calls.jsonl")
    assert (made.traces, made.calls, made.left_out) == (7, 6, 0)
    with replay(tmp_path / "calls.jsonl"):
        client, asked = client_of(None), [{"role": "user", "content": "hi"}]
        assert chat(client, model="m", messages=asked, temperature=0.5).id == "chatcmpl-1"
        assert joined(chat(client, model="m", messages=asked, stream=True))[2] == ["stop"]
        assert client.responses.create(model="m", input="a").id == "resp_1"
        assert client.embeddings.create(model="m", input="a").data[0].embedding == [0.1, 0.2, 0.3]


def test_failed_calls_are_counted_and_left_out(service: Simulator, tmp_path: Path) -> None:
    client = client_of(service)
    chat(client)
    with pytest.raises(openai.BadRequestError):
        chat(client, temperature=7)
    made = recording_from_traces("", tmp_path / "calls.jsonl")
    assert (made.traces, made.calls, made.failed) == (2, 1, 1)


def test_a_stream_that_was_given_up_ends_where_it_did(service: Simulator, tmp_path: Path) -> None:
    service.behave(token_latency_ms=5)
    with chat(client_of(service), stream=True) as stream:
        next(iter(stream))
    recording_from_traces("", tmp_path / "calls.jsonl")
    (line,) = (tmp_path / "calls.jsonl").read_text().splitlines()
    assert json.loads(line)["response"]["complete"] is False
    with replay(tmp_path / "calls.jsonl"):
        assert joined(chat(client_of(None), stream=True))[2] == []


@pytest.mark.parametrize("how", ["configured", "of the calls"])
def test_a_trace_without_content_is_refused(service: Simulator, tmp_path: Path, how: str) -> None:
    if how == "configured":
        tracing.configure(content=False)
    else:
        quire.openai.autolog(capture_content=False)
    with quire.start_span("s") as span:
        chat(client_of(service))
    with pytest.raises(InvalidInput, match=f"{span.trace_id} was recorded without its content"):
        recording_from_traces(span.trace_id, tmp_path / "calls.jsonl")
    assert list(tmp_path.glob("calls*")) == []


def test_what_cannot_be_recorded_is_named(service: Simulator, tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="no trace"):
        recording_from_traces(f"tr-{'1' * 32}", tmp_path / "calls.jsonl")
    with quire.start_span("s"):
        pass
    with pytest.raises(InvalidInput, match="no call of the OpenAI API"):
        recording_from_traces("", tmp_path / "calls.jsonl")
    chat(client_of(service))
    with pytest.raises(InvalidInput, match="cannot be written"):
        recording_from_traces("", tmp_path / "no" / "calls.jsonl")
    with pytest.raises(InvalidInput):
        recording_from_traces("nonsense ===", tmp_path / "calls.jsonl")


def test_no_credential_is_written(service: Simulator, tmp_path: Path) -> None:
    service.behave(echo=True)
    asked: Any = [{"role": "user", "content": f"My key is {KEY}."}]
    chat(client_of(service), messages=asked)
    recording_from_traces("", tmp_path / "calls.jsonl")
    assert KEY not in (tmp_path / "calls.jsonl").read_text()
    with replay(tmp_path / "calls.jsonl"):
        assert "[REDACTED]" in chat(client_of(None), messages=asked).choices[0].message.content
