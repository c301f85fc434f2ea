"""Every kind of call is one span: name, type, inputs, outputs, tokens, cost; sync and async."""

from __future__ import annotations

import gzip
import io
import json
import warnings
from typing import Any

import openai
import pydantic
import pytest

import quire
from quire.testing import Simulator
from tests.openai.autologging.conftest import Recorded
from tests.openai.autologging.upstream import Reply, Upstream, reply

MESSAGES: Any = [{"role": "user", "content": "Say hello"}]
TOOL: Any = {"type": "function", "function": {"name": "look_up", "parameters": {"type": "object", "properties": {}}}}
CALLS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "chat.completions": ("Completions", "CHAT_MODEL", {"model": "gpt-4o-mini", "messages": MESSAGES}),
    "completions": ("Completions", "LLM", {"model": "gpt-3.5-turbo-instruct", "prompt": "Once"}),
    "embeddings": ("Embeddings", "EMBEDDING", {"model": "text-embedding-3-small", "input": ["a", "b"]}),
    "responses": ("Responses", "CHAT_MODEL", {"model": "gpt-4o-mini", "input": "Say hello"}),
    "moderations": ("Moderations", "LLM", {"input": "Say hello"}),
}


def resource(client: Any, name: str) -> Any:
    for part in name.split("."):
        client = getattr(client, part)
    return client


@pytest.mark.parametrize("name", CALLS)
def test_a_call_is_a_span(recorded: Recorded, client: openai.OpenAI, name: str) -> None:
    span_name, span_type, body = CALLS[name]
    answer = resource(client, name).create(**body)
    span = recorded.span()
    assert (span.name, span.span_type, span.status.status_code) == (span_name, span_type, "OK")
    assert span.inputs == body
    assert span.outputs == json.loads(answer.model_dump_json(by_alias=True))
    if name != "moderations":
        usage, cost = span.attributes["mlflow.chat.tokenUsage"], span.attributes["mlflow.llm.cost"]
        assert usage["total_tokens"] == answer.usage.total_tokens
        assert cost["total_cost"] == pytest.approx(cost["input_cost"] + cost["output_cost"])
        assert cost["total_cost"] > 0
        assert "quire.usage.estimated" not in span.attributes


@pytest.mark.parametrize("name", CALLS)
async def test_an_asynchronous_call_is_a_span(recorded: Recorded, service: Simulator, name: str) -> None:
    span_name, span_type, body = CALLS[name]
    async with openai.AsyncOpenAI(base_url=service.base_url, api_key="any") as client:
        answer = await resource(client, name).create(**body)
    span = recorded.span()
    assert (span.name, span.span_type) == (f"Async{span_name}", span_type)
    assert span.inputs == body
    assert span.outputs == json.loads(answer.model_dump_json(by_alias=True))


def test_the_modules_own_client_is_watched(
    recorded: Recorded, service: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(openai, "api_key", "any")
    monkeypatch.setattr(openai, "base_url", f"{service.base_url}/")
    openai.chat.completions.create(model="gpt-4o-mini", messages=MESSAGES)
    openai.embeddings.create(model="text-embedding-3-small", input="a")
    assert [span.name for span in recorded.spans()] == ["Completions", "Embeddings"]


def test_azure_deployments_cost_what_the_model_costs_that_answers(recorded: Recorded, upstream: Upstream) -> None:
    answer = {"id": "c", "object": "chat.completion", "created": 1, "model": "gpt-4o-mini-2024-07-18"}
    choice = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "hi"}}
    usage = {"prompt_tokens": 1000, "completion_tokens": 100, "total_tokens": 1100}
    upstream.put(reply({**answer, "choices": [choice], "usage": usage}))
    endpoint = upstream.base_url.removesuffix("/v1")
    with openai.AzureOpenAI(azure_endpoint=endpoint, api_key="any", api_version="2024-02-01") as client:
        client.chat.completions.create(model="our-deployment", messages=MESSAGES)
    span = recorded.span()
    assert span.attributes["mlflow.llm.model"] == "our-deployment"
    assert span.attributes["gen_ai.provider.name"] == "azure.ai.openai"
    assert span.attributes["mlflow.llm.cost"]["total_cost"] == pytest.approx(1000 * 0.15e-6 + 100 * 0.6e-6)


def test_azures_paths_are_known(recorded: Recorded, azure: openai.AzureOpenAI) -> None:
    azure.chat.completions.create(model="gpt-4o-mini", messages=MESSAGES)
    azure.embeddings.create(model="text-embedding-3-small", input="a")
    spans = recorded.spans()
    assert [(span.name, span.span_type) for span in spans] == [
        ("Completions", "CHAT_MODEL"),
        ("Embeddings", "EMBEDDING"),
    ]


