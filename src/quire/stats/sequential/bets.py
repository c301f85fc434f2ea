"""Bets on means of values in [0, 1]: what a wager against a hypothesis has become, from sums alone.

Someone who doubts that values y have the mean p stakes on each of them at odds that are fair under p: the stake is
multiplied by 1 + λ (y − p). Under the hypothesis no scheme of such bets gains on average, so that the capital is an
e-process: it ever reaches 1/α with a probability of at most α (Ville's inequality), in any order of units, at any look,
however much the past decided who was asked (A. Ramdas, P. Grünwald, V. Vovk and G. Shafer, "Game-theoretic statistics
and safe anytime-valid inference", Statistical Science 38, 2023).

With the odds ratio exp(t), λ = (exp(t) − 1) / (1 + p (exp(t) − 1)), the logarithm of the capital is at least

    t Σy − n log(1 + p (exp(t) − 1)) + h(|t|) Σ y (1 − y),    h(t) = t + exp(−t) − 1,

which needs only the sums. For zeros and ones it is equal (the last sum is 0: the likelihood ratio of two coins); for
others it is a lower bound, because log(1 + λ (y − p)) lies above the chord between y = 0 and y = 1 by at least
h(|t|) y (1 − y), and so it counts how little the values vary. A mixture of such capitals, each with its own t, is an
e-process too, and t may change from phase to phase by what was known before. Its logarithm is convex in p, so that the
least over a line of hypotheses is found by Newton's method.

Arrays have a row for each trial, then a column for each phase (or kind of phase), then one for each bet.
"""

from __future__ import annotations

import math
from functools import cache, lru_cache
from typing import TYPE_CHECKING

import msgspec

from quire.stats.sequential.sizes import sizes

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

_PLANNED = 0.6
_OTHERS = {0.0: 0.04, 0.2: 0.1, 0.4: 0.06, 0.6: 0.06, 0.8: 0.1, 1.0: 0.04}
_LEVELS = 5
_ROUNDS = 60
_CLOSE = 1e-5


class Bets(msgspec.Struct, frozen=True, gc=False):
    """Log odds ratios, phases × bets: what is staked on the mean of either arm; and logs of the weights of bets.

    ``down`` and ``up`` are the odds ratios less 1, ``spared`` the h(|t|) of either arm's (see above). The first
    ``alike`` bets are the same in all phases.
    """

    control: Array
    challenger: Array
    down: Array
    up: Array
    spared: tuple[Array, Array]
    log_weights: Array
    alike: int

    @classmethod
    def of(cls, control: Array, challenger: Array, weights: Array, alike: int) -> Bets:
        """The bets with these log odds ratios and weights."""
        import numpy as np

        spared = _spared(control), _spared(challenger)
        return cls(control, challenger, np.expm1(control), np.expm1(challenger), spared, np.log(weights), alike)


class Tallied(msgspec.Struct, frozen=True, gc=False):
    """Sums of one arm, trials × phases: units, the sum of their values y, and the sum of y (1 − y)."""

    n: Array
    total: Array
    inner: Array


class Line(msgspec.Struct, frozen=True, gc=False):
    """The hypotheses that the challenger's mean is ``start + slope`` · the control's; one column, trials × 1."""

    start: Array
    slope: Array


@cache
def bets_on_mean() -> Bets:
    """Bets that one arm's mean is larger than what is claimed."""
    import numpy as np

    size, weight = (np.array([column]) for column in sizes())
    return Bets.of(np.zeros_like(size), size, weight[0], size.size)


def level_of(split: float) -> int:
    """The number of a planned split: splits are rounded, on the scale of their log odds, to one of 11."""
    if not 0 < split < 1:
        return _LEVELS if split > 0.5 else -_LEVELS
    level = round(math.log(split / (1 - split)))
    return min(max(level, -_LEVELS), _LEVELS)


@lru_cache(maxsize=256)
def bets_on_gap(levels: tuple[int, ...]) -> Bets:
    """Bets that the challenger's mean is larger against the control's than what is claimed, for phases of such splits.

    Each stakes on both arms, on the challenger the part ``r`` of its size upwards, on the control the rest downwards.
    With ``r`` the control's part of the units, both means may be wrong by the same amount and the capital stays: what
    the means are costs nothing then. Most is staked at the split that each phase planned, and something at parts of
    all sizes, because what comes may be different.
    """
    import numpy as np

    size, weight = (np.array(column) for column in sizes())
    planned = 1 / (1 + np.exp(-np.array(levels, dtype=float)))
    others = np.broadcast_to(np.array(list(_OTHERS)), (len(levels), len(_OTHERS)))
    parts = np.concatenate([others, planned[:, None]], axis=1)
    stakes = np.array([*_OTHERS.values(), _PLANNED])
    challenger = (parts[..., None] * size).reshape(len(levels), -1)
    control = -((1 - parts)[..., None] * size).reshape(len(levels), -1)
    return Bets.of(control, challenger, (stakes[:, None] * weight).ravel(), len(_OTHERS) * size.size)


def log_capital(tallied: Tallied, p: Array, bets: Bets) -> Array:
    """The logarithm of the capital of bets on one arm, against each trial's claimed mean ``p`` (one column)."""
    known = bets.log_weights + _staked(tallied, bets.challenger, bets.spared[1])
    return _log_sum(known - _paid(tallied.n, p, bets.up, bets.alike)[0])[0]


def least_log_capital(control: Tallied, challenger: Tallied, line: Line, bets: Bets) -> Array:
    """The logarithm of the least capital over a line of hypotheses, for each trial."""
    return search(control, challenger, line, bets)[0]


