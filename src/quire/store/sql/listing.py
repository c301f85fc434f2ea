"""A page of rows of one table: conditions, order, and where the page begins, by position rather than by offset."""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from typing import Any

import msgspec
import sqlalchemy as sa

from quire.domain.filters import Comparison
from quire.domain.paging import Page, decode_token, encode_token
from quire.store.sql.expressions import like
from quire.store.sql.session import Session

Condition = sa.ColumnElement[bool]


class SortKey(msgspec.Struct, frozen=True, eq=False):
    """One expression of an order. A nullable one comes last when NULL, whichever way it runs."""

    expression: sa.ColumnElement[Any]
    ascending: bool
    nullable: bool = False


_OPERATORS: dict[str, Callable[[Any, Any], Any]] = {
    "=": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "IN": lambda column, values: column.in_(values),
    "NOT IN": lambda column, values: column.not_in(values),
    "IS NULL": lambda column, _: column.is_(None),
    "IS NOT NULL": lambda column, _: column.is_not(None),
    "LIKE": like,
    "ILIKE": lambda column, pattern: like(sa.func.quire_lower(column), pattern.lower()),
}


def condition(column: sa.ColumnElement[Any], item: Comparison) -> Condition:
    """The condition that a comparison puts on a column.

    LIKE minds case and ILIKE does not; in both only ``%`` and ``_`` are special, as in MLflow.
    """
    made: Condition = _OPERATORS[item.op](column, item.value)
    return made


def tag_condition(table: sa.Table, parent: sa.ColumnElement[int], item: Comparison) -> Condition:
    """The condition on one tag of a thing whose tags are rows of ``table`` (parent id, key, value)."""
    own = next(iter(table.c))
    exists = sa.exists().select_from(table).where(own == parent, table.c.key == item.key)
    if item.op == "IS NULL":
        return ~exists
    if item.op == "IS NOT NULL":
        return exists
    return exists.where(condition(table.c.value, item))


def after(keys: Sequence[SortKey], position: Sequence[Any]) -> Condition:
    """The condition that a row comes after ``position``, the values of ``keys`` in the last row of a page."""
    key, value, rest = keys[0], position[0], keys[1:]
    following = after(rest, position[1:]) if rest else None
    column = key.expression
    if value is None:
        same: Condition = column.is_(None)
        return sa.and_(same, following) if following is not None else sa.false()
    beyond: Condition = column > value if key.ascending else column < value
    if key.nullable:
        beyond = sa.or_(beyond, column.is_(None))
    if following is None:
        return beyond
    return sa.or_(beyond, sa.and_(column == value, following))


class Listing:
    """A search of one table. ``scope`` is what else decides the rows, so that a token serves no other search."""

    def __init__(self, columns: sa.Table | Sequence[sa.ColumnElement[Any]], name: str, scope: Sequence[Any]) -> None:
        self._query = sa.select(*(columns.c if isinstance(columns, sa.Table) else columns))
        self._scope = [name, *scope]
        self._keys: list[SortKey] = []

    def where(self, wanted: Condition) -> None:
        """Keep only rows that meet this too."""
        self._query = self._query.where(wanted)

    def order(self, expression: sa.ColumnElement[Any], *, ascending: bool, nullable: bool = False) -> None:
        """Sort by this after what was named before."""
        self._keys.append(SortKey(expression, ascending, nullable))

    def tie(self, expression: sa.ColumnElement[Any], *, ascending: bool) -> None:
        """Sort by this last, unless the order names it already."""
        if not any(key.expression is expression for key in self._keys):
            self._keys.append(SortKey(expression, ascending))

    def page(self, session: Session, size: int, token: str | None) -> Page[tuple[Any, ...]]:
        """The rows of the page after ``token``: the columns, then the sort keys."""
        query = self._query.add_columns(*(key.expression for key in self._keys)).limit(size + 1)
        if token:
            query = query.where(after(self._keys, decode_token(token, self._scope)))
        rows = session.select(query.order_by(*_order(self._keys)))
        following = encode_token(rows[size - 1][-len(self._keys) :], self._scope) if len(rows) > size else None
        return Page(rows[:size], following)


def _order(keys: Sequence[SortKey]) -> list[sa.ColumnElement[Any]]:
    clauses: list[sa.ColumnElement[Any]] = []
    for key in keys:
        if key.nullable:
            clauses.append(sa.case((key.expression.is_(None), 1), else_=0))
        clauses.append(key.expression.asc() if key.ascending else key.expression.desc())
    return clauses
