"""Where the calls of a server run: readers in a few threads, writers together in one.

SQLite has one writer at a time, and a commit costs about as much for many changes as for one. So the writing thread
takes all that wait, does them in one transaction, each undone alone if it fails, and answers them once they are
durable. A store without that limit (PostgreSQL) runs writers as it runs readers.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import Any, Protocol, TypeVar, cast

from quire.domain.errors import Unavailable

T = TypeVar("T")
MOST_TOGETHER = 64


class Together(Protocol):
    """A store that makes several calls durable with one commit."""

    def together(self, calls: Sequence[Callable[[], Any]]) -> list[Any]:
        """Run calls in order; the outcome of each has its ``value`` or its ``error``."""


class Work:
    """The threads of one server process. Used in one event loop."""

    def __init__(self, one_writer: Together | None, *, reading_threads: int, artifact_threads: int) -> None:
        self._readers = ThreadPoolExecutor(reading_threads, "quire-read")
        self._files = ThreadPoolExecutor(artifact_threads, "quire-files")
        self._writer = Writer(one_writer) if one_writer is not None else None

    async def read(self, function: Callable[[], T]) -> T:
        """Run a function that reads the store."""
        return await asyncio.get_running_loop().run_in_executor(self._readers, function)

    async def write(self, function: Callable[[], T]) -> T:
        """Run a function that writes to the store; it is durable when this returns."""
        if self._writer is None:
            return await self.read(function)
        return cast(T, await self._writer.run(function))

    async def files(self, function: Callable[[], T]) -> T:
        """Run a function that reads or writes artifacts."""
        return await asyncio.get_running_loop().run_in_executor(self._files, function)

    @property
    def counts(self) -> tuple[int, int, int]:
        """Of the one writer: the calls done, the transactions they took, the calls that wait now."""
        return (0, 0, 0) if self._writer is None else self._writer.counts

    def close(self) -> None:
        """Finish what was begun, and end the threads."""
        if self._writer is not None:
            self._writer.close()
        self._readers.shutdown(wait=True)
        self._files.shutdown(wait=True, cancel_futures=True)


class _Waiting:
    """A call that waits for its turn, and then for its answer."""

    __slots__ = ("call", "error", "future", "loop", "value")

    def __init__(self, call: Callable[[], Any]) -> None:
        self.call = call
        self.loop = asyncio.get_running_loop()
        self.future: asyncio.Future[Any] = self.loop.create_future()
        self.value: Any = None
        self.error: Exception | None = None

    def tell(self) -> None:
        """Give the answer to who asked, in the event loop."""
        if self.future.done():
            return
        if self.error is None:
            self.future.set_result(self.value)
        else:
            self.future.set_exception(self.error)


class Writer:
    """The one thread that writes: it takes what waits, and makes it durable with one commit."""

    def __init__(self, store: Together) -> None:
        self._store = store
        self._queue: SimpleQueue[_Waiting | None] = SimpleQueue()
        self._closed = False
        self._calls = 0
        self._transactions = 0
        self._thread = threading.Thread(target=self._work, name="quire-write", daemon=True)
        self._thread.start()

    def run(self, call: Callable[[], Any]) -> asyncio.Future[Any]:
        """Have a call done; its future has the value or the error once it is durable."""
        if self._closed:
            raise Unavailable("This server is stopping. Send the request again in a moment.")
        waiting = _Waiting(call)
        self._queue.put(waiting)
        return waiting.future

    def close(self) -> None:
        """Do what waits, then end the thread."""
        self._closed = True
        self._queue.put(None)
        self._thread.join()

    @property
    def counts(self) -> tuple[int, int, int]:
        """The calls done, the transactions they took, the calls that wait now."""
        return self._calls, self._transactions, self._queue.qsize()

    def _work(self) -> None:
        last = False
        while not last:
            batch, last = self._take()
            if batch:
                self._do(batch)
                self._calls += len(batch)
                self._transactions += 1
                with suppress(RuntimeError):  # the event loop is closed: nobody waits
                    batch[0].loop.call_soon_threadsafe(_tell, batch)

    def _take(self) -> tuple[list[_Waiting], bool]:
        """What waits now, at least one; and whether it is the last."""
        batch: list[_Waiting] = []
        try:
            waiting = self._queue.get()
            while waiting is not None:
                batch.append(waiting)
                if len(batch) == MOST_TOGETHER:
                    return batch, False
                waiting = self._queue.get_nowait()
        except Empty:
            return batch, False
        return batch, True

    def _do(self, batch: list[_Waiting]) -> None:
        try:
            if len(batch) == 1:
                batch[0].value = batch[0].call()
                return
            outcomes = self._store.together([waiting.call for waiting in batch])
            for waiting, outcome in zip(batch, outcomes, strict=True):
                waiting.value, waiting.error = outcome.value, outcome.error
        except Exception as error:
            for waiting in batch:
                waiting.error = error


def _tell(batch: list[_Waiting]) -> None:
    for waiting in batch:
        waiting.tell()
