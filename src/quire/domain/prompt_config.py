"""The model configuration of a prompt: model and parameters under MLflow's names, checked as OpenAI's API would.

Names, types and bounds are those of MLflow's ``PromptModelConfig`` and of OpenAI's published API description (chat
completions and responses). A name that neither knows is refused, for a parameter that is misspelt is silently without
effect; what another provider takes goes into ``extra_params``, which is kept as it is.
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from quire.domain.errors import InvalidInput, PolicyError
from quire.domain.package import NEVER_FIXED
from quire.domain.redaction import redact
from quire.domain.template import iter_strings

OPENAI_PROVIDERS = frozenset({"openai", "azure", "azure_openai"})


class _Rule(msgspec.Struct, frozen=True):
    """What a parameter may be: its types, its bounds if it is a number, its words if it is one of a few."""

    types: tuple[type, ...]
    low: float = -math.inf
    high: float = math.inf
    words: tuple[str, ...] = ()

    def expectation(self) -> str:
        """The rule in words."""
        if self.words:
            return f"one of {', '.join(self.words)}"
        nouns = {bool: "true or false", int: "a whole number", float: "a number", str: "text", list: "a list"}
        nouns[dict] = "a mapping"
        kind = " or ".join(nouns[one] for one in self.types if not (one is int and float in self.types))
        if math.isfinite(self.low) and math.isfinite(self.high):
            return f"{kind} from {self.low:g} to {self.high:g}"
        return f"{kind} of at least {self.low:g}" if math.isfinite(self.low) else kind

    def allows(self, value: object) -> bool:
        """Whether a value keeps the rule."""
        if isinstance(value, bool):
            return bool in self.types
        if not isinstance(value, self.types):
            return False
        if isinstance(value, int | float):
            return self.low <= value <= self.high  # false for NaN
        return not self.words or value in self.words


_NUMBER, _WHOLE, _TEXT, _FLAG, _MAP, _LIST = (int, float), (int,), (str,), (bool,), (dict,), (list,)
_COMMON: dict[str, _Rule] = {
    "provider": _Rule(_TEXT),
    "model_name": _Rule(_TEXT),
    "temperature": _Rule(_NUMBER, 0),
    "max_tokens": _Rule(_WHOLE, 1),
    "top_p": _Rule(_NUMBER, 0, 1),
    "top_k": _Rule(_WHOLE, 1),
    "frequency_penalty": _Rule(_NUMBER),
    "presence_penalty": _Rule(_NUMBER),
    "stop_sequences": _Rule(_LIST),
}
"""MLflow's fields, with MLflow's bounds."""
_OPENAI: dict[str, _Rule] = {
    "temperature": _Rule(_NUMBER, 0, 2),
    "frequency_penalty": _Rule(_NUMBER, -2, 2),
    "presence_penalty": _Rule(_NUMBER, -2, 2),
    "max_completion_tokens": _Rule(_WHOLE, 1),
    "max_output_tokens": _Rule(_WHOLE, 16),
    "n": _Rule(_WHOLE, 1, 128),
    "seed": _Rule(_WHOLE),
    "stop": _Rule((str, list)),
    "logit_bias": _Rule(_MAP),
    "logprobs": _Rule(_FLAG),
    "top_logprobs": _Rule(_WHOLE, 0, 20),
    "reasoning_effort": _Rule(_TEXT, words=("none", "minimal", "low", "medium", "high", "xhigh")),
    "reasoning": _Rule(_MAP),
    "verbosity": _Rule(_TEXT, words=("low", "medium", "high")),
    "service_tier": _Rule(_TEXT),
    "store": _Rule(_FLAG),
    "metadata": _Rule(_MAP),
    "modalities": _Rule(_LIST),
    "audio": _Rule(_MAP),
    "prediction": _Rule(_MAP),
    "tools": _Rule(_LIST),
    "tool_choice": _Rule((str, dict)),
    "parallel_tool_calls": _Rule(_FLAG),
    "web_search_options": _Rule(_MAP),
    "user": _Rule(_TEXT),
    "safety_identifier": _Rule(_TEXT),
    "prompt_cache_key": _Rule(_TEXT),
    "prompt_cache_retention": _Rule(_TEXT),
    "truncation": _Rule(_TEXT, words=("auto", "disabled")),
    "text": _Rule(_MAP),
    "include": _Rule(_LIST),
    "best_of": _Rule(_WHOLE, 0, 20),
    "echo": _Rule(_FLAG),
    "suffix": _Rule(_TEXT),
}
"""OpenAI's parameters, and its bounds where they are narrower than MLflow's."""
_FOUR_AT_MOST = ("stop", "stop_sequences")
_ELSEWHERE = {
    "model": "The model's name is 'model_name' here.",
    "response_format": "Give it to register_prompt as `response_format`.",
    "messages": "The messages are the prompt's template.",
    "prompt": "The text is the prompt's template.",
    "input": "The input is the prompt's template.",
}


class PromptModelConfig(msgspec.Struct, frozen=True, kw_only=True):
    """A model and its parameters beside a prompt, under MLflow's names; ``extra_params`` holds all others."""

    provider: str | None = None
    model_name: str | None = None
    temperature: float | None = None
    max_tokens: int | None = None
    top_p: float | None = None
    top_k: int | None = None
    frequency_penalty: float | None = None
    presence_penalty: float | None = None
    stop_sequences: list[str] | None = None
    extra_params: dict[str, Any] = msgspec.field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """What is set, with the extra parameters beside the others, as it is stored."""
        named = {name: getattr(self, name) for name in _COMMON}
        return {name: value for name, value in named.items() if value is not None} | dict(self.extra_params)

    @classmethod
    def from_dict(cls, config_dict: Mapping[str, Any]) -> PromptModelConfig:
        """A configuration from its stored form; what is no field of its own becomes an extra parameter."""
        named = {name: value for name, value in config_dict.items() if name in _COMMON}
        return cls(**named, extra_params={name: value for name, value in config_dict.items() if name not in named})


