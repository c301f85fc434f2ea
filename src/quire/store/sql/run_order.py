"""The order of runs: sort keys as SQL, the part of a run's position that a page token holds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
import sqlalchemy as sa

from quire.domain.filters import OrderBy
from quire.store.sql import tables
from quire.store.sql.keys import Keys
from quire.store.sql.listing import SortKey
from quire.store.sql.run_conditions import TABLES
from quire.store.sql.session import Session

# Where a value stands in an order, whichever way that runs: numbers and texts, then NaN, then what is missing.
PRESENT, NAN, MISSING = 0, 1, 2


class RunOrder(msgspec.Struct, frozen=True, eq=False):
    """Sort keys over ``source``, a join of ``runs`` with what they look at."""

    keys: tuple[SortKey, ...]
    source: sa.FromClause


def run_order(session: Session, keys: Keys, orders: Sequence[OrderBy], source: sa.FromClause) -> RunOrder:
    """The sort keys of these orders, then start time (newest first), then run id.

    A value that may be missing takes two keys: its rank (PRESENT, NAN, MISSING), then itself. Texts are compared by
    their first characters, which the indexes hold.
    """
    sort_keys: list[SortKey] = []
    for order in orders:
        if order.kind == "attribute":
            sort_keys += _attribute_keys(order)
        else:
            table = TABLES[order.kind].alias()
            number = keys.find(session, order.key)
            source = source.outerjoin(table, sa.and_(table.c.run_id == tables.runs.c.id, table.c.key_id == number))
            sort_keys += _value_keys(table, order)
    return RunOrder((*sort_keys, *ties(orders, tables.runs.c.start_time)), source)


def ties(orders: Sequence[OrderBy], start_time: sa.ColumnElement[int]) -> list[SortKey]:
    """The keys that decide between runs that an order leaves equal."""
    named = {order.key for order in orders if order.kind == "attribute"}
    keys = [] if "start_time" in named else [SortKey(start_time, ascending=False)]
    return keys if "run_id" in named else [*keys, SortKey(tables.runs.c.run_id, ascending=True)]


def _attribute_keys(order: OrderBy) -> list[SortKey]:
    column: sa.ColumnElement[Any] = tables.runs.c[order.key]
    key = SortKey(column, order.ascending)
    if order.key != "end_time":
        return [key]
    return [SortKey(sa.case((column.is_(None), MISSING), else_=PRESENT), ascending=True), key]


def _value_keys(table: sa.FromClause, order: OrderBy) -> list[SortKey]:
    whens = [(table.c.run_id.is_(None), MISSING)]
    if order.kind == "metric":
        whens.append((table.c.value.is_(None), NAN))
    return [
        SortKey(sa.case(*whens, else_=PRESENT), ascending=True),
        SortKey(sorted_column(table, order.kind), order.ascending),
    ]


def sorted_column(table: sa.FromClause, kind: str) -> sa.ColumnElement[Any]:
    """The column by which values of a metric, param or tag are sorted."""
    return table.c.value if kind == "metric" else table.c.head
