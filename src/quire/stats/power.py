"""Planning before paying: how many rows show an effect, and what effect so many rows can show."""

from __future__ import annotations

import math
from collections.abc import Callable

from quire.domain.errors import InvalidInput
from quire.domain.scores import ScoreKind
from quire.stats.checks import check_choice, check_share
from quire.stats.exact_power import mcnemar_power
from quire.stats.special import noncentral_student_cdf, normal_quantile, student_quantile

_MOST_ROWS = 10**9
_LARGEST_EFFECT = 1000.0
"""In standard deviations of the difference."""
_CERTAIN = 40
"""Standard errors beyond the critical value at which the power is 1 in every digit that is kept."""


def power_of(n: int, effect: float, *, kind: ScoreKind, spread: float, confidence: float = 0.95) -> float:
    """The probability that a two-sided paired test of ``n`` rows shows a true difference of ``effect``.

    ``effect`` is the true mean of b − a, in the score's units. ``spread`` is, for "number", the standard deviation of
    the paired differences; for "binary", the share of rows on which the two variants differ (so that |effect| ≤
    spread). Both are read from a pilot, and matter more than anything else: two variants that agree on most rows need
    far fewer rows than two independent samples would.

    "binary" is the power of McNemar's exact test, summed over how many rows may differ, and exact. "number" is that of
    the paired t test, from the noncentral t distribution, which the permutation test's meets closely; it assumes
    differences that are about normal, and for skewed ones below 100 rows is a guide only. Rows must be independent;
    for clusters of m rows with correlation r divide n by 1 + (m − 1) r (L. Kish, "Survey Sampling", 1965).

    Sources: S. W. Duffy, "Asymptotic and exact power for the McNemar test and its analogue with R controls per case",
    Biometrics 40 (1984); J. Cohen, "Statistical Power Analysis for the Behavioral Sciences", 2nd ed. (1988),
    chapter 2. Raises InvalidInput for n below 1, a spread that is not positive, a share above 1, an effect that no
    such share allows, and text scores.
    """
    _check(kind, spread, confidence)
    if n < 1:
        raise InvalidInput(f"n is {n}; expected at least one row.")
    if not math.isfinite(effect):
        raise InvalidInput(f"effect is {effect}; expected a difference in the score's units.")
    if kind == "binary" and abs(effect) > spread:
        raise InvalidInput(f"effect {effect} is larger than the share of rows that differ, {spread}; raise spread.")
    return _power(n, abs(effect), kind, spread, 1 - confidence)


def sample_size(effect: float, *, kind: ScoreKind, spread: float, power: float = 0.8, confidence: float = 0.95) -> int:
    """The fewest rows that show a true difference of ``effect`` with probability ``power``.

    Meanings, assumptions, sources and errors are those of :func:`power_of`. An effect of 0 is refused, since no
    number of rows shows it, and so is one that would take more than 10⁹ rows.
    """
    _check(kind, spread, confidence)
    check_share(power, "power")
    if effect == 0:
        raise InvalidInput("effect is 0, which no number of rows shows; give the smallest difference that matters.")
    power_of(1, effect, kind=kind, spread=spread, confidence=confidence)
    enough = _guess(abs(effect), kind, spread, power, confidence)
    while _power(enough, abs(effect), kind, spread, 1 - confidence) < power:
        enough *= 2
        if enough > _MOST_ROWS:
            raise InvalidInput(f"An effect of {effect} at a spread of {spread} would take more than {_MOST_ROWS} rows.")
    return _fewest(lambda n: _power(n, abs(effect), kind, spread, 1 - confidence) >= power, enough)


def detectable_effect(n: int, *, kind: ScoreKind, spread: float, power: float = 0.8, confidence: float = 0.95) -> float:
    """The smallest true difference that ``n`` rows show with probability ``power``, in the score's units.

    Meanings, assumptions, sources and errors are those of :func:`power_of`. Raises InvalidInput as well if no effect is
    large enough: one row, or so few that differ that even winning all of them proves nothing.
    """
    _check(kind, spread, confidence)
    check_share(power, "power")
    largest = spread if kind == "binary" else spread * _LARGEST_EFFECT
    if n < 1 or _power(n, largest, kind, spread, 1 - confidence) < power:
        raise InvalidInput(
            f"{n} rows cannot show any effect at a spread of {spread} with power {power}; take more rows."
        )
    low, high = 0.0, largest
    while high - low > 1e-10 * high:
        middle = (low + high) / 2
        enough = _power(n, middle, kind, spread, 1 - confidence) >= power
        low, high = (low, middle) if enough else (middle, high)
    return high


def _check(kind: ScoreKind, spread: float, confidence: float) -> None:
    check_choice(kind, ("binary", "number"), "kind")
    check_share(confidence, "confidence")
    if not (spread > 0 and math.isfinite(spread)):
        raise InvalidInput(f"spread is {spread}; expected a positive number, read from a pilot evaluation.")
    if kind == "binary" and spread > 1:
        raise InvalidInput(f"spread is {spread}; for binary scores it is the share of rows that differ, at most 1.")


def _power(n: int, effect: float, kind: ScoreKind, spread: float, alpha: float) -> float:
    if kind == "binary":
        return mcnemar_power(n, effect, spread, alpha)
    if n < 2:
        return 0.0
    critical = float(student_quantile(1 - alpha / 2, n - 1))
    noncentrality = effect / spread * n**0.5
    if noncentrality > 2 * critical + _CERTAIN:
        return 1.0
    missed = float(noncentral_student_cdf(critical, n - 1, noncentrality))
    wrong_way = float(noncentral_student_cdf(-critical, n - 1, noncentrality))
    return 1 - missed + wrong_way


def _guess(effect: float, kind: ScoreKind, spread: float, power: float, confidence: float) -> int:
    """About how many rows, by the normal distribution."""
    variance = spread if kind == "binary" else spread**2
    reach = float(normal_quantile((1 + confidence) / 2)) + float(normal_quantile(power))
    return int(min(max(2.0, variance * (max(reach, 0.1) / effect) ** 2), float(_MOST_ROWS)))


def _fewest(enough: Callable[[int], bool], high: int) -> int:
    """The smallest number that is enough, given one that is."""
    low = 0
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return high
