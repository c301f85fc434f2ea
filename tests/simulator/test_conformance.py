"""Answers fit OpenAI's published schemas; every body that those schemas allow is answered without a failure."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.simulator.conftest import Raw

Validate = Callable[[str, Any], None]

USER = [{"role": "user", "content": "Reply in JSON."}]
SCHEMA = {
    "type": "object",
    "properties": {"answer": {"type": "string"}, "score": {"type": "number"}},
    "required": ["answer", "score"],
    "additionalProperties": False,
}
TOOLS = [{"type": "function", "function": {"name": "look_up", "parameters": SCHEMA, "strict": True}}]
RESPONSE_TOOLS = [
    {"type": "function", "name": "look_up", "parameters": SCHEMA, "strict": True},
    {"type": "custom", "name": "write"},
]
CHATS: dict[str, dict[str, Any]] = {
    "plain": {},
    "three choices": {"n": 3},
    "cut": {"max_tokens": 3},
    "log probabilities": {"logprobs": True, "top_logprobs": 3},
    "any JSON": {"response_format": {"type": "json_object"}},
    "JSON to a schema": {
        "response_format": {"type": "json_schema", "json_schema": {"name": "a", "schema": SCHEMA, "strict": True}}
    },
    "required tool": {"tools": TOOLS, "tool_choice": "required"},
    "named tool": {"tools": TOOLS, "tool_choice": {"type": "function", "function": {"name": "look_up"}}},
    "custom tool": {"tools": [{"type": "custom", "custom": {"name": "write"}}], "tool_choice": "required"},
    "functions": {"functions": [{"name": "f", "parameters": SCHEMA}], "function_call": {"name": "f"}},
    "reasoning": {"model": "o4-mini", "reasoning_effort": "low", "max_completion_tokens": 500},
    "stored": {"store": True, "metadata": {"a": "b"}},
}
RESPONSES: dict[str, dict[str, Any]] = {
    "text": {},
    "items": {"input": [{"role": "user", "content": [{"type": "input_text", "text": "hello"}]}]},
    "cut": {"max_output_tokens": 16},
    "everything stated": {
        "instructions": "Be brief.",
        "metadata": {"a": "b"},
        "temperature": 0.5,
        "top_p": 0.5,
        "user": "someone",
        "truncation": "auto",
        "parallel_tool_calls": False,
        "service_tier": "flex",
        "safety_identifier": "x",
        "prompt_cache_key": "y",
    },
    "log probabilities": {"include": ["message.output_text.logprobs"], "top_logprobs": 2},
    "JSON to a schema": {"text": {"format": {"type": "json_schema", "name": "a", "schema": SCHEMA, "strict": True}}},
    "required tool": {"tools": RESPONSE_TOOLS, "tool_choice": "required"},
    "custom tool": {"tools": RESPONSE_TOOLS, "tool_choice": {"type": "custom", "name": "write"}},
    "reasoning": {
        "model": "gpt-5",
        "reasoning": {"effort": "low", "summary": "auto"},
        "include": ["reasoning.encrypted_content"],
    },
    "stored prompt": {"prompt": {"id": "pmpt_1", "version": "2", "variables": {"a": "b"}}},
}


@pytest.mark.parametrize("case", CHATS)
def test_chat_completion_fits(case: str, raw: Raw, validate: Validate) -> None:
    status, headers, body = raw("/v1/chat/completions", {"model": "gpt-4o-mini", "messages": USER, **CHATS[case]})
    assert status == 200, body
    assert headers["x-quire-simulator"] == "1"
    validate("CreateChatCompletionResponse", json.loads(body))


@pytest.mark.parametrize("case", sorted(CHATS.keys() - {"custom tool"}))  # the published chunk knows functions only
def test_chat_stream_fits(case: str, raw: Raw, validate: Validate) -> None:
    extra = {"stream": True, "stream_options": {"include_usage": True}}
    body = {"model": "gpt-4o-mini", "messages": USER, **CHATS[case], **extra}
    events = raw.events("/v1/chat/completions", body)
    assert events[-1] == (None, "[DONE]")
    for _, chunk in events[:-1]:
        validate("CreateChatCompletionStreamResponse", chunk)
    assert events[-2][1]["choices"] == []
    assert events[-2][1]["usage"]["total_tokens"] > 0


@pytest.mark.parametrize("more", [{}, {"n": 2, "logprobs": 2, "echo": True}, {"prompt": [[1, 2], [3]]}])
def test_completion_fits(more: dict[str, Any], raw: Raw, validate: Validate) -> None:
    body = {"model": "gpt-3.5-turbo-instruct", "prompt": "Say", **more}
    validate("CreateCompletionResponse", raw.json("/v1/completions", body))
    events = raw.events("/v1/completions", {**body, "stream": True})
    for _, chunk in events[:-1]:
        for choice in chunk["choices"]:  # null until the end, which the published schema leaves out
            choice["finish_reason"] = choice["finish_reason"] or "stop"
        validate("CreateCompletionResponse", chunk)


def test_embedding_fits(raw: Raw, validate: Validate) -> None:
    answer = raw.json("/v1/embeddings", {"model": "text-embedding-3-small", "input": ["one", "two"]})
    validate("CreateEmbeddingResponse", answer)
    assert [len(entry["embedding"]) for entry in answer["data"]] == [1536, 1536]


@pytest.mark.parametrize("case", RESPONSES)
def test_response_fits(case: str, raw: Raw, validate: Validate) -> None:
    status, _, body = raw("/v1/responses", {"model": "gpt-4o-mini", "input": "JSON, please", **RESPONSES[case]})
    assert status == 200, body
    answer = json.loads(body)
    validate("Response", answer)
    assert raw.json(f"/v1/responses/{answer['id']}") == answer
    validate("ResponseItemList", raw.json(f"/v1/responses/{answer['id']}/input_items"))


@pytest.mark.parametrize("case", RESPONSES)
def test_response_stream_fits(case: str, raw: Raw, validate: Validate) -> None:
    body = {"model": "gpt-4o-mini", "input": "JSON, please", **RESPONSES[case], "stream": True}
    events = raw.events("/v1/responses", body)
    for number, (name, event) in enumerate(events):
        assert event["type"] == name
        assert event["sequence_number"] == number
        validate(_schema_of(event["type"]), event)
    assert events[-1][0] in {"response.completed", "response.incomplete"}


def _schema_of(event: str) -> str:
    names = {
        "response.output_text.delta": "ResponseTextDeltaEvent",
        "response.output_text.done": "ResponseTextDoneEvent",
    }
    return names.get(event) or "".join(word.capitalize() for word in event.replace(".", "_").split("_")) + "Event"


def test_models_fit(raw: Raw, validate: Validate) -> None:
    validate("ListModelsResponse", raw.json("/v1/models"))
    validate("Model", raw.json("/v1/models/gpt-4o"))


@pytest.mark.parametrize("text", ["hello", "[flag:violence] hello"])
def test_moderation_fits(text: str, raw: Raw, validate: Validate) -> None:
    answer = raw.json("/v1/moderations", {"input": text})
    validate("CreateModerationResponse", answer)
    assert answer["results"][0]["flagged"] == text.startswith("[flag")


def test_stored_completions_fit(raw: Raw, validate: Validate) -> None:
    made = raw.json("/v1/chat/completions", {"model": "m", "messages": USER, "store": True})
    validate("ChatCompletionList", raw.json("/v1/chat/completions"))
    changed = raw.json(f"/v1/chat/completions/{made['id']}", {"metadata": {"k": "v"}})
    validate("CreateChatCompletionResponse", changed)
    assert changed["metadata"] == {"k": "v"}
    validate("ChatCompletionDeleted", raw.json(f"/v1/chat/completions/{made['id']}", method="DELETE"))
    assert raw(f"/v1/chat/completions/{made['id']}")[0] == 404


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/chat/completions", {"model": "m", "messages": []}),
        ("/v1/chat/completions", {"messages": USER}),
        ("/v1/chat/completions", []),
        ("/v1/responses", {"model": "m"}),
        ("/v1/nothing", {}),
        ("/nothing", {}),
        ("/openai/deployments/d/chat/completions", {}),
    ],
)
def test_errors_fit(path: str, body: Any, raw: Raw, validate: Validate) -> None:
    status, headers, content = raw(path, body)
    assert 400 <= status < 500
    assert headers["x-quire-simulator"] == "1"
    validate("ErrorResponse", json.loads(content))
