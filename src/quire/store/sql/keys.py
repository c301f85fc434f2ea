"""Interned names: each key of a metric, param or tag is stored once and known by a number."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from quire.store.sql.session import Session
from quire.store.sql.statement import Statement

_FIND = Statement("SELECT id FROM keys WHERE name = :name")
_FIND_ALL = Statement("SELECT name, id FROM keys WHERE name = ANY(:names)")
_NAMES = Statement("SELECT id, name FROM keys WHERE id = ANY(:ids)")
_ADD = Statement("INSERT INTO keys (name) VALUES (:name) ON CONFLICT DO NOTHING")
_CAPACITY = 200_000
# Stands for a key that nothing was ever logged under; no row has it.
ABSENT = -1
# Stands for the name of a key that the database lost.
_NAMELESS = "?"


class Keys:
    """The numbers of keys, remembered by this process once they are durable (they never change)."""

    def __init__(self) -> None:
        self._ids: dict[str, int] = {}
        self._names: dict[int, str] = {}

    def obtain(self, session: Session, names: Iterable[str]) -> Mapping[str, int]:
        """The numbers of these keys, adding those that are new. Needs a write transaction."""
        known = self._ids
        missing = {name for name in names if name not in known}
        if not missing:
            return known
        fresh: dict[str, int] = dict(session.rows_of(_FIND_ALL, list(missing)))
        added = sorted(missing - fresh.keys())
        if added:
            # In one order, so that two that add the same keys at once do not wait for each other.
            session.insert(_ADD, [(name,) for name in added])
            fresh.update(session.rows_of(_FIND_ALL, added))
        session.after_commit(lambda: self._remember(fresh))
        return {**{name: known[name] for name in names if name in known}, **fresh}

    def find(self, session: Session, name: str) -> int:
        """The number of a key, ABSENT if nothing was ever logged under it."""
        number = self._ids.get(name)
        if number is None:
            row = session.row(_FIND, (name,))
            if row is None:
                return ABSENT
            number = int(row[0])
            found = {name: number}
            session.after_commit(lambda: self._remember(found))
        return number

    def names(self, session: Session, numbers: set[int]) -> Mapping[int, str]:
        """The keys of these numbers."""
        known = self._names
        missing = [*numbers.difference(known)]
        if not missing:
            return known
        fresh: dict[int, str] = dict(session.rows_of(_NAMES, missing))
        session.after_commit(lambda: self._remember({name: number for number, name in fresh.items()}))
        return {**{number: known.get(number, _NAMELESS) for number in numbers}, **fresh}

    def _remember(self, fresh: Mapping[str, int]) -> None:
        if len(self._ids) > _CAPACITY:
            self._ids, self._names = {}, {}
        self._names.update({number: name for name, number in fresh.items()})
        self._ids.update(fresh)
