"""Pieces of SQL with the values that they bind, put together to a query for the occasion.

A piece's text holds no value, so two queries that differ only in values have the same text. That text is what the
translated statement, and what the database prepared, is found by: a query of a shape that was seen before costs its
execution and the joining of a few strings. Written as :class:`Statement` is; ``:v`` stands for the next value.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any

import msgspec

from quire.domain.filters import Comparison
from quire.store.sql.session import Rows, Session
from quire.store.sql.statement import Statement

# Shapes kept, and the longest text that is: one with thousands of experiments does not come twice.
_SHAPES, _LONGEST = 1000, 8000


class Piece(msgspec.Struct, frozen=True):
    """SQL, and the values of its ``:v`` in their order."""

    sql: str
    values: tuple[Any, ...] = ()


def all_of(conditions: Iterable[Piece]) -> Piece:
    """That all these conditions hold; there is at least one."""
    conditions = tuple(conditions)
    return Piece(
        " AND ".join([item.sql for item in conditions]),
        tuple([value for item in conditions for value in item.values]),
    )


def one_of(column: str, values: Sequence[Any], *, negated: bool = False) -> Piece:
    """That a column holds one of these values, or none of them; there is at least one."""
    listed = ", ".join([":v"] * len(values))
    return Piece(f"{column} {'NOT IN' if negated else 'IN'} ({listed})", tuple(values))


def there_is(source: str, condition: Piece) -> Piece:
    """That ``source`` has a row of which this is true, looked up for each row of the query when it comes to that.

    PostgreSQL would rather join, which reads far more than a page when only a page is wanted, and takes minutes to plan
    a long filter: hence the OFFSET.
    """
    return Piece(f"EXISTS (SELECT 1 FROM {source} WHERE {condition.sql} OFFSET 0)", condition.values)  # noqa: S608


def no(condition: Piece) -> Piece:
    """That this is not so."""
    return Piece(f"NOT {condition.sql}", condition.values)


def compared(column: str, item: Comparison) -> Piece:
    """The condition that a comparison puts on a column.

    LIKE minds case and ILIKE does not; in both only ``%`` and ``_`` are special, as in MLflow.
    """
    if item.op in ("IS NULL", "IS NOT NULL"):
        return Piece(f"{column} {item.op}")
    if item.op in ("IN", "NOT IN"):
        assert isinstance(item.value, tuple)
        return one_of(column, item.value, negated=item.op == "NOT IN")
    if item.op == "LIKE":
        return Piece(f"{column} LIKE :v ESCAPE ''", (item.value,))
    if item.op == "ILIKE":
        return Piece(f"quire_lower({column}) LIKE :v ESCAPE ''", (str(item.value).lower(),))
    return Piece(f"{column} {item.op} :v", (item.value,))


def fetch(session: Session, query: Piece) -> Rows:
    """All rows of a query."""
    return session.rows(statement_of(query.sql), query.values)


def statement_of(sql: str) -> Statement:
    """The statement with this text, made once."""
    return _kept(sql) if len(sql) <= _LONGEST else Statement(sql)


@lru_cache(_SHAPES)
def _kept(sql: str) -> Statement:
    return Statement(sql)
