"""Threads of which one works at a time, or a few, unless it takes long.

Python's ``sqlite3`` lets the interpreter go at each row, and threads that search take it from one another there: two
do less than one. So one thread, who holds the baton, takes what waits, one call after the other. When a call takes
long and others wait, the baton passes to another thread, and the long call goes on beside it. Where calls wait for a
network, there are as many batons as keep the interpreter busy.
"""

from __future__ import annotations

import asyncio
import threading
import time
from contextlib import suppress
from queue import SimpleQueue
from typing import Any

from quire.server.lines import Call, Waiting, refuse_if, tell


class Relay:
    """At most ``threads`` threads, of which ``batons`` work at a time.

    A call that takes more than ``long`` seconds does not keep others waiting.
    """

    def __init__(self, name: str, threads: int, long: float, batons: int = 1) -> None:
        self._name = name
        self._most = threads
        self._long = long
        self._queue: SimpleQueue[Waiting | None] = SimpleQueue()
        self._batons = threading.Semaphore(batons)
        self._holders: set[_Holder] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._closed = False
        self._threads: list[threading.Thread] = []
        for _ in range(min(batons, threads)):
            self._start()

    def run(self, call: Call) -> asyncio.Future[Any]:
        """Have a call done; its future has the value or the error. Used in one event loop."""
        refuse_if(self._closed)
        waiting = Waiting(call)
        self._queue.put(waiting)
        if self._timer is None:
            self._timer = waiting.loop.call_later(self._long, self._look, waiting.loop)
        return waiting.future

    def close(self, patience: float) -> None:
        """Do what waits, then end the threads; leave one alone that takes longer than so many seconds."""
        self._closed = True
        self._queue.put(None)
        deadline = time.monotonic() + patience
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))

    def _start(self) -> None:
        thread = threading.Thread(target=self._work, name=f"{self._name}-{len(self._threads)}", daemon=True)
        self._threads.append(thread)
        thread.start()

    def _work(self) -> None:
        while True:
            self._batons.acquire()
            holder = _Holder()
            self._holders.add(holder)
            while holder in self._holders:
                waiting = self._queue.get()
                if waiting is None:
                    self._queue.put(None)
                    self._batons.release()
                    return
                holder.since = time.monotonic()
                _do(waiting)
                holder.since = None
                with suppress(RuntimeError):  # the event loop is closed: nobody waits
                    waiting.loop.call_soon_threadsafe(tell, [waiting])

    def _look(self, loop: asyncio.AbstractEventLoop) -> None:
        """Pass a baton on if who holds it takes long while others wait; look again while any wait."""
        self._timer = None
        if self._queue.empty():
            return
        self._timer = loop.call_later(self._long, self._look, loop)
        for holder in [*self._holders]:
            since = holder.since
            if since is not None and time.monotonic() - since >= self._long:
                self._holders.discard(holder)
                self._batons.release()
                if len(self._threads) < self._most:
                    self._start()


class _Holder:
    """Who has a baton: since when the call lasts that it does."""

    since: float | None = None


def _do(waiting: Waiting) -> None:
    try:
        waiting.value = waiting.call()
    except Exception as error:
        waiting.error = error
