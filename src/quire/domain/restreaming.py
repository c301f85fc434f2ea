"""A whole answer as the stream of events that would have built it up, in the order and form of OpenAI's services.

Made for answers that were assembled from a stream, of which only the whole was kept. The texts are cut at words, which
is not where the service cut them; put together they are the same. Shapes: https://platform.openai.com/docs/api-reference
(chat completion chunks, completions, streaming events of responses).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

_DONE = "data: [DONE]\n\n"
_WORDS = re.compile(r"\S+\s*|\s+")
_REPEATED = ("id", "created", "model", "service_tier", "system_fingerprint")
_GROWING = {"function_call": "arguments", "custom_tool_call": "input", "mcp_call": "arguments"}
_PARTS = {"output_text": ("text", "response.output_text"), "refusal": ("refusal", "response.refusal")}
_ENDS = ("completed", "incomplete", "failed")


def chat_events(answer: Mapping[str, Any]) -> list[str]:
    """A chat completion as chunks: the role, the words, calls of tools, the reason of the end; usage if known."""
    head = _head(answer, "chat.completion.chunk")
    made = []
    for place, choice in enumerate(_mappings(answer.get("choices"))):
        index = choice.get("index", place)
        logprobs = choice.get("logprobs")
        for delta in _deltas(_mapping(choice.get("message"))):
            said = logprobs if delta.get("content") else None
            logprobs = None if said else logprobs
            made.append({**head, "choices": [_choice(index, {"delta": delta, "logprobs": said})]})
        if choice.get("finish_reason") is not None:
            last = _choice(index, {"delta": {}, "logprobs": logprobs}, choice["finish_reason"])
            made.append({**head, "choices": [last]})
    return _with_usage(made, head, answer)


def text_events(answer: Mapping[str, Any]) -> list[str]:
    """A completion as chunks of text."""
    head = _head(answer, "text_completion")
    made = []
    for place, choice in enumerate(_mappings(answer.get("choices"))):
        index = choice.get("index", place)
        for words in _words(choice.get("text")):
            made.append({**head, "choices": [_choice(index, {"text": words, "logprobs": None})]})
        if choice.get("finish_reason") is not None:
            last = _choice(index, {"text": "", "logprobs": choice.get("logprobs")}, choice["finish_reason"])
            made.append({**head, "choices": [last]})
    return _with_usage(made, head, answer)


def response_events(answer: Mapping[str, Any]) -> list[str]:
    """A response as numbered events: each item of its output as it grows, then the whole."""
    return [
        f"event: {name}\n{_data({'type': name, 'sequence_number': number, **held})}"
        for number, (name, held) in enumerate(_response_events(answer))
    ]


# -- chat completions and completions ----------------------------------------------------------------


def _head(answer: Mapping[str, Any], kind: str) -> dict[str, Any]:
    return {"object": kind, **{name: answer[name] for name in _REPEATED if answer.get(name) is not None}}


def _choice(index: int, held: Mapping[str, Any], reason: str | None = None) -> dict[str, Any]:
    return {"index": index, **held, "finish_reason": reason}


def _with_usage(made: Sequence[Mapping[str, Any]], head: Mapping[str, Any], answer: Mapping[str, Any]) -> list[str]:
    last = [{**head, "choices": [], "usage": answer["usage"]}] if answer.get("usage") else []
    return [*map(_data, [*made, *last]), _DONE]


def _deltas(message: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    yield {"role": message.get("role") or "assistant", "content": "" if message.get("content") is not None else None}
    for words in _words(message.get("content")):
        yield {"content": words}
    for words in _words(message.get("refusal")):
        yield {"refusal": words}
    called = _mapping(message.get("function_call"))
    if called:
        yield {"function_call": {"name": called.get("name"), "arguments": ""}}
        yield {"function_call": {"arguments": called.get("arguments") or ""}}
    for index, call in enumerate(_mappings(message.get("tool_calls"))):
        kind = call.get("type") or "function"
        held = _mapping(call.get(kind))
        field = "input" if kind == "custom" else "arguments"
        yield {"tool_calls": [{**call, "index": index, kind: {**held, field: ""}}]}
        yield {"tool_calls": [{"index": index, kind: {field: held.get(field) or ""}}]}


# -- responses ---------------------------------------------------------------------------------------

_Event = tuple[str, dict[str, Any]]


def _response_events(answer: Mapping[str, Any]) -> Iterator[_Event]:
    begun = {**answer, "status": "in_progress", "output": [], "usage": None, "error": None, "incomplete_details": None}
    yield "response.created", {"response": begun}
    yield "response.in_progress", {"response": begun}
    for place, item in enumerate(_mappings(answer.get("output"))):
        yield from _item_events(item, place)
    if is_whole_response(answer):
        yield f"response.{answer['status']}", {"response": answer}


def is_whole_response(answer: Mapping[str, Any]) -> bool:
    """Whether a response came to its end; of one that broke off only a few fields are known."""
    return answer.get("status") in _ENDS and "parallel_tool_calls" in answer


def _item_events(item: Mapping[str, Any], place: int) -> Iterator[_Event]:
    kind = str(item.get("type"))
    growing = _GROWING.get(kind)
    begun = {**item, "status": "in_progress"} if "status" in item else dict(item)
    if kind == "message":
        begun["content"] = []
    elif growing:
        begun[growing] = ""
    where = {"item_id": item.get("id"), "output_index": place}
    yield "response.output_item.added", {"output_index": place, "item": begun}
    if kind == "message":
        for index, part in enumerate(_mappings(item.get("content"))):
            yield from _part_events(part, {**where, "content_index": index})
    elif growing:
        name = f"response.{'custom_tool_call_input' if growing == 'input' else f'{kind}_arguments'}"
        held = item.get(growing) or ""
        yield f"{name}.delta", {**where, "delta": held}
        yield f"{name}.done", {**where, "name": item.get("name"), growing: held}
    yield "response.output_item.done", {"output_index": place, "item": item}


def _part_events(part: Mapping[str, Any], where: Mapping[str, Any]) -> Iterator[_Event]:
    field, name = _PARTS.get(str(part.get("type")), ("", ""))
    yield "response.content_part.added", {**where, "part": {**part, **({field: ""} if field else {})}}
    if field:
        for words in _words(part.get(field)):
            yield f"{name}.delta", {**where, "delta": words, "logprobs": []}
        yield f"{name}.done", {**where, field: part.get(field) or "", "logprobs": part.get("logprobs") or []}
    yield "response.content_part.done", {**where, "part": part}


# -- parts -------------------------------------------------------------------------------------------


def _data(held: Mapping[str, Any]) -> str:
    return f"data: {msgspec.json.encode(held).decode()}\n\n"


def _words(text: Any) -> list[str]:
    return _WORDS.findall(text) if isinstance(text, str) else []


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _mappings(value: Any) -> list[Mapping[str, Any]]:
    return [item for item in value if isinstance(item, Mapping)] if isinstance(value, list) else []
