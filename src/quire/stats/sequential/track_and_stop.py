"""Track and stop: the shares at which the best arm is found with the fewest units."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import msgspec

from quire.stats.sequential.counts import Bounds, Counts, scaled
from quire.stats.sequential.roots import solved
from quire.stats.sequential.shares import check_arms, equal, is_too_early, moments, with_floor

_CLOSE = 1e-6
_NEAREST = 0.25
_FLAT = 1e-9


class Rival(msgspec.Struct, frozen=True, gc=False):
    """What it takes to tell the best arm (mean 1 unit of traffic) from one other arm.

    ``most`` is the information per unit that no traffic to the other can exceed; ``at`` gives, for information y, the
    traffic to the other at which it is reached, and how much of it the best arm's units bear against the other's.
    """

    most: float
    at: Callable[[float], tuple[float, float]]


def track_and_stop_shares(
    arms: Mapping[str, Counts], *, higher_is_better: bool, bounds: Bounds | None = None, floor: float = 0.05
) -> dict[str, float]:
    """For each arm the share that goes to it, so that the best is told from all others with the fewest units.

    They are the proportions at which evidence against the closest alternative grows fastest, if the means were as they
    are now estimated: most units go to the best arm and to those close to it. Of zeros and ones they are those of
    coins; otherwise those of normal values, each arm with its own variance. Two arms share in the ratio of their
    standard deviations, which for arms that are alike is half and half: there nothing can be gained.

    Estimates less than a quarter of a standard error apart are treated as that far apart. Equal until each arm has 10
    units. Source: A. Garivier and E. Kaufmann, "Optimal best arm identification with fixed confidence", COLT 2016.
    Raises InvalidInput for fewer than two arms, counts that cannot be, and a floor above 1 / arms.
    """
    check_arms(arms, bounds, floor)
    if is_too_early(arms):
        return equal(arms)
    sign = 1.0 if higher_is_better else -1.0
    known = {name: moments(one, bounds) for name, one in arms.items()}
    best = max(known, key=lambda name: sign * known[name][0])
    others = [name for name in arms if name != best]
    flat = _FLAT * max(variance for _, variance in known.values())
    if flat == 0:
        return equal(arms)
    coins = bounds is not None and all(scaled(one, bounds, name).inner == 0 for name, one in arms.items())
    rivals = []
    for other in others:
        (mean, variance), (lower, spread) = known[best], known[other]
        variance, spread = max(variance, flat), max(spread, flat)
        nearest = _NEAREST * math.sqrt(variance / arms[best].n + spread / arms[other].n)
        gap = max(abs(mean - lower), nearest)
        rivals.append(_coin(mean, mean - sign * gap) if coins else _normal(gap, variance, spread))
    found = dict(zip([best, *others], [1.0, *_proportions(rivals)], strict=True))
    return with_floor({name: found[name] for name in arms}, floor)


def _proportions(rivals: list[Rival]) -> list[float]:
    """The traffic to each rival, the best arm's being 1: all rivals are told apart equally well, at the least cost."""
    most = min(rival.most for rival in rivals)

    def unbalanced(y: float) -> float:
        return -math.fsum(rival.at(y)[1] for rival in rivals)

    y = solved(unbalanced, -1.0, 0.0, most * (1 - _CLOSE), most * _CLOSE)
    return [rival.at(y)[0] for rival in rivals]


def _normal(gap: float, variance: float, spread: float) -> Rival:
    """Normal values: the best arm's ``variance``, the other's ``spread``, means ``gap`` apart."""

    def at(y: float) -> tuple[float, float]:
        if y <= 0:
            return 0.0, 0.0
        traffic = spread / (gap * gap / (2 * y) - variance)
        return traffic, traffic * traffic * variance / spread

    return Rival(gap * gap / (2 * variance), at)


def _coin(mean: float, other: float) -> Rival:
    """Zeros and ones with these means. The closest alternative has both means at one value between them."""
    other = min(max(other, _FLAT), 1 - _FLAT)

    def information(part: float) -> tuple[float, float, float]:
        common = mean + part * (other - mean)
        one, two = _divergence(mean, common), _divergence(other, common)
        traffic = part / (1 - part)
        return one + traffic * two, traffic, one / two

    def at(y: float) -> tuple[float, float]:
        part = solved(lambda left: information(1 - left)[0], y, _CLOSE, 1 - _CLOSE, _CLOSE)
        return information(1 - part)[1:]

    return Rival(_divergence(mean, other), at)


def _divergence(p: float, q: float) -> float:
    """How much one value tells of a mean p against a mean q (Kullback and Leibler), in nats."""
    return p * math.log(p / q) + (1 - p) * math.log((1 - p) / (1 - q))