def test_tool_calls_are_in_inputs_and_outputs(recorded: Recorded, client: openai.OpenAI) -> None:
    client.chat.completions.create(model="gpt-4o-mini", messages=MESSAGES, tools=[TOOL], tool_choice="required")
    span = recorded.span()
    assert span.inputs["tools"] == [TOOL]
    assert span.outputs["choices"][0]["message"]["tool_calls"][0]["function"]["name"] == "look_up"


def test_parsed_answers_are_one_span(recorded: Recorded, client: openai.OpenAI) -> None:
    class Person(pydantic.BaseModel):
        name: str

    answer = client.chat.completions.parse(model="gpt-4o-mini", messages=MESSAGES, response_format=Person)
    assert isinstance(answer.choices[0].message.parsed, Person)
    other = client.responses.parse(model="gpt-4o-mini", input="Say hello", text_format=Person)
    assert isinstance(other.output_parsed, Person)
    chat, response = recorded.spans()
    assert (chat.name, response.name) == ("Completions", "Responses")
    assert chat.outputs["choices"][0]["message"]["parsed"] == answer.choices[0].message.parsed.model_dump()
    assert chat.inputs["response_format"]["json_schema"]["name"] == "Person"


def test_an_embedding_shows_what_the_program_asked_for(recorded: Recorded, client: openai.OpenAI) -> None:
    client.embeddings.create(model="text-embedding-3-small", input="a")
    client.embeddings.create(model="text-embedding-3-small", input="a", encoding_format="base64")
    client.embeddings.create(model="text-embedding-3-small", input="a", encoding_format="float", dimensions=2)
    plain, base64, floats = recorded.spans()
    assert plain.inputs == {"model": "text-embedding-3-small", "input": "a"}
    assert len(plain.outputs["data"][0]["embedding"]) == 1536
    assert base64.inputs["encoding_format"] == "base64"
    assert isinstance(base64.outputs["data"][0]["embedding"], str)
    assert floats.inputs["encoding_format"] == "float"
    assert len(floats.outputs["data"][0]["embedding"]) == 2


def test_extra_fields_of_a_request_are_inputs(recorded: Recorded, odd: openai.OpenAI, upstream: Upstream) -> None:
    upstream.put(reply({"object": "list", "data": [], "model": "m"}))
    odd.embeddings.create(model="m", input="a", encoding_format="float", extra_body={"priority": 3})
    assert recorded.span().inputs["priority"] == 3
    assert upstream.bodies[0]["priority"] == 3


def test_pictures_and_sound_are_spans_without_their_bytes(
    recorded: Recorded, odd: openai.OpenAI, upstream: Upstream
) -> None:
    upstream.put(
        reply({"created": 1, "data": [{"b64_json": "A" * 1000}]}),
        Reply([b"\x00" * 500, b"\x01" * 300], kind="audio/mpeg"),
        reply({"text": "good morning"}),
        reply({"text": "guten Morgen"}),
    )
    odd.images.generate(model="gpt-image-1", prompt="a cat")
    assert len(odd.audio.speech.create(model="tts-1", voice="alloy", input="hello").content) == 800
    odd.audio.transcriptions.create(model="whisper-1", file=("talk.wav", io.BytesIO(b"12345")))
    with warnings.catch_warnings(action="ignore"):  # the newest SDK deprecates it
        odd.audio.translations.create(model="whisper-1", file=("talk.wav", b"12345"))
    images, speech, transcription, translation = recorded.spans()
    assert (images.name, images.span_type) == ("Images", "TOOL")
    assert images.outputs["data"][0]["b64_json"] == "<1000 characters of base64>"
    assert (speech.name, speech.outputs) == ("Speech", "<800 bytes>")
    assert (transcription.name, transcription.outputs["text"]) == ("Transcriptions", "good morning")
    assert transcription.inputs["file"].startswith("<talk.wav")
    assert (translation.name, translation.inputs["file"]) == ("Translations", "<talk.wav, 5 bytes>")


def test_other_requests_make_no_span(recorded: Recorded, client: openai.OpenAI) -> None:
    client.models.list()
    assert recorded.traces() == []


def test_a_failed_call_is_a_trace(recorded: Recorded, client: openai.OpenAI) -> None:
    """mlflow#12841: a call that failed left no trace."""
    with pytest.raises(openai.BadRequestError) as caught:
        client.chat.completions.create(model="gpt-4o-mini", messages=[])
    trace = recorded.traces()[0]
    span = recorded.span()
    assert trace.info.state == "ERROR"
    assert span.status.status_code == "ERROR"
    assert span.attributes["error.type"] == "BadRequestError"
    assert span.attributes["http.response.status_code"] == 400
    assert span.inputs == {"model": "gpt-4o-mini", "messages": []}
    assert str(caught.value) in span.events[0].attributes["exception.message"]


