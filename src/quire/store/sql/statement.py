"""A fixed SQL statement, translated once to each form in which a driver executes it directly."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from string import Template


class Statement:
    """SQL with ``:name`` parameters, given by position in the order in which they appear.

    Fixed statements run many times; going to the driver directly leaves out the work that a general layer does for
    each execution. ``$name`` stands for a constant piece of SQL, given by keyword. Written for PostgreSQL, of which
    SQLite speaks most: ``= ANY(:ids)``, ``(a, b) = ANY(:pairs)`` and ``= ANY(:names)`` take one list, ``FOR UPDATE``
    and its kin are left out where one writer has the database to itself, as are ``ESCAPE ''`` (a backslash is a
    character like any other there) and the ``OFFSET 0`` of a subquery that is not to become a join.
    """

    __slots__ = ("_forms", "sql")

    def __init__(self, sql: str, **pieces: str) -> None:
        self.sql = " ".join(Template(sql).substitute(pieces).split())
        self._forms: dict[Hashable, str] = {}

    def form(self, name: Hashable, make: Callable[[str], str]) -> str:
        """What ``make`` makes of the SQL; made once for each ``name``."""
        try:
            return self._forms[name]
        except KeyError:
            return self._forms.setdefault(name, make(self.sql))
