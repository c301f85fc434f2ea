"""Answers kept in memory: for a time, up to a size, the least used leaving first. Pure.

Times are seconds of any clock that never goes back.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping

import msgspec

_OVERHEAD = 1024
"""Bytes that an entry takes besides its body: its headers and its place, about."""


class Kept(msgspec.Struct, frozen=True):
    """An answer as it came."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    upstream: str


class Cache:
    """Kept answers by key."""

    def __init__(self, *, ttl_s: float, max_bytes: int) -> None:
        self._ttl_s = ttl_s
        self._max_bytes = max_bytes
        self._entries: OrderedDict[bytes, tuple[float, Kept]] = OrderedDict()
        self.size = 0

    def __len__(self) -> int:
        return len(self._entries)

    def get(self, key: bytes, now: float) -> Kept | None:
        """What is kept under a key and has not grown old."""
        found = self._entries.get(key)
        if found is None:
            return None
        until, kept = found
        if now >= until:
            self._drop(key)
            return None
        self._entries.move_to_end(key)
        return kept

    def put(self, key: bytes, kept: Kept, now: float) -> None:
        """Keep an answer, at the cost of those least used; one larger than the whole cache is not kept."""
        self._drop(key)
        cost = _cost(kept)
        if cost > self._max_bytes:
            return
        self._entries[key] = (now + self._ttl_s, kept)
        self.size += cost
        while self.size > self._max_bytes:
            self._drop(next(iter(self._entries)))

    def clear(self) -> None:
        """Forget everything."""
        self._entries.clear()
        self.size = 0

    def _drop(self, key: bytes) -> None:
        found = self._entries.pop(key, None)
        if found is not None:
            self.size -= _cost(found[1])


def _cost(kept: Kept) -> int:
    return len(kept.body) + _OVERHEAD
