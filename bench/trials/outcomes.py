"""What simulations found, and whether that is within its bar."""

from __future__ import annotations

import msgspec

FALSE_VERDICT, FALSE_ALARM, MISSED_TRUTH = "false verdict", "false alarm of a guardrail", "interval misses the truth"
FALSE_RATIO = "false alarm of the ratio's check"


class Rate(msgspec.Struct, frozen=True, kw_only=True):
    """How often, in percent of experiments, something wrong was ever said at any look; at most ``bar`` is promised."""

    measure: str
    data: str
    arms: int
    allocation: str
    units: int
    rate: float
    bar: float
    experiments: int

    @property
    def kept(self) -> bool:
        """Whether it is within its bar."""
        return self.rate <= self.bar


class Effort(msgspec.Struct, frozen=True, kw_only=True):
    """What it took to show the best arm best: units of all arms, until that or until the trial was given up.

    ``fixed_horizon`` is what a test of equal arms that is looked at once needs for a power of 80 %; ``at_horizon`` the
    percentage shown by then; ``best_share`` the percentage of units that were given to the best arm.
    """

    data: str
    arms: int
    allocation: str
    mean: float
    median: float
    shown: float
    wrong: float
    best_share: float
    fixed_horizon: float
    at_horizon: float
    experiments: int
