"""Where simulated evaluations come from: scores of two variants on the same rows, and the truth about them.

Each function draws ``m`` evaluations of ``n`` rows (or clusters): two arrays, and the truth of each.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import numpy as np

Array = np.ndarray
Generator = np.random.Generator


class Drawn(msgspec.Struct, frozen=True):
    """Scores of a and b, evaluations × rows; the true mean of b − a (or of b over that of a) in each."""

    a: Array
    b: Array
    truth: Array


class Population(msgspec.Struct, frozen=True):
    """A name for the table, and how evaluations are drawn."""

    name: str
    draw: Callable[[Generator, int, int], Drawn]


def same_binary(rng: Generator, m: int, n: int) -> Drawn:
    """Right or wrong, rows of all difficulties, both variants with the same chance: a third of rows differ."""
    chance = rng.beta(1.2, 0.8, (m, n))
    a, b = ((rng.random((m, n)) < chance).astype(float) for _ in range(2))
    return Drawn(a, b, np.zeros(m))


def same_normal(rng: Generator, m: int, n: int) -> Drawn:
    """Normal scores around each row's own level."""
    row = rng.normal(size=(m, n))
    return Drawn(row + rng.normal(size=(m, n)), row + rng.normal(size=(m, n)), np.zeros(m))


def same_skewed(rng: Generator, m: int, n: int) -> Drawn:
    """Latencies: lognormal, rows of unlike length, long tails."""
    return scaled(rng, m, n, 1.0)


def same_ratings(rng: Generator, m: int, n: int) -> Drawn:
    """Ratings of 1 to 5: more than a third of the rows tie."""
    row = rng.normal(3.6, 0.9, (m, n))
    a, b = (np.clip(np.round(row + rng.normal(0, 0.7, (m, n))), 1, 5) for _ in range(2))
    return Drawn(a, b, np.zeros(m))


def same_averages(rng: Generator, m: int, n: int) -> Drawn:
    """Right or wrong averaged over three repeats."""
    chance = rng.beta(1.2, 0.8, (m, n))
    a, b = (rng.binomial(3, chance) / 3 for _ in range(2))
    return Drawn(a, b, np.zeros(m))


def scaled(rng: Generator, m: int, n: int, ratio: float) -> Drawn:
    """Lognormal quantities; b costs ``ratio`` times as much as a. The truth is the difference of means."""
    row = rng.normal(0, 0.5, (m, n))
    a, b = (np.exp(row + rng.normal(0, 0.3, (m, n))) for _ in range(2))
    mean = np.exp((0.5**2 + 0.3**2) / 2)
    return Drawn(a, ratio * b, np.full(m, (ratio - 1) * mean))


def dearer(rng: Generator, m: int, n: int) -> Drawn:
    """b costs 1.2 times as much as a, and the truth is that difference."""
    return scaled(rng, m, n, 1.2)


def dearer_by_ratio(rng: Generator, m: int, n: int) -> Drawn:
    """b costs 1.2 times as much as a, and the truth is that ratio."""
    drawn = scaled(rng, m, n, 1.2)
    return Drawn(drawn.a, drawn.b, np.full(m, 1.2))


def better_normal(rng: Generator, m: int, n: int) -> Drawn:
    """Normal scores, b better by half a standard deviation, and more scattered."""
    row = rng.normal(size=(m, n))
    return Drawn(row + rng.normal(size=(m, n)), row + rng.normal(0.5, 1.5, (m, n)), np.full(m, 0.5))


def unlike_binary(rng: Generator, m: int, n: int) -> Drawn:
    """Binary scores, every evaluation with its own truth: 10 to 60 % of rows differ, b wins 20 to 80 % of those."""
    differ, wins = rng.uniform(0.1, 0.6, m), rng.uniform(0.2, 0.8, m)
    return differing(rng, n, differ * wins, differ * (1 - wins))


def worse_binary(rng: Generator, m: int, n: int) -> Drawn:
    """Binary scores, b worse by exactly 0.1; another 10 to 50 % of rows differ either way."""
    either = rng.uniform(0.05, 0.25, m)
    return differing(rng, n, either, either + 0.1)


def differing(rng: Generator, n: int, win: Array, lose: Array) -> Drawn:
    """Binary scores of which b wins and loses these shares of rows; the rest tie."""
    u = rng.random((win.size, n))
    b = (u < win[:, None]).astype(float)
    a = ((u >= win[:, None]) & (u < (win + lose)[:, None])).astype(float)
    return Drawn(a, b, win - lose)


def one_variant_skewed(rng: Generator, m: int, n: int) -> Drawn:
    """The mean latency of one variant: lognormal values, as b against nothing."""
    return Drawn(np.zeros((m, n)), np.exp(rng.normal(0, 0.5, (m, n))), np.full(m, np.exp(0.125)))


def very_skewed(rng: Generator, m: int, n: int) -> Drawn:
    """One variant's values, lognormal with a standard deviation of 1 in the logarithm: a few rows outweigh the rest."""
    return Drawn(np.zeros((m, n)), np.exp(rng.normal(size=(m, n))), np.full(m, np.exp(0.5)))


def clusters_of(n: int) -> Array:
    """The cluster of each row: ``n`` clusters of 1 to some 8 rows, 3 on average."""
    return np.sort(np.concatenate([np.arange(n), np.random.default_rng(n).integers(0, n, 2 * n)]))


def same_clustered(rng: Generator, m: int, n: int) -> Drawn:
    """Normal scores of the rows of ``n`` clusters; those of a cluster favour a or b together."""
    codes = clusters_of(n)
    favour = rng.normal(size=(m, n))[:, codes]
    a, b = (rng.normal(size=(m, codes.size)) for _ in range(2))
    return Drawn(a, favour + b, np.zeros(m))


SAME_BINARY = Population("binary", same_binary)
SAME_NORMAL = Population("normal", same_normal)
SAME_SKEWED = Population("latencies", same_skewed)
SAME_RATINGS = Population("ratings 1 to 5", same_ratings)
SAME_AVERAGES = Population("binary, 3 repeats", same_averages)
SAME_CLUSTERED = Population("normal, n clusters of 3", same_clustered)
