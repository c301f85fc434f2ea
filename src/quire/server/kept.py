"""Answers that take long: kept, and made anew when what they rest on has changed, but not too often."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any, Generic, TypeVar

import msgspec

T = TypeVar("T")
PATIENCE = 20
"""An answer is made anew after this many times what it took: looking takes a twentieth of a processor at most."""
_LEAST_S, _MOST_S = 1.0, 600.0


class _Held(msgspec.Struct):
    stamp: Hashable
    value: Any
    made_at: float
    fresh_for: float


class Kept(Generic[T]):
    """A few answers by their question. Used by many threads; of those that ask the same at once one works."""

    def __init__(self, most: int = 200) -> None:
        self._most = most
        self._held: OrderedDict[Hashable, _Held] = OrderedDict()
        self._locks: dict[Hashable, threading.Lock] = {}
        self._lock = threading.Lock()

    def get(self, question: Hashable, stamp: Hashable, make: Callable[[], T]) -> T:
        """The answer, if it was made for this ``stamp`` or just now; else what ``make`` gives."""
        with self._lock:
            turn = self._locks.setdefault(question, threading.Lock())
        with turn:
            held = self._find(question)
            if held is not None and (held.stamp == stamp or time.monotonic() < held.made_at + held.fresh_for):
                value: T = held.value
                return value
            begun = time.monotonic()
            made = make()
            now = time.monotonic()
            fresh_for = min(max(PATIENCE * (now - begun), _LEAST_S), _MOST_S)
            self._keep(question, _Held(stamp, made, now, fresh_for))
            return made

    def _find(self, question: Hashable) -> _Held | None:
        with self._lock:
            held = self._held.get(question)
            if held is not None:
                self._held.move_to_end(question)
            return held

    def _keep(self, question: Hashable, held: _Held) -> None:
        with self._lock:
            self._held[question] = held
            if len(self._held) > self._most:
                gone, _ = self._held.popitem(last=False)
                self._locks.pop(gone, None)