def checked_config(config: object) -> dict[str, Any] | None:
    """A configuration (a mapping, a PromptModelConfig, or MLflow's) as it is stored; None if it says nothing.

    Raises InvalidInput for an unknown name or a value that OpenAI would refuse; PolicyError for what no prompt may
    hold, such as a key.
    """
    if config is None:
        return None
    if isinstance(config, Mapping):
        given, extra = _apart(config)
    elif hasattr(config, "to_dict") and hasattr(config, "extra_params"):
        extra = dict(config.extra_params or {})
        given = {name: value for name, value in config.to_dict().items() if name not in extra}
    else:
        raise InvalidInput(
            f"`model_config` is a {type(config).__name__}; expected a mapping such as "
            "{'model_name': 'gpt-4o-mini', 'temperature': 0.2}, or a PromptModelConfig."
        )
    rules = _rules(given.get("provider"))
    for name, value in given.items():
        _check(name, value, rules)
    whole = _plain({**given, **extra})
    _refuse_secrets(whole)
    return whole or None


def openai_parameters(config: Mapping[str, Any] | None) -> dict[str, Any]:
    """A configuration's parameters under OpenAI's names, without the provider and the model's name."""
    found = {name: value for name, value in (config or {}).items() if name not in ("provider", "model_name")}
    if "stop_sequences" in found:
        found.setdefault("stop", found.pop("stop_sequences"))
    return found


def _apart(config: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    given = {name: value for name, value in config.items() if value is not None and name != "extra_params"}
    extra = config.get("extra_params") or {}
    if not isinstance(extra, Mapping):
        raise InvalidInput(f"`extra_params` is a {type(extra).__name__}; expected a mapping.")
    return given, dict(extra)


def _rules(provider: object) -> dict[str, _Rule]:
    if provider is None or (isinstance(provider, str) and provider.lower() in OPENAI_PROVIDERS):
        return {**_COMMON, **_OPENAI}
    return _COMMON


def _check(name: object, value: object, rules: Mapping[str, _Rule]) -> None:
    if not isinstance(name, str):
        raise InvalidInput(f"`model_config` has the key {name!r}; expected text.")
    rule = rules.get(name)
    if rule is None:
        raise _unknown(name, rules)
    if not rule.allows(value):
        raise InvalidInput(f"`model_config` has {name} = {str(value)[:60]!r}; expected {rule.expectation()}.")
    if name in _FOUR_AT_MOST and isinstance(value, list):
        if not all(isinstance(item, str) for item in value):
            raise InvalidInput(f"`model_config` has {name} = {str(value)[:60]}; expected a list of texts.")
        if len(value) > 4 and rules is not _COMMON:
            raise InvalidInput(f"`model_config` has {len(value)} {name}; OpenAI takes at most 4.")


def _unknown(name: str, rules: Mapping[str, _Rule]) -> InvalidInput:
    if name in NEVER_FIXED:
        return PolicyError(f"{name!r} cannot be kept with a prompt: it is {NEVER_FIXED[name]}.")
    if name in _ELSEWHERE:
        return InvalidInput(f"`model_config` has {name!r}. {_ELSEWHERE[name]}")
    near = difflib.get_close_matches(name, rules, n=1)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    return InvalidInput(
        f"`model_config` has {name!r}, which is no parameter of OpenAI's API.{hint} What another service takes goes "
        f"into extra_params: {{'extra_params': {{{name!r}: …}}}}."
    )


def _plain(config: dict[str, Any]) -> dict[str, Any]:
    try:
        plain: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(config))
    except (TypeError, msgspec.MsgspecError) as error:
        raise InvalidInput(f"`model_config` cannot be written as JSON: {error}. Give plain values.") from None
    return plain


def _refuse_secrets(config: Mapping[str, Any]) -> None:
    names: Sequence[str] = [name for name in config if name in NEVER_FIXED and "credential" in NEVER_FIXED[name]]
    if names:
        raise PolicyError(f"{names[0]!r} cannot be kept with a prompt: it is {NEVER_FIXED[names[0]]}.")
    for text in iter_strings(config):
        if redact(text) != text:
            raise InvalidInput(
                f"`model_config` holds text that looks like a credential: {redact(text)[:120]!r}. Credentials come "
                "from the environment (OPENAI_API_KEY); take it out."
            )
