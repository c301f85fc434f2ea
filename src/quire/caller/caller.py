"""The caller: carries out calls against a service, from sync and from async code."""

from __future__ import annotations

import asyncio
import queue
import time
from collections.abc import AsyncIterable, AsyncIterator, Iterable, Iterator, Mapping
from typing import Any

from quire.caller.bridge import LoopThread, loop_thread
from quire.caller.engine import Batch, Finished
from quire.caller.journal import Journal
from quire.caller.options import CallerOptions, Report
from quire.caller.progress import NoProgress, Progress
from quire.caller.settings import ServiceSettings
from quire.caller.stream import stream_deltas
from quire.caller.transport import Transport
from quire.domain.calls import Call, Outcome

_CHUNK = 64
_CHUNK_SECONDS = 0.005


class Caller:
    """Carries out calls against one service. Safe to share between threads and event loops.

    Raises MissingConfiguration, naming the variables, if ``settings`` lack what a request needs.
    """

    def __init__(self, settings: ServiceSettings | None = None, options: CallerOptions | None = None) -> None:
        self.settings = settings or ServiceSettings.from_environment()
        self.settings.require_complete()
        self.options = options or CallerOptions()

    def iterate(
        self,
        calls: Iterable[Call],
        *,
        options: CallerOptions | None = None,
        caller_params: Mapping[str, float] | None = None,
        ordered: bool = True,
        journal: Journal | None = None,
        report: Report | None = None,
        progress: Progress | None = None,
    ) -> Iterator[Outcome]:
        """Carry out calls; yields one outcome for each, in order or as they finish.

        ``calls`` is read lazily, a bounded number ahead, in the calling thread. Closing the iterator early, or
        Ctrl-C, drops the requests in flight and keeps in the journal what finished.
        """
        run = _SyncRun(options or self.options, ordered, report or Report(), progress or NoProgress())
        yield from run.outcomes(calls, loop_thread(), self.settings, journal, caller_params)

    async def run(
        self,
        calls: Iterable[Call] | AsyncIterable[Call],
        *,
        options: CallerOptions | None = None,
        caller_params: Mapping[str, float] | None = None,
        ordered: bool = True,
        journal: Journal | None = None,
        report: Report | None = None,
        progress: Progress | None = None,
    ) -> AsyncIterator[Outcome]:
        """As :meth:`iterate`, in the running event loop; ``calls`` may be an async iterable."""
        chosen = options or self.options
        transport = self._transport(chosen)
        run = _AsyncRun(chosen, ordered, report or Report(), progress or NoProgress())
        try:
            async for outcome in run.outcomes(calls, transport, journal, caller_params):
                yield outcome
        finally:
            await transport.close()

    async def astream(self, call: Call) -> AsyncIterator[str]:
        """Carry out one call and yield its text as it is written. Raises QuireError."""
        transport = self._transport(self.options)
        try:
            async for delta in stream_deltas(transport, call):
                yield delta
        finally:
            await transport.close()

    def stream(self, call: Call) -> Iterator[str]:
        """As :meth:`astream`, for sync code."""
        thread = loop_thread()
        lease = thread.transports.lease(self.settings, self.options.max_concurrency, self.options.timeout)
        deltas = stream_deltas(thread.run(lease.__aenter__()), call)
        try:
            while (delta := thread.run(_next_or_none(deltas))) is not None:
                yield delta
        finally:
            thread.run(deltas.aclose())
            thread.run(lease.__aexit__(None, None, None))

    def _transport(self, options: CallerOptions) -> Transport:
        return Transport(self.settings, timeout=options.timeout, connections=options.max_concurrency)


async def _next_or_none(deltas: AsyncIterator[str]) -> str | None:
    return await anext(deltas, None)


