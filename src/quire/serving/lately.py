"""What was seen lately, in little memory: the last hundred thousand things, by their hashes alone."""

from __future__ import annotations

from collections.abc import Hashable

MOST = 100_000


class Lately:
    """Things that were added lately. Of those of one hash (64 bits) it knows only the first."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._seen: dict[int, None] = {}

    def __contains__(self, thing: Hashable) -> bool:
        return hash(thing) in self._seen

    def add(self, thing: Hashable) -> None:
        """Know a thing; what was added first is forgotten once there are too many."""
        self._seen[hash(thing)] = None
        if len(self._seen) > self._most:
            del self._seen[next(iter(self._seen))]
