"""A response as a stream of events, in OpenAI's order, each numbered.

``response.created``, ``response.in_progress``; for each item ``output_item.added``, what grows in it (parts of
text, arguments, summaries), ``output_item.done``; at the end ``response.completed`` or ``response.incomplete``.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from quire.domain import tokens
from quire.simulator.http import event

_Event = tuple[str, dict[str, Any]]


def frames(body: dict[str, Any], encoding: str) -> Iterator[bytes]:
    """The frames of the stream that ends in ``body``."""
    for number, (name, content) in enumerate(_events(body, encoding)):
        yield event({"type": name, "sequence_number": number, **content}, name)


def unfinished(body: dict[str, Any]) -> dict[str, Any]:
    """A response as it looks before anything was generated."""
    rest = {name: value for name, value in body.items() if name != "usage"}
    return {**rest, "status": "in_progress", "output": [], "completed_at": None, "incomplete_details": None}


def _events(body: dict[str, Any], encoding: str) -> Iterator[_Event]:
    begun = unfinished(body)
    yield "response.created", {"response": begun}
    yield "response.in_progress", {"response": begun}
    for place, item in enumerate(body["output"]):
        yield from _item_events(item, place, encoding)
    yield f"response.{body['status']}", {"response": body}


def _item_events(item: dict[str, Any], place: int, encoding: str) -> Iterator[_Event]:
    kinds = {
        "message": _message_events,
        "reasoning": _reasoning_events,
        "function_call": _function_events,
        "custom_tool_call": _custom_events,
    }
    empty = {"message": "content", "reasoning": "summary", "function_call": "arguments", "custom_tool_call": "input"}
    field = empty[item["type"]]
    begun = {**item, field: "" if isinstance(item[field], str) else []}
    if "status" in item:
        begun["status"] = "in_progress"
    yield "response.output_item.added", {"output_index": place, "item": begun}
    yield from kinds[item["type"]](item, {"item_id": item["id"], "output_index": place}, encoding)
    yield "response.output_item.done", {"output_index": place, "item": item}


def _message_events(item: dict[str, Any], where: dict[str, Any], encoding: str) -> Iterator[_Event]:
    for index, part in enumerate(item["content"]):
        here = {**where, "content_index": index}
        yield "response.content_part.added", {**here, "part": {**part, "text": "", "logprobs": []}}
        likely = part["logprobs"]
        for number, piece in enumerate(tokens.pieces(part["text"], encoding)):
            logprobs = [_without_bytes(likely[number])] if likely else []
            yield "response.output_text.delta", {**here, "delta": piece, "logprobs": logprobs}
        done = [_without_bytes(entry) for entry in likely]
        yield "response.output_text.done", {**here, "text": part["text"], "logprobs": done}
        yield "response.content_part.done", {**here, "part": part}


def _without_bytes(entry: dict[str, Any]) -> dict[str, Any]:
    top = [{"token": other["token"], "logprob": other["logprob"]} for other in entry["top_logprobs"]]
    return {"token": entry["token"], "logprob": entry["logprob"], "top_logprobs": top}


def _reasoning_events(item: dict[str, Any], where: dict[str, Any], encoding: str) -> Iterator[_Event]:
    for index, part in enumerate(item["summary"]):
        here = {**where, "summary_index": index}
        yield "response.reasoning_summary_part.added", {**here, "part": {**part, "text": ""}}
        for piece in tokens.pieces(part["text"], encoding):
            yield "response.reasoning_summary_text.delta", {**here, "delta": piece}
        yield "response.reasoning_summary_text.done", {**here, "text": part["text"]}
        yield "response.reasoning_summary_part.done", {**here, "part": part}


def _function_events(item: dict[str, Any], where: dict[str, Any], encoding: str) -> Iterator[_Event]:
    for piece in tokens.pieces(item["arguments"], encoding):
        yield "response.function_call_arguments.delta", {**where, "delta": piece}
    name, arguments = item["name"], item["arguments"]
    yield "response.function_call_arguments.done", {**where, "name": name, "arguments": arguments}


def _custom_events(item: dict[str, Any], where: dict[str, Any], encoding: str) -> Iterator[_Event]:
    for piece in tokens.pieces(item["input"], encoding):
        yield "response.custom_tool_call_input.delta", {**where, "delta": piece}
    yield "response.custom_tool_call_input.done", {**where, "input": item["input"]}
