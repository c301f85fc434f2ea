"""Dividing records: those that an optimisation may learn from, and those that it never sees and that decide."""

from __future__ import annotations

import hashlib
import math
from typing import Any

from quire.datasets import Dataset, Record
from quire.datasets import open as open_dataset
from quire.datasets.dataset import Selected
from quire.domain.errors import InvalidInput

HELD_OUT, DEVELOPMENT = "held_out", "development"
_FEWEST = 2


class Parts:
    """The development split, in samples that grow, and the held-out split.

    ``held_out`` is the share of the records that is put aside, records of a group together, or data of its own. Which
    record is where follows from its id (or group) and the seed. Raises InvalidInput where either part is too small:
    ``least`` held-out records are needed for any difference to be shown.
    """

    def __init__(self, data: Any, held_out: Any, seed: int, least: int) -> None:
        self._whole = open_dataset(data)
        self._seed = seed
        if isinstance(held_out, int | float) and not isinstance(held_out, bool):
            self._divide(float(held_out))
        else:
            self._take(open_dataset(held_out))
        if len(self._order) < _FEWEST or self.held_out_size < least:
            raise InvalidInput(
                f"The data is too small: {len(self._order)} records to learn from and {self.held_out_size} held out; "
                f"expected at least {_FEWEST} and {least}. With fewer than {least} held-out records (or groups) no "
                "difference could be shown at this confidence, however large. Give more records, or another held_out."
            )

    def _divide(self, share: float) -> None:
        if not 0 < share < 1:
            raise InvalidInput(f"held_out is {share!r}; expected a share between 0 and 1, such as 0.3, or data.")
        units: dict[str, set[str]] = {}
        for record in self._whole:
            units.setdefault(_unit(record), set()).add(record.record_id)
        order = sorted(units, key=self._draw)
        wanted = math.ceil(share * sum(map(len, units.values())) - 1e-9)
        aside: set[str] = set()
        while order and sum(len(units[unit]) for unit in aside) < wanted:
            aside.add(order.pop(0))
        self._order = [record_id for unit in order for record_id in sorted(units[unit], key=self._draw)]
        self.held_out_size = len(aside)
        self.held_out_records = sum(len(units[unit]) for unit in aside)
        self.held_out: Dataset = Selected(self._whole, lambda record: _unit(record) in aside, HELD_OUT)

    def _take(self, held_out: Dataset) -> None:
        theirs = {record.record_id for record in held_out}
        groups = {record.group for record in held_out if record.group is not None}
        mine = list({record.record_id: record.group for record in self._whole}.items())
        shared = sum(1 for record_id, group in mine if record_id in theirs or group in groups)
        if shared:
            raise InvalidInput(
                f"{shared} of the records to learn from are held out too (the same inputs, or the same group), so they "
                "could decide nothing. Give data that has none in common."
            )
        self._order = sorted((record_id for record_id, _group in mine), key=self._draw)
        self.held_out = held_out
        self.held_out_size = len({_unit(record) for record in held_out})
        self.held_out_records = len(theirs)

    def _draw(self, name: str) -> bytes:
        return hashlib.sha256(f"{self._seed}:{name}".encode()).digest()

    @property
    def development_size(self) -> int:
        """How many records there are to learn from."""
        return len(self._order)

    def sample(self, size: int) -> Dataset:
        """The first ``size`` of them in an order drawn by the seed; a larger sample holds a smaller one."""
        chosen = frozenset(self._order[:size])
        return Selected(self._whole, lambda record: record.record_id in chosen, DEVELOPMENT)


def least_held_out(confidence: float) -> int:
    """How many pairs it takes at least for a two-sided exact test to reach a confidence: 2 · 2⁻ⁿ ≤ 1 − confidence."""
    if not 0 < confidence < 1:
        raise InvalidInput(f"confidence is {confidence!r}; expected a number between 0 and 1, such as 0.95.")
    return math.ceil(1 - math.log2(1 - confidence) - 1e-9)


def _unit(record: Record) -> str:
    return record.record_id if record.group is None else record.group
