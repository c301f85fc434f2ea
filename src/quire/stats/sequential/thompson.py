"""Thompson sampling as shares: each arm has the traffic of its probability to be the best."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from quire.stats.sequential.counts import Bounds, Counts
from quire.stats.sequential.shares import check_arms, equal, is_too_early, moments, with_floor

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

_POINTS, _REACH = 2001, 8.0


def thompson_shares(
    arms: Mapping[str, Counts], *, higher_is_better: bool, bounds: Bounds | None = None, floor: float = 0.05
) -> dict[str, float]:
    """For each arm the share that goes to it: the probability that it is the best, given what is known, and the floor.

    It serves the better arm to more and more units, which is what it is for. It is not the fastest way to find out
    which arm is better: arms that are behind, the control among them, get few units (docs/live-statistics.md has the
    figures); for that there is :func:`track_and_stop_shares`. Evidence is valid under either.

    What is known of a mean is a Beta distribution with ``bounds`` (from Jeffreys' prior, its weight that of as many
    zeros and ones as would tell as much), a normal one without. Probabilities are integrated, not drawn: the same
    counts give the same shares. Equal until each arm has 10 units. Sources: W. R. Thompson, "On the likelihood that one
    unknown probability exceeds another in view of the evidence of two samples", Biometrika 25 (1933). Raises
    InvalidInput for fewer than two arms, counts that cannot be, and a floor above 1 / arms.
    """
    check_arms(arms, bounds, floor)
    if is_too_early(arms):
        return equal(arms)
    sign = 1 if higher_is_better else -1
    known = [(mean, variance / counts.n) for counts in arms.values() for mean, variance in [moments(counts, bounds)]]
    best = _best(known, sign, bounded=bounds is not None)
    return with_floor(dict(zip(arms, best, strict=True)), floor)


def _best(known: list[tuple[float, float]], sign: int, *, bounded: bool) -> list[float]:
    """The probability of each to be the largest (the smallest if ``sign`` is negative)."""
    import numpy as np

    means, variances = (np.array(column)[:, None] for column in zip(*known, strict=True))
    widest = max(float(np.sqrt(variances).max()), 1e-12 * float(np.abs(means).max()), 1e-300)
    errors = np.maximum(np.sqrt(variances), widest / 200)
    at = _grid(means, errors, bounded=bounded)
    density = _beta(at, means, errors) if bounded else np.exp(-(((at - means) / errors) ** 2) / 2)
    steps = np.diff(at, prepend=at[:1])
    mass = density * steps
    mass /= mass.sum(axis=1, keepdims=True)
    below = np.cumsum(mass, axis=1) - mass / 2
    beaten = np.clip(below if sign > 0 else 1 - below, 0, 1)
    shares = [(mass[one] * np.delete(beaten, one, axis=0).prod(axis=0)).sum() for one in range(len(known))]
    return [float(share / sum(shares)) for share in shares]


def _grid(means: Array, errors: Array, *, bounded: bool) -> Array:
    """Points where any of the means may lie, close where one of them surely does."""
    import numpy as np

    offsets = np.linspace(-_REACH, _REACH, _POINTS // len(means))
    at = np.unique(means + errors * offsets)
    return at[(at > 0) & (at < 1)] if bounded else at


def _beta(at: Array, means: Array, errors: Array) -> Array:
    """Beta densities (up to a factor) with these means and standard deviations."""
    import numpy as np

    weight = np.maximum(means * (1 - means) / errors**2 - 1, 1e-3)
    logs = (weight * means - 1) * np.log(at) + (weight * (1 - means) - 1) * np.log1p(-at)
    return np.asarray(np.exp(logs - logs.max(axis=1, keepdims=True)))