def test_retries_are_within_one_span(recorded: Recorded, upstream: Upstream) -> None:
    answer = {"id": "c", "object": "list", "data": [], "model": "m", "usage": {"prompt_tokens": 1, "total_tokens": 1}}
    again = Reply([b"{}"], status=500, headers={"retry-after-ms": "1"})
    upstream.put(again, again, reply(answer))
    with openai.OpenAI(base_url=upstream.base_url, api_key="any", max_retries=2) as client:
        client.embeddings.create(model="m", input="a", encoding_format="float")
    assert len(upstream.bodies) == 3
    assert recorded.span().status.status_code == "OK"


# -- raw responses -----------------------------------------------------------------------------------


def test_a_raw_response_is_recorded_whether_it_is_parsed_or_not(recorded: Recorded, client: openai.OpenAI) -> None:
    raw = client.chat.completions.with_raw_response.create(model="gpt-4o-mini", messages=MESSAGES)
    assert type(raw).__name__ == "LegacyAPIResponse"
    span = recorded.span()
    assert span.outputs == json.loads(raw.http_response.content)
    assert raw.parse().usage.total_tokens == span.attributes["mlflow.chat.tokenUsage"]["total_tokens"]  # type: ignore[union-attr]
    assert len(recorded.spans()) == 1


@pytest.mark.parametrize("way", ["parse", "json", "iter_lines", "iter_bytes", "nothing"])
def test_a_response_that_the_program_reads_itself(recorded: Recorded, client: openai.OpenAI, way: str) -> None:
    with client.chat.completions.with_streaming_response.create(model="gpt-4o-mini", messages=MESSAGES) as response:
        assert type(response).__name__ == "APIResponse"
        if way.startswith("iter"):
            list(getattr(response, way)())
        elif way != "nothing":
            getattr(response, way)()
    span = recorded.span()
    assert span.status.status_code == "OK"
    if way == "nothing":
        assert span.outputs is None
    else:
        assert span.outputs["choices"][0]["message"]["role"] == "assistant"
        assert span.attributes["mlflow.chat.tokenUsage"]["total_tokens"] > 0


async def test_an_asynchronous_response_that_the_program_reads_itself(recorded: Recorded, service: Simulator) -> None:
    async with openai.AsyncOpenAI(base_url=service.base_url, api_key="any") as client:
        raw = await client.chat.completions.with_raw_response.create(model="gpt-4o-mini", messages=MESSAGES)
        raw.parse()
        opened = client.chat.completions.with_streaming_response.create(model="gpt-4o-mini", messages=MESSAGES)
        async with opened as response:
            assert len([line async for line in response.iter_lines()]) > 0
    assert [span.outputs["object"] for span in recorded.spans()] == ["chat.completion"] * 2


def test_a_compressed_body_is_read(recorded: Recorded, odd: openai.OpenAI, upstream: Upstream) -> None:
    body = gzip.compress(json.dumps({"object": "list", "data": [], "model": "m"}).encode())
    upstream.put(Reply([body[:20], body[20:]], headers={"content-encoding": "gzip"}))
    request = odd.embeddings.with_streaming_response.create(model="m", input="a", encoding_format="float")
    with request as response:
        assert response.json()["model"] == "m"  # type: ignore[index]
    assert recorded.span().outputs == {"object": "list", "data": [], "model": "m"}


def test_spans_are_below_the_span_that_is_current(recorded: Recorded, client: openai.OpenAI) -> None:
    with quire.start_span("outer") as outer:
        client.chat.completions.create(model="gpt-4o-mini", messages=MESSAGES)
    trace = recorded.traces()[0]
    root, call = sorted(trace.data.spans, key=lambda span: span.start_time_ns)
    assert (root.name, call.parent_id) == ("outer", outer.span_id)
    assert trace.info.trace_metadata["mlflow.trace.tokenUsage"]


def test_a_rule_of_what_is_kept_sees_what_the_answer_told(recorded: Recorded, client: openai.OpenAI) -> None:
    seen: list[dict[str, Any]] = []
    quire.tracing.configure(sample_rate=0.0, keep=lambda spans: bool(seen.append(spans[-1].attributes)))
    client.chat.completions.create(model="gpt-4o-mini", messages=[{"role": "user", "content": "Hi"}])
    assert recorded.traces() == []
    assert seen[0]["gen_ai.response.model"] == "gpt-4o-mini"
    assert seen[0]["mlflow.chat.tokenUsage"]["total_tokens"] > 0
