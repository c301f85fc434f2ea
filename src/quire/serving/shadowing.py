"""Shadow traffic: once a caller has its answer, a challenger is asked the same, and the two are compared.

Nothing here is in a caller's way: the challenger has a sender of its own, so that neither its failures nor its number
reach the champion's breaker and gate; a request that finds no room is dropped and counted. What is compared goes to the
shadow's trial (:mod:`quire.trials.shadows`) as differences, challenger − champion.
"""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections import deque
from collections.abc import Callable
from typing import Any, Protocol

import msgspec

from quire.domain.assignment import unit_of
from quire.domain.endpoints import Endpoint, Shadow
from quire.domain.errors import QuireError
from quire.domain.trials import EXPOSED, Outcome, Trial
from quire.serving.counting import FAILED, measurements
from quire.serving.grading import Grading
from quire.serving.live import Live, LiveArm
from quire.serving.measuring import measure
from quire.serving.request import Ask, Done, Given, Observer, Reply
from quire.serving.sender import make_sender
from quire.serving.sender.sender import EndpointSender
from quire.store.current import absolute_uri, open_uri
from quire.store.serving import serving_of
from quire.trials.noting import Note, desks
from quire.trials.shadows import shadow_trial

FRESH_S = 30.0
"""Seconds for which the trial of a shadow is taken to be under way."""
DEADLINE_S = 300.0
_OK = 300
_STREAMED = ("stream", "stream_options")
log = logging.getLogger("quire.serving")


class FindTrial(Protocol):
    """Finds or starts the trial of a shadow; called in a thread."""

    def __call__(self, endpoint: Endpoint, shadow: Shadow, champion: str, challenger: str, /) -> Trial:
        """The trial that compares these two models."""


class _Pair(msgspec.Struct, frozen=True):
    """A request that was answered, to be asked of the challenger."""

    endpoint: Endpoint
    shadow: Shadow
    arm: LiveArm
    done: Done


class _Lane:
    """The requests of one shadow: those under way, those that wait, those that were dropped."""

    def __init__(self) -> None:
        self.running = 0
        self.waiting: deque[_Pair] = deque()
        self.dropped = 0
        self.asked = 0


