"""Tags of things that are few (all but runs): rows of (owner, key, value)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Generic, TypeVar

import sqlalchemy as sa

from quire.domain.entities import Tag
from quire.domain.redaction import redact
from quire.store.sql.session import Session
from quire.store.sql.statement import Statement

Owner = TypeVar("Owner", int, tuple[int, int])


class Tags(Generic[Owner]):
    """The tags in ``table``; its columns are one or two numbers that name the owner, then ``key`` and ``value``."""

    def __init__(self, table: sa.Table) -> None:
        names = [column.name for column in table.primary_key if column.name != "key"]
        owner = ", ".join(names)
        pieces = {
            "table": table.name,
            "owner": owner,
            "given": ", ".join(f":{name}" for name in names),
            "same": " AND ".join(f"{name} = :{name}" for name in names),
            "wanted": f"{owner} = ANY(:ids)" if len(names) == 1 else f"({owner}) = ANY(:pairs)",
        }
        self._set = Statement(
            """INSERT INTO $table ($owner, key, value) VALUES ($given, :key, :value)
            ON CONFLICT ($owner, key) DO UPDATE SET value = excluded.value""",
            **pieces,
        )
        self._delete = Statement("DELETE FROM $table WHERE $same AND key = :key", **pieces)
        self._read = Statement("SELECT $owner, key, value FROM $table WHERE $wanted ORDER BY key", **pieces)

    def set(self, session: Session, owner: Owner, tags: Iterable[Tag]) -> None:
        """Set or replace tags, in one order, so that two that do so at once do not wait for each other.

        Of a key given twice the last counts.
        """
        values = {tag.key: redact(tag.value) for tag in tags}
        session.insert(self._set, [(*_numbers(owner), key, value) for key, value in sorted(values.items())])

    def delete(self, session: Session, owner: Owner, key: str) -> bool:
        """Remove a tag; whether there was one."""
        return session.run(self._delete, (*_numbers(owner), key)) > 0

    def read(self, session: Session, owners: Sequence[Owner]) -> dict[Owner, list[Tag]]:
        """The tags of these owners, by key; an empty list for one that has none."""
        found: dict[Owner, list[Tag]] = defaultdict(list)
        for *owner, key, value in session.rows_of(self._read, owners):
            found[owner[0] if len(owner) == 1 else tuple(owner)].append(Tag(key, value))  # type: ignore[index]
        return found


def _numbers(owner: int | tuple[int, int]) -> tuple[int, ...]:
    return owner if isinstance(owner, tuple) else (owner,)
