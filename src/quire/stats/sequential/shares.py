"""What adaptive allocation is given: arms with counts, and shares that never fall below a floor."""

from __future__ import annotations

from collections.abc import Mapping

from quire.domain.errors import InvalidInput
from quire.stats.sequential.counts import Bounds, Counts, check_counts, scaled

LEAST_KNOWN = 10
"""Until each arm has so many units, shares are equal."""


def check_arms(arms: Mapping[str, Counts], bounds: Bounds | None, floor: float) -> None:
    """Raises InvalidInput for fewer than two arms, counts that cannot be, and a floor that the arms cannot all have."""
    if len(arms) < 2:
        raise InvalidInput(f"{len(arms)} arms were given; traffic is shared out between two or more.")
    if not 0 <= floor * len(arms) <= 1:
        raise InvalidInput(f"floor is {floor}; {len(arms)} arms can each have at most {1 / len(arms):.3g}.")
    for name, counts in arms.items():
        if bounds is None:
            check_counts(counts, name)
        else:
            scaled(counts, bounds, name)


def is_too_early(arms: Mapping[str, Counts]) -> bool:
    """Whether some arm has too few units for shares to be anything but equal."""
    return any(counts.n < LEAST_KNOWN for counts in arms.values())


def equal(arms: Mapping[str, Counts]) -> dict[str, float]:
    """The same share for each arm."""
    return dict.fromkeys(arms, 1 / len(arms))


def with_floor(shares: Mapping[str, float], floor: float) -> dict[str, float]:
    """Shares that add up to 1, none below ``floor``: what is above it is given out in proportion."""
    total = sum(shares.values())
    left = 1 - floor * len(shares)
    raised = {arm: floor + left * share / total for arm, share in shares.items()}
    whole = sum(raised.values())
    return {arm: share / whole for arm, share in raised.items()}


def moments(counts: Counts, bounds: Bounds | None) -> tuple[float, float]:
    """Mean and variance, both estimated with care for few units: never a variance of 0 where values have bounds.

    With bounds they are scaled to [0, 1], and one unit of the largest variance for that mean is added.
    """
    if bounds is None:
        return counts.mean, counts.variance
    sums = scaled(counts, bounds, "counts")
    mean = (sums.total + 0.5) / (sums.n + 1)
    spread = sums.total - sums.inner - sums.total**2 / sums.n
    return mean, (max(spread, 0.0) + mean * (1 - mean)) / (sums.n + 1)
