"""What is said, in the words of the other API: chat's messages as a response's input items, and the reverse. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from quire.domain.errors import InvalidInput

_ROLES = frozenset({"system", "developer", "user", "assistant"})


def input_of(messages: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Chat messages as input items. InvalidInput for a part that input items do not have, such as audio."""
    return [item for index, message in enumerate(messages) for item in _items(message, f"messages[{index}]")]


def messages_of(said: str | Sequence[Mapping[str, Any]] | None, instructions: str | None) -> list[dict[str, Any]]:
    """Input and instructions as chat messages. InvalidInput for an item that chat does not have.

    Calls of functions that follow one another, or a message of the assistant, are calls of one message.
    """
    found: list[dict[str, Any]] = [{"role": "system", "content": instructions}] if instructions else []
    if isinstance(said, str):
        return [*found, {"role": "user", "content": said}] if said else found
    for index, item in enumerate(said or ()):
        _add(found, item, f"input[{index}]")
    return found


# -- messages to items -------------------------------------------------------------------------------


def _items(message: Mapping[str, Any], where: str) -> Iterator[dict[str, Any]]:
    role, content = message.get("role"), message.get("content")
    if role == "tool":
        yield {"type": "function_call_output", "call_id": message.get("tool_call_id"), "output": _plain(content, where)}
        return
    if role not in _ROLES:
        raise _none_such(where, f"the role {role!r}", "the responses API")
    for name in ("audio", "function_call"):
        if message.get(name):
            raise _none_such(where, repr(name), "the responses API")
    parts = [*_content(content, role, where), *_refused(message)]
    if isinstance(content, str) and len(parts) == 1:
        yield {"role": role, "content": content}
    elif parts:
        yield {"role": role, "content": parts}
    for call in message.get("tool_calls") or ():
        yield _call_item(call, where)


def _content(content: Any, role: str, where: str) -> list[dict[str, Any]]:
    if content is None or content == []:
        return []
    if isinstance(content, str):
        return [{"type": "input_text", "text": content}]
    return [_item_part(part, role, f"{where}.content[{index}]") for index, part in enumerate(content)]


def _refused(message: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [{"type": "refusal", "refusal": message["refusal"]}] if message.get("refusal") else []


def _item_part(part: Mapping[str, Any], role: str, where: str) -> dict[str, Any]:
    match part.get("type"):
        case "text":
            kind = "output_text" if role == "assistant" else "input_text"
            return {"type": kind, "text": part.get("text", "")}
        case "image_url":
            image = part.get("image_url") or {}
            return {"type": "input_image", "image_url": image.get("url"), "detail": image.get("detail", "auto")}
        case "file":
            return {"type": "input_file", **(part.get("file") or {})}
        case "refusal":
            return {"type": "refusal", "refusal": part.get("refusal", "")}
    raise _none_such(where, f"a part of the type {part.get('type')!r}", "the responses API")


def _call_item(call: Mapping[str, Any], where: str) -> dict[str, Any]:
    kind = call.get("type", "function")
    body: Mapping[str, Any] = call.get(kind) or {}
    if kind == "function":
        made = {"name": body.get("name"), "arguments": body.get("arguments", "")}
        return {"type": "function_call", "call_id": call.get("id"), **made}
    if kind == "custom":
        made = {"name": body.get("name"), "input": body.get("input", "")}
        return {"type": "custom_tool_call", "call_id": call.get("id"), **made}
    raise _none_such(where, f"a tool call of the type {kind!r}", "the responses API")


def _plain(content: Any, where: str) -> str:
    """The text of a tool's answer, which chat may hold in parts."""
    if isinstance(content, str):
        return content
    texts = [part.get("text") for part in content or () if part.get("type") == "text"]
    if len(texts) != len(content or ()):
        raise _none_such(where, "a tool's answer that is not text", "the responses API")
    return "".join(str(text) for text in texts)


# -- items to messages -------------------------------------------------------------------------------


def _add(found: list[dict[str, Any]], item: Mapping[str, Any], where: str) -> None:
    kind = item.get("type") or "message"
    add = _ADDERS.get(kind)
    if add is None:
        raise _none_such(where, f"an item of the type {kind!r}", "chat completions")
    add(found, item, where)


def _add_message(found: list[dict[str, Any]], item: Mapping[str, Any], where: str) -> None:
    role, content = item.get("role"), item.get("content")
    if role not in _ROLES:
        raise _none_such(where, f"the role {role!r}", "chat completions")
    if not isinstance(content, str):
        content = [_chat_part(part, f"{where}.content[{index}]") for index, part in enumerate(content or ())]
    found.append({"role": role, "content": content})


def _chat_part(part: Mapping[str, Any], where: str) -> dict[str, Any]:
    match part.get("type"):
        case "input_text" | "output_text" | "text":
            return {"type": "text", "text": part.get("text", "")}
        case "input_image" if part.get("image_url"):
            return {
                "type": "image_url",
                "image_url": {"url": part["image_url"], "detail": part.get("detail") or "auto"},
            }
        case "input_file" if not part.get("file_url"):
            file = {name: part[name] for name in ("file_data", "file_id", "filename") if part.get(name) is not None}
            return {"type": "file", "file": file}
        case "refusal":
            return {"type": "refusal", "refusal": part.get("refusal", "")}
    raise _none_such(where, f"a part of the type {part.get('type')!r} like this", "chat completions")


def _add_call(found: list[dict[str, Any]], item: Mapping[str, Any], where: str) -> None:
    call = {
        "id": item.get("call_id"),
        "type": "function",
        "function": {"name": item.get("name"), "arguments": item.get("arguments", "")},
    }
    _append_call(found, call)


def _add_custom_call(found: list[dict[str, Any]], item: Mapping[str, Any], where: str) -> None:
    custom = {"name": item.get("name"), "input": item.get("input", "")}
    _append_call(found, {"id": item.get("call_id"), "type": "custom", "custom": custom})


def _append_call(found: list[dict[str, Any]], call: dict[str, Any]) -> None:
    if not found or found[-1].get("role") != "assistant":
        found.append({"role": "assistant", "content": None})
    found[-1].setdefault("tool_calls", []).append(call)


def _add_output(found: list[dict[str, Any]], item: Mapping[str, Any], where: str) -> None:
    output = item.get("output")
    if not isinstance(output, str):
        output = [_chat_part(part, f"{where}.output[{index}]") for index, part in enumerate(output or ())]
        if any(part["type"] != "text" for part in output):
            raise _none_such(where, "a tool's answer that is not text", "chat completions")
    found.append({"role": "tool", "tool_call_id": item.get("call_id"), "content": output})


_ADDERS: dict[str, Callable[[list[dict[str, Any]], Mapping[str, Any], str], None]] = {
    "message": _add_message,
    "function_call": _add_call,
    "custom_tool_call": _add_custom_call,
    "function_call_output": _add_output,
    "custom_tool_call_output": _add_output,
}


def _none_such(where: str, what: str, api: str) -> InvalidInput:
    return InvalidInput(f"{where} has {what}, which {api} cannot say. Ask this model by its own task.")
