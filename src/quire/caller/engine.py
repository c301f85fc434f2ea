"""Carrying out a batch of calls in an event loop: a queue, and a fixed set of workers that empty it.

A task for each call would cost a third more. A call that must be tried again is laid aside while its worker carries
on with others; how many may be in flight follows the window.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence

from quire.caller.attempts import Attempts, Pending, Unanswered, not_sent
from quire.caller.delivery import Deliver, Delivery
from quire.caller.halt import Halt, complete
from quire.caller.journal import Kept, Keyed, content_key
from quire.caller.options import CallerOptions, Report
from quire.caller.spending import Spending
from quire.caller.transport import Transport
from quire.domain.calls import Answer, Call, Failure, Outcome

Numbered = tuple[int, Call]


class Batch:
    """One batch. ``feed`` and ``close_input`` are called in its event loop; so is ``deliver``."""

    def __init__(
        self,
        transport: Transport,
        options: CallerOptions,
        report: Report,
        deliver: Deliver,
        journal: Kept | None = None,
    ) -> None:
        self._journal = journal
        self._max_concurrency = options.max_concurrency
        self._loop = asyncio.get_running_loop()
        self._halt = Halt(self._release_all)
        self._delivery = Delivery(report, deliver, journal)
        self._attempts = Attempts(transport, options, report, self._halt)
        limit_usd = options.max_cost_usd
        self._spending = None if limit_usd is None else Spending(limit_usd, journal, self._halt)
        self._report = report
        self._queue: deque[Pending] = deque()
        self._again: deque[Pending] = deque()
        self._resting: dict[Pending, asyncio.TimerHandle] = {}
        self._idle: deque[asyncio.Future[None]] = deque()
        self._workers: list[asyncio.Task[None]] = []
        self._in_flight = 0

    def feed(self, calls: Sequence[Numbered]) -> None:
        """Take calls to carry out."""
        if self._delivery.ended:
            return
        self._delivery.expect(len(calls))
        try:
            if self._journal is None:
                self._queue.extend(Pending(index, call, b"") for index, call in calls)
            else:
                self._replay(self._journal, [(content_key(call), index, call) for index, call in calls])
        except Exception as error:
            self._delivery.fail(error)
            return
        self._hire()
        self._wake(len(self._queue))

    def _replay(self, journal: Kept, calls: list[Keyed]) -> None:
        for (key, index, call), answer in zip(calls, journal.replay(calls), strict=True):
            if answer is None:
                self._queue.append(Pending(index, call, key))
            else:
                self._delivery.add(index, key, answer)

    def close_input(self) -> None:
        """No more calls will be fed."""
        self._delivery.expect_no_more()

    async def cancel(self) -> None:
        """Stop at once: requests in flight are dropped, what finished is recorded in the journal."""
        self._delivery.stop()
        for timer in self._resting.values():
            timer.cancel()
        for worker in self._workers:
            worker.cancel()
        await asyncio.gather(*self._workers, return_exceptions=True)
        self._delivery.record_rest()

    @property
    def note(self) -> str:
        """What the batch waits for, for a progress display."""
        pause = self._attempts.pace.pausing_s
        return f"the service asked to wait, {pause:.0f} s left" if pause > 1 else ""

    # -- workers ---------------------------------------------------------------------------------

    def _hire(self) -> None:
        wanted = min(len(self._queue) + self._in_flight, self._max_concurrency)
        while len(self._workers) < wanted:
            self._workers.append(self._loop.create_task(self._work()))

    def _wake(self, count: int) -> None:
        while count > 0 and self._idle:
            sleeper = self._idle.popleft()
            if not sleeper.done():
                complete(sleeper)
                count -= 1

    async def _work(self) -> None:
        try:
            while (pending := await self._next()) is not None:
                self._in_flight += 1
                try:
                    outcome = await self._carry_out(pending)
                finally:
                    self._in_flight -= 1
                if outcome is not None:
                    if pending.ended is not None:
                        pending.ended(outcome)
                    self._delivery.add(pending.index, pending.key, outcome)
                    self._wake_for_a_larger_window()
        except Exception as error:
            self._delivery.fail(error)

    async def _next(self) -> Pending | None:
        while not self._delivery.ended:
            halted = self._halt.failure is not None
            if halted or self._in_flight < int(self._attempts.window.size):
                if self._again:
                    return self._again.popleft()
                if self._queue and (halted or len(self._resting) < self._max_concurrency):
                    return self._queue.popleft()
            sleeper: asyncio.Future[None] = self._loop.create_future()
            self._idle.append(sleeper)
            await sleeper
        return None

    def _wake_for_a_larger_window(self) -> None:
        """Someone idles while calls wait: an answer may have made room for more than the one who got it."""
        if self._idle and (self._queue or self._again):
            self._wake(1)

    async def _carry_out(self, pending: Pending) -> Outcome | None:
        """The outcome of a call; None if it is to be tried again later."""
        made = await (self._attempts.make(pending) if self._spending is None else self._paid(self._spending, pending))
        if isinstance(made, Answer):
            return made
        if made is None:
            assert self._halt.failure is not None
            return not_sent(pending, self._halt.failure)
        follows = self._attempts.after(pending, made)
        if isinstance(follows, Failure):
            if follows.stops_batch:
                self._halt.call(follows)
            return follows
        self._lay_aside(pending, follows)
        return None

    async def _paid(self, spending: Spending, pending: Pending) -> Answer | Unanswered | None:
        """One attempt, if there is money for it."""
        reserved = await spending.reserve(pending.call)
        if reserved is None:
            return None
        made: Answer | Unanswered | None = None
        try:
            made = await self._attempts.make(pending)
        finally:
            spending.settle(pending.call, reserved, made.usage if isinstance(made, Answer) else None)
        return made

    # -- calls laid aside ------------------------------------------------------------------------

    def _lay_aside(self, pending: Pending, seconds: float) -> None:
        if self._halt.failure is not None:
            self._again.append(pending)
            return
        self._report.waited_s += seconds
        self._resting[pending] = self._loop.call_later(seconds, self._resume, pending)

    def _resume(self, pending: Pending) -> None:
        del self._resting[pending]
        self._again.append(pending)
        self._wake(2)

    def _release_all(self) -> None:
        """Nothing more is sent: whatever waits goes on, and ends."""
        for pending, timer in self._resting.items():
            timer.cancel()
            self._again.append(pending)
        self._resting.clear()
        self._wake(len(self._idle))
