"""What a server without users writes into the audit log: changes of endpoints, which people give reasons for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from quire.server.auth.asking import current
from quire.server.context import Context
from quire.store.access import AccessStore, Change

T = TypeVar("T")
NOBODY = "not signed in"
"""Who acted, on a server without users."""


def kept_change(context: Context, action: str, message: Any, read: Callable[[], Any], run: Callable[[], T]) -> T:
    """What ``run`` gives, with its entry in the log, both or neither. With users, the log is kept for every call.

    ``read`` gives what is there before it.
    """
    access: AccessStore | None = getattr(context.store, "access", None)
    if current.get(None) is not None or access is None:
        return run()
    kept = access

    def work() -> T:
        from quire.server.auth.changes import small

        before = read()
        answer = run()
        change = Change(
            username=NOBODY,
            action=action,
            route=action,
            entity=f"endpoint:{message.name}",
            before=small(before),
            after=small(message),
        )
        kept.append_change(change)
        return answer

    return kept.all_or_nothing(work)