def search(
    control: Tallied, challenger: Tallied, line: Line, bets: Bets, start: Array | None = None
) -> tuple[Array, Array]:
    """The logarithm of the least capital over a line of hypotheses, and the control's mean where it is (one column).

    ``start`` is where it may be.

    The capital's logarithm is convex, so the least is below what is found by the slope there times what is left of the
    line at most; that is taken off, so that nothing is claimed too much (it is below 1e-6 once the search has ended).
    Where Newton's step has not halved the slope, as beside an end of the line at which the curve is steep, what is left
    is halved instead. Infinite where no hypothesis of the line has both means in [0, 1]. For bets that only gain if the
    challenger's mean is larger than on the line, it is also the least over all hypotheses beyond the line.
    """
    import numpy as np

    known = (
        bets.log_weights
        + _staked(control, bets.control, bets.spared[0])
        + _staked(challenger, bets.challenger, bets.spared[1])
    )
    first, last = _between(-line.start / line.slope, 0, 1), _between((1 - line.start) / line.slope, 0, 1)
    low, high = first, last
    p = _between(_pooled(control, challenger, line) if start is None else start, first, last)
    found, least, steep = p, np.full_like(p, -np.inf), np.full_like(p, np.inf)
    for _ in range(_ROUNDS):
        value, slope, curve = _along(known, p, control, challenger, line, bets)
        low, high = np.where(slope < 0, p, low), np.where(slope > 0, p, high)
        missed = np.abs(slope) * np.where(slope < 0, high - p, p - low)
        better = value - missed > least
        found, least = np.where(better, p, found), np.where(better, value - missed, least)
        if (missed < _CLOSE).all():
            break
        ahead = p - slope / curve
        middle = (low + high) / 2
        ahead = np.where(ahead <= low, np.where(low == first, first, middle), ahead)
        ahead = np.where(ahead >= high, np.where(high == last, last, middle), ahead)
        slow = np.abs(slope) > steep / 2
        p, steep = np.where(missed < _CLOSE, p, np.where(slow, middle, ahead)), np.abs(slope)
    return np.asarray(np.where(line.start + line.slope < 0, np.inf, least)[..., 0]), found


def _staked(tallied: Tallied, t: Array, spared: Array) -> Array:
    """The part of the log capital that no hypothesis has to do with: trials × bets."""
    return tallied.total @ t + tallied.inner @ spared


def _spared(t: Array) -> Array:
    import numpy as np

    return np.asarray(np.abs(t) + np.expm1(-np.abs(t)))


def _paid(n: Array, p: Array, odds: Array, alike: int) -> tuple[Array, Array, Array]:
    """What bets with these odds ratios (less 1) pay for n values of the claimed mean ``p``: trials × bets.

    With its first derivative in p, and the second's negative. Bets that are the same in all phases are worked out once.
    """
    import numpy as np

    if odds.shape[0] == 1:
        alike = odds.shape[1]
    together = n if n.shape[-1] == 1 else n.sum(axis=-1, keepdims=True)
    found: list[list[Array]] = []
    for units, some in ((together, odds[:1, :alike]), (n, odds[:, alike:])):
        if not some.size:
            continue
        grown = 1 + p[..., None] * some
        bent = some / grown
        paid = [units[..., None] * each for each in (np.log(grown), bent, bent * bent)]
        found.append([each[..., 0, :] if each.shape[-2] == 1 else each.sum(axis=-2) for each in paid])
    if len(found) == 1:
        return found[0][0], found[0][1], found[0][2]
    first, second, third = (np.concatenate(parts, axis=-1) for parts in zip(*found, strict=True))
    return first, second, third


def _pooled(control: Tallied, challenger: Tallied, line: Line) -> Array:
    import numpy as np

    (n, total), (m, sum_) = (
        (arm.n.sum(-1, keepdims=True), arm.total.sum(-1, keepdims=True)) for arm in (control, challenger)
    )
    fitted = total + line.slope * (sum_ - m * line.start)
    return np.asarray(fitted / np.maximum(n + m * line.slope**2, 1e-300))


def _along(
    known: Array, p: Array, control: Tallied, challenger: Tallied, line: Line, bets: Bets
) -> tuple[Array, Array, Array]:
    """The log capital at the control's mean ``p`` on the line, and its first and second derivative in ``p``."""
    import numpy as np

    other = _between(line.start + line.slope * p, 0, 1)
    paid, one, bent = _paid(control.n, p, bets.down, bets.alike)
    repaid, two, rebent = _paid(challenger.n, other, bets.up, bets.alike)
    value, share = _log_sum(known - paid - repaid)
    each = -(one + line.slope * two)
    slope = (share * each).sum(axis=-1, keepdims=True)
    bend = bent + line.slope**2 * rebent + (each - slope) ** 2
    curve = (share * bend).sum(axis=-1, keepdims=True)
    return value[..., None], slope, np.maximum(curve, 1e-300)


def _between(values: Array, low: Array | float, high: Array | float) -> Array:
    """What numpy.clip gives, in a third of its time for arrays as small as these."""
    import numpy as np

    return np.asarray(np.minimum(np.maximum(values, low), high))


def _log_sum(exponents: Array) -> tuple[Array, Array]:
    """The logarithm of the sum of exponentials, and each one's share of it."""
    import numpy as np

    top = exponents.max(axis=-1, keepdims=True)
    grown = np.exp(exponents - top)
    total = grown.sum(axis=-1, keepdims=True)
    return (top + np.log(total))[..., 0], grown / total
