"""What a rule says: for one call the role that it needs, and on what."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import msgspec

from quire.domain.access import Identity, Kind, Role
from quire.server.auth.asking import Asking
from quire.server.auth.places import Ref
from quire.server.calls import AnyCall

Refs = Iterable[Ref]
Locate = Callable[[Asking], Refs]
Narrow = Callable[[Identity, Any], Any]


class Need(msgspec.Struct, frozen=True):
    """A role that is needed on everything that ``of`` finds. What is ``optional`` and does not exist is no matter."""

    role: Role
    of: Locate
    optional: bool = False


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """Who may make a call.

    ``open`` to everybody, else to who signed in. They need the roles in ``needs``; to administer the server
    (``admin``), unless they ask about themselves (``own``); to have signed in without a token (``person``); to be
    allowed to make a new thing (``creates``), whose files, if ``outside`` names a place, only an admin may have the
    server keep where others' are.
    ``narrow`` gives the message that asks for no more than they may read: nothing is taken out of an answer
    afterwards, which its page token would still tell of. ``of`` finds what the call is about, if the first need does
    not.
    """

    open: bool = False
    needs: tuple[Need, ...] = ()
    admin: bool = False
    person: bool = False
    creates: Kind | None = None
    narrow: Narrow | None = None
    outside: Locate | None = None
    own: Callable[[Asking], bool] | None = None
    of: Locate | None = None

    @property
    def subject(self) -> Locate | None:
        """What the call is about, for the audit log."""
        return self.of or (self.needs[0].of if self.needs else None)


def route_of(call: AnyCall) -> str:
    """How a call is named in the table: its method, and its first path without ``/api/``."""
    return f"{call.method} {call.paths[0].removeprefix('/api/')}"


def field(kind: Any, name: str) -> Locate:
    """What a field of the message names; nothing if it is empty."""

    def locate(asking: Asking) -> Refs:
        value = getattr(asking.message, name)
        return [Ref(kind, value)] if value else []

    return locate


def each(kind: Any, name: str) -> Locate:
    """What each item of a field names."""
    return lambda asking: [Ref(kind, item) for item in dict.fromkeys(getattr(asking.message, name) or ())]


def reads(*of: Locate) -> Rule:
    """A call that needs to read these."""
    return Rule(needs=tuple(Need("reader", locate) for locate in of))


def edits(*of: Locate) -> Rule:
    """A call that needs to change these."""
    return Rule(needs=tuple(Need("editor", locate) for locate in of))


def manages(*of: Locate) -> Rule:
    """A call that needs to administer these."""
    return Rule(needs=tuple(Need("admin", locate) for locate in of))
