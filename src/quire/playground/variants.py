"""From a variant to the request that asks it, and to the model that is evaluated; checked by its base's policy."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from quire.domain.calls import Call
from quire.domain.errors import InvalidInput
from quire.domain.package import Package, make_package
from quire.domain.policy import CALLER_PARAMS, resolve_params
from quire.domain.prompt_text import PromptTemplate, checked_template, filled, is_jinja, packaged, variables_of
from quire.domain.schema import ParamSchema
from quire.domain.signature import ModelSignature
from quire.playground.bases import Base
from quire.playground.messages import Variant

WHAT = "The variant"


def variables(variant: Variant) -> list[str]:
    """The names of the template's variables, sorted."""
    return sorted(variables_of(template_of(variant)))


def check(variant: Variant, base: Base | None) -> None:
    """Raise InvalidInput, TemplateError or PolicyError for a variant that cannot be asked."""
    _sent(variant, base)
    template_of(variant)


def template_of(variant: Variant) -> PromptTemplate:
    """The template, checked as one that is registered."""
    return checked_template(variant.template)


def request_of(variant: Variant, base: Base | None, values: Mapping[str, str]) -> Call:
    """The request of a variant with its variables filled.

    Raises TemplateError for a variable without a value, PolicyError for a parameter that the base refuses, InvalidInput
    for what no request can hold.
    """
    sent = _sent(variant, base)
    template = template_of(variant)
    known = values if is_jinja(template) else {name: values[name] for name in variables_of(template) & values.keys()}
    said = filled(template, known, WHAT)
    messages = [{"role": "user", "content": said}] if isinstance(said, str) else said
    key = "messages" if variant.task == "chat.completions" else "input"
    return Call(variant.task, {"model": variant.model, key: messages, **sent}, (0,))


def package_of(variant: Variant, base: Base | None) -> Package:
    """The variant as a packaged model, its parameters fixed. Raises what :func:`request_of` does, and TemplateError
    for a template that a packaged model cannot hold."""
    template = packaged(template_of(variant), WHAT)
    messages = [{"role": "user", "content": template}] if isinstance(template, str) else template
    key = "messages" if variant.task == "chat.completions" else "input"
    return make_package(variant.model, variant.task, {key: messages, **_sent(variant, base)})


def policy_of(base: Base | None) -> ParamSchema | None:
    """What may be set; None for anything."""
    return None if base is None else base.policy


def _sent(variant: Variant, base: Base | None) -> dict[str, Any]:
    """The parameters of the request: what the base fixes, then what was chosen, within its policy."""
    if not variant.model.strip():
        raise InvalidInput("No model is named. Give the name of one, such as gpt-4o-mini.")
    policy = policy_of(base)
    fixed = dict(base.fixed) if base is not None else {}
    if policy is None:
        fixed.update(variant.params)
    package = make_package(variant.model, variant.task, fixed, ModelSignature(params=policy))
    chosen = {} if policy is None else resolve_params(policy, variant.params)[0]
    sent = {**package.fixed, **chosen}
    extra = sent.pop("extra_body", None) or {}
    return {name: value for name, value in {**sent, **extra}.items() if name not in CALLER_PARAMS}
