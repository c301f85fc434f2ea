"""Where simulated units come from: what a metric's values are like, and the true mean of each arm."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import msgspec
import numpy as np

Array = np.ndarray
Generator = np.random.Generator
Shape = tuple[int, int]
Draw = Callable[[Generator, Shape], Array]


class Arm(msgspec.Struct, frozen=True):
    """An arm's true mean, and how values of it are drawn (experiments × units)."""

    mean: float
    draw: Draw


class World(msgspec.Struct, frozen=True):
    """A metric and the arms of a trial, the control first."""

    name: str
    arms: tuple[Arm, ...]
    bounds: tuple[float, float] | None = (0.0, 1.0)
    higher_is_better: bool = True


def thumbs(*chances: float) -> World:
    """Zeros and ones: a thumb, an error, a conversion."""
    shown = " / ".join(f"{100 * chance:g}" for chance in dict.fromkeys(chances))
    return World(f"thumbs, {shown} %", tuple(_thumb(chance) for chance in chances))


def ratings(*tilts: float) -> World:
    """Ratings of 1 to 5, most of them 4 and 5; a tilt of 0.2 is worth about 0.2 points."""
    arms = tuple(_rating(tilt) for tilt in tilts)
    shown = " / ".join(f"{mean:.2f}" for mean in dict.fromkeys(arm.mean for arm in arms))
    return World(f"ratings, {shown}", arms, bounds=(1.0, 5.0))


def scores(*means: float) -> World:
    """Scores between 0 and 1 that vary little, such as a judge's averages."""
    shown = " / ".join(f"{mean:g}" for mean in dict.fromkeys(means))
    return World(f"scores, {shown}", tuple(_score(mean) for mean in means))


def latencies(*ratios: float, spread: float = 0.8) -> World:
    """Seconds, lognormal with long tails, without bounds; lower is better."""
    shown = " / ".join(f"{ratio:g}" for ratio in dict.fromkeys(ratios))
    arms = tuple(_latency(ratio, spread) for ratio in ratios)
    tails = "latencies" if spread < 1 else "latencies with longer tails"
    return World(f"{tails}, {shown} s", arms, bounds=None, higher_is_better=False)


def uneven(mean: float, deviation: float) -> World:
    """A steady control, and a challenger whose values vary much more; without bounds."""
    arms = (_normal(0.0, 1.0), _normal(mean, deviation))
    return World(f"numbers, deviations 1 and {deviation:g}", arms, bounds=None)


def _thumb(chance: float) -> Arm:
    return Arm(chance, partial(_coins, chance))


def _rating(tilt: float) -> Arm:
    values = np.arange(1.0, 6.0)
    chances = np.array([0.06, 0.06, 0.18, 0.4, 0.3]) * np.exp(tilt * values)
    chances /= chances.sum()
    return Arm(float(values @ chances), partial(_steps, np.cumsum(chances)[:-1]))


def _score(mean: float) -> Arm:
    return Arm(mean, partial(_betas, mean))


def _latency(ratio: float, spread: float) -> Arm:
    return Arm(ratio, partial(_lognormals, ratio, spread))


def _normal(mean: float, deviation: float) -> Arm:
    return Arm(mean, partial(_normals, mean, deviation))


def _coins(chance: float, rng: Generator, shape: Shape) -> Array:
    return (rng.random(shape) < chance).astype(float)


def _steps(below: Array, rng: Generator, shape: Shape) -> Array:
    return 1.0 + np.searchsorted(below, rng.random(shape), side="right")


def _betas(mean: float, rng: Generator, shape: Shape) -> Array:
    return rng.beta(12 * mean, 12 * (1 - mean), shape)


def _lognormals(ratio: float, spread: float, rng: Generator, shape: Shape) -> Array:
    return ratio * np.exp(rng.normal(-spread * spread / 2, spread, shape))


def _normals(mean: float, deviation: float, rng: Generator, shape: Shape) -> Array:
    return rng.normal(mean, deviation, shape)
