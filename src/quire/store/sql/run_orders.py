"""Lists of runs that were put in order, remembered for a while: any place in them is found at once."""

from __future__ import annotations

import secrets
import threading
import time
from array import array
from collections import OrderedDict
from collections.abc import Hashable, Iterable

import msgspec

# Row numbers that are remembered in all, 8 bytes each.
MOST_NUMBERS = 4_000_000
# A list is used again for this many times as long as it took to make, so that many who look cost little.
REUSE = 20.0


class Ordered(msgspec.Struct, frozen=True):
    """Row numbers of runs, in order, under a name. ``until`` is when a new question gets a new list (monotonic)."""

    name: str
    numbers: array[int]
    until: float


class RunOrders:
    """The lists of one store, the least used forgotten first. Safe from many threads.

    A name leads to a list only together with the question that it answers: nobody reads with it what they may not
    ask.
    """

    def __init__(self, most: int = MOST_NUMBERS) -> None:
        self._most = most
        self._lock = threading.Lock()
        self._kept: OrderedDict[tuple[Hashable, str], Ordered] = OrderedDict()
        self._newest: dict[Hashable, str] = {}

    def named(self, question: Hashable, name: str) -> Ordered | None:
        """The list of that name, if it is remembered and answers this question."""
        with self._lock:
            found = self._kept.get((question, name))
            if found is not None:
                self._kept.move_to_end((question, name))
            return found

    def recent(self, question: Hashable) -> Ordered | None:
        """The newest list that answers this question, while it is still to be used."""
        found = self.named(question, self._newest.get(question, ""))
        return found if found is not None and time.monotonic() < found.until else None

    def keep(self, question: Hashable, numbers: Iterable[int], *, seconds: float) -> Ordered:
        """Remember a list that took so many seconds to make."""
        made = Ordered(secrets.token_hex(6), array("q", numbers), time.monotonic() + REUSE * seconds)
        with self._lock:
            self._kept[question, made.name] = made
            self._newest[question] = made.name
            while len(self._kept) > 1 and sum(len(item.numbers) for item in self._kept.values()) > self._most:
                self._forget_one()
            while len(self._kept) > 200:
                self._forget_one()
        return made

    def _forget_one(self) -> None:
        (question, name), _ = self._kept.popitem(last=False)
        if self._newest.get(question) == name:
            del self._newest[question]
