"""The order of runs: sort keys as SQL, the part of a run's position that a page token holds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from quire.domain.filters import OrderBy
from quire.store.sql.keys import Keys
from quire.store.sql.pieces import Piece
from quire.store.sql.run_conditions import TABLES, run_column
from quire.store.sql.session import Session

# Where a value stands in an order, whichever way that runs: numbers and texts, then NaN, then what is missing.
PRESENT, NAN, MISSING = 0, 1, 2


class SortKey(msgspec.Struct, frozen=True):
    """One expression of an order, without values.

    A constant one is the same in every row: it is part of a position and decides nothing.
    """

    sql: str
    ascending: bool
    constant: bool = False


class RunOrder(msgspec.Struct, frozen=True):
    """Sort keys over ``source``, a join of ``runs`` with what they look at."""

    keys: tuple[SortKey, ...]
    source: Piece


def run_order(session: Session, keys: Keys, orders: Sequence[OrderBy], source: str) -> RunOrder:
    """The sort keys of these orders, then start time (newest first), then run id.

    A value that may be missing takes two keys: its rank (PRESENT, NAN, MISSING), then itself. Texts are compared by
    their first characters, which the indexes hold.
    """
    sort_keys: list[SortKey] = []
    numbers: list[int] = []
    for place, order in enumerate(orders):
        if order.kind == "attribute":
            sort_keys += _attribute_keys(order)
        else:
            table = f"ordered_{place}"
            source += f" LEFT JOIN {TABLES[order.kind]} AS {table} ON {table}.run_id = runs.id AND {table}.key_id = :v"
            numbers.append(keys.find(session, order.key))
            sort_keys += _value_keys(table, order)
    return RunOrder((*sort_keys, *ties(orders, "runs.start_time")), Piece(source, tuple(numbers)))


def ties(orders: Sequence[OrderBy], start_time: str) -> list[SortKey]:
    """The keys that decide between runs that an order leaves equal."""
    named = {order.key for order in orders if order.kind == "attribute"}
    keys = [] if "start_time" in named else [SortKey(start_time, ascending=False)]
    return keys if "run_id" in named else [*keys, SortKey("runs.run_id", ascending=True)]


def after(keys: Sequence[SortKey], position: Sequence[Any]) -> Piece:
    """The condition that a row comes after ``position``, the values of ``keys`` in the last row of a page."""
    key, value, rest = keys[0], position[0], keys[1:]
    following = after(rest, position[1:]) if rest else None
    if value is None:
        same = f"{key.sql} IS NULL"
        return Piece(f"({same} AND {following.sql})", following.values) if following else Piece("FALSE")
    beyond = f"{key.sql} {'>' if key.ascending else '<'} :v"
    if following is None:
        return Piece(beyond, (value,))
    return Piece(f"({beyond} OR ({key.sql} = :v AND {following.sql}))", (value, value, *following.values))


def sorted_column(table: str, kind: str) -> str:
    """The column by which values of a metric, param or tag are sorted."""
    return f"{table}.value" if kind == "metric" else f"{table}.head"


def _attribute_keys(order: OrderBy) -> list[SortKey]:
    column = run_column(order.key)
    key = SortKey(column, order.ascending)
    if order.key != "end_time":
        return [key]
    return [SortKey(f"CASE WHEN {column} IS NULL THEN {MISSING} ELSE {PRESENT} END", ascending=True), key]


def _value_keys(table: str, order: OrderBy) -> list[SortKey]:
    ranks = f"WHEN {table}.run_id IS NULL THEN {MISSING}"
    if order.kind == "metric":
        ranks += f" WHEN {table}.value IS NULL THEN {NAN}"
    return [
        SortKey(f"CASE {ranks} ELSE {PRESENT} END", ascending=True),
        SortKey(sorted_column(table, order.kind), order.ascending),
    ]
