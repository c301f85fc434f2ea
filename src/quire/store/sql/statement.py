"""A fixed SQL statement, translated once a dialect to the form that its driver executes directly."""

from __future__ import annotations

import re
from collections.abc import Sequence
from string import Template
from typing import Any

import msgspec
import sqlalchemy as sa

_PAIRS = "SELECT json_extract(value, '$[0]'), json_extract(value, '$[1]') FROM json_each(:pairs)"
_ONE_ROW = re.compile(r"VALUES (\([^()]*\))")


class Statement:
    """SQL with ``:name`` parameters, given by position in the order in which they appear.

    Fixed statements run many times; going to the driver directly leaves out the work that a general layer
    does for each execution. ``$name`` stands for a constant piece of SQL, given by keyword.
    """

    __slots__ = ("_compiled", "_of_rows", "sql")

    def __init__(self, sql: str, **pieces: str) -> None:
        self.sql = " ".join(Template(sql).substitute(pieces).split())
        self._compiled: dict[str, str] = {}
        self._of_rows: dict[tuple[str, int], str] = {}

    def for_dialect(self, dialect: sa.Dialect) -> str:
        """The statement as the driver of ``dialect`` takes it."""
        try:
            return self._compiled[dialect.name]
        except KeyError:
            return self._compiled.setdefault(dialect.name, self._compile(dialect))

    def for_rows(self, dialect: sa.Dialect, count: int) -> str:
        """An INSERT of one row made into one of ``count`` rows, whose parameters follow one another."""
        try:
            return self._of_rows[dialect.name, count]
        except KeyError:
            row = r", ".join([r"\1"] * count)
            sql, found = _ONE_ROW.subn(f"VALUES {row}", self.for_dialect(dialect))
            if found != 1:
                raise ValueError(f"not an INSERT of one row: {self.sql}") from None
            return self._of_rows.setdefault((dialect.name, count), sql)

    def _compile(self, dialect: sa.Dialect) -> str:
        sql = self.sql
        if dialect.name == "sqlite":
            sql = sql.replace("= ANY(:ids)", "IN (SELECT value FROM json_each(:ids))")
            sql = sql.replace("= ANY(:pairs)", f"IN ({_PAIRS})")
        compiled: Any = sa.text(sql).compile(dialect=dialect)
        return str(compiled)


def id_list(dialect: str, ids: Sequence[int] | Sequence[tuple[int, int]]) -> object:
    """The parameter for ``= ANY(:ids)`` or ``(a, b) = ANY(:pairs)``: one value, however many there are."""
    return msgspec.json.encode(ids).decode() if dialect == "sqlite" else list(ids)
