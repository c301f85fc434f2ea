"""Small writes: done in the event loop itself, those of one moment in one transaction.

Handing a call to another thread and its answer back costs as much as storing a few rows, and two threads that both
need the interpreter take it from one another at each statement. So a call that writes little is done where it arrived,
when the loop has heard out everybody who sent something meanwhile. What would have to wait, as for another process
that writes, goes to the writing thread: the event loop never waits.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

from quire.server.lines import Call, Line, Waiting, settle, tell

# The loop takes up what was sent in one round and has it run in the next, so one quiet round does not mean silence.
_QUIET_ROUNDS = 2


class Brief:
    """Collects small writes and does them. Used in one event loop.

    ``now`` does calls at once, or gives None if it would have to wait; then ``line`` does them.
    """

    def __init__(self, now: Callable[[Sequence[Call]], list[Any] | None], line: Line, most: int) -> None:
        self._now = now
        self._line = line
        self._most = most
        self._waiting: list[Waiting] = []
        self.calls = 0
        self.turns = 0

    def run(self, call: Call) -> asyncio.Future[Any]:
        """Have a call done; its future has the value or the error once all that was done with it is durable."""
        self._line.refuse_if_closed()
        waiting = Waiting(call)
        self._waiting.append(waiting)
        if len(self._waiting) == 1:
            waiting.loop.call_soon(self._gather, 1, 0)
        return waiting.future

    def _gather(self, heard: int, quiet: int) -> None:
        count = len(self._waiting)
        quiet = 0 if count > heard else quiet + 1
        if quiet < _QUIET_ROUNDS and count < self._most:
            self._waiting[0].loop.call_soon(self._gather, count, quiet)
            return
        batch, self._waiting = self._waiting, []
        try:
            outcomes = self._now([waiting.call for waiting in batch])
        except Exception as error:
            for waiting in batch:
                waiting.error = error
        else:
            if outcomes is None:
                self._line.take(batch)
                return
            settle(batch, outcomes)
        self.calls += len(batch)
        self.turns += 1
        tell(batch)
