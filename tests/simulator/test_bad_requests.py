"""Bad requests are refused in OpenAI's shape: status, message, parameter and code."""

from __future__ import annotations

from typing import Any

import pytest

from quire.testing import Simulator
from tests.simulator.conftest import Raw

USER = {"role": "user", "content": "hello"}
CHAT: dict[str, Any] = {"model": "gpt-4o", "messages": [USER]}
TOOL = {"type": "function", "function": {"name": "f"}}
CALL = {"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
TEXT: dict[str, Any] = {"model": "gpt-3.5-turbo-instruct", "prompt": "hello"}
EMBED: dict[str, Any] = {"model": "text-embedding-3-small", "input": "hello"}
RESPOND: dict[str, Any] = {"model": "gpt-4o", "input": "hello"}


def strict(schema: Any) -> dict[str, Any]:
    return {"type": "json_schema", "json_schema": {"name": "n", "strict": True, "schema": schema}}


CHAT_CASES: list[tuple[dict[str, Any], str | None, str | None, str]] = [
    ({"messages": None}, "messages", "invalid_type", "Invalid type for 'messages': expected an array, but got null"),
    ({"messages": []}, "messages", "empty_array", "Invalid 'messages': array too short. Expected a length >= 1"),
    ({"messages": "hi"}, "messages", "invalid_type", "expected an array, but got a string instead."),
    ({"messages": [{"content": "a"}]}, "messages[0].role", "missing_required_parameter", "'messages[0].role'."),
    ({"messages": [{"role": "cat", "content": "a"}]}, "messages[0].role", "invalid_value", "Invalid value: 'cat'"),
    ({"messages": [{"role": "user"}]}, "messages[0].content", "missing_required_parameter", "messages[0].content"),
    ({"messages": [{"role": "user", "content": 5}]}, "messages[0].content", "invalid_type", "but got an integer"),
    (
        {"messages": [{"role": "user", "content": [{"type": "smell"}]}]},
        "messages[0].content[0].type",
        "invalid_value",
        "Invalid value: 'smell'",
    ),
    ({"messages": [{"role": "assistant"}]}, "messages[0].content", "missing_required_parameter", "Missing required"),
    (
        {"messages": [USER, {"role": "tool", "tool_call_id": "c", "content": ""}]},
        "messages[1].role",
        "invalid_value",
        "must be a response to a preceding message with 'tool_calls'",
    ),
    (
        {"messages": [USER, {"role": "assistant", "tool_calls": [CALL]}]},
        "messages[2]",
        "invalid_value",
        "The following ids have no response: c1.",
    ),
    ({"model": None}, "model", "missing_required_parameter", "Missing required parameter: 'model'."),
    ({"model": 5}, "model", "invalid_type", "expected a string, but got an integer"),
    ({"temperature": 2.1}, "temperature", "decimal_above_max_value", "Expected a value <= 2, but got 2.1 instead."),
    ({"temperature": -1}, "temperature", "decimal_below_min_value", "Expected a value >= 0, but got -1 instead."),
    ({"temperature": "hot"}, "temperature", "invalid_type", "expected a decimal, but got a string"),
    ({"max_tokens": 0}, "max_tokens", "integer_below_min_value", "Expected a value >= 1, but got 0 instead."),
    ({"max_tokens": 1.5}, "max_tokens", "invalid_type", "expected an integer, but got a decimal"),
    ({"max_tokens": 5, "max_completion_tokens": 5}, "max_tokens", "invalid_value", "at the same time"),
    ({"max_tokens": 200_000}, "messages", "context_length_exceeded", "maximum context length is 128000 tokens"),
    ({"n": 129}, "n", "integer_above_max_value", "Expected a value <= 128"),
    ({"metadata": {"a": "x" * 513}}, "metadata[...]", "string_above_max_length", "Expected a length <= 512."),
    ({"stop": ["a"] * 5}, "stop", "array_above_max_length", "array too long. Expected a length <= 4, but got 5."),
    ({"surprise": 1}, "surprise", "unknown_parameter", "Unknown parameter: 'surprise'."),
    ({"stream_options": {}}, "stream_options", "invalid_value", "only allowed when 'stream' is enabled"),
    ({"top_logprobs": 2}, "top_logprobs", "invalid_value", "only allowed when 'logprobs' is enabled"),
    ({"logit_bias": {"cat": 1}}, "logit_bias", "invalid_key", "Keys are token ids."),
    ({"modalities": ["audio"]}, "modalities", "unsupported_value", "The simulator makes no audio."),
    ({"tools": []}, "tools", "empty_array", "Invalid 'tools': empty array."),
    ({"tool_choice": "auto"}, "tool_choice", "invalid_value", "only allowed when 'tools' are specified"),
    ({"tools": [TOOL], "tool_choice": "cat"}, "tool_choice", "invalid_value", "Invalid value: 'cat'"),
    (
        {"tools": [TOOL], "tool_choice": {"type": "function", "function": {"name": "g"}}},
        "tool_choice",
        "invalid_value",
        "no tool named 'g' is in 'tools'",
    ),
    (
        {"tools": [TOOL], "tool_choice": {"type": "function"}},
        "tool_choice.function",
        "missing_required_parameter",
        "'tool_choice.function'",
    ),
    (
        {"tools": [{"type": "function", "function": {"name": "a b"}}]},
        "tools[0].function.name",
        "invalid_value",
        "'a b' does not match the pattern",
    ),
    ({"response_format": {"type": "json_object"}}, "messages", "invalid_value", "must contain the word 'json'"),
    ({"response_format": {"type": "xml"}}, "response_format.type", "invalid_value", "Invalid value: 'xml'"),
    (
        {"response_format": {"type": "json_schema", "json_schema": {"name": "n"}}},
        "response_format.json_schema.schema",
        "missing_required_parameter",
        "Missing required parameter",
    ),
    ({"response_format": strict({"type": "array"})}, "response_format", "invalid_json_schema", "got 'type: \"array\"'"),
    (
        {"response_format": strict({"type": "object", "properties": {"a": {}}, "required": ["a"]})},
        "response_format",
        "invalid_json_schema",
        "'additionalProperties' is required to be supplied and to be false.",
    ),
    (
        {"response_format": strict({"type": "object", "properties": {"a": {}}, "additionalProperties": False})},
        "response_format",
        "invalid_json_schema",
        "Missing 'a'.",
    ),
    (
        {"response_format": strict({"type": "object", "properties": 5, "additionalProperties": False})},
        "response_format",
        "invalid_json_schema",
        "it is not valid JSON Schema",
    ),
    ({"model": "o3", "temperature": 0.2}, "temperature", "unsupported_value", "Only the default (1) value"),
    ({"model": "o3", "max_tokens": 5}, "max_tokens", "unsupported_parameter", "Use 'max_completion_tokens' instead."),
]
OTHER_CASES: list[tuple[str, Any, str | None, str | None, str]] = [
    ("completions", {"model": "m"}, "prompt", "missing_required_parameter", "'prompt'"),
    ("completions", {**TEXT, "prompt": []}, "prompt", "empty_array", "empty array"),
    ("completions", {**TEXT, "prompt": ["a", 5]}, "prompt", "invalid_type", "an array of integers"),
    ("completions", {**TEXT, "prompt": [10**9]}, "prompt", "invalid_value", "1000000000 is no token id"),
    ("completions", {**TEXT, "best_of": 1, "n": 2}, "best_of", "invalid_value", "greater than or equal to 'n'"),
    ("completions", {**TEXT, "best_of": 2, "stream": True}, "best_of", "invalid_value", "cannot be streamed"),
    ("completions", {**TEXT, "max_tokens": 9999}, "prompt", "context_length_exceeded", "4096 tokens"),
    ("embeddings", {"model": "m"}, "input", "missing_required_parameter", "'input'"),
    ("embeddings", {**EMBED, "input": ""}, "input", "invalid_value", "a text is empty"),
    ("embeddings", {**EMBED, "input": ["a"] * 2049}, "input", "array_above_max_length", "at most 2048 elements"),
    ("embeddings", {**EMBED, "input": "cat " * 9000}, "input", "context_length_exceeded", "8191 tokens"),
    ("embeddings", {**EMBED, "dimensions": 1537}, "dimensions", "integer_above_max_value", "1536 at most"),
    ("embeddings", {"model": "m", "input": "a", "dimensions": 10**9}, "dimensions", "integer_above_max_value", "8192"),
    ("embeddings", {**EMBED, "encoding_format": "hex"}, "encoding_format", "invalid_value", "'hex'"),
    (
        "embeddings",
        {"model": "text-embedding-ada-002", "input": "a", "dimensions": 4},
        "dimensions",
        "unsupported_parameter",
        "Leave it out.",
    ),
    ("responses", {"model": "m"}, "input", "missing_required_parameter", "'input'"),
    ("responses", {"input": "a"}, "model", "missing_required_parameter", "'model'"),
    ("responses", {**RESPOND, "input": [{}]}, "input[0].role", "missing_required_parameter", "input[0].role"),
    ("responses", {**RESPOND, "input": [{"type": [1]}]}, "input[0].type", "invalid_type", "expected a string"),
    (
        "responses",
        {**RESPOND, "input": [{"role": "user", "content": [{"type": "text", "text": "a"}]}]},
        "input[0].content[0].type",
        "invalid_value",
        "Supported values are: 'input_text'",
    ),
    ("responses", {**RESPOND, "max_output_tokens": 5}, "max_output_tokens", "integer_below_min_value", ">= 16"),
    (
        "responses",
        {**RESPOND, "previous_response_id": "resp_1"},
        "previous_response_id",
        "previous_response_not_found",
        "'resp_1' not found",
    ),
    ("responses", {**RESPOND, "tools": [{"type": "cat"}]}, "tools[0].type", "invalid_value", "'cat' is no tool type"),
    ("responses", {**RESPOND, "tools": [{"type": []}]}, "tools[0].type", "invalid_value", "is no tool type"),
    ("responses", {**RESPOND, "tools": [{"type": "function"}]}, "tools[0].name", "missing_required_parameter", "name"),
    ("responses", {**RESPOND, "tool_choice": "required"}, "tool_choice", "invalid_value", "with 'tools' parameter"),
    ("responses", {**RESPOND, "tool_choice": {"type": {}}}, "tool_choice.type", "invalid_value", "Give 'function'"),
    (
        "responses",
        {**RESPOND, "text": {"format": {"type": "json_object"}}},
        "input",
        "invalid_value",
        "must contain the word 'json'",
    ),
    ("responses", {**RESPOND, "conversation": "c"}, "conversation", "unsupported_parameter", "keeps no conversations"),
    ("responses", {**RESPOND, "background": True, "store": False}, "background", "invalid_value", "must be stored"),
    ("moderations", {"input": []}, "input", "empty_array", "at least one text"),
    ("chat/completions", [], None, None, "The body must be a JSON object, but it is an array."),
    ("chat/completions", b"{", None, None, "could not be parsed as JSON"),
    ("chat/completions", b"\xff", None, None, "could not be parsed as JSON"),
    ("chat/completions", b"[" * 100_000, None, None, "could not be parsed as JSON"),
]


@pytest.mark.parametrize(("changes", "param", "code", "message"), CHAT_CASES)
def test_bad_chat_requests(
    raw: Raw, changes: dict[str, Any], param: str | None, code: str | None, message: str
) -> None:
    status, error = raw.error("/v1/chat/completions", {**CHAT, **changes})
    assert (status, error["type"], error["param"], error["code"]) == (400, "invalid_request_error", param, code)
    assert message in error["message"]


@pytest.mark.parametrize(("path", "body", "param", "code", "message"), OTHER_CASES)
def test_bad_requests_elsewhere(
    raw: Raw, path: str, body: Any, param: str | None, code: str | None, message: str
) -> None:
    status, error = raw.error(f"/v1/{path}", body)
    assert (status, error["type"], error["param"], error["code"]) == (400, "invalid_request_error", param, code)
    assert message in error["message"]


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/", 404, None),
        ("GET", "/v1/nothing", 404, None),
        ("POST", "/v1/models", 405, "method_not_supported"),
        ("GET", "/v1/embeddings", 405, "method_not_supported"),
        ("DELETE", "/v1/batches", 405, "method_not_supported"),
        ("GET", "/v1/responses/none", 404, None),
        ("GET", "/v1/batches/none", 404, None),
        ("GET", "/v1/fine_tuning/jobs/none", 404, None),
        ("GET", "/v1/files?limit=x", 400, "invalid_value"),
        ("GET", "/v1/files?limit=0", 400, "invalid_value"),
        ("GET", "/v1/files?order=up", 400, "invalid_value"),
        ("GET", "/v1/files?after=none", 400, "invalid_value"),
        ("POST", "/v1/files", 400, None),
    ],
)
def test_paths_and_queries(raw: Raw, method: str, path: str, status: int, code: str | None) -> None:
    met, error = raw.error(path, method=method)
    assert (met, error["code"]) == (status, code)


