"""From prompts to the arguments of a packaged model: ``messages=prompt`` brings template, parameters and policy.

A keyword that is given beside the prompt wins over the prompt's model configuration.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import msgspec

from quire.domain.calls import Task
from quire.domain.errors import InvalidInput, PolicyError
from quire.domain.prompt_config import openai_parameters
from quire.domain.prompt_text import packaged
from quire.domain.prompts import PromptVersion
from quire.domain.schema import ParamSchema

_CHAT_KEYS = ("messages",)
_TEXT_KEYS = ("prompt", "instructions")
_EITHER_KEYS = ("input",)
_RENAMED: dict[Task, dict[str, str]] = {"responses": {"max_tokens": "max_output_tokens"}}
_WRAPPED = ("json_schema", "json_object", "text")


class FromPrompts(msgspec.Struct, frozen=True):
    """What a model is made of once its prompts are taken apart. ``uris`` name their versions."""

    model: str | None
    keywords: dict[str, Any]
    params: ParamSchema | None
    uris: list[str]


def take_apart(model: str | None, task: Task, keywords: Mapping[str, Any]) -> FromPrompts:
    """The arguments with plain values where a PromptVersion was given.

    Raises TemplateError for a template that a packaged model cannot hold, InvalidInput if two prompts disagree, or a
    prompt stands where there is no template.
    """
    prompts = {key: value for key, value in keywords.items() if isinstance(value, PromptVersion)}
    if not prompts:
        return FromPrompts(model, dict(keywords), None, [])
    plain = {key: _template(key, value) for key, value in prompts.items()}
    fixed: dict[str, Any] = {}
    for prompt in prompts.values():
        more = {name: value for name, value in _parameters(prompt, task).items() if name not in keywords}
        _add(fixed, more, prompt)
    names = {name for prompt in prompts.values() if (name := (prompt.model_config or {}).get("model_name"))}
    if model is None and len(names) > 1:
        raise InvalidInput(f"The prompts name the models {sorted(names)}. Say which by `model`.")
    return FromPrompts(
        model=model if model is not None else next(iter(names), None),
        keywords={**fixed, **keywords, **plain},
        params=_policy(list(prompts.values()), keywords),
        uris=list(dict.fromkeys(prompt.uri for prompt in prompts.values())),
    )


def _template(key: str, prompt: PromptVersion) -> Any:
    what = f"The prompt {prompt.name!r} version {prompt.version}"
    if key in _CHAT_KEYS:
        return packaged(prompt.to_messages(), what)
    if key in _TEXT_KEYS:
        return packaged(prompt.to_text(), what)
    if key in _EITHER_KEYS:
        return packaged(prompt.template, what)
    raise InvalidInput(f"`{key}` is a prompt; a prompt can be given as messages, prompt, input or instructions.")


def _parameters(prompt: PromptVersion, task: Task) -> dict[str, Any]:
    renamed = _RENAMED.get(task, {})
    found = {renamed.get(name, name): value for name, value in openai_parameters(prompt.model_config).items()}
    if prompt.response_format:
        if task == "responses":
            found["text"] = {**found.get("text", {}), "format": _flat(prompt)}
        elif task == "chat.completions":
            found["response_format"] = _wrapped(prompt)
    return found


def _wrapped(prompt: PromptVersion) -> dict[str, Any]:
    """The response format as chat completions take it; a bare JSON schema is named after the prompt."""
    schema = prompt.response_format or {}
    if schema.get("type") in _WRAPPED:
        return schema
    name = re.sub(r"[^A-Za-z0-9_\-]", "_", prompt.name)[:64]
    return {"type": "json_schema", "json_schema": {"name": name, "schema": schema}}


def _flat(prompt: PromptVersion) -> dict[str, Any]:
    """The response format as the Responses API takes it: the fields of ``json_schema`` beside the type."""
    wrapped = _wrapped(prompt)
    return {**{key: value for key, value in wrapped.items() if key != "json_schema"}, **wrapped.get("json_schema", {})}


def _policy(prompts: list[PromptVersion], keywords: Mapping[str, Any]) -> ParamSchema | None:
    given = [prompt.params for prompt in prompts if prompt.params is not None]
    specs = [spec for params in given for spec in params if spec.name not in keywords]
    return ParamSchema(specs) if given else None


def _add(fixed: dict[str, Any], more: Mapping[str, Any], prompt: PromptVersion) -> None:
    for name, value in more.items():
        if name in fixed and fixed[name] != value:
            raise InvalidInput(
                f"The prompts disagree about {name!r}: {fixed[name]!r} and {value!r} (of {prompt.uri}). Give it as a "
                "keyword."
            )
        fixed[name] = value


def refuse_fixed_policy(prompt: PromptVersion) -> None:
    """Refuse a parameter that a prompt's model configuration fixes and its policy opens."""
    both = sorted({spec.name for spec in prompt.params or ()} & set(openai_parameters(prompt.model_config)))
    if both:
        raise PolicyError(
            f"{both} cannot be in both `model_config` and `params` of the prompt {prompt.name!r}: one fixes it, the "
            "other opens it. Take it out of `model_config`, and make its value the default in `params`."
        )
