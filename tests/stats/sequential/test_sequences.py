from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from quire.domain.errors import InvalidInput
from quire.stats import mean_interval
from quire.stats.sequential import (
    LEAST_UNITS,
    Counts,
    difference_sequence,
    mean_sequence,
    needed_log_e,
    paired_sequence,
    superiority_log_e,
)

UNIT = (0.0, 1.0)


def thumbs(n: int, up: int) -> Counts:
    return Counts(n, float(up), float(up))


@st.composite
def some_thumbs(draw: st.DrawFn) -> Counts:
    n = draw(st.integers(0, 3000))
    return thumbs(n, draw(st.integers(0, n)))


@given(some_thumbs(), st.sampled_from([0.5, 0.9, 0.95, 0.999]))
def test_an_interval_holds_what_was_seen_and_stays_within_bounds(counts, confidence) -> None:
    found = mean_sequence(counts, bounds=UNIT, confidence=confidence)
    assert 0 <= found.low <= found.high <= 1
    assert found.confidence == confidence
    if counts.n:
        assert found.low <= counts.mean <= found.high


@settings(deadline=None)
@given(some_thumbs(), some_thumbs())
def test_a_difference_holds_what_was_seen_and_turns_round_with_the_arms(control, challenger) -> None:
    found = difference_sequence(control, challenger, bounds=UNIT)
    turned = difference_sequence(challenger, control, bounds=UNIT)
    assert -1 <= found.low <= found.high <= 1
    assert (found.low, found.high) == (pytest.approx(-turned.high, abs=1e-4), pytest.approx(-turned.low, abs=1e-4))
    if control.n and challenger.n:
        assert found.low - 1e-9 <= challenger.mean - control.mean <= found.high + 1e-9


@settings(deadline=None, max_examples=40)
@example(thumbs(1, 1), thumbs(1, 0), 0.1, "ratio")
@example(thumbs(1, 0), thumbs(1, 1), 0.1, "ratio")
@example(thumbs(185, 59), thumbs(853, 0), 0.1, "difference")
@given(some_thumbs(), some_thumbs(), st.sampled_from([0.1, 0.5]), st.sampled_from(["difference", "ratio"]))
def test_an_interval_leaves_out_just_what_the_evidence_refutes(control, challenger, split, kind) -> None:
    assume(control.n and challenger.n)
    found = difference_sequence(control, challenger, bounds=UNIT, kind=kind, split=split)
    needed = needed_log_e(0.95, 2)

    def log_e(margin: float, up: bool) -> float:
        at = margin if up or kind == "ratio" else -margin
        return superiority_log_e(
            control, challenger, higher_is_better=up, bounds=UNIT, margin=at, kind=kind, split=split
        )

    step = 1e-3 if kind == "difference" else 2e-3 * max(found.low, 1e-9)
    if found.low > (-1 if kind == "difference" else 1e-4):
        assert log_e(found.low, True) >= needed - 1e-3
        assert log_e(found.low + step, True) < needed
    step = 1e-3 if kind == "difference" else 2e-3 * found.high
    if found.high < 1 or (kind == "ratio" and found.high < math.inf):
        assert log_e(found.high, False) >= needed - 1e-3
        assert log_e(found.high - step, False) < needed


@given(st.lists(st.integers(1, 5), min_size=1, max_size=200))
def test_units_of_the_metric_do_not_matter(ratings) -> None:
    scaled = mean_sequence(Counts.of((rating - 1) / 4 for rating in ratings), bounds=UNIT)
    found = mean_sequence(Counts.of(ratings), bounds=(1, 5))
    assert ((found.low - 1) / 4, (found.high - 1) / 4) == (
        pytest.approx(scaled.low, abs=1e-4),
        pytest.approx(scaled.high, abs=1e-4),
    )


