"""A desk between an event loop and what may wait for a disk: things are laid down, and a thread hands them over."""

from __future__ import annotations

import atexit
import logging
import os
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

LINGER_S = 0.02
"""Seconds for which things gather before they are handed over together."""
Thing = TypeVar("Thing")
log = logging.getLogger("quire")


class Desks(Generic[Thing]):
    """One desk for each name. ``hand_over`` is given a name and what was laid down for it, in order."""

    def __init__(self, hand_over: Callable[[str, Sequence[Thing]], object]) -> None:
        self._hand_over = hand_over
        self._desks: dict[str, _Desk[Thing]] = {}
        atexit.register(self.clear)
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self._desks.clear)

    def lay(self, name: str, thing: Thing) -> None:
        """Lay a thing down. It never waits; what is laid down last of all is handed over when the program ends."""
        desk = self._desks.get(name)
        if desk is None:
            desk = self._desks.setdefault(name, _Desk(name, self._hand_over))
        desk.lay(thing)

    def hand_over(self, name: str) -> None:
        """Hand over now what was laid down before."""
        desk = self._desks.get(name)
        if desk is not None:
            desk.clear()

    def clear(self) -> None:
        """Hand everything over."""
        for desk in list(self._desks.values()):
            desk.clear()


class _Desk(Generic[Thing]):
    def __init__(self, name: str, hand_over: Callable[[str, Sequence[Thing]], object]) -> None:
        self._name = name
        self._hand_over = hand_over
        self._things: deque[Thing] = deque()
        self._wake = threading.Event()
        self._lock = threading.Lock()
        self._started = False

    def lay(self, thing: Thing) -> None:
        self._things.append(thing)
        if not self._started:
            self._started = True
            threading.Thread(target=self._work, name="quire-desk", daemon=True).start()
        if not self._wake.is_set():
            self._wake.set()

    def clear(self) -> None:
        with self._lock:
            things = [self._things.popleft() for _ in range(len(self._things))]
            if not things:
                return
            try:
                self._hand_over(self._name, things)
            except Exception as error:
                log.error("%d notes were lost: %s", len(things), error)

    def _work(self) -> None:
        while True:
            self._wake.wait()
            time.sleep(LINGER_S)
            self._wake.clear()
            self.clear()
