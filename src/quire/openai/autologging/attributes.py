"""What a span says of a request and of its answer: MLflow's attributes, and OpenTelemetry's for generative AI.

The latter are those of the semantic conventions 1.38 (``gen_ai.*``, ``server.*``).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from quire.domain.span_names import MODEL, USAGE
from quire.openai.autologging.calls import TracedCall
from quire.openai.autologging.pieces import Piece

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
    fields = fields_of(answer)
    model, answer_id, choices = fields.get("model"), fields.get("id"), fields.get("choices")
    if isinstance(model, str):
        made["gen_ai.response.model"] = model
    if isinstance(answer_id, str):
        made["gen_ai.response.id"] = answer_id
    if isinstance(choices, list):
        reasons = [reason for choice in choices if (reason := fields_of(choice).get("finish_reason"))]
        if reasons:
            made["gen_ai.response.finish_reasons"] = reasons
    usage = token_usage(fields.get("usage"))
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
    fields = fields_of(usage)
    details = fields_of(fields.get("input_tokens_details") or fields.get("prompt_tokens_details"))
    counts = {
        "input_tokens": fields.get("input_tokens", fields.get("prompt_tokens")),
        "output_tokens": fields.get("output_tokens", fields.get("completion_tokens")),
        "total_tokens": fields.get("total_tokens"),
        "cache_read_input_tokens": details.get("cached_tokens"),
    }
    return {key: count for key, count in counts.items() if type(count) is int}


_NONE: Mapping[str, Any] = {}


def fields_of(item: Any) -> Mapping[str, Any]:
    """The fields of an object of the SDK, or a mapping itself; empty for anything else.

    Asking such an object for an attribute that it lacks costs an exception, and most are asked for what others have.
    """
    if type(item) is dict:
        return item
    if type(item) is Piece:
        return item.fields
    own: Mapping[str, Any] = getattr(item, "__dict__", _NONE)
    extra = getattr(item, "__pydantic_extra__", None)
    return {**own, **extra} if extra else own


def read(item: Any, name: str) -> Any:
    """A field of an object or of a mapping; None if there is none."""
    if type(item) is dict:
        return item.get(name)
    return getattr(item, name, None)