def test_an_interval_closes_in_as_units_come_and_is_wider_than_one_that_is_looked_at_once() -> None:
    widths = []
    for n in (10, 100, 1000, 10_000, 100_000, 1_000_000):
        found = mean_sequence(thumbs(n, n // 2), bounds=UNIT)
        widths.append(found.high - found.low)
        z = 2 * 1.96 * 0.5 / n**0.5
        assert z < widths[-1] < 2.2 * z or n < 100
    assert widths == sorted(widths, reverse=True)


def test_values_that_vary_little_give_a_narrow_interval() -> None:
    coins = mean_sequence(thumbs(1000, 500), bounds=UNIT)
    steady = mean_sequence(Counts.of([0.45, 0.55] * 500), bounds=UNIT)
    assert steady.high - steady.low < 0.4 * (coins.high - coins.low)


def test_before_the_first_unit_nothing_is_known() -> None:
    assert (mean_sequence(Counts(), bounds=(1, 5)).low, mean_sequence(Counts(), bounds=(1, 5)).high) == (1, 5)
    found = difference_sequence(Counts(), Counts.of([1, 5]), bounds=(1, 5))
    assert (found.low, found.high) == (-4, 4)
    found = difference_sequence(Counts(), thumbs(10, 5), bounds=UNIT, kind="ratio")
    assert (found.low, found.high) == (0, math.inf)


def test_a_ratio_has_no_upper_end_where_the_controls_mean_may_be_nothing() -> None:
    found = difference_sequence(thumbs(1000, 0), thumbs(1000, 50), bounds=UNIT, kind="ratio")
    assert found.low > 3
    assert found.high == math.inf
    assert difference_sequence(thumbs(50, 10), thumbs(50, 0), bounds=UNIT, kind="ratio").low == 0


def test_a_ratio_of_ratings_is_one_of_ratings_and_not_of_scaled_ones() -> None:
    low, high = Counts.of([2] * 900 + [3] * 900), Counts.of([3] * 900 + [4] * 900)
    found = difference_sequence(low, high, bounds=(1, 5), kind="ratio")
    assert found.low < 3.5 / 2.5 < found.high
    assert found.high - found.low < 0.1


def test_a_split_that_is_met_makes_an_interval_narrower_and_another_still_holds_what_was_seen() -> None:
    control, challenger = thumbs(9000, 4500), thumbs(1000, 550)
    planned = difference_sequence(control, challenger, bounds=UNIT, split=0.9)
    wrong = difference_sequence(control, challenger, bounds=UNIT, split=0.1)
    assert planned.high - planned.low < wrong.high - wrong.low
    assert wrong.low < 0.05 < wrong.high


def test_phases_that_planned_alike_are_as_one() -> None:
    parts = [thumbs(100, 40), thumbs(200, 110)], [thumbs(90, 50), thumbs(210, 130)]
    whole = difference_sequence(thumbs(300, 150), thumbs(300, 180), bounds=UNIT)
    assert difference_sequence(*parts, bounds=UNIT) == whole
    assert difference_sequence(*parts, bounds=UNIT, split=[0.5, 0.5]) == whole


def test_each_phase_may_have_a_split_of_its_own() -> None:
    control, challenger = [thumbs(900, 450), thumbs(100, 50)], [thumbs(100, 60), thumbs(900, 540)]
    known = difference_sequence(control, challenger, bounds=UNIT, split=[0.9, 0.1])
    pooled = difference_sequence(thumbs(1000, 500), thumbs(1000, 600), bounds=UNIT)
    unknown = difference_sequence(control, challenger, bounds=UNIT)
    assert unknown == pooled
    assert known.low < 0.1 < known.high
    lists = difference_sequence(control[:1], challenger[:1], bounds=UNIT, split=[0.9])
    assert lists == difference_sequence(control[0], challenger[0], bounds=UNIT, split=0.9)


def test_phases_that_do_not_correspond_are_refused() -> None:
    with pytest.raises(InvalidInput, match="control has 2 phases, challenger 1 and split 2"):
        difference_sequence([Counts(), Counts()], Counts(), bounds=UNIT)
    with pytest.raises(InvalidInput, match="control has 1 phases, challenger 1 and split 2"):
        difference_sequence(Counts(), Counts(), bounds=UNIT, split=[0.5, 0.5])


def test_pairs_are_held_by_the_bounds_of_a_difference() -> None:
    differences = Counts.of([1, 0, 0, 0, -1, 0, 1, 1] * 100)
    found = paired_sequence(differences, bounds=UNIT)
    assert found == mean_sequence(differences, bounds=(-1, 1))
    assert found.low < 0.25 < found.high
    with pytest.raises(InvalidInput, match="outside"):
        paired_sequence(Counts.of([2.0]), bounds=UNIT)


def test_without_bounds_nothing_is_said_before_there_are_enough_units() -> None:
    few = Counts.of(range(LEAST_UNITS - 1))
    for found in (mean_sequence(few), difference_sequence(few, few), paired_sequence(few)):
        assert (found.low, found.high, found.method) == (-math.inf, math.inf, "too few units")
    ratio = difference_sequence(few, few, kind="ratio")
    assert (ratio.low, ratio.high, ratio.method) == (0, math.inf, "too few units")
    assert mean_sequence(few, least=20).method == "asymptotic normal mixture"
    assert math.isinf(mean_sequence(Counts.of([1.0]), least=1).low)


def test_without_bounds_it_is_as_wide_as_such_sequences_are_and_alike_in_all_units() -> None:
    values = list(np.random.default_rng(0).lognormal(0, 0.6, 2000))
    found, once = mean_sequence(Counts.of(values)), mean_interval(values)
    assert 1.2 < (found.high - found.low) / (once.high - once.low) < 2
    thousand = mean_sequence(Counts.of(1000 * value for value in values))
    assert (thousand.low, thousand.high) == (pytest.approx(1000 * found.low), pytest.approx(1000 * found.high))


def test_a_ratio_without_bounds_is_alike_in_all_units_and_holds_what_was_seen() -> None:
    rng = np.random.default_rng(0)
    slow, fast = Counts.of(rng.lognormal(0.2, 0.6, 900)), Counts.of(rng.lognormal(0, 0.6, 700))
    found = difference_sequence(fast, slow, kind="ratio")
    turned = difference_sequence(slow, fast, kind="ratio")
    assert found.low < slow.mean / fast.mean < found.high
    assert (found.low, found.high) == (pytest.approx(1 / turned.high), pytest.approx(1 / turned.low))


def test_values_that_are_all_the_same_are_taken_at_their_word() -> None:
    one, two = Counts.of([1.5] * 200), Counts.of([2.0] * 200)
    assert (mean_sequence(one).low, mean_sequence(one).high) == (1.5, 1.5)
    assert difference_sequence(one, two).low == 0.5
    assert superiority_log_e(one, two, higher_is_better=True) == math.inf
    assert superiority_log_e(one, one, higher_is_better=True) == 0
    assert superiority_log_e(two, one, higher_is_better=True) == -math.inf


@pytest.mark.parametrize("confidence", [0, 1, 95])
def test_a_confidence_outside_0_to_1_is_refused(confidence) -> None:
    with pytest.raises(InvalidInput, match=f"confidence is {confidence}"):
        mean_sequence(thumbs(10, 5), bounds=UNIT, confidence=confidence)


def test_what_has_no_ratio_is_refused() -> None:
    with pytest.raises(InvalidInput, match="compare by difference"):
        difference_sequence(thumbs(10, 5), thumbs(10, 5), bounds=(-1, 1), kind="ratio")
    with pytest.raises(InvalidInput, match="quantities of 0 or more"):
        difference_sequence(Counts.of([-1.0] * 200), Counts.of([1.0] * 200), kind="ratio")


def test_unknown_kinds_and_splits_are_refused() -> None:
    with pytest.raises(InvalidInput, match="Unknown kind 'odds'"):
        difference_sequence(thumbs(1, 1), thumbs(1, 1), bounds=UNIT, kind="odds")  # type: ignore[arg-type]
    with pytest.raises(InvalidInput, match=r"split is 1\.5"):
        difference_sequence(thumbs(1, 1), thumbs(1, 1), bounds=UNIT, split=1.5)


def test_a_spread_too_small_for_its_square_is_a_spread() -> None:
    nothing, hardly = Counts(1000, 0.0, 0.0), Counts(1001, 4.35e-122, 1.9e-246)
    found = difference_sequence(nothing, hardly)
    assert 0.0 < found.low <= 4.35e-122 / 1001 <= found.high < 1e-120
