"""Calls that wait for their turn, and a thread that does what waits in line at once."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import Any

from quire.domain.errors import Unavailable

Call = Callable[[], Any]


class Waiting:
    """A call that waits for its turn, and then for its answer."""

    __slots__ = ("call", "error", "future", "loop", "value")

    def __init__(self, call: Call) -> None:
        self.call = call
        self.loop = asyncio.get_running_loop()
        self.future: asyncio.Future[Any] = self.loop.create_future()
        self.value: Any = None
        self.error: Exception | None = None


def settle(batch: Sequence[Waiting], outcomes: Sequence[Any]) -> None:
    """Note what became of each call."""
    for waiting, outcome in zip(batch, outcomes, strict=True):
        waiting.value, waiting.error = outcome.value, outcome.error


def tell(batch: Iterable[Waiting]) -> None:
    """Give everybody who asked an answer. Called in the event loop."""
    for waiting in batch:
        if waiting.future.done():
            continue
        if waiting.error is None:
            waiting.future.set_result(waiting.value)
        else:
            waiting.future.set_exception(waiting.error)


def refuse_if(closed: bool) -> None:
    """Raise Unavailable for a call that comes when the server stops."""
    if closed:
        raise Unavailable("This server is stopping. Send the request again in a moment.")


class Line:
    """One thread that takes what waits in line, at most so many calls, and does that at once."""

    def __init__(self, name: str, together: Callable[[Sequence[Call]], list[Any]], most: int) -> None:
        self._together = together
        self._most = most
        self._queue: SimpleQueue[Waiting | None] = SimpleQueue()
        self._closed = False
        self.calls = 0
        self.turns = 0
        self._thread = threading.Thread(target=self._work, name=name, daemon=True)
        self._thread.start()

    def run(self, call: Call) -> asyncio.Future[Any]:
        """Have a call done; its future has the value or the error once all that was done with it is."""
        self.refuse_if_closed()
        waiting = Waiting(call)
        self._queue.put(waiting)
        return waiting.future

    def refuse_if_closed(self) -> None:
        """Raise Unavailable if nothing more is done here."""
        refuse_if(self._closed)

    def take(self, batch: Iterable[Waiting]) -> None:
        """Let calls wait here that waited elsewhere."""
        for waiting in batch:
            self._queue.put(waiting)

    @property
    def length(self) -> int:
        """How many calls wait now."""
        return self._queue.qsize()

    def close(self, patience: float) -> None:
        """Do what waits, then end the thread; return after so many seconds even if it has not ended."""
        self._closed = True
        self._queue.put(None)
        self._thread.join(patience)

    def _work(self) -> None:
        last = False
        while not last:
            batch, last = self._taken()
            if batch:
                self._do(batch)
                self.calls += len(batch)
                self.turns += 1
                with suppress(RuntimeError):  # the event loop is closed: nobody waits
                    batch[0].loop.call_soon_threadsafe(tell, batch)

    def _taken(self) -> tuple[list[Waiting], bool]:
        """What waits now, at least one; and whether it is the last."""
        batch: list[Waiting] = []
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

    def _do(self, batch: list[Waiting]) -> None:
        try:
            if len(batch) == 1:
                batch[0].value = batch[0].call()
            else:
                settle(batch, self._together([waiting.call for waiting in batch]))
        except Exception as error:
            for waiting in batch:
                waiting.error = error
