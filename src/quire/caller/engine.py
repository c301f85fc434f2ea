"""Carrying out a batch of calls in an event loop: workers, retries, the journal, delivery.

A batch is fed calls and delivers outcomes, in chunks, in the order in which they finish. A fixed set of workers
takes calls from a queue (a task per call would cost a third more); how many may be in flight follows the window.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable, Sequence

import msgspec

from quire.caller.journal import Journal, content_key
from quire.caller.limits import Window, retry_after
from quire.caller.options import CallerOptions, Report
from quire.caller.pace import Pace, Purse
from quire.caller.retry import MAX_DELAY, RetryBudget, Verdict, backoff, judge
from quire.caller.transport import Reply, SendError, Transport
from quire.domain.calls import Answer, Call, Failure, Outcome, read_usage

Numbered = tuple[int, Call]
Finished = tuple[int, Outcome]
Deliver = Callable[[list[Finished] | BaseException | None], None]
"""Told of finished calls; then once of None (all calls finished) or of the error that ended the batch."""

_TRIES_TO_REACH = 3
_decode = msgspec.json.Decoder(dict).decode


class Batch:
    """One batch. ``feed`` and ``close_input`` are called in its event loop; so is ``deliver``."""

    def __init__(
        self,
        transport: Transport,
        options: CallerOptions,
        report: Report,
        deliver: Deliver,
        journal: Journal | None = None,
        caller_params: dict[str, float] | None = None,
    ) -> None:
        self._transport = transport
        self._options = options
        self._report = report
        self._deliver = deliver
        self._journal = journal
        params = caller_params or {}
        self._max_retries = int(params.get("max_retries", options.max_retries))
        self._timeout = float(params.get("timeout", options.timeout))
        self._queue: deque[tuple[int, Call, bytes]] = deque()
        self._idle: deque[asyncio.Future[None]] = deque()
        self._workers: list[asyncio.Task[None]] = []
        self._finished: list[tuple[int, bytes, Outcome]] = []
        self._unfinished = 0
        self._in_flight = 0
        self._successes = 0
        self._input_closed = False
        self._ended = False
        self._fatal: Failure | None = None
        self._pace = Pace(options)
        self._window = Window(options.max_concurrency)
        self._retries = RetryBudget()
        self._purse: Purse | None = None
        self._loop = asyncio.get_running_loop()

    # -- input -----------------------------------------------------------------------------------

    def feed(self, calls: Sequence[Numbered]) -> None:
        """Take calls to carry out."""
        if self._ended:
            return
        for index, call in calls:
            self._unfinished += 1
            key = b""
            if self._journal is not None:
                key = content_key(call)
                replayed = self._journal.find(key, index, call)
                if replayed is not None:
                    self._finish(index, key, replayed)
                    continue
            self._queue.append((index, call, key))
        self._hire()
        self._wake(len(self._queue))

    def close_input(self) -> None:
        """No more calls will be fed."""
        self._input_closed = True
        self._wake(len(self._idle))
        self._schedule_flush()

    async def cancel(self) -> None:
        """Stop at once: requests in flight are dropped, what finished is recorded in the journal."""
        self._ended = True
        for worker in self._workers:
            worker.cancel()
        await asyncio.gather(*self._workers, return_exceptions=True)
        self._record_finished()

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
            while (item := await self._next()) is not None:
                index, call, key = item
                self._in_flight += 1
                try:
                    outcome = await self._carry_out(call)
                finally:
                    self._in_flight -= 1
                self._finish(index, key, outcome)
        except Exception as error:
            self._end_with(error)

    async def _next(self) -> tuple[int, Call, bytes] | None:
        while not self._ended:
            if self._queue:
                if self._in_flight < int(self._window.size):
                    return self._queue.popleft()
            elif self._input_closed:
                return None
            sleeper: asyncio.Future[None] = self._loop.create_future()
            self._idle.append(sleeper)
            await sleeper
        return None

    async def _carry_out(self, call: Call) -> Outcome:
        attempt = counted = 0
        first_success = self._successes
        while True:
            if self._fatal is not None:
                return _not_sent(call, self._fatal)
            waited = await self._pace.hold_back(call)
            if waited > 0.001:
                self._report.waited_s += waited
            reserved = await self._reserve(call)
            if reserved is None:
                continue
            attempt += 1
            seen = self._successes
            outcome, verdict, asked = await self._attempt(call, attempt, reserved)
            if outcome is not None:
                return outcome
            assert verdict is not None
            if verdict.kind != "rate_limit" or self._successes == seen:
                counted += 1
            if not verdict.retry or counted > self._max_retries or self._is_unreachable(verdict, counted):
                return self._fail(call, verdict, attempt, self._successes == first_success)
            self._report.retries += 1
            await self._wait_to_retry(verdict, counted, asked)

    async def _attempt(
        self, call: Call, attempt: int, reserved: float
    ) -> tuple[Answer | None, Verdict | None, float | None]:
        self._report.requests += 1
        began = time.perf_counter()
        answer: Answer | None = None
        try:
            reply = await self._transport.send(call, self._timeout)
        except SendError as error:
            return None, Verdict("timeout" if error.timeout else "connection", str(error), retry=True), None
        else:
            latency = time.perf_counter() - began
            self._pace.observe(reply.headers, self._in_flight)
            answer, verdict = _read(call, reply, latency, attempt)
            if answer is not None:
                self._succeeded(answer)
                return answer, None, None
            if reply.status == 429:
                self._window.limited(time.monotonic())
            return None, verdict, retry_after(reply.headers, time.time())
        finally:
            if self._purse is not None:
                self._settle(reserved, answer)

    def _succeeded(self, answer: Answer) -> None:
        self._successes += 1
        self._retries.succeeded()
        if self._window.size < self._window.maximum:
            self._window.succeeded()
            self._wake(1)
        usage = answer.usage
        self._pace.settle(answer.call, usage.input_tokens + usage.output_tokens)

    async def _wait_to_retry(self, verdict: Verdict, attempts: int, asked: float | None) -> None:
        if asked is not None:
            self._pace.pause(asked)
            return
        delay = backoff(max(1, attempts))
        if verdict.kind != "rate_limit" and not self._retries.spend():
            delay = MAX_DELAY
        self._report.waited_s += delay
        await asyncio.sleep(delay)

    def _is_unreachable(self, verdict: Verdict, attempts: int) -> bool:
        return verdict.kind == "connection" and self._successes == 0 and attempts >= _TRIES_TO_REACH

    def _fail(self, call: Call, verdict: Verdict, attempts: int, nothing_succeeded: bool) -> Failure:
        kind, message = verdict.kind, verdict.message
        if kind == "connection" and nothing_succeeded:
            kind = "unreachable"
            message = (
                f"{self._transport.base_url} cannot be reached after {attempts} attempts ({message}). "
                "Check OPENAI_BASE_URL and the network."
            )
        failure = Failure(call, kind, message, verdict.status, attempts)
        if failure.stops_batch and self._fatal is None:
            self._fatal = failure
            self._wake(len(self._idle))
        return failure

    # -- the spend limit -------------------------------------------------------------------------

    async def _reserve(self, call: Call) -> float | None:
        """Money for one request; 0.0 without a limit; None when the batch must end for lack of it."""
        limit = self._options.max_cost_usd
        if limit is None:
            return 0.0
        if self._purse is None:
            self._purse = Purse(limit, str(call.body.get("model")))
        while (reserved := self._purse.reserve(call)) is None:
            if self._fatal is not None:
                return None
            if self._purse.nothing_reserved:
                spent = self._purse.spent_usd
                message = f"the spend limit of ${limit:g} is reached (${spent:.6f} spent)"
                self._fatal = Failure(call, "spend_limit", message)
                return None
            await asyncio.sleep(0.01)
        return reserved

    def _settle(self, reserved: float, answer: Answer | None) -> None:
        assert self._purse is not None
        if answer is None:
            self._purse.release(reserved, 0, 0, 0)
        else:
            usage = answer.usage
            self._purse.release(reserved, usage.input_tokens, usage.output_tokens, usage.cached_input_tokens)

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
        if self._input_closed and self._unfinished == 0 and not self._ended:
            self._ended = True
            self._wake(len(self._idle))
            self._deliver(None)

    def _record_finished(self) -> list[Finished]:
        finished, self._finished = self._finished, []
        if self._journal is not None:
            entries = [
                (key, index, outcome)
                for index, key, outcome in finished
                if isinstance(outcome, Answer) and not outcome.replayed
            ]
            if entries:
                self._journal.write(entries)
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


def _read(call: Call, reply: Reply, latency: float, attempt: int) -> tuple[Answer | None, Verdict | None]:
    if reply.status >= 300:
        return None, judge(reply)
    try:
        response = _decode(reply.body)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        shown = reply.body[:120].decode("utf-8", "replace")
        return None, Verdict("invalid_response", f"the answer is not a JSON object ({error}): {shown!r}", retry=True)
    return Answer(call, response, read_usage(response), latency, attempt), None


def _not_sent(call: Call, fatal: Failure) -> Failure:
    kind = fatal.kind if fatal.kind == "spend_limit" else "not_sent"
    return Failure(call, kind, f"not sent: {fatal.message}", fatal.status, 0)
