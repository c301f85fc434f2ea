"""Aliases and tags of prompts, the model configuration of a version, and deleting."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from quire.domain.alias_events import AliasEvent
from quire.domain.prompt_config import PromptModelConfig
from quire.tracking import Client


def set_prompt_alias(name: str, alias: str, version: int | str, *, reason: str = "") -> None:
    """Point an alias at a version, moving it if it exists. NotFound if there is no such version."""
    Client().set_prompt_alias(name, alias, version, reason=reason)


def delete_prompt_alias(name: str, alias: str, *, reason: str = "") -> None:
    """Remove an alias. NotFound if the prompt has none of that name."""
    Client().delete_prompt_alias(name, alias, reason=reason)


def prompt_alias_history(name: str, alias: str | None = None) -> list[AliasEvent]:
    """What became of the aliases of a prompt, or of one of them, oldest first."""
    return Client().prompt_alias_history(name, alias)


def rollback_prompt_alias(name: str, alias: str, *, reason: str = "") -> AliasEvent:
    """Move an alias back to the version that it had before; see :meth:`quire.Client.rollback_prompt_alias`."""
    return Client().rollback_prompt_alias(name, alias, reason=reason)


def set_prompt_tag(name: str, key: str, value: Any) -> None:
    """Set or replace a tag of a prompt."""
    Client().set_prompt_tag(name, key, value)


def delete_prompt_tag(name: str, key: str) -> None:
    """Remove a tag of a prompt; no error if it is not set."""
    Client().delete_prompt_tag(name, key)


def set_prompt_version_tag(name: str, version: str | int, key: str, value: Any) -> None:
    """Set or replace a tag of a version; what the version says cannot be changed so."""
    Client().set_prompt_version_tag(name, version, key, value)


def delete_prompt_version_tag(name: str, version: str | int, key: str) -> None:
    """Remove a tag of a version; no error if it is not set."""
    Client().delete_prompt_version_tag(name, version, key)


def set_prompt_model_config(name: str, version: str | int, model_config: PromptModelConfig | Mapping[str, Any]) -> None:
    """Replace the model configuration of a version, which is all of a version that may change, as in MLflow."""
    Client().set_prompt_model_config(name, version, model_config)


def delete_prompt_model_config(name: str, version: str | int) -> None:
    """Remove the model configuration of a version."""
    Client().delete_prompt_model_config(name, version)


def delete_prompt(name: str) -> None:
    """Delete a prompt with all its versions. InvalidInput for the name of a model."""
    Client().delete_prompt(name)


def delete_prompt_version(name: str, version: str | int) -> None:
    """Delete a version and the aliases that point at it; its number is not used again."""
    Client().delete_prompt_version(name, version)