def test_without_a_key(raw: Raw) -> None:
    for headers in ({}, {"authorization": "Basic abc"}, {"authorization": "Bearer "}):
        status, error = raw.error("/v1/models", key=None, headers=headers)
        assert (status, error["code"]) == (401, None)
        assert "No API key was provided." in error["message"]


def test_with_a_wrong_key(simulator: Simulator, raw: Raw) -> None:
    simulator.behave(api_keys=("good",))
    assert raw("/v1/models", key="good")[0] == 200
    status, error = raw.error("/v1/models", key="sk-wrong")
    assert (status, error["code"]) == (401, "invalid_api_key")
    assert "sk-wrong" not in error["message"]


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "object", "properties": 5},
        {"type": "object", "required": 5},
        {"enum": 5},
        {"allOf": [5]},
        {"$ref": 5},
        {"$ref": "#/nowhere"},
        {"$defs": {"a": {"$ref": "#/$defs/a"}}, "$ref": "#/$defs/a"},
        {"type": "array", "minItems": 10**9},
        {"type": "string", "minLength": 10**9},
        {"type": "string", "pattern": "a{1000000}"},
        {"type": "string", "pattern": "("},
        {"type": "number", "minimum": "low"},
    ],
)
def test_what_is_no_schema_is_refused(raw: Raw, schema: Any) -> None:
    format = {"type": "json_schema", "json_schema": {"name": "n", "schema": schema}}
    status, error = raw.error("/v1/chat/completions", {**CHAT, "response_format": format})
    assert status == 400, error
    assert error["message"].startswith("Invalid schema: ")
