"""Conditions on traces: each comparison of a filter as SQL on a row of ``traces``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

from quire.domain.errors import InvalidInput
from quire.domain.filters import Comparison
from quire.domain.traces import FINALIZED, NAME_TAG, SOURCE_RUN
from quire.store.sql.expressions import walked
from quire.store.sql.keys import Keys
from quire.store.sql.listing import Condition, condition
from quire.store.sql.session import Session
from quire.store.sql.span_text import attribute_like, has_attribute, holds_text
from quire.store.sql.texts import text_condition
from quire.store.sql.trace_labels import METADATA, NO_KEY, PROMPT, RUN, TAG, UNINDEXED
from quire.store.sql.trace_tables import assessments, spans, trace_details, trace_labels, traces

END_TIME: sa.ColumnElement[int] = traces.c.timestamp_ms + sa.func.coalesce(
    traces.c.execution_time_ms, sa.literal_column("0")
)


# Numbers that an index finds few of; where many traces meet the condition, the newest are walked instead.
NUMBERS = ("execution_time_ms", "total_tokens", "cost")


def trace_conditions(session: Session, keys: Keys, items: Sequence[Comparison]) -> list[Condition]:
    """The conditions that a filter puts on a trace. Those on spans are met by one and the same span."""
    of_span = [item for item in items if _is_about_span(item)]
    made = [_condition(session, keys, item) for item in items if not _is_about_span(item)]
    if of_span:
        made.append(sa.exists().where(spans.c.trace_id == traces.c.id, *map(_span_condition, of_span)))
    return made


def _is_about_span(item: Comparison) -> bool:
    return item.kind == "span" or (item.kind == "attribute" and item.key == "text")


def _condition(session: Session, keys: Keys, item: Comparison) -> Condition:
    match item.kind:
        case "attribute":
            return _attribute(item)
        case "tag" if item.key == NAME_TAG:
            return condition(traces.c.name, item)
        case "metadata" if item.key == SOURCE_RUN and item.op == "=":
            return _linked(RUN, item)
        case "metadata" if item.key in UNINDEXED:
            return _detail(item)
        case "tag" | "metadata":
            return _labelled(session, keys, item)
    return _judged(item)


def _attribute(item: Comparison) -> Condition:
    if item.key == "run_id":
        return _linked(RUN, item)
    if item.key == "prompt":
        return _linked(PROMPT, item)
    if item.key == "end_time_ms":
        return condition(END_TIME, item)
    column = traces.c[item.key]
    return condition(walked(column) if item.key in NUMBERS else column, item)


def _linked(kind: int, item: Comparison) -> Condition:
    label = trace_labels.alias()
    own = (label.c.trace_id == traces.c.id, label.c.kind == kind, label.c.key_id == NO_KEY)
    return sa.exists().where(*own, condition(label.c.head, item))


def _labelled(session: Session, keys: Keys, item: Comparison) -> Condition:
    label = trace_labels.alias()
    kind = TAG if item.kind == "tag" else METADATA
    key = keys.find(session, item.key)
    exists = sa.exists().where(label.c.trace_id == traces.c.id, label.c.kind == kind, label.c.key_id == key)
    if item.op == "IS NULL":
        return ~exists
    return exists if item.op == "IS NOT NULL" else exists.where(text_condition(label, item))


def _detail(item: Comparison) -> Condition:
    """Metadata that have no label."""
    if item.key == FINALIZED:
        return condition(sa.case((traces.c.finalized == 1, "true")), item)
    value = Member(trace_details.c.metadata, sa.literal(item.key, sa.Text))
    return sa.exists().where(trace_details.c.id == traces.c.id, condition(value, item))


def _judged(item: Comparison) -> Condition:
    if item.kind == "issue":
        return _assessed("issue", str(item.value))
    exists = _assessed(item.kind, item.key)
    if item.op == "IS NULL":
        return ~exists
    return exists if item.op == "IS NOT NULL" else exists.where(value_condition(item))


def _assessed(kind: str, name: str) -> sa.Exists:
    own = (assessments.c.kind == kind, assessments.c.name == name, assessments.c.valid == sa.literal_column("1"))
    return sa.exists().where(assessments.c.trace_id == traces.c.id, *own)


def value_condition(item: Comparison) -> Condition:
    """The condition on the value of an assessment. Text that reads as a number is compared as one, too."""
    if item.op in ("LIKE", "ILIKE"):
        return text_condition(assessments, item)
    number = _number(item)
    if item.op not in ("=", "!="):
        if number is None:
            raise InvalidInput(
                f"{item.kind}.{item.key} {item.op} {item.value!r} compares a number with text. Write a number, or use "
                "=, != or LIKE."
            )
        return condition(assessments.c.number, Comparison(item.kind, item.key, item.op, number))
    same = text_condition(assessments, Comparison(item.kind, item.key, "=", str(item.value)))
    if number is not None:
        same = sa.or_(same, sa.func.coalesce(assessments.c.number == number, sa.false()))
    return same if item.op == "=" else ~same


def _number(item: Comparison) -> float | None:
    try:
        return float(item.value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return None


def _span_condition(item: Comparison) -> Condition:
    text = str(item.value)
    ignore_case = item.op == "ILIKE"
    if item.kind == "attribute" or item.key == "content":
        return holds_text(spans.c.content, text, ignore_case=ignore_case)
    if not item.key.startswith("attributes."):
        return condition(spans.c[item.key], item)
    key = item.key.removeprefix("attributes.")
    if item.op in ("LIKE", "ILIKE"):
        return attribute_like(spans.c.content, key, text, ignore_case=ignore_case)
    values = item.value if isinstance(item.value, tuple) else (text,)
    same = sa.or_(*(has_attribute(spans.c.content, key, value) for value in values))
    return same if item.op in ("=", "IN") else ~same


class Member(FunctionElement[Any]):
    """The text of one member of a JSON object of texts; NULL if it has none."""

    type = sa.Text()
    inherit_cache = True
    name = "member"


@compiles(Member)
def _compile_member(element: Member, compiler: Any, **options: Any) -> str:
    column, key = (compiler.process(clause, **options) for clause in element.clauses)
    return f"(SELECT value FROM json_each({column}) WHERE key = {key})"  # noqa: S608 - parameters


@compiles(Member, "postgresql")
def _compile_member_of_postgresql(element: Member, compiler: Any, **options: Any) -> str:
    column, key = (compiler.process(clause, **options) for clause in element.clauses)
    return f"(CAST({column} AS JSON) ->> {key})"
