from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import pytest

from quire.domain.errors import InvalidInput
from quire.stats.sequential import ratio_mismatch


def splits(n: int, arms: int) -> Iterator[tuple[int, ...]]:
    if arms == 1:
        yield (n,)
        return
    for first in range(n + 1):
        for rest in splits(n - first, arms - 1):
            yield (first, *rest)


def chance(units: tuple[int, ...], shares: tuple[float, ...]) -> float:
    ways = math.factorial(sum(units)) / math.prod(map(math.factorial, units))
    return ways * math.prod(share**count for count, share in zip(units, shares, strict=True))


@pytest.mark.parametrize("shares", [(0.5, 0.5), (0.9, 0.1), (0.5, 0.3, 0.2)])
def test_the_e_value_is_1_on_average_if_units_fall_as_they_should(shares) -> None:
    names = "abc"[: len(shares)]
    weights = dict(zip(names, shares, strict=True))
    average = sum(
        chance(units, shares) * math.exp(ratio_mismatch([dict(zip(names, units, strict=True))], [weights]).log_e)
        for units in splits(15, len(shares))
    )
    assert average == pytest.approx(1)


def test_it_is_1_on_average_over_two_phases_of_other_shares() -> None:
    first, second = (0.5, 0.5), (0.8, 0.2)
    average = 0.0
    for one in splits(6, 2):
        for two in splits(6, 2):
            observed = [dict(zip("ab", units, strict=True)) for units in (one, two)]
            found = ratio_mismatch(observed, [dict(zip("ab", shares, strict=True)) for shares in (first, second)])
            average += chance(one, first) * chance(two, second) * math.exp(found.log_e)
    assert average == pytest.approx(1)


def test_a_lost_tenth_of_one_arm_is_found_and_a_fair_split_is_not() -> None:
    half = {"a": 1, "b": 1}
    lost, fair = ({"a": 5000, "b": units} for units in (4500, 4930))
    assert ratio_mismatch([lost], [half]).p_value < 0.001
    assert ratio_mismatch([fair], [half]).p_value == 1
    found = ratio_mismatch([lost], [half])
    assert found.units == lost
    assert found.expected == {"a": 4750, "b": 4750}


def test_a_loss_too_small_for_any_phase_is_found_over_many_of_unlike_shares() -> None:
    rng = np.random.default_rng(0)
    observed, shares = [], []
    for share in rng.uniform(0.2, 0.8, 200):
        units = rng.multinomial(100, [share, 1 - share])
        observed.append({"a": int(units[0]), "b": int(rng.binomial(units[1], 0.9))})
        shares.append({"a": share, "b": 1 - share})
    assert ratio_mismatch(observed, shares).p_value < 0.001


def test_arms_that_come_and_go_are_asked_for_the_phases_that_have_them() -> None:
    found = ratio_mismatch(
        [{"a": 100, "b": 100}, {"a": 100, "b": 100, "c": 200}],
        [{"a": 1, "b": 1}, {"a": 1, "b": 1, "c": 2}],
    )
    assert found.p_value == 1
    assert found.expected == {"a": 200, "b": 200, "c": 200}


def test_a_missing_arm_had_no_units() -> None:
    assert ratio_mismatch([{"a": 100}], [{"a": 0.5, "b": 0.5}]).p_value < 1e-6


def test_units_of_an_arm_without_a_share_are_a_mismatch_for_certain() -> None:
    found = ratio_mismatch([{"a": 9, "b": 1}], [{"a": 1.0, "b": 0.0}])
    assert (found.log_e, found.p_value) == (math.inf, 0.0)


def test_no_units_are_no_evidence() -> None:
    assert ratio_mismatch([], []).p_value == 1
    assert ratio_mismatch([{}], [{"a": 1, "b": 1}]).log_e == 0


@pytest.mark.parametrize(
    ("observed", "shares", "said"),
    [
        ([{"a": 1}], [], "observed has 1 phases and shares 0"),
        ([{"c": 1}], [{"a": 1, "b": 1}], "'c', which has no share"),
        ([{"a": -1}], [{"a": 1, "b": 1}], "expected counts of 0 or more"),
        ([{"a": 1}], [{"a": -1, "b": 2}], "expected numbers of 0 or more"),
        ([{"a": 1}], [{"a": 0, "b": 0}], "at least one of them positive"),
        ([{"a": 1}], [{"a": math.nan, "b": 1}], "expected numbers of 0 or more"),
    ],
)
def test_what_does_not_correspond_is_refused(observed, shares, said) -> None:
    with pytest.raises(InvalidInput, match=said):
        ratio_mismatch(observed, shares)
