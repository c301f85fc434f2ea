"""Where the calls of a server run: writers together in one thread, point reads in another, all else in a few.

SQLite has one writer at a time, and a commit costs about as much for many changes as for one. So the writing thread
takes all that wait, does them in one transaction, each undone alone if it fails, and answers them once they are
durable. Reads of one thing by its id take less than the threads that fight over them would: one thread takes those
that wait, does them in one view of the store, and wakes the event loop once. Searches have threads of their own, so
that nobody waits behind them. A store without that limit (PostgreSQL) waits for the network instead: there all run in
the threads of the searches.
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
Call = Callable[[], Any]
# Calls done at once: of writers as many as a commit is worth, of readers few enough that the first waits little for
# the last.
MOST_WRITTEN = 64
MOST_LOOKED_AT = 16
# Searches at once where there is one writer: SQLite runs in this process, and more threads than these only take the
# interpreter from one another. Two, so that a long search does not stop all others.
MOST_SEARCHES = 2
LAST_PATIENCE = 5.0


class Together(Protocol):
    """A store that does several calls at the cost of one. Outcomes have the ``value`` of a call or its ``error``."""

    def together(self, calls: Sequence[Call]) -> list[Any]:
        """Run calls in order and make them durable with one commit."""

    def looked_at_together(self, calls: Sequence[Call]) -> list[Any]:
        """Run calls that read, in order and in one view."""


class Work:
    """The threads of one server process. Used in one event loop."""

    def __init__(self, one_writer: Together | None, *, reading_threads: int, artifact_threads: int) -> None:
        searches = reading_threads if one_writer is None else min(reading_threads, MOST_SEARCHES)
        self._readers = ThreadPoolExecutor(searches, "quire-read")
        self._files = ThreadPoolExecutor(artifact_threads, "quire-files")
        self._writer = self._looker = None
        if one_writer is not None:
            self._writer = Line("quire-write", one_writer.together, MOST_WRITTEN)
            self._looker = Line("quire-look", one_writer.looked_at_together, MOST_LOOKED_AT)

    async def read(self, function: Callable[[], T]) -> T:
        """Run a function that reads the store, and may take its time."""
        return await asyncio.get_running_loop().run_in_executor(self._readers, function)

    async def look(self, function: Callable[[], T]) -> T:
        """Run a function that reads little: what an id or a name finds."""
        if self._looker is None:
            return await self.read(function)
        return cast(T, await self._looker.run(function))

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

    def close(self, patience: float = LAST_PATIENCE) -> None:
        """Finish what was begun, and end the threads.

        A call in line that takes longer than ``patience`` seconds is left alone, as one that waits for a lock on the
        database: nobody was told that it was stored, nobody waits for its answer any more.
        """
        for line in (self._writer, self._looker):
            if line is not None:
                line.close(patience)
        self._readers.shutdown(wait=True)
        self._files.shutdown(wait=True, cancel_futures=True)


class _Waiting:
    """A call that waits for its turn, and then for its answer."""

    __slots__ = ("call", "error", "future", "loop", "value")

    def __init__(self, call: Call) -> None:
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


class Line:
    """One thread that takes what waits in line, at most so many calls, and does that at once."""

    def __init__(self, name: str, together: Callable[[Sequence[Call]], list[Any]], most: int) -> None:
        self._together = together
        self._most = most
        self._queue: SimpleQueue[_Waiting | None] = SimpleQueue()
        self._closed = False
        self._calls = 0
        self._turns = 0
        self._thread = threading.Thread(target=self._work, name=name, daemon=True)
        self._thread.start()

    def run(self, call: Call) -> asyncio.Future[Any]:
        """Have a call done; its future has the value or the error once all that was done with it is."""
        if self._closed:
            raise Unavailable("This server is stopping. Send the request again in a moment.")
        waiting = _Waiting(call)
        self._queue.put(waiting)
        return waiting.future

    def close(self, patience: float) -> None:
        """Do what waits, then end the thread; return after so many seconds even if it has not ended."""
        self._closed = True
        self._queue.put(None)
        self._thread.join(patience)

    @property
    def counts(self) -> tuple[int, int, int]:
        """The calls done, the turns they took, the calls that wait now."""
        return self._calls, self._turns, self._queue.qsize()

    def _work(self) -> None:
        last = False
        while not last:
            batch, last = self._take()
            if batch:
                self._do(batch)
                self._calls += len(batch)
                self._turns += 1
                with suppress(RuntimeError):  # the event loop is closed: nobody waits
                    batch[0].loop.call_soon_threadsafe(_tell, batch)

    def _take(self) -> tuple[list[_Waiting], bool]:
        """What waits now, at least one; and whether it is the last."""
        batch: list[_Waiting] = []
        try:
            waiting = self._queue.get()
            while waiting is not None:
                batch.append(waiting)
                if len(batch) == self._most:
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
            outcomes = self._together([waiting.call for waiting in batch])
            for waiting, outcome in zip(batch, outcomes, strict=True):
                waiting.value, waiting.error = outcome.value, outcome.error
        except Exception as error:
            for waiting in batch:
                waiting.error = error


def _tell(batch: list[_Waiting]) -> None:
    for waiting in batch:
        waiting.tell()
