"""Carrying out a batch of calls in an event loop: workers, retries, the journal, delivery.

A batch is fed calls and delivers outcomes, in chunks, in the order in which they finish. A fixed set of workers
takes calls from a queue (a task per call would cost a third more); how many may be in flight follows the window.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence

import msgspec

from quire.caller.journal import Journal, Keyed, content_key
from quire.caller.limits import Window, retry_after
from quire.caller.options import CallerOptions, Report
from quire.caller.pace import Pace
from quire.caller.purse import Purse
from quire.caller.retry import MAX_DELAY, RetryBudget, Verdict, backoff, judge, judge_error_in_answer
from quire.caller.transport import Reply, SendError, Transport
from quire.domain.calls import Answer, Call, Failure, Outcome, Task, read_usage
from quire.domain.redaction import redact

Numbered = tuple[int, Call]
Finished = tuple[int, Outcome]
Deliver = Callable[[list[Finished] | BaseException | None], None]
"""Told of finished calls; then once of None (all calls finished) or of the error that ended the batch."""

_TRIES_TO_REACH = 3
_LONG_PAUSE = 5.0
"""A retry-after of this many seconds speaks of the service, not of one request: everything waits."""
_REFUSED_IN_A_ROW = 8
"""After so many refusals and no answer between them, a short retry-after holds for everything too."""

_ESSENCE: dict[Task, str] = {
    "chat.completions": "choices",
    "completions": "choices",
    "embeddings": "data",
    "responses": "output",
}
"""The key of an answer without which nothing can be read from it."""

_decode = msgspec.json.Decoder(dict).decode


class _Task:
    """A call on its way."""

    __slots__ = ("attempts", "call", "counted", "index", "key", "successes_before")

    def __init__(self, index: int, call: Call, key: bytes) -> None:
        self.index = index
        self.call = call
        self.key = key
        self.attempts = 0
        self.counted = 0
        self.successes_before = 0


class Batch:
    """One batch. ``feed`` and ``close_input`` are called in its event loop; so is ``deliver``."""

    def __init__(
        self,
        transport: Transport,
        options: CallerOptions,
        report: Report,
        deliver: Deliver,
        journal: Journal | None = None,
        caller_params: Mapping[str, float] | None = None,
    ) -> None:
        self._transport = transport
        self._options = options
        self._report = report
        self._deliver = deliver
        self._journal = journal
        params = caller_params or {}
        self._max_retries = int(params.get("max_retries", options.max_retries))
        self._timeout = float(params.get("timeout", options.timeout))
        self._loop = asyncio.get_running_loop()
        self._queue: deque[_Task] = deque()
        self._again: deque[_Task] = deque()
        self._resting: dict[_Task, asyncio.TimerHandle] = {}
        self._idle: deque[asyncio.Future[None]] = deque()
        self._held_back: set[asyncio.Future[None]] = set()
        self._workers: list[asyncio.Task[None]] = []
        self._finished: list[tuple[int, bytes, Outcome]] = []
        self._unfinished = 0
        self._in_flight = 0
        self._successes = 0
        self._refused_in_a_row = 0
        self._input_closed = False
        self._ended = False
        self._fatal: Failure | None = None
        self._pace = Pace(options, self._rest)
        self._window = Window(options.max_concurrency)
        self._retries = RetryBudget()
        self._purse: Purse | None = None
        self._settled: asyncio.Future[None] | None = None

    # -- input -----------------------------------------------------------------------------------

    def feed(self, calls: Sequence[Numbered]) -> None:
        """Take calls to carry out."""
        if self._ended:
            return
        self._unfinished += len(calls)
        try:
            if self._journal is None:
                self._queue.extend(_Task(index, call, b"") for index, call in calls)
            else:
                self._replay(self._journal, [(content_key(call), index, call) for index, call in calls])
        except Exception as error:
            self._end_with(error)
            return
        self._hire()
        self._wake(len(self._queue))

    def _replay(self, journal: Journal, calls: list[Keyed]) -> None:
        for (key, index, call), answer in zip(calls, journal.replay(calls), strict=True):
            if answer is None:
                self._queue.append(_Task(index, call, key))
            else:
                self._finish(index, key, answer)

    def close_input(self) -> None:
        """No more calls will be fed."""
        self._input_closed = True
        self._wake(len(self._idle))
        self._schedule_flush()

    async def cancel(self) -> None:
        """Stop at once: requests in flight are dropped, what finished is recorded in the journal."""
        failed_before, self._ended = self._ended, True
        for timer in self._resting.values():
            timer.cancel()
        for worker in self._workers:
            worker.cancel()
        await asyncio.gather(*self._workers, return_exceptions=True)
        try:
            self._record_finished()
        except Exception:
            if not failed_before:
                raise

    # -- workers ---------------------------------------------------------------------------------

    def _hire(self) -> None:
        wanted = min(len(self._queue) + self._in_flight, self._options.max_concurrency)
        while len(self._workers) < wanted:
            self._workers.append(self._loop.create_task(self._work()))

    def _wake(self, count: int) -> None:
        while count > 0 and self._idle:
            sleeper = self._idle.popleft()
            if not sleeper.done():
                sleeper.set_result(None)
                count -= 1

    async def _work(self) -> None:
        try:
            while (task := await self._next()) is not None:
                self._in_flight += 1
                try:
                    outcome = await self._carry_out(task)
                finally:
                    self._in_flight -= 1
                if outcome is not None:
                    self._finish(task.index, task.key, outcome)
        except Exception as error:
            self._end_with(error)

    async def _next(self) -> _Task | None:
        while not self._ended:
            if self._in_flight < int(self._window.size) or self._fatal is not None:
                if self._again:
                    return self._again.popleft()
                if self._queue and (len(self._resting) < self._options.max_concurrency or self._fatal is not None):
                    return self._queue.popleft()
            sleeper: asyncio.Future[None] = self._loop.create_future()
            self._idle.append(sleeper)
            await sleeper
        return None

    async def _carry_out(self, task: _Task) -> Outcome | None:
        """The outcome of a call; None if it is to be tried again later."""
        if self._options.max_cost_usd is None:
            ended = await self._attempt(task)
        else:
            ended = await self._attempt_within_budget(task, self._options.max_cost_usd)
        if ended is None:
            assert self._fatal is not None
            return _not_sent(task, self._fatal)
        return ended if isinstance(ended, Answer) else self._after(task, *ended)

    async def _attempt(self, task: _Task) -> Answer | tuple[Verdict, float | None] | None:
        """One request: the answer, or why there is none and how long the service asks to wait; None if not sent."""
        began = time.monotonic()
        tokens = await self._pace.hold_back(task.call)
        used: int | None = None
        try:
            sent = time.monotonic()
            if sent - began > 0.001:
                self._report.waited_s += sent - began
            if self._fatal is not None:
                return None
            if task.attempts == 0:
                task.successes_before = self._successes
            task.attempts += 1
            self._report.requests += 1
            reply = await self._transport.send(task.call, self._timeout)
            self._pace.observe(reply.headers, self._in_flight)
            result = _read(task, reply, time.monotonic() - sent)
            if isinstance(result, Answer):
                used = result.usage.input_tokens + result.usage.output_tokens
                self._succeeded()
                return result
            if result.kind == "rate_limit":
                self._refused()
            return result, retry_after(reply.headers, time.time())
        except SendError as error:
            return Verdict(error.kind, str(error), retry=True), None
        finally:
            self._pace.settle(tokens, used)

    def _succeeded(self) -> None:
        self._successes += 1
        self._refused_in_a_row = 0
        self._retries.succeeded()
        growing = self._window.size < self._window.maximum
        self._window.succeeded()
        if growing:
            self._wake(1)

    def _refused(self) -> None:
        self._refused_in_a_row += 1
        self._window.refused(time.monotonic(), self._report.mean_latency_s or 0.0)

    def _after(self, task: _Task, verdict: Verdict, asked: float | None) -> Failure | None:
        """After an attempt that failed: the failure, or None if the call is to be tried again later."""
        others_succeed = self._successes > task.successes_before
        if verdict.kind != "rate_limit" or not others_succeed:
            task.counted += 1
        exhausted = task.counted > self._max_retries or self._max_retries == 0
        if not verdict.retry or exhausted or self._nothing_there(verdict, task.counted):
            return self._fail(task, verdict, others_succeed)
        if verdict.kind == "rate_limit":
            task.successes_before = self._successes
        self._report.retries += 1
        self._retry_after(task, self._delay(task, verdict, asked))
        return None

    def _delay(self, task: _Task, verdict: Verdict, asked: float | None) -> float:
        """Seconds before the next attempt. A long wait that the service asks for holds for all calls."""
        if asked is None:
            if verdict.kind != "rate_limit" and not self._retries.spend():
                return MAX_DELAY
            return backoff(max(1, task.counted))
        if asked >= _LONG_PAUSE or self._refused_in_a_row >= _REFUSED_IN_A_ROW:
            self._pace.pause(asked)
        jitter = random.random() * max(0.05, 0.1 * asked)  # noqa: S311 - spreading load, not secrets
        return max(asked + jitter, backoff(task.attempts - 2) if task.attempts > 2 else 0.0)

    def _retry_after(self, task: _Task, seconds: float) -> None:
        """Lay a call aside; its worker carries on with others, as long as not too many lie there."""
        if self._fatal is not None:
            self._again.append(task)
            return
        self._report.waited_s += seconds
        self._resting[task] = self._loop.call_later(seconds, self._resume, task)

    def _resume(self, task: _Task) -> None:
        del self._resting[task]
        self._again.append(task)
        self._wake(2)

    def _nothing_there(self, verdict: Verdict, tries: int) -> bool:
        """Whether the service was tried in vain often enough to say that it is not there."""
        lost = verdict.kind in {"unreachable", "connection"}
        return lost and self._successes == 0 and tries >= _TRIES_TO_REACH

    def _fail(self, task: _Task, verdict: Verdict, others_succeed: bool) -> Failure:
        kind, message = verdict.kind, verdict.message
        if kind == "unreachable" and others_succeed:
            kind = "connection"
        elif kind == "unreachable" or self._nothing_there(verdict, task.counted):
            kind = "unreachable"
            attempts = f"{task.attempts} attempt{'s' if task.attempts > 1 else ''}"
            message = (
                f"{self._transport.base_url} cannot be reached after {attempts} ({message}). "
                "Check OPENAI_BASE_URL and the network."
            )
        failure = Failure(task.call, kind, message, verdict.status, task.attempts)
        if failure.stops_batch:
            self._stop_sending(failure)
        return failure

    # -- waiting ---------------------------------------------------------------------------------

    async def _rest(self, seconds: float) -> bool:
        """Sleep, but not beyond the moment when nothing more is to be sent; then False."""
        if self._fatal is not None:
            return False
        rested: asyncio.Future[None] = self._loop.create_future()
        timer = self._loop.call_later(seconds, _complete, rested)
        self._held_back.add(rested)
        try:
            await rested
        finally:
            timer.cancel()
            self._held_back.discard(rested)
        return self._fatal is None

    def _stop_sending(self, failure: Failure) -> None:
        """Nothing more is sent: whatever waits is released, and ends."""
        if self._fatal is not None:
            return
        self._fatal = failure
        for rested in self._held_back:
            _complete(rested)
        for task, timer in self._resting.items():
            timer.cancel()
            self._again.append(task)
        self._resting.clear()
        self._wake(len(self._idle))

    # -- the spend limit -------------------------------------------------------------------------

    async def _attempt_within_budget(
        self, task: _Task, limit_usd: float
    ) -> Answer | tuple[Verdict, float | None] | None:
        purse = self._open_purse(task.call, limit_usd)
        reserved = await self._reserve(purse, task.call)
        if reserved is None:
            return None
        ended: Answer | tuple[Verdict, float | None] | None = None
        try:
            ended = await self._attempt(task)
        finally:
            purse.settle(task.call, reserved, ended.usage if isinstance(ended, Answer) else None)
            settled, self._settled = self._settled, None
            if settled is not None:
                _complete(settled)
        return ended

    def _open_purse(self, call: Call, limit_usd: float) -> Purse:
        if self._purse is None:
            spent = self._journal.spent() if self._journal is not None else None
            self._purse = Purse(limit_usd, str(call.body.get("model")), spent)
        return self._purse

    async def _reserve(self, purse: Purse, call: Call) -> float | None:
        """Money for one request, once there is some; None when the batch must end for lack of it."""
        while self._fatal is None:
            reserved = purse.reserve(call)
            if reserved is not None:
                return reserved
            if purse.nothing_reserved:
                self._stop_sending(Failure(call, "spend_limit", purse.explain_stop()))
            else:
                if self._settled is None:
                    self._settled = self._loop.create_future()
                await asyncio.shield(self._settled)
        return None

    # -- output ----------------------------------------------------------------------------------

    def _finish(self, index: int, key: bytes, outcome: Outcome) -> None:
        self._finished.append((index, key, outcome))
        if len(self._finished) == 1:
            self._schedule_flush()

    def _schedule_flush(self) -> None:
        self._loop.call_soon(self._flush)

    def _flush(self) -> None:
        """Record what finished, then hand it over: nothing is delivered that a killed process would forget."""
        if self._ended:
            return
        try:
            finished = self._record_finished()
        except Exception as error:
            self._end_with(error)
            return
        if finished:
            self._unfinished -= len(finished)
            for _index, outcome in finished:
                self._report.count(outcome)
            self._deliver(finished)
        if self._input_closed and self._unfinished == 0:
            self._ended = True
            self._wake(len(self._idle))
            self._deliver(None)

    def _record_finished(self) -> list[Finished]:
        finished = self._finished
        if self._journal is not None:
            entries = [
                (key, index, outcome)
                for index, key, outcome in finished
                if isinstance(outcome, Answer) and not outcome.replayed
            ]
            if entries:
                self._journal.write(entries)
        self._finished = []
        return [(index, outcome) for index, _key, outcome in finished]

    def _end_with(self, error: BaseException) -> None:
        if not self._ended:
            self._ended = True
            self._wake(len(self._idle))
            self._deliver(error)

    @property
    def note(self) -> str:
        """What the batch waits for, for a progress display."""
        pause = self._pace.pausing_s
        return f"the service asked to wait, {pause:.0f} s left" if pause > 1 else ""


def _complete(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)


def _read(task: _Task, reply: Reply, latency: float) -> Answer | Verdict:
    if reply.status >= 300:
        return judge(reply)
    try:
        response = _decode(reply.body)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        said = f"the answer is not a JSON object ({error}): {reply.body[:120].decode('utf-8', 'replace')!r}"
        return Verdict("invalid_response", redact(said), retry=True)
    if response.get("error"):
        return judge_error_in_answer(response["error"])
    if not isinstance(response.get(_ESSENCE[task.call.task]), list):
        said = f"the answer lacks {_ESSENCE[task.call.task]!r}: {reply.body[:120].decode('utf-8', 'replace')!r}"
        return Verdict("invalid_response", redact(said), retry=True)
    return Answer(task.call, response, read_usage(response), latency, task.attempts)


def _not_sent(task: _Task, fatal: Failure) -> Failure:
    kind = fatal.kind if fatal.kind == "spend_limit" else "not_sent"
    message = f"not sent: {fatal.message}" if not task.attempts else f"not sent again: {fatal.message}"
    return Failure(task.call, kind, message, fatal.status, task.attempts)
