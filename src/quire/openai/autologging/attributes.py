"""What a span says of a request: MLflow's attributes, and OpenTelemetry's for generative AI.

The latter are those of the semantic conventions 1.38 (``gen_ai.*``, ``server.*``). What its answer says of itself is
found out in the background: see :mod:`quire.tracing.answers`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from quire.domain.span_names import MODEL
from quire.openai.autologging.calls import TracedCall

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


def read(item: Any, name: str) -> Any:
    """A field of an object or of a mapping; None if there is none."""
    if type(item) is dict:
        return item.get(name)
    return getattr(item, name, None)
