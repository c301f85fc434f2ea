"""The caller: carries out calls against a service, from sync and from async code."""

from __future__ import annotations

import asyncio
import contextlib
import queue
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Coroutine, Generator, Iterable
from typing import Any

from quire.caller.bridge import LoopThread, loop_thread
from quire.caller.journal import Kept
from quire.caller.options import CallerOptions, Report
from quire.caller.progress import NoProgress, Progress
from quire.caller.runs import AsyncRun, SyncRun
from quire.caller.settings import ServiceSettings
from quire.caller.stream import Streamed, stream_deltas, stream_events
from quire.caller.transport import Transport
from quire.domain.calls import Call, Outcome


class Caller:
    """Carries out calls against one service. Safe to share between threads and event loops.

    The sync methods keep connections open between batches. The async ones open their own for each batch, unless
    they run inside ``async with caller:``, which keeps them open for that block (in its event loop).

    Raises MissingConfiguration, naming the variables, if ``settings`` lack what a request needs.
    """

    def __init__(self, settings: ServiceSettings | None = None, options: CallerOptions | None = None) -> None:
        self.settings = settings or ServiceSettings.from_environment()
        self.settings.require_complete()
        self.options = options or CallerOptions()
        self._shared: tuple[asyncio.AbstractEventLoop, Transport] | None = None

    async def __aenter__(self) -> Caller:
        self._shared = asyncio.get_running_loop(), Transport(self.settings)
        return self

    async def __aexit__(self, *_exception: object) -> None:
        if self._shared is not None:
            _loop, transport = self._shared
            self._shared = None
            await transport.close()

    def iterate(
        self,
        calls: Iterable[Call],
        *,
        options: CallerOptions | None = None,
        ordered: bool = True,
        journal: Kept | None = None,
        report: Report | None = None,
        progress: Progress | None = None,
    ) -> Generator[Outcome]:
        """Carry out calls; yields one outcome for each, in order or as they finish.

        ``calls`` is read lazily, a bounded number ahead, in the calling thread. If reading it fails, the calls read
        before are finished first. Closing the iterator early, or Ctrl-C, drops the requests in flight and keeps in
        the journal what finished.
        """
        with SyncRun(options or self.options, ordered, report or Report(), progress or NoProgress()) as run:
            yield from run.outcomes(calls, loop_thread(), self.settings, journal)

    async def run(
        self,
        calls: Iterable[Call] | AsyncIterable[Call],
        *,
        options: CallerOptions | None = None,
        ordered: bool = True,
        journal: Kept | None = None,
        report: Report | None = None,
        progress: Progress | None = None,
    ) -> AsyncGenerator[Outcome]:
        """As :meth:`iterate`, in the running event loop; ``calls`` may be an async iterable.

        To stop early, close the iterator (``contextlib.aclosing``): Python leaves an abandoned one to the collector.
        """
        with AsyncRun(options or self.options, ordered, report or Report(), progress or NoProgress()) as run:
            async with (
                self._transport() as transport,
                contextlib.aclosing(run.outcomes(calls, transport, journal)) as outcomes,
            ):
                async for outcome in outcomes:
                    yield outcome

    async def astream(self, call: Call, *, options: CallerOptions | None = None) -> AsyncGenerator[str]:
        """Carry out one call and yield its text as it is written. Raises QuireError.

        To stop early, close the iterator (``contextlib.aclosing``): Python leaves an abandoned one to the collector.
        """
        async with (
            self._transport() as transport,
            contextlib.aclosing(stream_deltas(transport, call, options or self.options)) as deltas,
        ):
            async for delta in deltas:
                yield delta

    async def aevents(self, call: Call, *, options: CallerOptions | None = None) -> AsyncGenerator[Streamed]:
        """As :meth:`astream`, with every event that the service sends: tokens and the reason of the end are in them."""
        async with (
            self._transport() as transport,
            contextlib.aclosing(stream_events(transport, call, options or self.options)) as events,
        ):
            async for event in events:
                yield event

    def stream(self, call: Call, *, options: CallerOptions | None = None) -> Generator[str]:
        """As :meth:`astream`, for sync code; closing the iterator early closes the connection."""
        thread = loop_thread()
        inbox: queue.SimpleQueue[str | Exception | None] = queue.SimpleQueue()
        pump = thread.run(_start(_pump(thread, self.settings, call, options or self.options, inbox)))
        try:
            while (piece := inbox.get()) is not None:
                if isinstance(piece, Exception):
                    raise piece
                yield piece
        finally:
            thread.clean_up(_end(pump))

    @contextlib.asynccontextmanager
    async def _transport(self) -> AsyncIterator[Transport]:
        if self._shared is not None and self._shared[0] is asyncio.get_running_loop():
            yield self._shared[1]
            return
        transport = Transport(self.settings)
        try:
            yield transport
        finally:
            await transport.close()


async def _pump(
    thread: LoopThread,
    settings: ServiceSettings,
    call: Call,
    options: CallerOptions,
    inbox: queue.SimpleQueue[str | Exception | None],
) -> None:
    try:
        transport = await thread.transports.take(settings)
        try:
            async with contextlib.aclosing(stream_deltas(transport, call, options)) as deltas:
                async for delta in deltas:
                    inbox.put(delta)
        finally:
            thread.transports.give_back(transport)
    except Exception as error:
        inbox.put(error)
    else:
        inbox.put(None)


async def _start(work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
    return asyncio.create_task(work)


async def _end(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
