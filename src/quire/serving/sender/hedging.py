"""A second request where the first takes long: the first answer counts, the other is cancelled."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from quire.domain.endpoints import Hedging
from quire.serving.errors import NoAnswer
from quire.serving.request import Reply
from quire.serving.sender.live import LiveStream

_MEMORY = 10_000
"""After so many requests, those before count for half: the share holds for what is recent."""

Answer = Reply | LiveStream
Ask = Callable[[bool], Coroutine[Any, Any, Answer]]
"""Asks once; True for the second request."""


class Hedge:
    """Keeps the share of requests that are sent twice within what the rule allows; ``hedged`` are those that were."""

    __slots__ = ("_asked", "_rule", "_twice", "hedged")

    def __init__(self, rule: Hedging) -> None:
        self._rule = rule
        self._asked = 0.0
        self._twice = 0.0
        self.hedged = 0

    async def answer(self, ask: Ask) -> Answer:
        """The first answer; a stream is one from its first byte. Raises NoAnswer when neither request brings one."""
        self._count()
        tasks = [asyncio.create_task(ask(False))]
        try:
            await asyncio.wait(tasks, timeout=self._rule.after_s)
            if not tasks[0].done() and self._may_ask_twice():
                tasks.append(asyncio.create_task(ask(True)))
            winner = await _earliest(tasks)
        except BaseException:
            await _dismiss(tasks)
            raise
        try:
            await _dismiss([task for task in tasks if task is not winner])
        except BaseException:
            _leave(winner)
            raise
        answer = winner.result()
        answer.attempts += len(tasks) - 1
        return answer

    def _count(self) -> None:
        self._asked += 1
        if self._asked >= _MEMORY:
            self._asked /= 2
            self._twice /= 2

    def _may_ask_twice(self) -> bool:
        if self._twice + 1 > self._rule.most * self._asked:
            return False
        self._twice += 1
        self.hedged += 1
        return True


async def _earliest(tasks: list[asyncio.Task[Answer]]) -> asyncio.Task[Answer]:
    """The first task with an answer; where none has one, the first of those that failed."""
    waiting = set(tasks)
    while waiting:
        done, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        for task in tasks:
            if task in done and _is_answer(task):
                return task
    return next((task for task in tasks if not _has_failed(task)), tasks[0])


def _is_answer(task: asyncio.Task[Answer]) -> bool:
    """Whether a request brought what the caller can use; a 429 is the answer only if the other fares no better."""
    if _has_failed(task):
        return not isinstance(task.exception(), NoAnswer)
    return task.result().status != 429


def _has_failed(task: asyncio.Task[Answer]) -> bool:
    return task.cancelled() or task.exception() is not None


async def _dismiss(losers: list[asyncio.Task[Answer]]) -> None:
    """Leave what came too late, and cancel what is under way."""
    under_way = [task for task in losers if not task.done()]
    for task in losers:
        _leave(task)
        task.cancel()
    if under_way:
        await asyncio.wait(under_way)


def _leave(task: asyncio.Task[Answer]) -> None:
    if task.done() and not _has_failed(task) and isinstance(answer := task.result(), LiveStream):
        answer.close()
