"""What a span says of a request and of its answer: MLflow's attributes, and OpenTelemetry's for generative AI.

The latter are those of the semantic conventions 1.38 (``gen_ai.*``, ``server.*``).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from quire.openai.autologging.calls import TracedCall

USAGE = "mlflow.chat.tokenUsage"
MODEL = "mlflow.llm.model"
_CONTENT = frozenset({"messages", "input", "prompt", "instructions", "file", "image", "mask", "user", "body"})
_REQUEST = {
    "model": "gen_ai.request.model",
    "temperature": "gen_ai.request.temperature",
    "top_p": "gen_ai.request.top_p",
    "max_tokens": "gen_ai.request.max_tokens",
    "max_completion_tokens": "gen_ai.request.max_tokens",
    "max_output_tokens": "gen_ai.request.max_tokens",
    "frequency_penalty": "gen_ai.request.frequency_penalty",
    "presence_penalty": "gen_ai.request.presence_penalty",
    "seed": "gen_ai.request.seed",
    "n": "gen_ai.request.choice.count",
}
_PLAIN = (str, int, float, bool)


def request_attributes(call: TracedCall, body: Mapping[str, Any], host: str | None, provider: str) -> dict[str, Any]:
    """What is known before the request is sent."""
    made: dict[str, Any] = {"gen_ai.operation.name": call.operation, "gen_ai.provider.name": provider}
    if host:
        made["server.address"] = host
    if call.has_messages:
        made["mlflow.message.format"] = "openai"
    for key, value in body.items():
        if key in _CONTENT or not isinstance(value, _PLAIN):
            continue
        made[key] = value
        known = _REQUEST.get(key)
        if known is not None:
            made[known] = value
    model = body.get("model")
    if isinstance(model, str):
        made[MODEL] = model
    return made


def answer_attributes(answer: Any) -> dict[str, Any]:
    """What an answer says of itself: an object of the SDK, or a mapping."""
    made: dict[str, Any] = {}
    model, answer_id = read(answer, "model"), read(answer, "id")
    if isinstance(model, str):
        made["gen_ai.response.model"] = model
    if isinstance(answer_id, str):
        made["gen_ai.response.id"] = answer_id
    reasons = [
        reason for reason in (read(choice, "finish_reason") for choice in read(answer, "choices") or ()) if reason
    ]
    if reasons:
        made["gen_ai.response.finish_reasons"] = reasons
    usage = token_usage(read(answer, "usage"))
    if usage:
        made.update(usage_attributes(usage))
    return made


def usage_attributes(usage: Mapping[str, int]) -> dict[str, Any]:
    """Token counts under both names."""
    made: dict[str, Any] = {USAGE: dict(usage)}
    if "input_tokens" in usage:
        made["gen_ai.usage.input_tokens"] = usage["input_tokens"]
    if "output_tokens" in usage:
        made["gen_ai.usage.output_tokens"] = usage["output_tokens"]
    return made


def token_usage(usage: Any) -> dict[str, int]:
    """Tokens by MLflow's names, from what the service counted; empty if it did not."""
    if usage is None:
        return {}
    given = _first(usage, "input_tokens", "prompt_tokens")
    answered = _first(usage, "output_tokens", "completion_tokens")
    total = _first(usage, "total_tokens")
    details = read(usage, "input_tokens_details") or read(usage, "prompt_tokens_details")
    cached = None if details is None else _first(details, "cached_tokens")
    counts = {
        "input_tokens": given,
        "output_tokens": answered,
        "total_tokens": total,
        "cache_read_input_tokens": cached,
    }
    return {key: count for key, count in counts.items() if count is not None}


def _first(item: Any, *names: str) -> int | None:
    for name in names:
        value = read(item, name)
        if type(value) is int:
            return value
    return None


def read(item: Any, name: str) -> Any:
    """A field of an object or of a mapping; None if there is none."""
    if type(item) is dict:
        return item.get(name)
    return getattr(item, name, None)
