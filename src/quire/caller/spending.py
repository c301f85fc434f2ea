"""Letting calls through as long as their money lasts."""

from __future__ import annotations

import asyncio
import functools

from quire.caller.halt import Halt, complete
from quire.caller.journal import Kept
from quire.caller.purse import Purse
from quire.domain.calls import Call, Failure, Usage


class Spending:
    """The purse of a batch, and those who wait for it. What the batch's journal holds was paid from it."""

    def __init__(self, limit_usd: float, journal: Kept | None, halt: Halt) -> None:
        self._limit_usd = limit_usd
        self._journal = journal
        self._halt = halt
        self._settled: asyncio.Future[None] | None = None

    @functools.cached_property
    def _purse(self) -> Purse:
        return Purse(self._limit_usd, self._journal.spent() if self._journal is not None else {})

    async def reserve(self, call: Call) -> float | None:
        """Money for one request, once there is some; None when nothing more is sent, for lack of it or otherwise.

        Raises InvalidInput for a model whose price is not known.
        """
        while self._halt.failure is None:
            reserved = self._purse.reserve(call)
            if reserved is not None:
                return reserved
            if self._purse.nothing_reserved:
                self._halt.call(Failure(call, "spend_limit", self._purse.explain_stop()))
            else:
                await self._next_settlement()
        return None

    async def _next_settlement(self) -> None:
        if self._settled is None:
            self._settled = asyncio.get_running_loop().create_future()
        await asyncio.shield(self._settled)

    def settle(self, call: Call, reserved: float, usage: Usage | None) -> None:
        """A request ended: pay what it cost (None: it was not answered) and let those who wait look again."""
        self._purse.settle(call, reserved, usage)
        settled, self._settled = self._settled, None
        if settled is not None:
            complete(settled)
