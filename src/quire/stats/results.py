"""What statistics answer: intervals, tests, and the other plain results."""

from __future__ import annotations

import math

import msgspec


class Interval(msgspec.Struct, frozen=True):
    """A confidence interval and the method that gave it.

    ``low`` and ``high`` are in the units of the values; infinite where the data set no bound (one row, say).
    ``confidence`` is the share of such intervals that hold the true value, in the long run.
    """

    low: float
    high: float
    confidence: float
    method: str


class TestResult(msgspec.Struct, frozen=True):
    """A p-value and the method that gave it.

    ``p_value`` is the probability, if there were no difference, of data at least this far from none. ``statistic`` is
    what the method sums up, in its own units. ``mid_p`` counts the data as seen by half only; exact tests of counts
    have it, because their p-value is larger than need be.
    """

    __test__ = False  # pytest would take the class for tests

    p_value: float
    method: str
    statistic: float | None = None
    mid_p: float | None = None


class NonInferiority(msgspec.Struct, frozen=True):
    """Whether b is at most a margin worse than a.

    ``estimate`` is the difference b − a, or the ratio b / a; ``bound`` is its confidence bound on the side that would
    be worse; ``passed`` says that the bound is inside ``margin``, which is when ``p_value`` is below 1 − confidence.
    """

    p_value: float
    method: str
    estimate: float
    bound: float
    margin: float
    confidence: float
    passed: bool


class VarianceSplit(msgspec.Struct, frozen=True):
    """How much of the spread of scores lies between rows, and how much between repeats of the same row.

    Both variances are in squared units of the score. ``reliability`` is the share of the variance of rows' averages
    that lies between rows: 1 where repeats agree, 0 where rows differ by no more than repeats do.
    """

    between_rows: float
    between_repeats: float
    reliability: float

    def standard_error(self, rows: int, repeats: int) -> float:
        """The standard error of the mean over so many rows, each answered so many times.

        Shows what is worth paying for: repeats shrink only their own part, rows shrink both.
        """
        return float(((self.between_rows + self.between_repeats / repeats) / rows) ** 0.5)


class Strength(msgspec.Struct, frozen=True):
    """How strong one contender is, on the scale of log-odds: 0 is the average of those compared.

    One that is stronger by ``x`` wins against the other with probability 1 / (1 + exp(−x)).
    """

    name: str
    strength: float
    low: float
    high: float


class Kappa(msgspec.Struct, frozen=True):
    """Agreement between two raters beyond chance.

    ``value`` is 1 for full agreement, 0 for what chance would give; ``agreement`` is the plain share of ``n`` items
    with the same label, ``agreement_low`` and ``agreement_high`` its interval. ``value``, ``low``, ``high`` and
    ``standard_error`` are NaN where both raters gave one and the same label throughout, because then chance agrees too.
    """

    value: float
    low: float
    high: float
    agreement: float
    n: int
    standard_error: float
    agreement_low: float = math.nan
    agreement_high: float = math.nan


class Alpha(msgspec.Struct, frozen=True):
    """Agreement among several raters beyond chance: 1 is full agreement, 0 what chance would give.

    ``n`` items have two labels or more, ``labels`` in all. Numbers are NaN where one label was given throughout.
    """

    value: float
    low: float
    high: float
    n: int
    labels: int
    standard_error: float