class _Run:
    """What sync and async runs share: the window of calls in progress, order, the report and the display."""

    def __init__(self, options: CallerOptions, ordered: bool, report: Report, progress: Progress) -> None:
        self.options = options
        self.report = report
        self._progress = progress
        self._ordered = ordered
        self._held: dict[int, Outcome] = {}
        self._next_index = 0
        self.taken = 0
        self.given = 0
        self.window = max(1024, 8 * options.max_concurrency)

    @property
    def room(self) -> int:
        """How many more calls may be taken from the source now."""
        return self.window - (self.taken - self.given)

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
        self.given += len(ready)
        return ready

    def show(self, note: str) -> None:
        """Update the display."""
        self._progress.update(self.report.rows, self.report.failed, note)

    def end(self) -> None:
        """The run is over, one way or another."""
        self.report.end()
        self._progress.close()


class _SyncRun(_Run):
    """Feeds a batch in the background loop from the calling thread, and takes its outcomes back."""

    def outcomes(
        self,
        calls: Iterable[Call],
        thread: LoopThread,
        settings: ServiceSettings,
        journal: Journal | None,
        caller_params: Mapping[str, float] | None,
    ) -> Iterator[Outcome]:
        inbox: queue.SimpleQueue[list[Finished] | BaseException | None] = queue.SimpleQueue()
        lease = thread.transports.lease(settings, self.options.max_concurrency, self.options.timeout)

        async def start() -> Batch:
            transport = await lease.__aenter__()
            return Batch(transport, self.options, self.report, inbox.put, journal, dict(caller_params or {}))

        async def stop() -> None:
            await batch.cancel()
            await lease.__aexit__(None, None, None)

        batch = thread.run(start())
        source = iter(calls)
        more = True
        try:
            while True:
                if more and self.room > 0:
                    chunk, more = self._pull(source)
                    thread.loop.call_soon_threadsafe(batch.feed, chunk)
                    if not more:
                        thread.loop.call_soon_threadsafe(batch.close_input)
                    if more and self.room > 0 and inbox.empty():
                        continue
                message = inbox.get()
                if message is None:
                    return
                if isinstance(message, BaseException):
                    raise message
                self.show(batch.note)
                yield from self.release(message)
        finally:
            thread.run(stop())
            self.end()

    def _pull(self, source: Iterator[Call]) -> tuple[list[tuple[int, Call]], bool]:
        """Some calls from the source: as many as there is room for, but a slow source is not waited for long."""
        chunk: list[tuple[int, Call]] = []
        deadline = time.monotonic() + _CHUNK_SECONDS
        for call in source:
            chunk.append((self.taken, call))
            self.taken += 1
            if len(chunk) >= _CHUNK or self.room <= 0 or time.monotonic() > deadline:
                return chunk, True
        return chunk, False


class _AsyncRun(_Run):
    """Feeds a batch in the running loop and takes its outcomes."""

    async def outcomes(
        self,
        calls: Iterable[Call] | AsyncIterable[Call],
        transport: Transport,
        journal: Journal | None,
        caller_params: Mapping[str, float] | None,
    ) -> AsyncIterator[Outcome]:
        inbox: asyncio.Queue[list[Finished] | BaseException | None] = asyncio.Queue()
        batch = Batch(transport, self.options, self.report, inbox.put_nowait, journal, dict(caller_params or {}))
        self._has_room = asyncio.Event()
        feeder = asyncio.create_task(self._feed(calls, batch, inbox))
        try:
            while (message := await inbox.get()) is not None:
                if isinstance(message, BaseException):
                    raise message
                self.show(batch.note)
                for outcome in self.release(message):
                    yield outcome
                self._has_room.set()
        finally:
            feeder.cancel()
            await asyncio.gather(feeder, return_exceptions=True)
            await batch.cancel()
            self.end()

    async def _feed(self, calls: Iterable[Call] | AsyncIterable[Call], batch: Batch, inbox: asyncio.Queue[Any]) -> None:
        try:
            if isinstance(calls, AsyncIterable):
                async for call in calls:
                    await self._feed_one(call, batch)
            else:
                for call in calls:
                    await self._feed_one(call, batch)
        except Exception as error:
            inbox.put_nowait(error)
        else:
            batch.close_input()

    async def _feed_one(self, call: Call, batch: Batch) -> None:
        while self.room <= 0:
            self._has_room.clear()
            await self._has_room.wait()
        batch.feed([(self.taken, call)])
        self.taken += 1
        if self.taken % _CHUNK == 0:
            await asyncio.sleep(0)
