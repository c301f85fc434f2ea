"""Counting the tokens of a call whose service gave no counts, with the encodings of OpenAI's models.

Source of the overheads: "How to count tokens with tiktoken", OpenAI Cookbook. The result is an estimate: what a
service adds to a prompt by itself is not in it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Literal

import msgspec

from quire.domain.tokens import count, encoding_name

Kind = Literal["chat", "text_completion", "embeddings", "responses"]

_REPLY, _MESSAGE, _ROLE, _NAME = 3, 3, 1, 1
_TOOLS, _TOOL = 12, 7
_IMAGE, _SMALL_IMAGE = 765, 85
_encode = msgspec.json.Encoder().encode


def estimated_usage(kind: Kind, request: Any, answer: Any, model: str) -> dict[str, int]:
    """Tokens of a request and of its answer (their JSON as plain data) by MLflow's names."""
    encoding = encoding_name(model)
    asked = _fields(request)
    given = _PROMPTS[kind](asked, encoding)
    if kind == "embeddings":
        return {"input_tokens": given, "total_tokens": given}
    written = _ANSWERS[kind](_fields(answer), encoding)
    return {"input_tokens": given, "output_tokens": written, "total_tokens": given + written}


# -- prompts ---------------------------------------------------------------------------------------


def _chat_prompt(request: Mapping[str, Any], encoding: str) -> int:
    total = _REPLY
    for message in _items(request.get("messages")):
        name = message.get("name")
        total += _MESSAGE + _ROLE + (_NAME + _tokens(name, encoding) if name else 0)
        total += _content(message.get("content"), encoding)
        total += sum(_as_json(call, encoding) for call in _items(message.get("tool_calls")))
    tools = [tool.get("function") or tool for tool in _items(request.get("tools"))]
    tools += _items(request.get("functions"))
    if tools:
        total += _TOOLS + sum(_TOOL + _as_json(tool, encoding) for tool in tools)
    wanted = _fields(request.get("response_format")).get("json_schema")
    return total + (_as_json(wanted, encoding) if wanted else 0)


def _text_prompt(request: Mapping[str, Any], encoding: str) -> int:
    return _texts(request.get("prompt"), encoding)


def _embedding_input(request: Mapping[str, Any], encoding: str) -> int:
    return _texts(request.get("input"), encoding)


def _response_prompt(request: Mapping[str, Any], encoding: str) -> int:
    total = _REPLY
    instructions, given = request.get("instructions"), request.get("input")
    if instructions:
        total += _MESSAGE + _ROLE + _content(instructions, encoding)
    if isinstance(given, str):
        total += _MESSAGE + _ROLE + count(given, encoding)
    for item in _items(given):
        if "content" in item:
            total += _MESSAGE + _ROLE + _content(item["content"], encoding)
        else:
            total += _as_json(item, encoding)
    return total + sum(_as_json(tool, encoding) for tool in _items(request.get("tools")))


def _texts(given: Any, encoding: str) -> int:
    """Of a text, a list of texts, token ids, or lists of token ids."""
    if isinstance(given, list):
        return sum(1 if isinstance(item, int) else _texts(item, encoding) for item in given)
    return _tokens(given, encoding)


def _content(content: Any, encoding: str) -> int:
    if isinstance(content, str):
        return count(content, encoding)
    return sum(_part(part, encoding) for part in _items(content))


def _part(part: Mapping[str, Any], encoding: str) -> int:
    for name in ("text", "refusal"):
        if isinstance(part.get(name), str):
            return count(part[name], encoding)
    detail = part.get("detail") or _fields(part.get("image_url")).get("detail")
    return _IMAGE if "image" in str(part.get("type")) and detail != "low" else _SMALL_IMAGE


# -- answers ---------------------------------------------------------------------------------------


def _chat_answer(answer: Mapping[str, Any], encoding: str) -> int:
    total = 0
    for choice in _items(answer.get("choices")):
        message = _fields(choice.get("message"))
        total += _tokens(message.get("content"), encoding) + _tokens(message.get("refusal"), encoding)
        calls = [call.get("function") or call.get("custom") for call in _items(message.get("tool_calls"))]
        total += sum(_called(call, encoding) for call in (*calls, message.get("function_call")))
    return total


def _text_answer(answer: Mapping[str, Any], encoding: str) -> int:
    return sum(_tokens(choice.get("text"), encoding) for choice in _items(answer.get("choices")))


def _response_answer(answer: Mapping[str, Any], encoding: str) -> int:
    total = 0
    for item in _items(answer.get("output")):
        total += _called(item, encoding) + sum(_part(part, encoding) for part in _items(item.get("content")))
    return total


def _called(call: Any, encoding: str) -> int:
    """Of a tool call: its name and its arguments."""
    fields = _fields(call)
    said = fields.get("arguments") or fields.get("input")
    return _tokens(fields.get("name"), encoding) + _tokens(said, encoding)


# -- plain data ------------------------------------------------------------------------------------


def _tokens(text: Any, encoding: str) -> int:
    return count(text, encoding) if isinstance(text, str) else 0


def _as_json(value: Any, encoding: str) -> int:
    return count(_encode(value).decode(), encoding)


def _fields(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _items(value: Any) -> list[Mapping[str, Any]]:
    """The mappings in a list; whatever else is there has no tokens that could be counted."""
    given: Iterable[Any] = value if isinstance(value, list) else ()
    return [item for item in given if isinstance(item, Mapping)]


_PROMPTS = {
    "chat": _chat_prompt,
    "text_completion": _text_prompt,
    "embeddings": _embedding_input,
    "responses": _response_prompt,
}
_ANSWERS = {"chat": _chat_answer, "text_completion": _text_answer, "responses": _response_answer}
