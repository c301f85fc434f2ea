"""What the simulator invents starts here: bytes and numbers that look random and depend on their keys alone. Pure."""

from __future__ import annotations

import hashlib


def digest(*parts: bytes, size: int = 64) -> bytes:
    """``size`` bytes that depend on every part and on where each ends."""
    state = hashlib.shake_128()
    for part in parts:
        state.update(len(part).to_bytes(8, "little"))
        state.update(part)
    return state.digest(size)


def uniform(*parts: bytes) -> float:
    """A number from 0 (inclusive) to 1 (exclusive), chosen by the parts."""
    return int.from_bytes(digest(*parts, size=6), "little") / 2**48
