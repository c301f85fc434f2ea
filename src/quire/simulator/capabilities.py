"""What the simulator knows of OpenAI's model names: context, reasoning, dimensions of embeddings."""

from __future__ import annotations

from quire.simulator.draws import digest
from quire.simulator.errors import ApiError, invalid

_CONTEXTS = (
    ("gpt-4.1", 1_047_576),
    ("gpt-5", 400_000),
    ("gpt-4o", 128_000),
    ("gpt-4-turbo", 128_000),
    ("gpt-4-32k", 32_768),
    ("gpt-4", 8_192),
    ("gpt-3.5-turbo-instruct", 4_096),
    ("gpt-3.5", 16_385),
    ("gpt-35", 16_385),
    ("o1", 200_000),
    ("o3", 200_000),
    ("o4", 200_000),
    ("text-embedding", 8_191),
    ("davinci-002", 16_384),
    ("babbage-002", 16_384),
)
_DEFAULT_CONTEXT = 128_000
_EFFORTS = {"none": 0, "minimal": 16, "low": 64, "medium": 192, "high": 512, "xhigh": 1024, "max": 2048}
KNOWN_MODELS = (
    "gpt-3.5-turbo",
    "gpt-3.5-turbo-instruct",
    "gpt-4",
    "gpt-4-turbo",
    "gpt-4.1",
    "gpt-4.1-mini",
    "gpt-4.1-nano",
    "gpt-4o",
    "gpt-4o-mini",
    "gpt-5",
    "gpt-5-mini",
    "gpt-5-nano",
    "o3",
    "o3-mini",
    "o4-mini",
    "omni-moderation-latest",
    "text-embedding-3-large",
    "text-embedding-3-small",
    "text-embedding-ada-002",
)
"""The names that ``GET /models`` lists unless the behaviour names others."""


def context_length(model: str) -> int:
    """How many tokens of prompt and answer a model takes; 128,000 for a name that is not known."""
    base = model.removeprefix("ft:")
    return next((size for prefix, size in _CONTEXTS if base.startswith(prefix)), _DEFAULT_CONTEXT)


def reasons(model: str) -> bool:
    """Whether a model thinks before it answers: the o series and GPT-5 (its chat variants do not)."""
    base = model.removeprefix("ft:")
    return base.startswith(("o1", "o3", "o4")) or (base.startswith("gpt-5") and "chat" not in base)


def reasoning_tokens(model: str, effort: str | None, key: bytes) -> int:
    """How many tokens a model pretends to have thought; 0 for one that does not reason."""
    if not reasons(model):
        return 0
    most = _EFFORTS[effort or "medium"]
    return most and most // 2 + digest(b"reasoning", key, size=1)[0] * (most // 2) // 255


def check_context(model: str, prompt: int, answer: int, param: str) -> None:
    """Refuse what is longer than the model's context, as OpenAI does."""
    limit = context_length(model)
    if prompt + answer > limit:
        asked = f" and {answer} were asked for in the answer" if answer else ""
        message = (
            f"This model's maximum context length is {limit} tokens. However, the request has {prompt} tokens"
            f"{asked}. Please reduce its length."
        )
        raise invalid(param, message, "context_length_exceeded")


def unsupported(param: str, hint: str) -> ApiError:
    """400 for a parameter that the model does not take."""
    message = f"Unsupported parameter: '{param}' is not supported with this model. {hint}"
    return ApiError(400, message, param=param, code="unsupported_parameter")


def check_sampling(model: str, temperature: float | None, top_p: float | None) -> None:
    """Refuse what a reasoning model does not take: any temperature or top_p other than 1."""
    if not reasons(model):
        return
    for name, value in (("temperature", temperature), ("top_p", top_p)):
        if value is not None and value != 1:
            message = (
                f"Unsupported value: '{name}' does not support {value:g} with this model. "
                "Only the default (1) value is supported."
            )
            raise ApiError(400, message, param=name, code="unsupported_value")


def dimensions(model: str) -> int:
    """The length of a model's embedding vectors; 256 for a name that is not known."""
    known = {"text-embedding-3-large": 3072, "text-embedding-3-small": 1536, "text-embedding-ada-002": 1536}
    return known.get(model, 256)
