"""Stored responses: asking for one again, its input, deleting and cancelling it, counting tokens."""

from __future__ import annotations

from typing import Any

from quire.domain import tokens
from quire.simulator import responses_stream
from quire.simulator.draws import digest
from quire.simulator.errors import ApiError
from quire.simulator.http import Reply, Request, Stream, json_reply
from quire.simulator.pages import page
from quire.simulator.responses import Stored, read_turn
from quire.simulator.simulation import Simulation


def retrieve(simulation: Simulation, request: Request) -> Reply | Stream:
    """``GET /responses/{response_id}``, as a stream when asked for."""
    body = _find(simulation, request).body
    if request.query.get("stream") == "true":
        return Stream(responses_stream.frames(body, tokens.encoding_name(body["model"])))
    return json_reply(body)


def delete(simulation: Simulation, request: Request) -> Reply:
    """``DELETE /responses/{response_id}``."""
    name = _find(simulation, request).body["id"]
    del simulation.responses[name]
    return json_reply({"id": name, "object": "response", "deleted": True})


def cancel(simulation: Simulation, request: Request) -> Reply:
    """``POST /responses/{response_id}/cancel``: only what runs in the background can be cancelled."""
    body = _find(simulation, request).body
    if not body["background"]:
        raise ApiError(400, "Only responses created with background=true can be cancelled.")
    return json_reply(body)


def input_items(simulation: Simulation, request: Request) -> Reply:
    """``GET /responses/{response_id}/input_items``, newest first unless asked otherwise."""
    stored = _find(simulation, request)
    items = {item["id"]: item for item in _with_ids(stored)}
    return json_reply(page(items, request.query))


def count_tokens(simulation: Simulation, request: Request) -> Reply:
    """``POST /responses/input_tokens``."""
    turn = read_turn(simulation, request)
    return json_reply({"object": "response.input_tokens", "input_tokens": turn.input_tokens})


def _with_ids(stored: Stored) -> list[dict[str, Any]]:
    result: list[dict[str, Any]] = []
    for place, item in enumerate(stored.input):
        name = "msg_" + digest(b"input", stored.body["id"].encode(), b"%d" % place, size=12).hex()
        item = {"id": name, **item}
        if item["type"] == "message" and isinstance(item["content"], str):
            kind = "output_text" if item["role"] == "assistant" else "input_text"
            part: dict[str, Any] = {"type": kind, "text": item["content"]}
            item["content"] = [{**part, "annotations": [], "logprobs": []} if kind == "output_text" else part]
        if item["type"] == "message":
            item.setdefault("status", "completed")
        result.append(item)
    return result


def _find(simulation: Simulation, request: Request) -> Stored:
    name = request.parameters["response_id"]
    stored: Stored | None = simulation.responses.get(name)
    if stored is None:
        raise ApiError(404, f"Response with id '{name}' not found.")
    return stored
