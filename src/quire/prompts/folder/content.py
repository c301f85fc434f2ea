"""What of a prompt version is kept in a file, and the digest by which two are told apart."""

from __future__ import annotations

import hashlib
from typing import Any

import msgspec

from quire.domain.errors import InvalidInput
from quire.domain.packagediff import policy
from quire.domain.prompt_config import checked_config
from quire.domain.prompt_text import PromptTemplate, variables_of
from quire.domain.prompts import PromptPart, PromptVersion
from quire.domain.schema import ParamSchema

NOT_OWN = ("mlflow.", "_mlflow", "quire.")
"""How the names of tags begin that the registry makes itself."""


class PromptContent(msgspec.Struct, frozen=True, kw_only=True):
    """A prompt as its author wrote it: parts (``{{> tone@champion }}``) are not put in their places.

    ``label`` says where it lies; it is not compared. Tags whose names begin with ``mlflow.``, ``_mlflow`` or ``quire.``
    belong to the registry and are left out.
    """

    name: str
    template: PromptTemplate
    model_config: dict[str, Any] | None = None
    response_format: dict[str, Any] | None = None
    params: ParamSchema | None = None
    tags: dict[str, str] = msgspec.field(default_factory=dict)
    label: str = ""

    @property
    def uri(self) -> str:
        """Where it lies."""
        return self.label

    @property
    def variables(self) -> set[str]:
        """The names of the variables that the template itself has."""
        return set(variables_of(self.template))

    @property
    def commit_message(self) -> str | None:
        """None: a file has no message of its own."""
        return None

    @property
    def parts(self) -> list[PromptPart]:
        """None: which versions of its parts a prompt has is settled when it is registered."""
        return []

    @property
    def digest(self) -> str:
        """SHA-256 of all that is compared, as hexadecimal digits."""
        form = [self.template, self.model_config, self.response_format, policy(self.params), self.tags]
        return hashlib.sha256(msgspec.json.encode(form, order="deterministic", enc_hook=str)).hexdigest()


def content_of(version: PromptVersion) -> PromptContent:
    """What a file of this version says."""
    return PromptContent(
        name=version.name,
        template=version.source,
        model_config=version.model_config or None,
        response_format=version.response_format or None,
        params=version.params or None,
        tags={key: value for key, value in version.tags.items() if not key.startswith(NOT_OWN)},
        label=version.uri,
    )


def nested_config(config: dict[str, Any] | None) -> dict[str, Any] | None:
    """A stored model configuration as ``register_prompt`` takes it: what OpenAI does not know under extra_params."""
    if not config:
        return None
    provider = {"provider": config["provider"]} if "provider" in config else {}
    given: dict[str, Any] = {}
    extra: dict[str, Any] = {}
    for name, value in config.items():
        (given if _is_known({**provider, name: value}) else extra)[name] = value
    return {**given, **({"extra_params": extra} if extra else {})}


def _is_known(config: dict[str, Any]) -> bool:
    try:
        return checked_config(config) is not None
    except InvalidInput:
        return False
