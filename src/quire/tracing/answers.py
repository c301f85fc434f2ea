"""What an answer of a service says of itself: its model, id, reasons to end and token counts, under MLflow's names and
those of OpenTelemetry's semantic conventions 1.38 (``gen_ai.*``)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from quire.domain.span_names import USAGE


def answer_attributes(answer: Any) -> dict[str, Any]:
    """What an answer says of itself. ``answer`` is its body as plain data; what is no object says nothing."""
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
    own: Mapping[str, Any] = getattr(item, "__dict__", _NONE)
    extra = getattr(item, "__pydantic_extra__", None)
    return {**own, **extra} if extra else own
