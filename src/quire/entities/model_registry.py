"""What the registry stores, under the module name that MLflow gives it."""

from __future__ import annotations

from quire.domain.entities import Tag
from quire.domain.prompt_config import PromptModelConfig
from quire.domain.prompts import Prompt, PromptVersion
from quire.domain.registry import Alias, ModelVersion, RegisteredModel

ModelVersionTag = RegisteredModelTag = Tag
RegisteredModelAlias = Alias

__all__ = [
    "ModelVersion",
    "ModelVersionTag",
    "Prompt",
    "PromptModelConfig",
    "PromptVersion",
    "RegisteredModel",
    "RegisteredModelAlias",
    "RegisteredModelTag",
]
