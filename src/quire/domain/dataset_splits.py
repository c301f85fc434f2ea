"""Which part of a dataset a record belongs to: decided by a hash of its key, the same on every machine and for ever."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping

from quire.domain.errors import InvalidInput

SPLIT_TAG = "split"
"""The tag of a record that names its split."""
GROUP_TAG = "quire.group"
"""The tag of a record that names its group: records that belong together, such as the turns of one conversation."""
_TOLERANCE = 1e-6


def check_shares(shares: object) -> dict[str, float]:
    """Shares by name of split. Raises InvalidInput unless each is a positive number and their sum is 1."""
    if not isinstance(shares, Mapping) or not shares:
        raise InvalidInput(f'Splits are {shares!r}; expected shares by name, such as {{"dev": 0.5, "test": 0.5}}.')
    made: dict[str, float] = {}
    for name, share in shares.items():
        if not isinstance(name, str) or not name.strip():
            raise InvalidInput(f"A split is named {name!r}; expected text that is not empty.")
        if isinstance(share, bool) or not isinstance(share, int | float) or not 0 < share <= 1:
            raise InvalidInput(f"The split {name!r} has the share {share!r}; expected a number above 0, at most 1.")
        made[name] = float(share)
    total = math.fsum(made.values())
    if abs(total - 1) > _TOLERANCE:
        raise InvalidInput(
            f"The shares {made} add up to {total:g}; expected 1. Name a split for what is to be left out."
        )
    return made


def split_of(key: str, shares: Mapping[str, float], seed: int) -> str:
    """The split of a key (a record's group, or its id): uniform over keys, independent for each seed.

    SHA-256 of seed and key gives a number in [0, 1); the shares, in the order of their names, divide that range. A
    larger first share keeps all that was in it.
    """
    place = int.from_bytes(hashlib.sha256(f"{seed}:{key}".encode()).digest()[:8], "big") / 2**64
    bound = 0.0
    for name in sorted(shares):
        bound += shares[name]
        if place < bound:
            return name
    return max(shares)
