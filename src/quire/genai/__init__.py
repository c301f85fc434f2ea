"""MLflow's ``mlflow.genai``: the same names here, each loaded from its own module when it is first used."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from quire.evaluate.mlflow_face import (
        EvaluationResult,
        evaluate,
    )
    from quire.genai import datasets
    from quire.genai.datasets import (
        add_dataset_to_experiments,
        create_dataset,
        delete_dataset,
        delete_dataset_tag,
        get_dataset,
        remove_dataset_from_experiments,
        search_datasets,
        set_dataset_tags,
    )
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
    "EvaluationResult": "quire.evaluate.mlflow_face",
    "add_dataset_to_experiments": "quire.genai.datasets",
    "create_dataset": "quire.genai.datasets",
    "delete_dataset": "quire.genai.datasets",
    "delete_dataset_tag": "quire.genai.datasets",
    "delete_prompt_alias": "quire.prompts",
    "delete_prompt_model_config": "quire.prompts",
    "delete_prompt_tag": "quire.prompts",
    "delete_prompt_version_tag": "quire.prompts",
    "evaluate": "quire.evaluate.mlflow_face",
    "get_dataset": "quire.genai.datasets",
    "get_prompt_tags": "quire.prompts",
    "load_prompt": "quire.prompts",
    "register_prompt": "quire.prompts",
    "remove_dataset_from_experiments": "quire.genai.datasets",
    "search_datasets": "quire.genai.datasets",
    "search_prompts": "quire.prompts",
    "set_dataset_tags": "quire.genai.datasets",
    "set_prompt_alias": "quire.prompts",
    "set_prompt_model_config": "quire.prompts",
    "set_prompt_tag": "quire.prompts",
    "set_prompt_version_tag": "quire.prompts",
}
"""Public name to the module that defines it."""

__all__ = [
    "EvaluationResult",
    "add_dataset_to_experiments",
    "create_dataset",
    "datasets",
    "delete_dataset",
    "delete_dataset_tag",
    "delete_prompt_alias",
    "delete_prompt_model_config",
    "delete_prompt_tag",
    "delete_prompt_version_tag",
    "evaluate",
    "get_dataset",
    "get_prompt_tags",
    "load_prompt",
    "register_prompt",
    "remove_dataset_from_experiments",
    "search_datasets",
    "search_prompts",
    "set_dataset_tags",
    "set_prompt_alias",
    "set_prompt_model_config",
    "set_prompt_tag",
    "set_prompt_version_tag",
]


def __getattr__(name: str) -> Any:
    if name == "datasets":
        return importlib.import_module("quire.genai.datasets")
    if name not in _HOME:
        raise AttributeError(f"module 'quire.genai' has no attribute {name!r}")
    value = getattr(importlib.import_module(_HOME[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
