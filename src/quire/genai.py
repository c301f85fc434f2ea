"""MLflow's ``mlflow.genai``: the same names here, each loaded from its own module when it is first used."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from quire.prompts import (
        delete_prompt_alias,
        delete_prompt_model_config,
        delete_prompt_tag,
        delete_prompt_version_tag,
        get_prompt_tags,
        load_prompt,
        register_prompt,
        search_prompts,
        set_prompt_alias,
        set_prompt_model_config,
        set_prompt_tag,
        set_prompt_version_tag,
    )

_HOME: dict[str, str] = {
    "delete_prompt_alias": "quire.prompts",
    "delete_prompt_model_config": "quire.prompts",
    "delete_prompt_tag": "quire.prompts",
    "delete_prompt_version_tag": "quire.prompts",
    "get_prompt_tags": "quire.prompts",
    "load_prompt": "quire.prompts",
    "register_prompt": "quire.prompts",
    "search_prompts": "quire.prompts",
    "set_prompt_alias": "quire.prompts",
    "set_prompt_model_config": "quire.prompts",
    "set_prompt_tag": "quire.prompts",
    "set_prompt_version_tag": "quire.prompts",
}
"""Public name to the module that defines it."""

__all__ = [
    "delete_prompt_alias",
    "delete_prompt_model_config",
    "delete_prompt_tag",
    "delete_prompt_version_tag",
    "get_prompt_tags",
    "load_prompt",
    "register_prompt",
    "search_prompts",
    "set_prompt_alias",
    "set_prompt_model_config",
    "set_prompt_tag",
    "set_prompt_version_tag",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'quire.genai' has no attribute {name!r}")
    value = getattr(importlib.import_module(_HOME[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
