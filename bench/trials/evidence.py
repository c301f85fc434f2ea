"""The evidence in many trials at once: what ``superiority_log_e`` gives for each, as a test makes sure."""

from __future__ import annotations

import msgspec
import numpy as np

from bench.trials.running import LEVELS, Known
from bench.trials.worlds import World
from quire.stats.sequential import LEAST_UNITS, superiority_log_e
from quire.stats.sequential.asymptotic import mean_log_e
from quire.stats.sequential.bets import (
    Line,
    Tallied,
    bets_on_gap,
    bets_on_mean,
    least_log_capital,
    log_capital,
)
from quire.stats.sequential.bounded import Kind

Array = np.ndarray
_HOPELESS = 1.2
"""Closer to the claim than so many standard errors, evidence is far from any level; it is not worked out then."""


class Claim(msgspec.Struct, frozen=True):
    """That arm ``better`` has a mean beyond that of arm ``worse`` by more than ``margin``: above it if ``up``."""

    worse: int
    better: int
    up: bool
    margin: float = 0.0
    kind: Kind = "difference"


def log_e(world: World, known: Known, rows: Array, claim: Claim) -> Array:
    """The log evidence for a claim in the experiments ``rows``; −1 where it is hopeless."""
    found = np.full(len(rows), -1.0)
    near = rows[_hopeful(known, rows, claim)]
    if near.size:
        found[np.isin(rows, near)] = _bounded(world, known, near, claim) if world.bounds else _each(known, near, claim)
    return found


def mean_log_evidence(world: World, known: Known, rows: Array, arm: int, *, up: bool) -> Array:
    """The log evidence that an arm's mean is above (below) what it truly is."""
    truth = world.arms[arm].mean
    if world.bounds is None:
        return np.array([_mean_alone(known, int(one), arm, truth, up=up) for one in rows])
    tallied, (low, high) = _tallied(world, known.sums[rows, arm][:, None]), world.bounds
    p = np.full((len(rows), 1), (truth - low) / (high - low))
    return log_capital(tallied if up else _turned(tallied), p if up else 1 - p, bets_on_mean())


def _mean_alone(known: Known, one: int, arm: int, truth: float, *, up: bool) -> float:
    counts = known.counts(one, arm)
    return mean_log_e(counts, truth, up=up) if counts.n >= LEAST_UNITS else 0.0


def _hopeful(known: Known, rows: Array, claim: Claim) -> Array:
    (n, s, q), (m, t, r) = (known.sums[rows, arm].T for arm in (claim.worse, claim.better))
    times, plus = (claim.margin, 0.0) if claim.kind == "ratio" else (1.0, claim.margin if claim.up else -claim.margin)
    with np.errstate(divide="ignore", invalid="ignore"):
        gap = (t / m - times * s / n - plus) * (1 if claim.up else -1)
        variance = times**2 * (q / n - (s / n) ** 2) / n + (r / m - (t / m) ** 2) / m
        hopeful: Array = (n > 0) & (m > 0) & (gap > 0) & ~(gap * gap < _HOPELESS**2 * variance)
    return hopeful


def _bounded(world: World, known: Known, rows: Array, claim: Claim) -> Array:
    assert world.bounds is not None
    low, width = world.bounds[0], world.bounds[1] - world.bounds[0]
    if claim.kind == "ratio":
        start, slope = low * (claim.margin - 1) / width, claim.margin
    else:
        start, slope = (claim.margin if claim.up else -claim.margin) / width, 1.0
    first, second = claim.worse, claim.better
    if not claim.up:
        first, second, start, slope = second, first, -start / slope, 1 / slope
    pair = known.pair(first, second)[rows]
    used = np.flatnonzero(pair[..., 0].any(axis=(0, 2)))
    control, challenger = (_tallied(world, pair[:, used, arm]) for arm in (0, 1))
    line = Line(*(np.full((len(rows), 1), value) for value in (start, slope)))
    return least_log_capital(control, challenger, line, bets_on_gap(tuple(LEVELS[level] for level in used)))


def _each(known: Known, rows: Array, claim: Claim) -> Array:
    return np.array([alone(None, known, int(one), claim) for one in rows])


def alone(bounds: tuple[float, float] | None, known: Known, one: int, claim: Claim) -> float:
    """What ``superiority_log_e`` says of one experiment."""
    control, challenger, split = known.phases(one, claim.worse, claim.better)
    return superiority_log_e(
        control,
        challenger,
        higher_is_better=claim.up,
        bounds=bounds,
        margin=claim.margin,
        kind=claim.kind,
        split=split,
    )


def _tallied(world: World, sums: Array) -> Tallied:
    """Sums (experiments × kinds × 3) of values scaled to 0 to 1."""
    assert world.bounds is not None
    low, width = world.bounds[0], world.bounds[1] - world.bounds[0]
    n, total, squares = (sums[..., column] for column in range(3))
    y = (total - n * low) / width
    return Tallied(n, y, np.maximum(y - (squares - 2 * low * total + n * low * low) / width**2, 0.0))


def _turned(tallied: Tallied) -> Tallied:
    return Tallied(tallied.n, tallied.n - tallied.total, tallied.inner)
