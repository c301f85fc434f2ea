"""Which attributes say what a span is: MLflow's names first, then those of OpenTelemetry and OpenInference.

The names are public: MLflow's tracing constants, the OpenTelemetry semantic conventions for generative AI
(``gen_ai.*``, ``session.id``, ``user.id``), and OpenInference's semantic conventions.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from quire.domain.span_names import COST, INPUTS, MODEL, OUTPUTS, TYPE, USAGE

TAG_PREFIX = "mlflow.traceTag."
_NAMES: dict[str, tuple[str, ...]] = {
    "type": (TYPE,),
    "operation": ("gen_ai.operation.name",),
    "kind": ("openinference.span.kind",),
    "model": (
        MODEL,
        "gen_ai.response.model",
        "gen_ai.request.model",
        "llm.model_name",
        "embedding.model_name",
    ),
    "session": ("session.id", "gen_ai.conversation.id"),
    "user": ("user.id",),
    "usage": (USAGE,),
    "cost": (COST,),
    "prompts": ("mlflow.linkedPrompts",),
    "inputs": (INPUTS, "gen_ai.input.messages", "input.value", "traceloop.entity.input"),
    "outputs": (OUTPUTS, "gen_ai.output.messages", "output.value", "traceloop.entity.output"),
    "input_tokens": ("gen_ai.usage.input_tokens", "gen_ai.usage.prompt_tokens", "llm.token_count.prompt"),
    "output_tokens": ("gen_ai.usage.output_tokens", "gen_ai.usage.completion_tokens", "llm.token_count.completion"),
    "total_tokens": ("llm.token_count.total",),
    "cache_read_input_tokens": ("gen_ai.usage.cache_read.input_tokens",),
}
MEANINGS = {name: (meaning, rank) for meaning, names in _NAMES.items() for rank, name in enumerate(names)}
"""What each attribute that is looked at means, and its rank among those of the same meaning: the first counts."""

_COUNTS = ("input_tokens", "output_tokens", "total_tokens", "cache_read_input_tokens")
_TYPE_OF_OPERATION = {
    "chat": "CHAT_MODEL",
    "generate_content": "CHAT_MODEL",
    "text_completion": "LLM",
    "embeddings": "EMBEDDING",
    "execute_tool": "TOOL",
    "invoke_agent": "AGENT",
    "create_agent": "AGENT",
}


def span_type(values: Mapping[str, Any]) -> str:
    """The kind of work: ``CHAT_MODEL``, ``EMBEDDING``, ``TOOL``, …, ``UNKNOWN``. ``values`` are by meaning."""
    given = values.get("type")
    if isinstance(given, str) and given:
        return unquoted(given)
    operation = _TYPE_OF_OPERATION.get(str(values.get("operation")))
    return operation or str(values.get("kind") or "").upper() or "UNKNOWN"


def text(values: Mapping[str, Any], meaning: str) -> str | None:
    """A value as text; None if there is none."""
    value = values.get(meaning)
    return None if value is None else unquoted(str(value))


def token_usage(values: Mapping[str, Any]) -> dict[str, int] | None:
    """Tokens by kind: ``input_tokens``, ``output_tokens``, ``total_tokens``, cached ones if they were counted."""
    if "usage" in values:
        given = _object(values["usage"])
        return {key: number for key, number in given.items() if _is_count(number)} or None
    usage = {key: values[key] for key in _COUNTS if key in values and _is_count(values[key])}
    if usage:
        usage.setdefault("total_tokens", usage.get("input_tokens", 0) + usage.get("output_tokens", 0))
    return usage or None


def _is_count(number: Any) -> bool:
    return type(number) is int and 0 <= number < 2**53


def call_cost(values: Mapping[str, Any]) -> dict[str, float] | None:
    """US dollars by kind: ``input_cost``, ``output_cost``, ``total_cost``."""
    if "cost" not in values:
        return None
    found = {key: number for key, number in _object(values["cost"]).items() if type(number) in (int, float)}
    return {key: float(number) for key, number in found.items() if abs(number) < 1e15} or None


def linked_prompts(values: Mapping[str, Any]) -> list[dict[str, str]]:
    """The prompt versions that a span used: ``name`` and ``version`` of each."""
    given = values.get("prompts")
    found = _decoded(given) if isinstance(given, str) else given
    items = [item for item in found if isinstance(item, Mapping)] if isinstance(found, list) else []
    return [
        {"name": str(item["name"]), "version": str(item["version"])}
        for item in items
        if "name" in item and "version" in item
    ]


def unquoted(given: str) -> str:
    """Text without the quotes of a JSON string, which MLflow's client puts around attributes."""
    if len(given) > 1 and given[0] == given[-1] == '"':
        value = _decoded(given)
        return value if isinstance(value, str) else given
    return given


def _object(value: Any) -> dict[str, Any]:
    found = _decoded(value) if isinstance(value, str) else value
    return found if isinstance(found, dict) else {}


def _decoded(given: str) -> Any:
    try:
        return msgspec.json.decode(given)
    except (msgspec.DecodeError, RecursionError):
        return None
