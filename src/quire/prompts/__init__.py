"""The prompt registry: prompts with immutable versions, under MLflow's names.

``quire.register_prompt``, ``quire.load_prompt`` and the others are these; so are those of ``quire.genai``. What is
stored is what MLflow stores, so either client reads the other's prompts.
"""

from __future__ import annotations

from quire.domain.alias_events import AliasEvent
from quire.domain.prompt_config import PromptModelConfig
from quire.domain.prompt_links import PromptUsage
from quire.domain.prompts import Prompt, PromptPart, PromptVersion
from quire.prompts.changing import (
    delete_prompt,
    delete_prompt_alias,
    delete_prompt_model_config,
    delete_prompt_tag,
    delete_prompt_version,
    delete_prompt_version_tag,
    prompt_alias_history,
    rollback_prompt_alias,
    set_prompt_alias,
    set_prompt_model_config,
    set_prompt_tag,
    set_prompt_version_tag,
)
from quire.prompts.loading import load_prompt
from quire.prompts.registering import register_prompt
from quire.prompts.searching import get_prompt, get_prompt_tags, prompt_usage, search_prompt_versions, search_prompts

__all__ = [
    "AliasEvent",
    "Prompt",
    "PromptModelConfig",
    "PromptPart",
    "PromptUsage",
    "PromptVersion",
    "delete_prompt",
    "delete_prompt_alias",
    "delete_prompt_model_config",
    "delete_prompt_tag",
    "delete_prompt_version",
    "delete_prompt_version_tag",
    "get_prompt",
    "get_prompt_tags",
    "load_prompt",
    "prompt_alias_history",
    "prompt_usage",
    "register_prompt",
    "rollback_prompt_alias",
    "search_prompt_versions",
    "search_prompts",
    "set_prompt_alias",
    "set_prompt_model_config",
    "set_prompt_tag",
    "set_prompt_version_tag",
]
