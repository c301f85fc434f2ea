"""What one answer cost and how it ended, read from the service's response."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from quire.caller.cost import cost_usd
from quire.domain.calls import Answer, model_name
from quire.domain.scores import Measured


def measure(answer: Answer, *, replayed: bool = False) -> Measured:
    """Latency, tokens, cost, ending and tool calls of an answer to one row."""
    finish, refusal, calls = _ending(answer.response)
    return Measured(
        latency_s=answer.latency,
        input_tokens=answer.usage.input_tokens,
        output_tokens=answer.usage.output_tokens,
        cost_usd=cost_usd(model_name(answer.call), answer.usage),
        finish_reason=finish,
        refusal=refusal,
        tool_calls=calls,
        attempts=answer.attempts,
        replayed=replayed or answer.replayed,
    )


def _ending(response: dict[str, Any]) -> tuple[str | None, str | None, list[dict[str, Any]]]:
    choices = response.get("choices")
    if isinstance(choices, list) and choices and isinstance(choices[0], dict):
        message = choices[0].get("message") or {}
        calls = [_tool_call(call.get("function") or {}) for call in message.get("tool_calls") or ()]
        return choices[0].get("finish_reason"), message.get("refusal"), calls
    if isinstance(response.get("output"), list):
        return _response_ending(response)
    return None, None, []


def _response_ending(response: dict[str, Any]) -> tuple[str | None, str | None, list[dict[str, Any]]]:
    items = [item for item in response["output"] if isinstance(item, dict)]
    refusals = [part["refusal"] for part in _parts(items) if part.get("refusal")]
    calls = [_tool_call(item) for item in items if item.get("type") == "function_call"]
    reason = (response.get("incomplete_details") or {}).get("reason") or response.get("status")
    return reason, refusals[0] if refusals else None, calls


def _parts(items: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for item in items:
        if item.get("type") == "message":
            yield from (part for part in item.get("content") or () if isinstance(part, dict))


def _tool_call(function: dict[str, Any]) -> dict[str, Any]:
    """Name and decoded arguments; arguments that are no JSON stay text."""
    given = function.get("arguments")
    arguments: Any = given
    if isinstance(given, str):
        try:
            arguments = msgspec.json.decode(given)
        except msgspec.DecodeError:
            arguments = given
    return {"name": function.get("name"), "arguments": arguments}
