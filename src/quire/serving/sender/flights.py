"""Single flight: those who ask the same at the same time share one request."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class _Flight(Generic[T]):
    __slots__ = ("is_met", "passengers", "task")

    def __init__(self, task: asyncio.Task[T]) -> None:
        self.task = task
        self.passengers = 0
        self.is_met = False  # somebody has taken what it brought


class Flights(Generic[T]):
    """Requests under way, by key. One that nobody waits for any more is cancelled.

    ``dispose`` is given what one brought in the very moment in which the last who waited for it left.
    """

    def __init__(self, dispose: Callable[[T], None] = lambda brought: None) -> None:
        self._under_way: dict[bytes, _Flight[T]] = {}
        self._dispose = dispose

    def __len__(self) -> int:
        return len(self._under_way)

    async def share(self, key: bytes, depart: Callable[[], Coroutine[Any, Any, T]]) -> tuple[T, bool]:
        """What ``depart`` gives, and whether it was made for this call. Raises what it raises, to all who share it."""
        flight = self._under_way.get(key)
        is_own = flight is None or flight.task.done()
        if flight is None or is_own:
            flight = self._under_way[key] = _Flight(asyncio.create_task(depart()))
            flight.task.add_done_callback(lambda _: self._landed(key, flight))
        flight.passengers += 1
        try:
            await asyncio.wait({flight.task})
            flight.is_met = True
        finally:
            flight.passengers -= 1
            if not flight.passengers and not flight.is_met:
                self._missed(key, flight)
        return flight.task.result(), is_own

    def _missed(self, key: bytes, flight: _Flight[T]) -> None:
        task = flight.task
        if not task.done():
            self._landed(key, flight)  # who comes now departs anew
            task.cancel()
        elif not task.cancelled() and task.exception() is None:
            self._dispose(task.result())

    def _landed(self, key: bytes, flight: _Flight[T]) -> None:
        if self._under_way.get(key) is flight:
            del self._under_way[key]
