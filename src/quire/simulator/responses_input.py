"""The input items of a Responses request: checking them, reading the last user message, counting tokens."""

from __future__ import annotations

from typing import Any

import msgspec

from quire.domain.tokens import count
from quire.simulator.errors import ApiError, invalid, missing

Items = list[dict[str, Any]]

_ROLES = ("user", "assistant", "system", "developer")
_PARTS = {
    "input_text": ("text",),
    "output_text": ("text",),
    "refusal": ("refusal",),
    "input_image": (),
    "input_file": (),
    "input_audio": ("input_audio",),
}
_REQUIRED = {
    "function_call": ("call_id", "name", "arguments"),
    "function_call_output": ("call_id", "output"),
    "custom_tool_call": ("call_id", "name", "input"),
    "custom_tool_call_output": ("call_id", "output"),
    "reasoning": ("id", "summary"),
    "item_reference": ("id",),
}
_OTHER_ITEMS = (
    "additional_tools",
    "apply_patch_call",
    "apply_patch_call_output",
    "code_interpreter_call",
    "compaction",
    "compaction_trigger",
    "computer_call",
    "computer_call_output",
    "file_search_call",
    "image_generation_call",
    "local_shell_call",
    "local_shell_call_output",
    "mcp_approval_request",
    "mcp_approval_response",
    "mcp_call",
    "mcp_list_tools",
    "program",
    "program_output",
    "shell_call",
    "shell_call_output",
    "tool_search_call",
    "tool_search_output",
    "web_search_call",
)
_CALLS = {"function_call": "function_call_output", "custom_tool_call": "custom_tool_call_output"}
_MESSAGE_TOKENS, _REPLY_TOKENS, _IMAGE_TOKENS = 4, 3, 765


def read_items(given: str | list[dict[str, Any]]) -> Items:
    """The input as checked items; a text is one user message. Raises ApiError (400) at the first wrong item."""
    if isinstance(given, str):
        return [{"type": "message", "role": "user", "content": given}]
    for place, item in enumerate(given):
        _check_item(item, f"input[{place}]")
    return [{"type": None} | item | {"type": _kind(item)} for item in given]  # the type comes first


def _kind(item: dict[str, Any]) -> Any:
    """The type of an item, which messages and references may leave out."""
    if item.get("type") is not None:
        return item["type"]
    return "message" if "role" in item else "item_reference" if "id" in item else None


def _check_item(item: dict[str, Any], where: str) -> None:
    kind = _kind(item)
    if kind is None:
        raise missing(f"{where}.role")
    if not isinstance(kind, str):
        raise _type_error(f"{where}.type", "a string")
    if kind == "message":
        _check_message(item, where)
    elif kind in _REQUIRED:
        for name in _REQUIRED[kind]:
            if item.get(name) is None:
                raise missing(f"{where}.{name}")
        if kind == "function_call" and not isinstance(item["arguments"], str):
            raise _type_error(f"{where}.arguments", "a string")
    elif kind not in _OTHER_ITEMS:
        known = ", ".join(f"'{name}'" for name in ("message", *_REQUIRED))
        raise invalid(f"{where}.type", f"Invalid value: '{kind}'. Supported values include: {known}.")


def _check_message(item: dict[str, Any], where: str) -> None:
    role = item.get("role")
    if role is None:
        raise missing(f"{where}.role")
    if role not in _ROLES:
        supported = ", ".join(f"'{name}'" for name in _ROLES)
        raise invalid(f"{where}.role", f"Invalid value: '{role}'. Supported values are: {supported}.")
    content = item.get("content")
    if content is None:
        raise missing(f"{where}.content")
    if isinstance(content, str):
        return
    if not isinstance(content, list):
        raise _type_error(f"{where}.content", "a string or an array")
    for place, part in enumerate(content):
        _check_part(part, f"{where}.content[{place}]")


def _check_part(part: Any, where: str) -> None:
    if not isinstance(part, dict):
        raise _type_error(where, "an object")
    kind = part.get("type")
    if kind is None:
        raise missing(f"{where}.type")
    if not isinstance(kind, str) or kind not in _PARTS:
        supported = ", ".join(f"'{name}'" for name in _PARTS)
        raise invalid(f"{where}.type", f"Invalid value: '{kind}'. Supported values are: {supported}.")
    for name in _PARTS[kind]:
        if part.get(name) is None:
            raise missing(f"{where}.{name}")
        if name in {"text", "refusal"} and not isinstance(part[name], str):
            raise _type_error(f"{where}.{name}", "a string")


def check_calls(items: Items) -> None:
    """Every tool's answer belongs to a call before it, and every call is answered before the model goes on."""
    waiting: dict[str, str] = {}
    for item in items:
        kind = item.get("type")
        if kind in _CALLS:
            waiting[str(item["call_id"])] = _CALLS[kind]
        elif kind in _CALLS.values() and waiting.pop(str(item.get("call_id")), None) is None:
            message = f"No tool call found for function call output with call_id {item.get('call_id')}."
            raise ApiError(400, message, param="input")
    if waiting:
        message = f"No tool output found for function call {next(iter(waiting))}."
        raise ApiError(400, message, param="input")


def last_user_text(items: Items) -> str:
    """The text of the last user message; empty if there is none."""
    for item in reversed(items):
        if item.get("role") == "user":
            return content_text(item["content"])
    return ""


def content_text(content: Any) -> str:
    """The text in a message's content, its parts joined by line breaks."""
    if isinstance(content, str):
        return content
    return "\n".join(part["text"] for part in content if isinstance(part.get("text"), str))


def input_tokens(items: Items, instructions: str | None, tools: Items, encoding: str) -> int:
    """Tokens of the prompt, by the same overheads as for chat completions."""
    total = _REPLY_TOKENS
    if instructions:
        total += _MESSAGE_TOKENS + count(instructions, encoding)
    for item in items:
        if item.get("type") == "message":
            images = sum(part.get("type") == "input_image" for part in item["content"] if isinstance(part, dict))
            text = content_text(item["content"])
            total += _MESSAGE_TOKENS + count(text, encoding) + images * _IMAGE_TOKENS
        else:
            total += count(msgspec.json.encode(item).decode(), encoding)
    return total + sum(count(msgspec.json.encode(tool).decode(), encoding) for tool in tools)


def _type_error(param: str, wanted: str) -> ApiError:
    return ApiError(400, f"Invalid type for '{param}': expected {wanted}.", param=param, code="invalid_type")
