"""Several queries as one statement, for a database that is far away: one round trip, and by itself one consistent view.

Each row says which query it answers. The columns of all queries are laid into common ones, by kind, since a result has
one shape; what a query does not have is NULL in its rows, which costs next to nothing.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from operator import itemgetter
from typing import Any

import sqlalchemy as sa

from quire.store.sql import tables
from quire.store.sql.session import Rows
from quire.store.sql.statement import Statement

_QUERY = re.compile(r"SELECT (?P<columns>.+?) FROM (?P<rest>.+)")
_WORD = re.compile(r"\w+")


class United:
    """Queries as one ``statement``, which takes their parameters one after the other."""

    def __init__(self, queries: Sequence[str]) -> None:
        parsed = [_parsed(query) for query in queries]
        layout = _layout([[kind for _, kind in columns] for columns, _ in parsed])
        parts, self._pick = [], []
        for number, (columns, rest) in enumerate(parsed):
            places = _places([kind for _, kind in columns], layout)
            texts = {place: column for place, (column, _) in zip(places, columns, strict=True)}
            laid = ", ".join(texts.get(place, f"NULL::{kind}") for place, kind in enumerate(layout))
            parts.append(f"SELECT {number}, {laid} FROM {rest}")  # noqa: S608 - our own statements
            self._pick.append(itemgetter(*(place + 1 for place in places)))
        self.statement = Statement(" UNION ALL ".join(parts))

    def divided(self, rows: Rows) -> list[Rows]:
        """The rows of each query, as it alone would have given them."""
        found: list[Rows] = [[] for _ in self._pick]
        for row in rows:
            found[row[0]].append(self._pick[row[0]](row))
        return found


@lru_cache
def united(statements: tuple[Statement, ...]) -> United:
    """These queries as one. Each selects two columns or more, all of them columns of tables, in no order."""
    return United([statement.sql for statement in statements])


@lru_cache
def united_about(first: Statement, statements: tuple[Statement, ...]) -> United:
    """``first``, which finds a row by one value, and these queries about the number in that row's first column."""
    (number, *_), rest = _parsed(first.sql)
    found = f"= (SELECT {number[0]} FROM {rest})"  # noqa: S608 - our own statements
    return United([first.sql, *(statement.sql.replace("= ANY(:ids)", found) for statement in statements)])


def kind_of(column: sa.Column[Any]) -> str:
    """The kind of a column's values, as PostgreSQL names it."""
    if isinstance(column.type, sa.Double):
        return "double precision"
    if isinstance(column.type, sa.LargeBinary):
        return "bytea"
    return "bigint" if isinstance(column.type, sa.Integer) else "text"


def _parsed(query: str) -> tuple[list[tuple[str, str]], str]:
    """The columns of a query, each with its kind, and what follows FROM."""
    found = _QUERY.fullmatch(query)
    if found is None:
        raise ValueError(f"not a query of columns: {query}")
    known = tables.metadata.tables
    sources = [known[name] for name in dict.fromkeys(_WORD.findall(found["rest"])) if name in known]
    return [(column, _kind(column, sources)) for column in found["columns"].split(", ")], found["rest"]


def _kind(column: str, sources: Sequence[sa.Table]) -> str:
    table, _, name = column.rpartition(".")
    return next(kind_of(one.c[name]) for one in sources if name in one.c and table in ("", one.name))


def _layout(queries: Sequence[Sequence[str]]) -> list[str]:
    """The kinds of the common columns: of each kind as many as the query that has most of it."""
    kinds = sorted({kind for query in queries for kind in query})
    return [kind for kind in kinds for _ in range(max(query.count(kind) for query in queries))]


def _places(kinds: Sequence[str], layout: Sequence[str]) -> list[int]:
    """Where in the common columns those of one query are: the first of their kind that are free."""
    places: list[int] = []
    for kind in kinds:
        places.append(next(place for place, one in enumerate(layout) if one == kind and place not in places))
    return places
