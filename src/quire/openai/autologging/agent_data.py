"""What the data of a span of the Agents SDK say: a name, a type, what went in and what came out."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from quire.domain.span_names import MODEL
from quire.openai.autologging.attributes import read
from quire.tracing.answers import token_usage, usage_attributes

CHAINED = frozenset({"turn", "agent", "task"})
"""Spans whose model calls are also those of what is around them; a tool or a guardrail keeps its own to itself."""
_TYPES = {"agent": "AGENT", "function": "TOOL", "guardrail": "GUARDRAIL", "mcp_tools": "TOOL"}
_NAMES = {"handoff": "Handoff", "mcp_tools": "MCP tools", "transcription": "Transcription", "speech": "Speech"}


def described(data: Any) -> tuple[str, str, Any]:
    """The name and type of a span, and what is known to go into it when it begins."""
    return _name(data), _TYPES.get(data.type, "CHAIN"), ended(data)[0]


def _name(data: Any) -> str:
    if data.type == "turn":
        return f"Turn {data.turn}"
    name = getattr(data, "name", None)
    return str(name) if name else _NAMES.get(data.type, str(data.type))


def ended(data: Any) -> tuple[Any, Any, dict[str, Any]]:
    """Inputs, outputs and attributes; None for what is not known, or comes from the model calls inside."""
    if data.type == "agent":
        said = {"handoffs": data.handoffs, "tools": data.tools, "output_type": data.output_type}
        return None, None, {key: value for key, value in said.items() if value}
    if data.type == "function":
        attributes = {"mcp_data": data.mcp_data} if getattr(data, "mcp_data", None) else {}
        return _parsed(data.input), data.output, attributes
    if data.type == "handoff":
        outputs = None if data.to_agent is None else {"to_agent": data.to_agent}
        return {"from_agent": data.from_agent}, outputs, {}
    if data.type == "guardrail":
        return None, {"triggered": data.triggered}, {}
    if data.type == "custom":
        return None, data.data or None, {}
    if data.type == "mcp_tools":
        return {"server": data.server}, data.result, {}
    if data.type in ("transcription", "speech"):  # one of the two is sound, which is not kept
        heard = data.type == "transcription"
        return (None if heard else data.input), (data.output if heard else None), {MODEL: data.model or ""}
    return None, None, {}


def _parsed(text: Any) -> Any:
    """A tool's arguments as data, if they are JSON."""
    if not isinstance(text, str):
        return text
    try:
        return json.loads(text)
    except ValueError:
        return text


def said_of_model(data: Any) -> tuple[Any, Any]:
    """What went into a model call and what came out of it, as the agents around it are told."""
    if data.type == "response":
        response = data.response
        if response is None:
            return data.input, None
        text = getattr(response, "output_text", None)
        return data.input, text or read(response, "output")
    last = data.output[-1] if isinstance(data.output, list) and data.output else data.output
    if not isinstance(last, Mapping):
        return data.input, data.output
    return data.input, last.get("content") or _text(last.get("output")) or last.get("output") or data.output


def _text(items: Any) -> str:
    """The text in the messages of a streamed chat, which comes in the form of a response."""
    parts = [
        part for item in items or () if item.get("type") == "message" for part in item.get("content") or () if part
    ]
    return "".join(part.get("text") or "" for part in parts)


def model_span(data: Any) -> tuple[str, Any, Any, dict[str, Any]]:
    """The name, inputs, outputs and attributes of a model call that made no request of its own here."""
    if data.type == "response":
        response = data.response
        model = read(response, "model") if response is not None else None
        usage = read(response, "usage") if response is not None else None
        return "Response", data.input, response, _attributes(model, usage or data.usage)
    attributes = _attributes(data.model, data.usage)
    settings = data.model_config
    if isinstance(settings, Mapping):
        attributes["model_config"] = {key: value for key, value in settings.items() if value is not None}
    return "Generation", data.input, data.output, attributes


def _attributes(model: Any, usage: Any) -> dict[str, Any]:
    made: dict[str, Any] = {"gen_ai.operation.name": "chat", "mlflow.message.format": "openai-agent"}
    if isinstance(model, str):
        made[MODEL] = made["gen_ai.request.model"] = model
    counts = token_usage(usage)
    if counts:
        total = counts.get("input_tokens", 0) + counts.get("output_tokens", 0)
        made.update(usage_attributes({"total_tokens": total, **counts}))
    return made
