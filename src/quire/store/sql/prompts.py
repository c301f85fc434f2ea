"""Prompts among registered models: MLflow keeps them as registered models with a tag, and lists them apart."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from quire.domain.filters import Comparison
from quire.store.sql import tables
from quire.store.sql.listing import Condition, tag_condition

IS_PROMPT_TAG = "mlflow.prompt.is_prompt"


def is_about_prompts(item: Comparison) -> bool:
    """Whether a comparison says if prompts are wanted, rather than asking for a tag's value."""
    return item.kind == "tag" and item.key == IS_PROMPT_TAG


def prompt_condition(items: Sequence[Comparison], parent: sa.ColumnElement[int]) -> Condition:
    """Prompts only if one of ``items`` asks for them, else everything but prompts.

    ``parent`` is the id of the registered model that is looked at.
    """
    wanted = any((item.op == "=") == (str(item.value).lower() == "true") for item in items)
    is_prompt = tag_condition(tables.registered_model_tags, parent, Comparison("tag", IS_PROMPT_TAG, "=", "true"))
    return is_prompt if wanted else ~is_prompt
