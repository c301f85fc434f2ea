"""What a chat request says: its last user message, its tokens, the tool to call, the format of the answer."""

from __future__ import annotations

import json
from typing import Any

import msgspec

from quire.domain.tokens import count
from quire.simulator import chat_request as wire
from quire.simulator.answers import JSON_OBJECT, Question, Tool
from quire.simulator.errors import invalid
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
    choice = request.function_call or request.tool_choice
    if isinstance(choice, wire.AllowedTools):
        names = [_chosen_name(allowed) for allowed in choice.allowed_tools.tools]
        tools = {name: tool for name, tool in tools.items() if name in names}
        choice = choice.allowed_tools.mode
    if isinstance(choice, wire.NamedFunction | wire.NamedCustom | wire.Named):
        name = _chosen_name(choice)
        if name not in tools:
            raise invalid("tool_choice", f"Invalid value for 'tool_choice': no tool named '{name}' is in 'tools'.")
        return tools[name]
    if choice == "none" or not tools:
        return None
    answered = isinstance(request.messages[-1], wire.ToolAnswer | wire.FunctionAnswer)
    if choice == "required" or (always and not answered):
        return next(iter(tools.values()))
    return None


def _chosen_name(choice: wire.NamedFunction | wire.NamedCustom | wire.Named) -> str:
    """The name of the tool that a choice names."""
    if isinstance(choice, wire.NamedFunction):
        return choice.function.name
    return choice.custom.name if isinstance(choice, wire.NamedCustom) else choice.name


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