class Shadowing:
    """An observer that asks challengers. Bound to the event loop of the server."""

    def __init__(
        self,
        uri: str,
        live: Live,
        *,
        grading: Grading | None = None,
        trace: Observer | None = None,
        make: Callable[[Endpoint], EndpointSender] = make_sender,
        trial_of: FindTrial | None = None,
        draw: Callable[[], float] = random.random,
    ) -> None:
        self._uri = absolute_uri(uri)
        self._live = live
        self._grading = grading
        self._trace = trace
        self._make = make
        self._trial_of = trial_of or self._stored_trial
        self._draw = draw
        self.lanes: dict[tuple[str, str], _Lane] = {}
        self._senders: dict[str, tuple[bytes, EndpointSender]] = {}
        self._trials: dict[tuple[str, str, str, str], tuple[float, Trial | None]] = {}
        self._looking: dict[tuple[str, str, str, str], asyncio.Task[Trial | None]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._closed = False

    @property
    def dropped(self) -> int:
        """Requests for which there was no room."""
        return sum(lane.dropped for lane in self.lanes.values())

    # -- taking requests ---------------------------------------------------------------------------

    def __call__(self, done: Done, /) -> None:
        """Have the challengers of an endpoint asked what its champion has answered."""
        live = self._live.table.endpoints.get(done.ask.endpoint)
        if live is None or not live.shadows or done.ending != "answered" or done.out is None:
            return
        if done.cached or done.fell_back or _model_of(done.given) != _model_of(live.champion.given):
            return
        for shadow in live.endpoint.shadows:
            arm = live.shadows.get(shadow.name)
            if arm is None or _model_of(arm.given) == _model_of(done.given):  # it serves already
                continue
            if self._draw() < shadow.sample:
                self._take(_Pair(live.endpoint, shadow, arm, done))

    def _take(self, pair: _Pair) -> None:
        lane = self.lanes.setdefault((pair.endpoint.name, pair.shadow.name), _Lane())
        if lane.running < pair.shadow.concurrency and not self._closed:
            self._begin(lane, pair)
        elif len(lane.waiting) < pair.shadow.concurrency and not self._closed:
            lane.waiting.append(pair)
        else:
            self._drop(lane, pair)

    def _drop(self, lane: _Lane, pair: _Pair) -> None:
        lane.dropped += 1
        if lane.dropped & (lane.dropped - 1) == 0:
            log.warning(
                "%d requests are not asked of the shadow %s of %s so far: %d at once are under way.",
                lane.dropped,
                pair.shadow.name,
                pair.endpoint.name,
                pair.shadow.concurrency,
            )

    def _begin(self, lane: _Lane, pair: _Pair) -> None:
        lane.running += 1
        task = asyncio.get_running_loop().create_task(self._compared(lane, pair))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _compared(self, lane: _Lane, pair: _Pair) -> None:
        try:
            async with asyncio.timeout(DEADLINE_S):
                await self._compare(pair)
                lane.asked += 1
        except Exception:
            log.warning("A shadow could not be asked", exc_info=True)
        finally:
            lane.running -= 1
            if lane.waiting and not self._closed:
                self._begin(lane, lane.waiting.popleft())

    async def close(self, patience_s: float = 5.0) -> None:
        """Let what is under way end, for ``patience_s`` at most; what waits is dropped."""
        self._closed = True
        if self._tasks:
            _ended, late = await asyncio.wait(list(self._tasks), timeout=patience_s)
            for task in late:
                task.cancel()
        for _kind, sender in self._senders.values():
            await sender.close()

    # -- one pair ----------------------------------------------------------------------------------

    async def _compare(self, pair: _Pair) -> None:
        trial = await self._trial(pair)
        if trial is None:
            return
        challenger = await self._answered(pair)
        unit = unit_of(trial.trial_id, pair.done.ask.key or pair.done.trace_id)
        desks.lay(self._uri, Note(outcomes=differences(trial, unit, pair.done, challenger)))
        if self._trace is not None:
            self._trace(challenger)
        if self._grading is not None and challenger.ending == "answered":
            self._grading.pair(trial, pair.shadow.name, unit, pair.done, challenger)

    async def _answered(self, pair: _Pair) -> Done:
        """What the challenger makes of the request: its whole answer, also where the caller had a stream."""
        ask = _whole(pair.done.ask)
        made = Done(
            ask=ask,
            out=None,
            given=msgspec.structs.replace(pair.arm.given, arm=pair.shadow.name),
            ending="failed",
            status=502,
            start_ns=time.time_ns(),
            latency_s=0.0,
            trace_id=f"tr-{random.getrandbits(128):032x}",
        )
        began = time.perf_counter()
        try:
            made.out = pair.arm.outgoing(ask)
            reply = await (await self._sender(pair.endpoint)).send(made.out)
        except QuireError as error:
            made.error, made.status = error.message, error.http_status
        else:
            _fill(made, reply)
        made.latency_s = made.upstream_s = time.perf_counter() - began
        measure(made)
        return made

    async def _sender(self, endpoint: Endpoint) -> EndpointSender:
        """A sender for challengers alone: no cache, one attempt, a breaker of its own."""
        kind = msgspec.json.encode([endpoint.upstream, endpoint.fallbacks])
        known = self._senders.get(endpoint.name)
        if known is not None and known[0] == kind:
            return known[1]
        plain = msgspec.structs.replace(
            endpoint,
            caching=None,
            hedging=None,
            retrying=msgspec.structs.replace(endpoint.retrying, retries=0, deadline_s=DEADLINE_S),
        )
        sender = await asyncio.to_thread(self._make, plain)
        self._senders[endpoint.name] = (kind, sender)
        if known is not None:
            await known[1].close()
        return sender

    # -- its trial ---------------------------------------------------------------------------------

    async def _trial(self, pair: _Pair) -> Trial | None:
        """The shadow's trial, as it was looked up lately; None where it cannot be had, which is logged."""
        champion, challenger = _model_of(pair.done.given), _model_of(pair.arm.given)
        place = (pair.endpoint.name, pair.shadow.name, champion, challenger)
        known = self._trials.get(place)
        if known is not None and time.monotonic() - known[0] < FRESH_S:
            return known[1]
        looking = self._looking.get(place)
        if looking is None:
            looking = asyncio.get_running_loop().create_task(self._looked_up(pair, place))
            self._looking[place] = looking
            looking.add_done_callback(lambda _task: self._looking.pop(place, None))
        return await asyncio.shield(looking)

    async def _looked_up(self, pair: _Pair, place: tuple[str, str, str, str]) -> Trial | None:
        known = self._trials.get(place)
        try:
            found: Trial | None = await asyncio.to_thread(self._trial_of, pair.endpoint, pair.shadow, *place[2:])
        except QuireError as error:
            log.warning("The shadow %s of %s is not compared: %s", pair.shadow.name, pair.endpoint.name, error.message)
            found = None if known is None else known[1]
        self._trials[place] = (time.monotonic(), found)
        return found

    def _stored_trial(self, endpoint: Endpoint, shadow: Shadow, champion: str, challenger: str) -> Trial:
        return shadow_trial(serving_of(open_uri(self._uri)), endpoint, shadow, champion, challenger)


def differences(trial: Trial, unit: str, champion: Done, challenger: Done) -> list[Outcome]:
    """What a pair of answers gives: that it was compared, whether the challenger failed, and else the differences."""
    found: dict[str, float] = {EXPOSED: 1.0}
    if challenger.ending != "answered":
        found[FAILED] = 1.0
    else:
        first, second = (_measured(done) for done in (champion, challenger))
        found |= {name: second[name] - first[name] for name in second if name in first and name != "first_token_s"}
    return [
        Outcome(
            trial_id=trial.trial_id,
            metric=name,
            arm=trial.arms[-1].name,
            phase=trial.phases[-1].number,
            unit=unit,
            value=value,
            at=challenger.start_ns // 1_000_000,
        )
        for name, value in found.items()
    ]


def _measured(done: Done) -> dict[str, float]:
    """Measurements of an answer; its latency is the wait for the upstream, which both sides know."""
    found = dict(measurements(done))
    return found if done.upstream_s is None else {**found, "latency_s": done.upstream_s}


def _fill(made: Done, reply: Reply) -> None:
    made.status, made.body, made.upstream, made.attempts = reply.status, reply.body, reply.upstream, reply.attempts
    made.ending = "answered" if reply.status < _OK else "refused"


def _whole(ask: Ask) -> Ask:
    """What was asked, without being streamed, outside of the caller's trace."""
    body: dict[str, Any] = {name: value for name, value in ask.body.items() if name not in _STREAMED}
    return msgspec.structs.replace(ask, body=body, stream=False, traceparent="")


def _model_of(given: Given) -> str:
    """The version that an arm is, as a trial's arm names it."""
    if given.name and given.version:
        return f"models:/{given.name}/{given.version}"
    return given.model_uri
