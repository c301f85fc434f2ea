"""MLflow's ``mlflow.genai``: the same names here, each loaded from its own module when it is first used."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from quire import judges, scorers
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
    from quire.judges import (
        make_judge,
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
    from quire.scorers import (
        Scorer,
        scorer,
    )

_HOME: dict[str, str] = {
    "EvaluationResult": "quire.evaluate.mlflow_face",
    "Scorer": "quire.scorers",
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
    "make_judge": "quire.judges",
    "register_prompt": "quire.prompts",
    "remove_dataset_from_experiments": "quire.genai.datasets",
    "scorer": "quire.scorers",
    "search_datasets": "quire.genai.datasets",
    "search_prompts": "quire.prompts",
    "set_dataset_tags": "quire.genai.datasets",
    "set_prompt_alias": "quire.prompts",
    "set_prompt_model_config": "quire.prompts",
    "set_prompt_tag": "quire.prompts",
    "set_prompt_version_tag": "quire.prompts",
}
"""Public name to the module that defines it."""
_MODULES = {"datasets": "quire.genai.datasets", "judges": "quire.judges", "scorers": "quire.scorers"}

__all__ = [
    "EvaluationResult",
    "Scorer",
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
    "judges",
    "load_prompt",
    "make_judge",
    "register_prompt",
    "remove_dataset_from_experiments",
    "scorer",
    "scorers",
    "search_datasets",
    "search_prompts",
    "set_dataset_tags",
    "set_prompt_alias",
    "set_prompt_model_config",
    "set_prompt_tag",
    "set_prompt_version_tag",
]


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        value: Any = importlib.import_module(_MODULES[name])
    elif name in _HOME:
        value = getattr(importlib.import_module(_HOME[name]), name)
    else:
        raise AttributeError(f"module 'quire.genai' has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
