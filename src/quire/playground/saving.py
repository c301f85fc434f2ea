"""A variant as the next version of a registered prompt."""

from __future__ import annotations

from typing import Any

import msgspec

from quire.domain.policy_form import read_policy
from quire.domain.prompts import PromptVersion
from quire.domain.schema import ParamSchema, ParamSpec
from quire.playground.bases import Base
from quire.playground.messages import SaveVariant
from quire.playground.variants import check, template_of
from quire.store.base import Store
from quire.tracking.client.prompts import PromptCalls

_FORMATS = ("response_format", "text")


class Prompts(PromptCalls):
    """What a client does with prompts, on stores that are open already; versions have their author's name."""

    def __init__(self, store: Store, registry: Store, author: str = "") -> None:
        super().__init__(store.uri, registry.uri)
        self._own, self._own_registry, self._author = store, registry, author

    @property
    def store(self) -> Store:
        """The store of experiments and runs."""
        return self._own

    @property
    def registry_store(self) -> Store:
        """The store of prompts."""
        return self._own_registry

    def _draft(self, *given: Any) -> PromptVersion:
        draft = super()._draft(*given)
        return msgspec.structs.replace(draft, user_id=self._author) if self._author else draft


def save(prompts: Prompts, asked: SaveVariant, base: Base | None) -> PromptVersion:
    """Register a variant. The parameters that were chosen become the policy's defaults, or the model configuration.

    Raises InvalidInput, TemplateError or PolicyError; nothing is stored then.
    """
    variant = asked.variant
    check(variant, base)
    policy = _policy(asked, base)
    fixed = {} if base is None else {name: value for name, value in base.fixed.items() if name not in _FORMATS}
    opened = {spec.name for spec in policy or ()}
    sent = {name: value for name, value in {**fixed, **variant.params}.items() if name not in opened}
    return prompts.register_prompt(
        asked.name,
        template_of(variant),
        asked.commit_message or None,
        response_format=None if base is None else base.response_format,
        model_config={"provider": "openai", "model_name": variant.model, **sent},
        params=policy,
    )


def _policy(asked: SaveVariant, base: Base | None) -> ParamSchema | None:
    known = None if base is None else base.policy
    if asked.without_policy:
        return None
    if asked.policy is not None:
        return read_policy(asked.policy, known)
    return None if known is None else _with_defaults(known, asked.variant.params)


def _with_defaults(policy: ParamSchema, chosen: dict[str, object]) -> ParamSchema:
    return ParamSchema([_with_default(spec, chosen.get(spec.name, spec.default)) for spec in policy])


def _with_default(spec: ParamSpec, default: Any) -> ParamSpec:
    return ParamSpec(
        spec.name,
        spec.dtype,
        default,
        spec.shape,
        minimum=spec.minimum,
        maximum=spec.maximum,
        choices=spec.choices,
    )
