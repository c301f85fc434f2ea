"""What a simulation found, and whether that is within its bar."""

from __future__ import annotations

import msgspec

FALSE_PROMOTION, COVERAGE, POWER = "false promotion", "coverage", "power"


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """A rate in percent: how often ``subject`` did so over ``evaluations`` of ``n`` rows drawn from ``population``.

    ``nominal`` is what it promises; within ``low`` to ``high`` the promise is kept.
    """

    measure: str
    subject: str
    population: str
    n: int
    rate: float
    nominal: float
    low: float
    high: float
    evaluations: int

    @property
    def kept(self) -> bool:
        """Whether the rate is within its bar."""
        return self.low <= self.rate <= self.high


def false_promotion(subject: str, population: str, n: int, wrong: int, evaluations: int, *, exact: bool) -> Outcome:
    """At most 5.5 %; at least 4.5 % unless the test is exact for counts, which may be as cautious as it must."""
    return Outcome(
        measure=FALSE_PROMOTION,
        subject=subject,
        population=population,
        n=n,
        rate=100 * wrong / evaluations,
        nominal=5.0,
        low=0.0 if exact else 4.5,
        high=5.5,
        evaluations=evaluations,
    )


def coverage(subject: str, population: str, n: int, held: int, evaluations: int) -> Outcome:
    """From 94 to 96 %."""
    return Outcome(
        measure=COVERAGE,
        subject=subject,
        population=population,
        n=n,
        rate=100 * held / evaluations,
        nominal=95.0,
        low=94.0,
        high=96.0,
        evaluations=evaluations,
    )


def power(subject: str, population: str, n: int, shown: int, evaluations: int, planned: float) -> Outcome:
    """Within 3 points of what was planned."""
    return Outcome(
        measure=POWER,
        subject=subject,
        population=population,
        n=n,
        rate=100 * shown / evaluations,
        nominal=100 * planned,
        low=100 * planned - 3,
        high=100 * planned + 3,
        evaluations=evaluations,
    )
