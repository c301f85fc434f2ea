"""Prompts among registered models: MLflow keeps them as registered models with a tag, and lists them apart.

What a version of a prompt says is in its tags, and a version never changes: those tags are written once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import sqlalchemy as sa

from quire.domain.errors import InvalidInput
from quire.domain.filters import Comparison
from quire.domain.prompt_tags import IMMUTABLE, IS_PROMPT
from quire.store.sql import tables
from quire.store.sql.listing import Condition, tag_condition


def is_about_prompts(item: Comparison) -> bool:
    """Whether a comparison says if prompts are wanted, rather than asking for a tag's value."""
    return item.kind == "tag" and item.key == IS_PROMPT


def prompt_condition(items: Sequence[Comparison], parent: sa.ColumnElement[int]) -> Condition:
    """Prompts only if one of ``items`` asks for them, else everything but prompts.

    ``parent`` is the id of the registered model that is looked at.
    """
    wanted = any((item.op == "=") == (str(item.value).lower() == "true") for item in items)
    is_prompt = tag_condition(tables.registered_model_tags, parent, Comparison("tag", IS_PROMPT, "=", "true"))
    return is_prompt if wanted else ~is_prompt


def refuse_change(tags: Mapping[str, str], key: str, value: str | None) -> None:
    """Refuse to change or remove (``value`` None) a tag that holds what a version of a prompt says."""
    if key in IMMUTABLE and IS_PROMPT in tags and key in tags and tags[key] != value:
        raise InvalidInput(
            f"The tag {key!r} is part of what a version of a prompt says, and a version never changes. Register a new "
            "version instead."
        )
