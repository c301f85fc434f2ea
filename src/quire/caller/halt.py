"""The moment from which nothing more is sent, and waiting that ends with it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from quire.domain.calls import Failure


class Halt:
    """Called at most once in a batch, by a failure that every further call would share; ``release`` is told then."""

    def __init__(self, release: Callable[[], None]) -> None:
        self.failure: Failure | None = None
        self._release = release
        self._resting: set[asyncio.Future[None]] = set()

    def call(self, failure: Failure) -> None:
        """From now on nothing is sent, and whoever waits is released."""
        if self.failure is not None:
            return
        self.failure = failure
        for rested in self._resting:
            complete(rested)
        self._release()

    async def rest(self, seconds: float) -> bool:
        """Sleep, but not beyond the halt; False if it was called."""
        if self.failure is not None:
            return False
        loop = asyncio.get_running_loop()
        rested: asyncio.Future[None] = loop.create_future()
        timer = loop.call_later(seconds, complete, rested)
        self._resting.add(rested)
        try:
            await rested
        finally:
            timer.cancel()
            self._resting.discard(rested)
        return self.failure is None


def complete(future: asyncio.Future[None]) -> None:
    """Let go whoever awaits it."""
    if not future.done():
        future.set_result(None)
