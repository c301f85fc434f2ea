"""Noticing that a store's database was changed, by whomever: cheap enough to be asked once a second."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

EVERYTHING = "*"
"""In place of a table's name: something was changed, and it is not known where."""


class Watch(Protocol):
    """A look at one database, over a connection of its own. Used by one thread at a time."""

    def changed(self) -> Iterable[str]:
        """The tables changed since it was asked before (the first time: none), or EVERYTHING.

        What the database tells late is told late: PostgreSQL counts the last rows of somebody who stopped writing
        after ten seconds. Raises what the driver raises while the database is away; may be asked again.
        """

    def close(self) -> None:
        """Release the connection."""


def watch_of(store: object) -> Watch | None:
    """A watch on a store's database; None for a store that nobody but this process can change, or that has none."""
    make = getattr(store, "watch", None)
    watch: Watch | None = make() if make is not None else None
    return watch
