"""Attempts at the upstreams of an endpoint, in order, until one answers or time is up."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence

import aiohttp

from quire.caller.limits import retry_after
from quire.caller.retry import RetryBudget, backoff
from quire.domain.endpoints import Breaker, Retrying
from quire.serving.errors import NoAnswer
from quire.serving.request import Outgoing, Reply
from quire.serving.sender.breaking import CircuitBreaker
from quire.serving.sender.channel import Channel, limits_of
from quire.serving.sender.judging import step_after
from quire.serving.sender.live import LiveStream
from quire.serving.sender.lost import Lost
from quire.serving.sender.story import Story

LONGEST_WAIT_S = 10.0
"""An upstream that asks for a longer pause is not waited for: its 429 is passed on, and the caller knows best."""
_LONGEST_REST_S = 60.0
"""So long at most is an upstream asked after the others for the pause that it asked for."""

Draw = Callable[[], float]


class Station:
    """An upstream with what is remembered of it: its breaker, its limit, what its retries may cost."""

    def __init__(self, channel: Channel, breaker: Breaker) -> None:
        self.channel = channel
        self.breaker = CircuitBreaker(breaker)
        self.limited_until = 0.0
        self.budget = RetryBudget()


class Trying:
    """Asks the stations one after the other. ``draw`` gives the jitter, uniform in [0, 1).

    Once it ``is_closed``, nothing is sent any more, and what was under way is not tried again.
    """

    def __init__(self, stations: Sequence[Station], rule: Retrying, draw: Draw) -> None:
        self._stations = tuple(stations)
        self._rule = rule
        self._draw = draw
        self.is_closed = False
        self._limits = {stream: limits_of(rule.timeout_s, stream=stream) for stream in (False, True)}

    async def answer(
        self, out: Outgoing, body: bytes, deadline: float, *, stream: bool, skip: int = 0
    ) -> Reply | LiveStream:
        """The first answer. ``body`` is as the first station sends it; the first ``skip`` of them are asked last.

        Raises NoAnswer when nothing is worth passing on.
        """
        story = Story()
        stations = self._stations
        order = self._order(skip)
        last = len(order) - 1
        for position, station in enumerate(order):
            sent = body if station is stations[0] else station.channel.encode(out, stream=stream)
            answer = await self._at(station, out, sent, deadline, story, stream=stream, more=position < last)
            if answer is not None:
                answer.attempts = story.attempts
                return answer
            if story.is_over or time.monotonic() >= deadline:
                break
        return story.ending()

    def _order(self, skip: int) -> Sequence[Station]:
        """The stations as they are to be asked: those that asked for a pause come last."""
        stations = self._stations
        if len(stations) == 1:
            return stations
        now = time.monotonic()
        return sorted(stations[skip:] + stations[:skip], key=lambda station: station.limited_until > now)

    async def _at(
        self, station: Station, out: Outgoing, body: bytes, deadline: float, story: Story, *, stream: bool, more: bool
    ) -> Reply | LiveStream | None:
        """The answer of one upstream; None when it has none. ``more`` says that another may be asked instead."""
        used, fresh_try = 0, self._rule.retries > 0
        while True:
            if self.is_closed:
                raise closed()
            now = time.monotonic()
            ticket = station.breaker.admit(now)
            if not ticket:
                story.left_alone(station.channel.name, station.breaker.wait_s(now))
                return None
            story.attempts += 1
            try:
                answer = await station.channel.ask(out, body, self._limits_until(deadline - now, stream), stream=stream)
            except Lost as lost:
                if lost.kind == "stale" and fresh_try:
                    station.breaker.dropped(ticket)
                    fresh_try = False
                    continue
                self._note_loss(station, ticket, lost, story)
                if lost.began or lost.kind == "unsigned":
                    return None
                wait = None
            except BaseException:
                station.breaker.dropped(ticket)
                raise
            else:
                if answer.status < 300:
                    station.breaker.succeeded(ticket, now)
                    station.budget.succeeded()
                    return answer
                assert isinstance(answer, Reply)
                self._note_health(station, ticket, answer)
                step = step_after(answer)
                if step == "pass":
                    return answer
                story.refused(station.channel.name, answer)
                wait = self._wait_asked(station, answer)
                if step == "elsewhere" or (step == "limited" and (more or (wait or 0.0) > LONGEST_WAIT_S)):
                    return None
            used += 1
            if used > self._rule.retries or not await self._pause(station, used, wait, deadline):
                return None

    def _limits_until(self, left_s: float, stream: bool) -> aiohttp.ClientTimeout:
        """What one attempt may take: its own time, or what is left of all."""
        if left_s >= self._rule.timeout_s:
            return self._limits[stream]
        return limits_of(max(left_s, 0.001), stream=stream)

    def _note_loss(self, station: Station, ticket: int, lost: Lost, story: Story) -> None:
        if lost.kind in ("too_large", "unsigned"):
            station.breaker.dropped(ticket)
        else:
            station.breaker.failed(ticket, time.monotonic())
        story.lost(station.channel.name, lost)

    @staticmethod
    def _note_health(station: Station, ticket: int, reply: Reply) -> None:
        """A refusal is a sign of health: who says that it is busy, or that a request is wrong, is there."""
        if reply.status >= 500:
            station.breaker.failed(ticket, time.monotonic())
        else:
            station.breaker.succeeded(ticket, time.monotonic())

    @staticmethod
    def _wait_asked(station: Station, reply: Reply) -> float | None:
        asked = retry_after(reply.headers, time.time())
        if asked and reply.status == 429:
            station.limited_until = time.monotonic() + min(asked, _LONGEST_REST_S)
        return asked

    async def _pause(self, station: Station, used: int, asked: float | None, deadline: float) -> bool:
        """Wait before another attempt; False where none is due: no time is left, or too much is being retried."""
        wait = backoff(used, self._draw())
        if asked is not None:
            wait = min(asked, LONGEST_WAIT_S) + 0.1 * wait
        elif not station.budget.spend():
            return False
        if time.monotonic() + wait >= deadline:
            return False
        await asyncio.sleep(wait)
        return True


def closed() -> NoAnswer:
    """What a request is told that comes, or is to be tried again, after the end."""
    return NoAnswer("The endpoint is being closed. Ask again.", status=503, retry_after_s=1.0)
