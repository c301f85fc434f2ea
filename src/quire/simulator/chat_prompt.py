"""What a chat request says: its last user message, its tokens, the tool to call, the format of the answer."""

from __future__ import annotations

import json
from typing import Any

import msgspec

from quire.simulator import chat_request as wire
from quire.simulator.answers import JSON_OBJECT, Question, Tool
from quire.simulator.errors import ApiError, invalid
from quire.simulator.tokens import count
from quire.simulator.validation import read_json

_MESSAGE_TOKENS, _NAME_TOKENS, _REPLY_TOKENS = 3, 1, 3
_TOOL_TOKENS, _TOOLS_TOKENS = 7, 12
_LOW_IMAGE_TOKENS, _IMAGE_TOKENS = 85, 765
_encode = msgspec.json.Encoder().encode


def question(request: wire.ChatRequest, model: str, body: bytes, *, call_tools: str) -> Question:
    """What is asked. The length of the answer and streaming do not change its words."""
    key = _encode(
        (
            model,
            request.messages,
            request.tools,
            request.response_format,
            request.temperature,
            request.top_p,
            request.seed,
        )
    )
    tool = tool_to_call(request, always=call_tools == "auto")
    return Question(model, last_user_text(request.messages), key, lambda: echo(body), answer_format(request), tool)


def echo(body: bytes) -> str:
    """The messages as they were received, as Python's ``json.dumps`` writes them."""
    return json.dumps(read_json(body)["messages"])


def last_user_text(messages: list[wire.AnyMessage]) -> str:
    """The text of the last user message, its parts joined by line breaks; empty if there is none."""
    for message in reversed(messages):
        if isinstance(message, wire.User):
            return content_text(message.content)
    return ""


def content_text(content: Any) -> str:
    """The text in a message's content."""
    if isinstance(content, str):
        return content
    return "\n".join(part.text for part in content or () if isinstance(part, wire.TextPart))


def prompt_tokens(request: wire.ChatRequest, encoding: str) -> int:
    """Tokens of the prompt: each message's texts plus 3, 1 for a name, 3 to start the answer; tools as schemas.

    Source of the overheads: "How to count tokens with tiktoken", OpenAI Cookbook. Images count 85 in low detail,
    else 765, which is what a square of 1,024 pixels costs with GPT-4o.
    """
    total = _REPLY_TOKENS
    for message in request.messages:
        total += _MESSAGE_TOKENS + 1 + _content_tokens(message, encoding)
    tools = [tool.function if isinstance(tool, wire.FunctionTool) else tool.custom for tool in request.tools or ()]
    tools += request.functions or []
    if tools:
        total += _TOOLS_TOKENS + sum(_TOOL_TOKENS + count(_encode(tool).decode(), encoding) for tool in tools)
    if isinstance(request.response_format, wire.JsonSchemaFormat):
        total += count(_encode(request.response_format.json_schema).decode(), encoding)
    return total


def _content_tokens(message: wire.AnyMessage, encoding: str) -> int:
    content = message.content
    name = getattr(message, "name", None)
    total = _NAME_TOKENS + count(name, encoding) if name else 0
    if isinstance(content, str):
        total += count(content, encoding)
    else:
        total += sum(_part_tokens(part, encoding) for part in content or ())
    if isinstance(message, wire.Assistant):
        for call in message.tool_calls or ():
            total += count(_encode(call).decode(), encoding)
    return total


def _part_tokens(part: Any, encoding: str) -> int:
    if isinstance(part, wire.TextPart):
        return count(part.text, encoding)
    if isinstance(part, wire.ImagePart):
        return _LOW_IMAGE_TOKENS if part.image_url.detail == "low" else _IMAGE_TOKENS
    return count(part.refusal, encoding) if isinstance(part, wire.RefusalPart) else _LOW_IMAGE_TOKENS


def answer_format(request: wire.ChatRequest) -> Any:
    """None for text, ``"json_object"``, or the schema that the answer must fit."""
    if isinstance(request.response_format, wire.JsonObjectFormat):
        return JSON_OBJECT
    if isinstance(request.response_format, wire.JsonSchemaFormat):
        return request.response_format.json_schema.schema or JSON_OBJECT
    return None


def tool_to_call(request: wire.ChatRequest, *, always: bool) -> Tool | None:
    """The tool that the answer calls: the named one, the first one if one is required; else None."""
    tools = offered_tools(request)
    choice = request.tool_choice if request.function_call is None else _modern(request.function_call)
    if isinstance(choice, dict):
        return _chosen(choice, tools, request)
    if choice == "none" or not tools:
        return None
    answered = isinstance(request.messages[-1], wire.ToolAnswer | wire.FunctionAnswer)
    if choice == "required" or (always and not answered):
        return next(iter(tools.values()))
    return None


def offered_tools(request: wire.ChatRequest) -> dict[str, Tool]:
    """The tools of a request by name, functions in the deprecated form included."""
    tools: dict[str, Tool] = {}
    for tool in request.tools or ():
        if isinstance(tool, wire.FunctionTool):
            tools[tool.function.name] = Tool(tool.function.name, tool.function.parameters or {})
        else:
            tools[tool.custom.name] = Tool(tool.custom.name, None)
    for function in request.functions or ():
        tools[function.name] = Tool(function.name, function.parameters or {})
    return tools


def _modern(choice: str | wire.Named) -> str | dict[str, Any]:
    return choice if isinstance(choice, str) else {"type": "function", "function": {"name": choice.name}}


def _chosen(choice: dict[str, Any], tools: dict[str, Tool], request: wire.ChatRequest) -> Tool | None:
    if choice.get("type") == "allowed_tools":
        return _allowed(choice, tools)
    name = _chosen_name(choice)
    if name not in tools:
        raise invalid("tool_choice", f"Invalid value for 'tool_choice': no tool named '{name}' is in 'tools'.")
    return tools[name]


def _chosen_name(choice: dict[str, Any]) -> str:
    kind = choice.get("type")
    named = choice.get(kind) if isinstance(kind, str) else None
    if kind not in {"function", "custom"} or not isinstance(named, dict) or not isinstance(named.get("name"), str):
        raise ApiError(
            400,
            "Invalid value for 'tool_choice'. Give 'none', 'auto', 'required' or "
            "{'type': 'function', 'function': {'name': NAME}}.",
            param="tool_choice",
            code="invalid_value",
        )
    return str(named["name"])


def _allowed(choice: dict[str, Any], tools: dict[str, Tool]) -> Tool | None:
    allowed = choice.get("allowed_tools")
    if not isinstance(allowed, dict) or allowed.get("mode") not in {"auto", "required"}:
        raise invalid("tool_choice.allowed_tools", "Invalid 'tool_choice.allowed_tools': give mode and tools.")
    if allowed["mode"] == "auto":
        return None
    entries = [tool for tool in allowed.get("tools", ()) if isinstance(tool, dict)]
    names = [_chosen_name(tool) for tool in entries]
    return next((tools[name] for name in names if name in tools), None)
