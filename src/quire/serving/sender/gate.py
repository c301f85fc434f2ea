"""Back-pressure: so many requests at once, so many in line behind them, and no queue without end."""

from __future__ import annotations

import asyncio
import time
from collections import deque

from quire.domain.endpoints import Limits
from quire.serving.errors import NoAnswer
from quire.serving.rates import Bucket

_ANSWER_S = 1.0
"""How long an answer takes, as long as nothing is known of it."""
_TRUST_IN_LAST = 0.05


class Gate:
    """Lets requests of one event loop in. Whoever entered leaves, once."""

    __slots__ = ("_between_s", "_bucket", "_idle", "_left_at", "_line", "_most", "_most_waiting", "running")

    def __init__(self, limits: Limits) -> None:
        self._most = limits.concurrency
        self._most_waiting = limits.waiting
        self._line: deque[asyncio.Future[None]] = deque()
        self._between_s = _ANSWER_S / limits.concurrency
        self._left_at = 0.0
        self._idle: asyncio.Future[None] | None = None
        self._bucket = (
            None if limits.requests_per_minute is None else Bucket(limits.requests_per_minute, time.monotonic())
        )
        self.running = 0

    def count(self, now: float) -> None:
        """Count a request towards those of a minute. Raises NoAnswer (429) where they are used up."""
        if self._bucket is None:
            return
        wait = self._bucket.wait(now)
        if wait > 0:
            raise NoAnswer(
                "The endpoint takes no more requests this minute (limits.requests_per_minute). Ask again later.",
                status=429,
                retry_after_s=wait,
            )
        self._bucket.take(now)

    @property
    def waiting(self) -> int:
        """Requests in line."""
        return len(self._line)

    def enters_at_once(self) -> bool:
        """Enter if there is room and nobody waits."""
        if self.running < self._most and not self._line:
            self.running += 1
            return True
        return False

    async def enter(self, deadline_s: float) -> None:
        """Enter, or wait for that in line for ``deadline_s`` seconds. Raises NoAnswer (429) where the line is full."""
        if self.enters_at_once():
            return
        if len(self._line) >= self._most_waiting:
            raise self._full(f"{self._most} requests are under way and {len(self._line)} are waiting")
        loop = asyncio.get_running_loop()
        place = loop.create_future()
        if not self._line:
            self._left_at = time.monotonic()  # from now on places are taken as soon as they are free
        self._line.append(place)
        timer = loop.call_later(deadline_s, _give_up, place)
        try:
            await place
        except TimeoutError:
            self._forget(place)
            raise self._full(f"no place became free within {deadline_s:g} s") from None
        except asyncio.CancelledError:
            if place.done() and not place.cancelled() and place.exception() is None:
                self._pass_on()  # the place was given in the same moment
            else:
                self._forget(place)
            raise
        finally:
            timer.cancel()

    def leave(self, now: float) -> None:
        """Give the place to the next in line; ``now`` is a time of the monotonic clock."""
        if self._line:
            self._between_s += (now - self._left_at - self._between_s) * _TRUST_IN_LAST
        self._left_at = now
        self._pass_on()

    async def emptied(self, within_s: float) -> None:
        """Wait until nobody is inside, or the seconds have passed."""
        if not self.running:
            return
        if self._idle is None or self._idle.done():
            self._idle = asyncio.get_running_loop().create_future()
        await asyncio.wait({self._idle}, timeout=within_s)

    def _pass_on(self) -> None:
        while self._line:
            place = self._line.popleft()
            if not place.done():
                place.set_result(None)
                return
        self.running -= 1
        if not self.running and self._idle is not None and not self._idle.done():
            self._idle.set_result(None)

    def _forget(self, place: asyncio.Future[None]) -> None:
        if place in self._line:
            self._line.remove(place)

    def _full(self, why: str) -> NoAnswer:
        """The refusal, with the time that those in line will take at the pace at which places became free."""
        wait = max(1.0, self._between_s * (len(self._line) + 1))
        return NoAnswer(f"The endpoint is busy: {why}. Ask again later.", status=429, retry_after_s=round(wait, 1))


def _give_up(place: asyncio.Future[None]) -> None:
    if not place.done():
        place.set_exception(TimeoutError())
