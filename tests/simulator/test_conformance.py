"""Answers fit OpenAI's published schemas; every body that those schemas allow is answered without a failure."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from quire.simulator import routes
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


FORM = (
    '--b\r\ncontent-disposition: form-data; name="purpose"\r\n\r\n{purpose}\r\n'
    '--b\r\ncontent-disposition: form-data; name="file"; filename="in.jsonl"\r\n\r\n{content}\r\n--b--\r\n'
)
CHAT = {"model": "gpt-4o", "messages": USER}
LINE = json.dumps({"custom_id": "a", "method": "POST", "url": "/v1/chat/completions", "body": CHAT})
EXAMPLE = json.dumps({"messages": [*USER, {"role": "assistant", "content": "{}"}]})


class Session:
    """Calls endpoints by their template in OpenAI's description, and checks each answer against its schema there."""

    def __init__(self, raw: Raw, validate: Validate, description: dict[str, Any]) -> None:
        self._raw = raw
        self.validate = validate
        self._paths = description["paths"]
        self.called: set[tuple[str, str]] = set()

    def __call__(self, method: str, template: str, body: Any = None, *, form: bool = False, **names: str) -> Any:
        headers = {"content-type": "multipart/form-data; boundary=b"} if form else None
        status, _, content = self._raw("/v1" + template.format(**names), body, method=method, headers=headers)
        assert status == 200, content
        self.called.add((method, re.sub(r"\{\w+\}", "{}", template)))
        schema = self._paths[template][method.lower()]["responses"]["200"].get("content", {}).get("application/json")
        if schema is None or "$ref" not in schema["schema"]:
            return content
        answer = json.loads(content)
        self.validate(schema["schema"]["$ref"].rsplit("/", 1)[1], answer)
        return answer

    def upload(self, purpose: str, content: str) -> str:
        return str(self("POST", "/files", FORM.format(purpose=purpose, content=content).encode(), form=True)["id"])


def test_every_endpoint_fits(raw: Raw, validate: Validate, shared: Path) -> None:
    call = Session(raw, validate, json.loads((shared / "data" / "openai-openapi.json").read_text()))
    _use_batches_and_files(call)
    _use_fine_tuning_and_models(call)
    _use_what_answers(call)
    offered = [("POST", path) for path in routes.GENERATING] + [(method, path) for method, path, _ in routes.STORED]
    assert call.called == {(method, re.sub(r"\{\w+\}", "{}", path)) for method, path in offered}


def _use_batches_and_files(call: Session) -> None:
    file = call.upload("batch", LINE)
    started = {"input_file_id": file, "endpoint": "/v1/chat/completions", "completion_window": "24h"}
    batch = call("POST", "/batches", started)
    while batch["status"] != "completed":
        batch = call("GET", "/batches/{batch_id}", batch_id=batch["id"])
    call("POST", "/batches", {**started, "input_file_id": call.upload("batch", "{")})
    call("POST", "/batches/{batch_id}/cancel", batch_id=call("POST", "/batches", started)["id"])
    call("GET", "/batches")
    call("GET", "/files")
    call("GET", "/files/{file_id}", file_id=batch["output_file_id"])
    output = json.loads(call("GET", "/files/{file_id}/content", file_id=batch["output_file_id"]))
    call.validate("CreateChatCompletionResponse", output["response"]["body"])
    call("DELETE", "/files/{file_id}", file_id=file)


def _use_fine_tuning_and_models(call: Session) -> None:
    one, started = "/fine_tuning/jobs/{fine_tuning_job_id}", {"model": "gpt-4o", "training_file": ""}
    for content in (EXAMPLE, "\n".join([EXAMPLE] * 10)):  # too few examples, then enough
        started["training_file"] = call.upload("fine-tune", content)
        job = call("POST", "/fine_tuning/jobs", started)
        while job["status"] not in {"succeeded", "failed"}:
            job = call("GET", one, fine_tuning_job_id=job["id"])
    call("GET", one + "/events", fine_tuning_job_id=job["id"])
    call("GET", one + "/checkpoints", fine_tuning_job_id=job["id"])
    call("POST", one + "/cancel", fine_tuning_job_id=call("POST", "/fine_tuning/jobs", started)["id"])
    call("GET", "/fine_tuning/jobs")
    call("GET", "/models")
    call("GET", "/models/{model}", model=job["fine_tuned_model"])
    call("DELETE", "/models/{model}", model=job["fine_tuned_model"])


def _use_what_answers(call: Session) -> None:
    call("POST", "/completions", {"model": "gpt-3.5-turbo-instruct", "prompt": "a"})
    call("POST", "/embeddings", {"model": "text-embedding-3-small", "input": "a"})
    call("POST", "/moderations", {"input": "a"})
    made = call("POST", "/chat/completions", {**CHAT, "store": True})["id"]
    call("GET", "/chat/completions")
    call("GET", "/chat/completions/{completion_id}", completion_id=made)
    call("POST", "/chat/completions/{completion_id}", {"metadata": {}}, completion_id=made)
    call("DELETE", "/chat/completions/{completion_id}", completion_id=made)
    made = call("POST", "/responses", {"model": "gpt-4o", "input": "a", "background": True})["id"]
    call("POST", "/responses/input_tokens", {"model": "gpt-4o", "input": "a"})
    call("GET", "/responses/{response_id}", response_id=made)
    call("GET", "/responses/{response_id}/input_items", response_id=made)
    call("POST", "/responses/{response_id}/cancel", response_id=made)
    call("DELETE", "/responses/{response_id}", response_id=made)
