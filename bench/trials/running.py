"""Many trials at once, unit by unit: who is given which arm, and what is known at each look."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import combinations
from typing import Literal

import msgspec
import numpy as np

from bench.trials.worlds import World
from quire.stats.sequential import Counts, thompson_shares, track_and_stop_shares

Array = np.ndarray
AllocationKind = Literal["fixed", "thompson", "track-and-stop"]
ALLOCATIONS: tuple[AllocationKind, ...] = ("fixed", "thompson", "track-and-stop")
LEVELS = range(-5, 6)
"""Kinds of split: the rounded log odds, as bets on a gap tell them apart."""
FLOOR = 0.05
GROWTH = 1.04
_EACH = 200
_ANEW = 1.2


class Known(msgspec.Struct):
    """Of each experiment and arm: units, the sum of their values, the sum of the squares (experiments × arms × 3).

    ``pairs`` are the same of two arms, counted by the split that was planned between them when a unit was given:
    experiments × kinds of split × 2 × 3.
    """

    sums: Array
    pairs: dict[tuple[int, int], Array]

    @classmethod
    def nothing(cls, experiments: int, arms: int) -> Known:
        pairs = {pair: np.zeros((experiments, len(LEVELS), 2, 3)) for pair in combinations(range(arms), 2)}
        return cls(np.zeros((experiments, arms, 3)), pairs)

    def counts(self, experiment: int, arm: int) -> Counts:
        """As the functions of quire.stats.sequential take them."""
        return _counts(self.sums[experiment, arm])

    def pair(self, control: int, challenger: int) -> Array:
        """What is known of two arms by the kind of split: experiments × kinds × (control, challenger) × 3."""
        if control < challenger:
            return self.pairs[control, challenger]
        return self.pairs[challenger, control][:, ::-1, ::-1]

    def phases(self, experiment: int, control: int, challenger: int) -> tuple[list[Counts], list[Counts], list[float]]:
        """Counts of both arms and splits, as the functions of quire.stats.sequential take them."""
        kinds = self.pair(control, challenger)[experiment]
        first, second = ([_counts(kind[arm]) for kind in kinds] for arm in (0, 1))
        return first, second, [1 / (1 + math.exp(-level)) for level in LEVELS]

    def add(self, rows: Array, more: Array, given: Array) -> None:
        """Add units × values (experiments × arms × 3) that were given out by these shares."""
        self.sums[rows] += more
        for (one, two), kinds in self.pairs.items():
            split = given[rows, one] / (given[rows, one] + given[rows, two])
            level = np.rint(np.log(split / (1 - split))).astype(int)
            kinds[rows, np.clip(level, LEVELS[0], LEVELS[-1]) - LEVELS[0]] += more[:, [one, two]]


def _counts(sums: Array) -> Counts:
    return Counts(int(sums[0]), float(sums[1]), float(sums[2]))


def looks(units: int) -> list[int]:
    """When one looks, in units of all arms: after each of the first 200, then whenever there are 4 % more."""
    at = list(range(1, min(_EACH, units) + 1))
    while at[-1] < units:
        at.append(min(units, max(at[-1] + 1, round(at[-1] * GROWTH))))
    return at


def run(
    world: World,
    allocation: AllocationKind,
    *,
    units: int,
    experiments: int,
    rng: np.random.Generator,
    shares: tuple[float, ...] = (),
) -> Iterator[tuple[int, Known, Array]]:
    """What is known after each look: units of all arms, counts, and an array of experiments that still run.

    Whoever iterates sets that array to False where an experiment has ended: it is given no more units.
    """
    arms = len(world.arms)
    known, running = Known.nothing(experiments, arms), np.ones(experiments, bool)
    start = np.array(shares) if shares else np.full(arms, 1 / arms)
    given, anew, before = np.tile(start, (experiments, 1)), 20 * arms, 0
    for at in looks(units):
        if not running.any():
            return
        if allocation != "fixed" and at >= anew:
            _share_out(given, world, known, allocation, running)
            anew = max(at + 1, round(at * _ANEW))
        _add(known, world, rng, given, running, at - before)
        before = at
        yield at, known, running


def _share_out(given: Array, world: World, known: Known, allocation: AllocationKind, running: Array) -> None:
    shares_of = thompson_shares if allocation == "thompson" else track_and_stop_shares
    names = [str(arm) for arm in range(len(world.arms))]
    for one in np.flatnonzero(running):
        counts = {name: known.counts(int(one), arm) for arm, name in enumerate(names)}
        found = shares_of(counts, higher_is_better=world.higher_is_better, bounds=world.bounds, floor=FLOOR)
        given[one] = list(found.values())


def _add(known: Known, world: World, rng: np.random.Generator, given: Array, running: Array, units: int) -> None:
    """Give so many units more to each experiment that runs, to arms drawn by its shares."""
    rows = np.flatnonzero(running)
    drawn = rng.multinomial(units, given[rows] / given[rows].sum(axis=1, keepdims=True))
    more = np.zeros((len(rows), len(world.arms), 3))
    for arm, one in enumerate(world.arms):
        most = int(drawn[:, arm].max())
        values = one.draw(rng, (len(rows), most)) * (np.arange(most) < drawn[:, arm, None])
        more[:, arm] = np.stack([drawn[:, arm], values.sum(axis=1), (values * values).sum(axis=1)], axis=-1)
    known.add(rows, more, given)
