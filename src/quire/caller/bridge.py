"""The event loop behind the sync API: one background thread a process, so that connections stay warm.

It works inside a running loop (a notebook), from many threads at once, and after a fork (the child starts its own).
"""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import os
import threading
import urllib.request
from collections import Counter, OrderedDict
from collections.abc import Coroutine
from typing import Any, TypeVar

from quire.caller.settings import ServiceSettings
from quire.caller.transport import Transport

T = TypeVar("T")

_KEPT = 16
"""How many unused transports stay open."""
_STOP_SECONDS = 2.0


class Transports:
    """The transports of one event loop, one for each service, kept open between batches; touched only in that loop.

    Proxies that the environment names are part of where a service is: when they change, a new transport is made.
    """

    def __init__(self) -> None:
        self._open: OrderedDict[object, Transport] = OrderedDict()
        self._users: Counter[Transport] = Counter()

    async def take(self, settings: ServiceSettings) -> Transport:
        """The transport for a service, opened if need be; to be given back."""
        service = settings, tuple(sorted(urllib.request.getproxies().items()))
        transport = self._open.get(service)
        if transport is None:
            transport = self._open[service] = Transport(settings)
        self._users[transport] += 1
        self._open.move_to_end(service)
        await self._close_unused()
        return transport

    def give_back(self, transport: Transport) -> None:
        """One user less."""
        self._users[transport] -= 1

    async def close(self) -> None:
        """Close all."""
        while self._open:
            _service, transport = self._open.popitem()
            await transport.close()

    async def _close_unused(self) -> None:
        unused = [service for service, transport in self._open.items() if self._users[transport] <= 0]
        for service in unused[: max(0, len(self._open) - _KEPT)]:
            transport = self._open.pop(service)
            del self._users[transport]
            await transport.close()


class LoopThread:
    """An event loop that runs in a daemon thread, with the transports that were opened in it."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.transports = Transports()
        self.stopped = False
        self._thread = threading.Thread(target=self.loop.run_forever, name="quire-caller", daemon=True)
        self._thread.start()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine in the loop and wait for its result; Ctrl-C cancels it."""
        future = asyncio.run_coroutine_threadsafe(work, self.loop)
        try:
            return future.result()
        except BaseException:
            future.cancel()
            raise

    def clean_up(self, work: Coroutine[Any, Any, None]) -> None:
        """Run a coroutine that frees something, unless the loop was stopped, which freed everything."""
        if self.stopped:
            work.close()
        else:
            self.run(work)

    def stop(self) -> None:
        """Cancel what runs, close the connections, end the loop and the thread."""
        with contextlib.suppress(Exception):
            asyncio.run_coroutine_threadsafe(self._wind_down(), self.loop).result(timeout=_STOP_SECONDS)
        self.stopped = True
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(timeout=_STOP_SECONDS)
        if not self._thread.is_alive():
            self.loop.close()

    async def _wind_down(self) -> None:
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self.loop.shutdown_asyncgens()
        await self.transports.close()


_lock = threading.Lock()
_current: LoopThread | None = None
_parents: list[LoopThread] = []
"""Loops of parent processes. They are kept, never used: to collect one would take its sockets out of the epoll
instance that it shares with the parent."""


def loop_thread() -> LoopThread:
    """The process's background loop, started on first use."""
    global _current  # noqa: PLW0603 - one loop a process, as DESIGN allows for connection registries
    with _lock:
        if _current is None or _current.stopped:
            _current = LoopThread()
        return _current


def _forget_after_fork() -> None:
    global _current, _lock  # noqa: PLW0603
    if _current is not None:
        _parents.append(_current)
    _current = None
    _lock = threading.Lock()


def _stop_at_exit() -> None:
    if _current is not None:
        _current.stop()


os.register_at_fork(after_in_child=_forget_after_fork)
atexit.register(_stop_at_exit)
