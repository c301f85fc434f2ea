"""Which attributes say what a span is: MLflow's names first, then those of OpenTelemetry and OpenInference.

The names are public: MLflow's tracing constants, the OpenTelemetry semantic conventions for generative AI
(``gen_ai.*``, ``session.id``, ``user.id``), and OpenInference's semantic conventions.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

TYPE = "mlflow.spanType"
INPUTS = ("mlflow.spanInputs", "gen_ai.input.messages", "input.value", "traceloop.entity.input")
OUTPUTS = ("mlflow.spanOutputs", "gen_ai.output.messages", "output.value", "traceloop.entity.output")
MODELS = ("mlflow.llm.model", "gen_ai.response.model", "gen_ai.request.model", "llm.model_name", "embedding.model_name")
SESSIONS = ("session.id", "gen_ai.conversation.id")
USERS = ("user.id",)
USAGE = "mlflow.chat.tokenUsage"
COST = "mlflow.llm.cost"
PROMPTS = "mlflow.linkedPrompts"
TAG_PREFIX = "mlflow.traceTag."
OPERATION = "gen_ai.operation.name"
KIND = "openinference.span.kind"
COUNTS = {
    "gen_ai.usage.input_tokens": "input_tokens",
    "gen_ai.usage.prompt_tokens": "input_tokens",
    "gen_ai.usage.output_tokens": "output_tokens",
    "gen_ai.usage.completion_tokens": "output_tokens",
    "llm.token_count.prompt": "input_tokens",
    "llm.token_count.completion": "output_tokens",
    "llm.token_count.total": "total_tokens",
    "gen_ai.usage.cache_read.input_tokens": "cache_read_input_tokens",
}
WANTED = frozenset(
    {TYPE, USAGE, COST, OPERATION, KIND, PROMPTS, *INPUTS, *OUTPUTS, *MODELS, *SESSIONS, *USERS, *COUNTS}
)
"""Every attribute that is looked at; a span's others are kept and not read."""

_TYPE_OF_OPERATION = {
    "chat": "CHAT_MODEL",
    "generate_content": "CHAT_MODEL",
    "text_completion": "LLM",
    "embeddings": "EMBEDDING",
    "execute_tool": "TOOL",
    "invoke_agent": "AGENT",
    "create_agent": "AGENT",
}
_TYPE_OF_KIND = {"LLM": "LLM", "EMBEDDING": "EMBEDDING", "CHAIN": "CHAIN", "TOOL": "TOOL", "AGENT": "AGENT"}


def span_type(values: Mapping[str, Any]) -> str:
    """The kind of work: ``CHAT_MODEL``, ``EMBEDDING``, ``TOOL``, …, ``UNKNOWN``."""
    given = values.get(TYPE)
    if isinstance(given, str) and given:
        return unquoted(given)
    operation = _TYPE_OF_OPERATION.get(str(values.get(OPERATION)))
    kind = str(values.get(KIND, "")).upper()
    return operation or _TYPE_OF_KIND.get(kind, kind) or "UNKNOWN"


def first(values: Mapping[str, Any], names: tuple[str, ...]) -> Any:
    """The value of the first of these attributes that is there."""
    return next((values[name] for name in names if values.get(name) is not None), None)


def first_text(values: Mapping[str, Any], names: tuple[str, ...]) -> str | None:
    """The first of these attributes as text."""
    value = first(values, names)
    return None if value is None else unquoted(str(value))


def token_usage(values: Mapping[str, Any]) -> dict[str, int] | None:
    """Tokens by kind: ``input_tokens``, ``output_tokens``, ``total_tokens``, cached ones if they were counted."""
    given = _object(values.get(USAGE))
    found = given or {name: values[key] for key, name in COUNTS.items() if key in values}
    usage = {key: number for key, number in found.items() if type(number) is int and 0 <= number < 2**53}
    if not given and usage:
        usage.setdefault("total_tokens", usage.get("input_tokens", 0) + usage.get("output_tokens", 0))
    return usage or None


def call_cost(values: Mapping[str, Any]) -> dict[str, float] | None:
    """US dollars by kind: ``input_cost``, ``output_cost``, ``total_cost``."""
    given = _object(values.get(COST))
    found = {key: float(number) for key, number in given.items() if type(number) in (int, float)}
    return {key: number for key, number in found.items() if abs(number) < 1e15} or None


def linked_prompts(values: Mapping[str, Any]) -> list[dict[str, str]]:
    """The prompt versions that a span used: ``name`` and ``version`` of each."""
    given = values.get(PROMPTS)
    found = _decoded(given) if isinstance(given, str) else given
    items = [item for item in found if isinstance(item, Mapping)] if isinstance(found, list) else []
    return [
        {"name": str(item["name"]), "version": str(item["version"])}
        for item in items
        if "name" in item and "version" in item
    ]


def unquoted(text: str) -> str:
    """Text without the quotes of a JSON string, which MLflow's client puts around attributes."""
    if len(text) > 1 and text[0] == text[-1] == '"':
        value = _decoded(text)
        return value if isinstance(value, str) else text
    return text


def _object(value: Any) -> dict[str, Any]:
    found = _decoded(value) if isinstance(value, str) else value
    return found if isinstance(found, dict) else {}


def _decoded(text: str) -> Any:
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError):
        return None
