"""Params and tags of runs: a text is kept as its head, which the index holds, and its rest, if it is longer."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from quire.domain.filters import Comparison
from quire.store.sql.listing import Condition, condition

# Enough to seek and sort by, small enough for an index of any database.
HEAD = 128


def split(text: str) -> tuple[str, str | None]:
    """The head and the rest of a text; the rest of a short one is None."""
    return (text, None) if len(text) <= HEAD else (text[:HEAD], text[HEAD:])


def join(head: str, rest: str | None) -> str:
    """The text of a head and a rest."""
    return head if rest is None else head + rest


def text_equals(table: sa.FromClause, text: str) -> list[Condition]:
    """That a row holds this text. For a short text the index alone decides."""
    head, rest = split(text)
    conditions: list[Condition] = [table.c.head == head]
    if len(text) >= HEAD:
        conditions.append(table.c.rest.is_(None) if rest is None else table.c.rest == rest)
    return conditions


def text_condition(table: sa.FromClause, item: Comparison) -> Condition:
    """The condition that a comparison puts on a row's text."""
    if item.op == "=":
        return sa.and_(*text_equals(table, str(item.value)))
    whole: sa.ColumnElement[Any] = table.c.head.concat(sa.func.coalesce(table.c.rest, sa.literal_column("''")))
    return condition(whole, item)
