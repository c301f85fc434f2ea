"""The event loop behind the sync API: one background thread a process, so that connections stay warm.

It works inside a running loop (a notebook), from many threads at once, and after a fork (the child starts its own).
"""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import os
import threading
from collections import OrderedDict
from collections.abc import AsyncIterator, Coroutine
from typing import Any, TypeVar

from quire.caller.settings import ServiceSettings
from quire.caller.transport import Transport

T = TypeVar("T")

_KEPT = 16
"""How many unused transports stay open."""


class WarmTransports:
    """Transports of one event loop, kept open between batches; touched only in that loop."""

    def __init__(self) -> None:
        self._idle: OrderedDict[tuple[ServiceSettings, int], list[Transport]] = OrderedDict()

    @contextlib.asynccontextmanager
    async def lease(self, settings: ServiceSettings, connections: int, timeout_s: float) -> AsyncIterator[Transport]:
        """A transport for one batch; goes back to be used again."""
        key = (settings, connections)
        idle = self._idle.setdefault(key, [])
        transport = idle.pop() if idle else Transport(settings, timeout=timeout_s, connections=connections)
        try:
            yield transport
        finally:
            self._idle.setdefault(key, []).append(transport)
            self._idle.move_to_end(key)
            while len(self._idle) > _KEPT:
                for unused in self._idle.popitem(last=False)[1]:
                    await unused.close()

    async def close(self) -> None:
        """Close all that are not in use."""
        while self._idle:
            for transport in self._idle.popitem()[1]:
                await transport.close()


class LoopThread:
    """An event loop that runs in a daemon thread, with the transports that were opened in it."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.transports = WarmTransports()
        self._thread = threading.Thread(target=self.loop.run_forever, name="quire-caller", daemon=True)
        self._thread.start()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine in the loop and wait for its result."""
        return asyncio.run_coroutine_threadsafe(work, self.loop).result()

    def stop(self) -> None:
        """Close the connections, end the loop and the thread."""
        with contextlib.suppress(Exception):
            asyncio.run_coroutine_threadsafe(self.transports.close(), self.loop).result(timeout=1.0)
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(timeout=1.0)


_lock = threading.Lock()
_current: LoopThread | None = None


def loop_thread() -> LoopThread:
    """The process's background loop, started on first use."""
    global _current  # noqa: PLW0603 - one loop a process, as DESIGN allows for connection registries
    with _lock:
        if _current is None:
            _current = LoopThread()
        return _current


def _forget_after_fork() -> None:
    global _current, _lock  # noqa: PLW0603
    _current = None
    _lock = threading.Lock()


def _stop_at_exit() -> None:
    if _current is not None:
        _current.stop()


os.register_at_fork(after_in_child=_forget_after_fork)
atexit.register(_stop_at_exit)
