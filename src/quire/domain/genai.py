"""Messages as OpenTelemetry's semantic conventions for generative AI write them (version 1.38).

``gen_ai.input.messages``, ``gen_ai.output.messages`` and ``gen_ai.system_instructions`` from requests and answers of
OpenAI's API: chat completions, completions and responses. A message is a role and a list of parts; each part has a
``type``: ``text``, ``tool_call``, ``tool_call_response``, ``reasoning``, ``uri``, ``blob``, ``file``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

INPUT = "gen_ai.input.messages"
OUTPUT = "gen_ai.output.messages"
SYSTEM = "gen_ai.system_instructions"

Message = dict[str, Any]
Part = dict[str, Any]


def content_attributes(inputs: Any, outputs: Any) -> dict[str, str]:
    """The attributes that hold what went into a call of a model and came out of it, as JSON text.

    Empty where neither is a request or an answer of OpenAI's API.
    """
    found: dict[str, Sequence[Any]] = {INPUT: input_messages(inputs), OUTPUT: output_messages(outputs)}
    instructions = inputs.get("instructions") if isinstance(inputs, Mapping) else None
    if isinstance(instructions, str):
        found[SYSTEM] = [_text(instructions)]
    return {name: msgspec.json.encode(value).decode() for name, value in found.items() if value}


def input_messages(request: Any) -> list[Message]:
    """The messages of a request."""
    if not isinstance(request, Mapping):
        return []
    if isinstance(request.get("messages"), list):
        return [_message(item) for item in request["messages"] if isinstance(item, Mapping)]
    given = request.get("prompt", request.get("input"))
    if isinstance(given, str):
        return [{"role": "user", "parts": [_text(given)]}]
    items = given if isinstance(given, list) else []
    return [_item(item) for item in items if isinstance(item, Mapping)]


def output_messages(answer: Any) -> list[Message]:
    """The messages of an answer, each with why it ended."""
    if not isinstance(answer, Mapping):
        return []
    choices = answer.get("choices")
    if isinstance(choices, list):
        return [_choice(item) for item in choices if isinstance(item, Mapping)]
    parts: list[Part] = []
    items = answer.get("output")
    for item in items if isinstance(items, list) else []:
        if isinstance(item, Mapping):
            parts += _item(item)["parts"]
    reason = {"completed": "stop", "incomplete": "length"}.get(str(answer.get("status")), "error")
    return [{"role": "assistant", "parts": parts, "finish_reason": reason}] if parts else []


def _choice(choice: Mapping[str, Any]) -> Message:
    given = choice.get("message")
    if isinstance(given, Mapping):
        message = _message(given)
    else:
        message = {"role": "assistant", "parts": [_text(str(choice.get("text", "")))]}
    return {**message, "finish_reason": str(choice.get("finish_reason") or "")}


def _message(given: Mapping[str, Any]) -> Message:
    role = str(given.get("role") or "assistant")
    if role == "tool":
        part = {"type": "tool_call_response", "id": given.get("tool_call_id"), "response": given.get("content")}
        return {"role": role, "parts": [part]}
    parts = _content(given.get("content"))
    if isinstance(given.get("refusal"), str):
        parts.append(_text(given["refusal"]))
    calls = given.get("tool_calls")
    for call in calls if isinstance(calls, list) else []:
        if isinstance(call, Mapping):
            made = call.get("function") or call.get("custom") or {}
            parts.append(_call(call.get("id"), made.get("name"), made.get("arguments", made.get("input"))))
    return {"role": role, "parts": parts}


def _item(item: Mapping[str, Any]) -> Message:
    """An item of the Responses API's input or output."""
    match item.get("type"):
        case "function_call":
            return {"role": "assistant", "parts": [_call(item.get("call_id"), item.get("name"), item.get("arguments"))]}
        case "function_call_output":
            part = {"type": "tool_call_response", "id": item.get("call_id"), "response": item.get("output")}
            return {"role": "tool", "parts": [part]}
        case "reasoning":
            summary = item.get("summary")
            texts = [str(part.get("text", "")) for part in summary or () if isinstance(part, Mapping)]
            return {"role": "assistant", "parts": [{"type": "reasoning", "content": "\n".join(texts)}] if texts else []}
        case None | "message":
            return {"role": str(item.get("role") or "user"), "parts": _content(item.get("content"))}
    return {"role": "assistant", "parts": [dict(item)]}  # a tool of the service's own, which parts may be too


def _content(content: Any) -> list[Part]:
    if isinstance(content, str):
        return [_text(content)]
    items = content if isinstance(content, list) else []
    return [_part(item) for item in items if isinstance(item, Mapping)]


def _part(item: Mapping[str, Any]) -> Part:
    match item.get("type"):
        case "text" | "input_text" | "output_text":
            return _text(str(item.get("text", "")))
        case "refusal":
            return _text(str(item.get("refusal", "")))
        case "image_url" | "input_image":
            given = item.get("image_url")
            return _image(str(given.get("url", "") if isinstance(given, Mapping) else given or ""))
        case "input_audio":
            audio = item.get("input_audio")
            held = audio if isinstance(audio, Mapping) else {}
            kind = f"audio/{held.get('format', 'wav')}"
            return {"type": "blob", "modality": "audio", "mime_type": kind, "content": held.get("data", "")}
    return dict(item)


def _image(url: str) -> Part:
    head, _, data = url.partition(";base64,")
    if data and head.startswith("data:"):
        return {"type": "blob", "modality": "image", "mime_type": head.removeprefix("data:"), "content": data}
    return {"type": "uri", "modality": "image", "uri": url}


def _text(text: str) -> Part:
    return {"type": "text", "content": text}


def _call(call_id: Any, name: Any, arguments: Any) -> Part:
    return {"type": "tool_call", "id": call_id, "name": name, "arguments": _decoded(arguments)}


def _decoded(arguments: Any) -> Any:
    """Arguments as an object where they are JSON text of one."""
    if not isinstance(arguments, str):
        return arguments
    try:
        value = msgspec.json.decode(arguments)
    except (msgspec.DecodeError, RecursionError):
        return arguments
    return value if isinstance(value, dict) else arguments
