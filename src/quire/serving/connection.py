"""What the path of a request asks of the connection that it came by: when its caller leaves, and to break it off."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Protocol, cast

from quire.server.http import Receive, Scope

EXTENSION = "quire.connection"
"""The key under ``scope["extensions"]`` at which Quire's own server puts the connection."""


class Connection(Protocol):
    """A caller's connection."""

    on_lost: Callable[[], object] | None
    """Called once, in the event loop, when the caller leaves before its answer is complete."""

    def abandon(self) -> None:
        """Send what was written, then close without a proper end: the answer cannot be completed."""


class UnwatchedConnection:
    """A connection of another ASGI server, which tells of a caller who leaves only when it is asked."""

    def __init__(self) -> None:
        self.on_lost: Callable[[], object] | None = None

    def abandon(self) -> None:
        """Nothing can be done: the server closes what the application leaves unfinished."""


def connection_of(scope: Scope) -> Connection:
    """The connection that a request came by."""
    found = scope.get("extensions", {}).get(EXTENSION)
    return cast(Connection, found) if found is not None else UnwatchedConnection()


class Watch:
    """Cancels the task that serves a request once its caller has left, so that nobody is asked in vain."""

    __slots__ = ("_connection", "_listening", "_task", "left")

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._listening: asyncio.Task[None] | None = None
        self._task = asyncio.current_task()
        self.left = False
        connection.on_lost = self._lost

    def _lost(self) -> None:
        self.left = True
        if self._task is not None:
            self._task.cancel()

    def listen(self, receive: Receive) -> None:
        """The body has been read: from now on another server can be asked whether the caller is still there."""
        if isinstance(self._connection, UnwatchedConnection):
            self._listening = asyncio.get_running_loop().create_task(self._listen(receive))

    async def _listen(self, receive: Receive) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        self._lost()

    def end(self) -> None:
        """The request has ended."""
        self._connection.on_lost = None
        if self._listening is not None:
            self._listening.cancel()
