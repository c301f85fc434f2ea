"""The users of the current store, and changes of them by the command line, which are in the audit log too."""

from __future__ import annotations

import getpass
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from quire.store.access import AccessStore, Change, access_of

T = TypeVar("T")


def open_access() -> AccessStore:
    """The users of the current store. Raises NotFound for a file that is not there, InvalidState for a server."""
    from quire.cli.lookup import open_existing_store

    return access_of(open_existing_store())


class Command:
    """One command that changes something; the database is made if it is not there."""

    def __init__(self, name: str) -> None:
        from quire.store.current import current_store

        self.store = access_of(current_store())
        self._name = name

    def changed(
        self,
        entity: str,
        work: Callable[[], T],
        *,
        before: Mapping[str, Any] | None = None,
        after: Mapping[str, Any] | None = None,
    ) -> T:
        """What ``work`` gives; it and its entry in the audit log are one change."""
        change = Change(
            username=f"{_account()} (command line)",
            action=self._name,
            route=f"quire {self._name}",
            entity=entity,
            before=_text(before),
            after=_text(after),
        )

        def both() -> T:
            result = work()
            self.store.append_change(change)
            return result

        return self.store.all_or_nothing(both)


def _account() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "somebody"


def _text(value: Mapping[str, Any] | None) -> str | None:
    import msgspec

    return None if value is None else msgspec.json.encode(value).decode()
