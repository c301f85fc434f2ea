"""A run: a batch between the code that gives its calls and the code that takes its outcomes, sync or async."""

from __future__ import annotations

import asyncio
import queue
import time
from collections.abc import AsyncGenerator, AsyncIterable, Iterable, Iterator
from typing import Self

from quire.caller.bridge import LoopThread
from quire.caller.delivery import Finished
from quire.caller.engine import Batch, Numbered
from quire.caller.journal import Kept
from quire.caller.options import CallerOptions, Report
from quire.caller.progress import Progress
from quire.caller.settings import ServiceSettings
from quire.caller.transport import Transport
from quire.domain.calls import Call, Outcome

_CHUNK = 64
_CHUNK_SECONDS = 0.005
_WINDOW = 4096
"""Calls taken and not given out: so many rows may overtake one that must wait."""


class _Run:
    """What sync and async runs share: the window of calls in progress, order, the report and the display.

    A context manager: on leaving it the clock stops and the display goes.
    """

    def __init__(self, options: CallerOptions, ordered: bool, report: Report, progress: Progress) -> None:
        self.options = options
        self.report = report
        self.source_error: Exception | None = None
        self._progress = progress
        self._ordered = ordered
        self._held: dict[int, Outcome] = {}
        self._next_index = 0
        self._taken = 0
        self._window = max(_WINDOW, 8 * options.max_concurrency)
        self._heaviest = self._window // (2 * options.max_concurrency)
        self._load = 0

    def has_room(self) -> bool:
        """Whether more calls may be taken from the source now: memory is bounded by calls taken and not given out."""
        return self._load < self._window

    def _weight(self, call: Call) -> int:
        """A call of many inputs counts for more, but twice as many calls as may be in flight always fit."""
        return max(1, min(len(call.rows), self._heaviest))

    def take(self, call: Call) -> Numbered:
        """Number a call."""
        numbered = self._taken, call
        self._taken += 1
        self._load += self._weight(call)
        return numbered

    def pull(self, source: Iterator[Call]) -> tuple[list[Numbered], bool]:
        """Some calls from the source, and whether there may be more.

        As many as there is room for, but a slow source is not waited for long. An error of the source ends it.
        """
        chunk: list[Numbered] = []
        deadline = time.monotonic() + _CHUNK_SECONDS
        try:
            for call in source:
                chunk.append(self.take(call))
                if len(chunk) >= _CHUNK or not self.has_room() or time.monotonic() > deadline:
                    return chunk, True
        except Exception as error:
            self.source_error = error
        return chunk, False

    def release(self, finished: list[Finished]) -> list[Outcome]:
        """The outcomes that can be given out now that these finished."""
        if not self._ordered:
            ready = [outcome for _index, outcome in finished]
        else:
            self._held.update(finished)
            ready = []
            while (outcome := self._held.pop(self._next_index, None)) is not None:
                ready.append(outcome)
                self._next_index += 1
        for outcome in ready:
            self._load -= self._weight(outcome.call)
        return ready

    def watch(self, batch: Batch) -> None:
        """Let the display show what the batch waits for."""
        self._progress.watch(lambda: batch.note)

    def show(self) -> None:
        """Update the display."""
        self._progress.update(self.report.rows, self.report.failed)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.report.end()
        self._progress.close()


class SyncRun(_Run):
    """Feeds a batch in the background loop from the calling thread, and takes its outcomes back."""

    def outcomes(
        self,
        calls: Iterable[Call],
        thread: LoopThread,
        settings: ServiceSettings,
        journal: Kept | None,
    ) -> Iterator[Outcome]:
        """Carry out the calls. Raises what ended the batch, or what the source raised once its calls are done."""
        inbox: queue.SimpleQueue[list[Finished] | BaseException | None] = queue.SimpleQueue()

        async def start() -> tuple[Transport, Batch]:
            transport = await thread.transports.take(settings)
            return transport, Batch(transport, self.options, self.report, inbox.put, journal)

        async def stop() -> None:
            try:
                await batch.cancel()
            finally:
                thread.transports.give_back(transport)

        transport, batch = thread.run(start())
        self.watch(batch)
        try:
            yield from self._exchange(iter(calls), thread, batch, inbox)
        finally:
            thread.clean_up(stop())

    def _exchange(
        self,
        source: Iterator[Call],
        thread: LoopThread,
        batch: Batch,
        inbox: queue.SimpleQueue[list[Finished] | BaseException | None],
    ) -> Iterator[Outcome]:
        more = True
        while True:
            if more and self.has_room():
                chunk, more = self.pull(source)
                thread.loop.call_soon_threadsafe(batch.feed, chunk)
                if not more:
                    thread.loop.call_soon_threadsafe(batch.close_input)
                elif self.has_room() and inbox.empty():
                    continue
            message = inbox.get()
            if isinstance(message, BaseException):
                raise message
            if message is None:
                if self.source_error is not None:
                    raise self.source_error
                return
            self.show()
            yield from self.release(message)


class AsyncRun(_Run):
    """Feeds a batch in the running loop and takes its outcomes."""

    async def outcomes(
        self,
        calls: Iterable[Call] | AsyncIterable[Call],
        transport: Transport,
        journal: Kept | None,
    ) -> AsyncGenerator[Outcome, None]:
        """Carry out the calls. Raises what ended the batch, or what the source raised once its calls are done."""
        inbox: asyncio.Queue[list[Finished] | BaseException | None] = asyncio.Queue()
        batch = Batch(transport, self.options, self.report, inbox.put_nowait, journal)
        self.watch(batch)
        self._room_made = asyncio.Event()
        feeder = asyncio.create_task(self._feed(calls, batch))
        try:
            while (message := await inbox.get()) is not None:
                if isinstance(message, BaseException):
                    raise message
                self.show()
                for outcome in self.release(message):
                    yield outcome
                self._room_made.set()
            if self.source_error is not None:
                raise self.source_error
        finally:
            feeder.cancel()
            await asyncio.gather(feeder, return_exceptions=True)
            await batch.cancel()

    async def _feed(self, calls: Iterable[Call] | AsyncIterable[Call], batch: Batch) -> None:
        try:
            if isinstance(calls, AsyncIterable):
                await self._feed_as_they_come(calls, batch)
            else:
                await self._feed_chunks(iter(calls), batch)
        except Exception as error:
            self.source_error = error
        batch.close_input()

    async def _feed_as_they_come(self, calls: AsyncIterable[Call], batch: Batch) -> None:
        async for call in calls:
            batch.feed([self.take(call)])
            await self._wait_for_room()
            if self._taken % _CHUNK == 0:
                await asyncio.sleep(0)

    async def _feed_chunks(self, source: Iterator[Call], batch: Batch) -> None:
        more = True
        while more:
            chunk, more = self.pull(source)
            batch.feed(chunk)
            await self._wait_for_room()
            await asyncio.sleep(0)

    async def _wait_for_room(self) -> None:
        while not self.has_room():
            self._room_made.clear()
            await self._room_made.wait()
