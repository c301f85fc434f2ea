"""One request that somebody makes: who, and what."""

from __future__ import annotations

from contextvars import ContextVar
from typing import Any

import msgspec

from quire.domain.access import Identity, Resource
from quire.server.calls import AnyCall
from quire.server.http import Request

IDENTITY, REQUEST_ID, PREPARED, CHANGE = "quire.identity", "quire.request_id", "quire.prepared", "quire.change"
"""Keys of a request's scope: who asks, its id, what was worked out for its call, what a streaming call changes."""

MAY_WRITE_TRACES = "quire.may_write_traces"
"""Key of a request's scope: a coroutine function that refuses trace ids that may not be written to."""


class Asking(msgspec.Struct, frozen=True, kw_only=True):
    """``message`` is None for a call that reads its body by itself; ``prepared`` was worked out before it runs."""

    identity: Identity
    call: AnyCall
    request: Request
    message: Any = None

    @property
    def address(self) -> str:
        """Where the request came from."""
        client = self.request.scope.get("client")
        return client[0] if client else ""

    @property
    def request_id(self) -> str:
        """The id of the request."""
        text: str = self.request.scope.get(REQUEST_ID, "")
        return text

    @property
    def prepared(self) -> Any:
        """What was worked out before the call runs, such as the hash of a password."""
        return self.request.scope.get(PREPARED)


current: ContextVar[Asking] = ContextVar("quire.asking")
"""The request whose call runs in this thread."""


def asked_by() -> str:
    """The name of the user whose call runs in this thread; empty on a server without auth."""
    asking = current.get(None)
    return asking.identity.name if asking is not None else ""


def may_read(kind: Any, key: str) -> bool:
    """Whether the user whose call runs in this thread may read a thing; without auth everybody may."""
    asking = current.get(None)
    if asking is None or asking.identity.administers:
        return True
    return asking.identity.reads(Resource(kind, key))
