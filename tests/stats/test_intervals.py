from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from quire.domain.errors import InvalidInput
from quire.stats import Interval, mean_interval, ratio_interval

NAN, INF = float("nan"), float("inf")
VALUES = st.lists(st.floats(-100, 100).map(lambda x: round(x, 2)), min_size=2, max_size=30)


def skewed(n, seed=0):
    return np.random.default_rng(seed).exponential(size=n)


def test_bca_agrees_with_scipy_on_many_rows() -> None:
    values = skewed(2000)
    expected = stats.bootstrap((values,), np.mean, n_resamples=9999, method="BCa", rng=1, batch=500).confidence_interval
    found = mean_interval(values, method="bca")
    width = expected.high - expected.low
    assert found.low == pytest.approx(expected.low, abs=0.03 * width)
    assert found.high == pytest.approx(expected.high, abs=0.03 * width)
    assert (found.method, found.confidence) == ("BCa bootstrap", 0.95)


def test_the_ratio_agrees_with_scipys_bootstrap_of_pairs() -> None:
    rng = np.random.default_rng(2)
    a = rng.lognormal(size=400)
    b = a * rng.lognormal(0.2, 0.5, size=400)
    expected = stats.bootstrap(
        (b, a), lambda x, y, axis: x.mean(axis) / y.mean(axis), paired=True, n_resamples=9999, method="BCa", rng=1
    ).confidence_interval
    found = ratio_interval(b, a, method="bca")
    width = expected.high - expected.low
    assert found.low == pytest.approx(expected.low, abs=0.05 * width)
    assert found.high == pytest.approx(expected.high, abs=0.05 * width)


def test_for_normal_values_every_method_is_near_students_interval() -> None:
    values = np.random.default_rng(4).normal(3, 2, 100)
    low, high = stats.t.interval(0.95, 99, values.mean(), stats.sem(values))
    for method in ("auto", "bca", "student"):
        found = mean_interval(values, method=method)
        near = 1e-9 if method == "student" else 0.05
        assert (found.low, found.high) == (pytest.approx(low, abs=near), pytest.approx(high, abs=near))


def test_on_each_side_the_wider_of_bca_and_students_t_is_taken() -> None:
    found, bca, student = (mean_interval(skewed(20), method=method) for method in ("auto", "bca", "student"))
    assert found.low == student.low < bca.low
    assert found.high == bca.high > student.high
    assert found.method == "BCa bootstrap or Student's t, the wider"


def test_very_many_rows_need_no_resampling() -> None:
    values = skewed(60_000)
    found, bca = mean_interval(values), mean_interval(values, method="bca", resamples=999)
    assert found.method == "Student's t"
    assert found.low == pytest.approx(bca.low, abs=0.05 * (bca.high - bca.low))
    assert found.high == pytest.approx(bca.high, abs=0.05 * (bca.high - bca.low))


def test_differences_of_binary_scores_have_a_score_interval() -> None:
    found = mean_interval([1] * 8 + [-1] * 2 + [0] * 20)
    assert found.method == "Tango score"
    assert found.low < 6 / 30 < found.high


def test_one_seed_gives_one_interval() -> None:
    once, again, other = (mean_interval(skewed(40), seed=seed) for seed in (1, 1, 2))
    assert once == again != other


@settings(max_examples=40, deadline=None)
@given(VALUES, st.sampled_from(["auto", "bca"]))
def test_an_interval_holds_the_mean_and_grows_with_confidence(values, method) -> None:
    narrow, wide = (mean_interval(values, confidence=share, resamples=999, method=method) for share in (0.5, 0.99))
    assert wide.low <= narrow.low + 1e-9
    assert narrow.high <= wide.high + 1e-9
    assert wide.low - 1e-9 <= np.mean(values) <= wide.high + 1e-9


@settings(max_examples=40, deadline=None)
@given(VALUES, st.floats(0.5, 4), st.integers(-20, 20))
def test_scaling_and_moving_values_scales_and_moves_the_interval(values, by, to) -> None:
    values = np.asarray(values) + 0.001
    before = mean_interval(values, resamples=999, method="bca")
    after = mean_interval(values * by + to, resamples=999, method="bca")
    assert after.low == pytest.approx(before.low * by + to, abs=1e-6 + 0.02 * np.ptp(values) * by)
    assert after.high == pytest.approx(before.high * by + to, abs=1e-6 + 0.02 * np.ptp(values) * by)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 1000))
def test_turning_values_round_turns_the_interval_round(seed) -> None:
    values = skewed(40, seed)
    here, there = mean_interval(values), mean_interval(-values)
    assert there.low == pytest.approx(-here.high, abs=0.05)
    assert there.high == pytest.approx(-here.low, abs=0.05)


def test_clusters_widen_the_interval_when_rows_of_one_are_alike() -> None:
    values = np.repeat(skewed(25), 40)
    names = np.repeat(np.arange(25), 40)
    plain, grouped = mean_interval(values), mean_interval(values, clusters=names)
    alone = mean_interval(skewed(25))
    assert grouped.high - grouped.low > 4 * (plain.high - plain.low)
    assert (grouped.low, grouped.high) == (pytest.approx(alone.low), pytest.approx(alone.high))


def test_clusters_of_unlike_size_give_the_mean_over_rows() -> None:
    rng = np.random.default_rng(6)
    names = np.repeat(np.arange(60), rng.integers(1, 9, 60))
    values = rng.normal(size=60)[names] + rng.normal(size=names.size)
    found = mean_interval(values, clusters=names)
    sums = np.bincount(names, weights=values)
    assert (found.low, found.high) == tuple(ratio_like(sums, np.bincount(names)))


def ratio_like(sums, sizes):
    """The interval of the ratio of sums to sizes, moved up to be quantities and down again."""
    found = ratio_interval(sums + 100.0 * sizes, sizes)
    return pytest.approx(found.low - 100, abs=1e-6), pytest.approx(found.high - 100, abs=1e-6)


def test_a_ratio_of_proportional_costs_is_exact() -> None:
    costs = skewed(50)
    found = ratio_interval(costs * 1.5, costs)
    assert (found.low, found.high, found.method) == (pytest.approx(1.5), found.low, "no spread between rows")


def test_a_ratio_whose_denominators_may_be_drawn_as_0_throughout_is_unbounded() -> None:
    assert ratio_interval([1, 1, 2], [0, 0, 3], method="bca").high == INF


@pytest.mark.parametrize("method", ["auto", "bca", "student"])
def test_one_row_sets_no_bound(method) -> None:
    assert mean_interval([0.3], method=method) == Interval(-INF, INF, 0.95, "one row: no bound")


def test_one_row_of_a_binary_difference_is_nearly_no_bound() -> None:
    found = mean_interval([1])
    assert found.low < -0.5
    assert found.high == pytest.approx(1)


@pytest.mark.parametrize("method", ["auto", "bca", "student"])
def test_values_that_are_all_equal_give_the_point_and_say_so(method) -> None:
    assert mean_interval([0.1] * 7, method=method) == Interval(0.1, 0.1, 0.95, "no spread between rows")


def test_binary_scores_that_all_tie_leave_room_for_a_difference() -> None:
    found = mean_interval([0] * 50)
    assert -found.low == pytest.approx(found.high)
    assert 0.05 < found.high < 0.1


def test_values_of_which_most_tie_have_an_interval() -> None:
    found = mean_interval([0.0] * 18 + [0.5, 0.25])
    assert found.low < 0.0375 < found.high < 0.25


def test_ten_thousand_rows_take_little_memory() -> None:
    values = skewed(10_000)
    mean_interval(values, resamples=99)
    tracemalloc.start()
    mean_interval(values, resamples=999)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 60_000_000


@pytest.mark.parametrize(
    ("values", "options", "message"),
    [
        ([], {}, "values is empty"),
        ([0.5, NAN, NAN], {}, r"values\[1\] is nan \(2 such values\); leave out rows without a score"),
        ([0.5, -INF], {}, r"values\[1\] is -inf"),
        (["good", "bad"], {}, "must hold numbers only"),
        ([[0.5], [0.2]], {}, "flat list"),
        ([0.5, 1], {"confidence": 95}, "confidence is 95; expected a number between 0 and 1"),
        ([0.5, 1], {"confidence": 0}, "confidence is 0"),
        ([0.5, 1], {"resamples": 5}, "resamples is 5; expected at least 99"),
        ([0.5, 1], {"method": "percentile"}, "Unknown method 'percentile'; expected one of 'auto', 'bca'"),
        ([0.5, 1], {"method": "score"}, "needs independent rows"),
        ([1, 0], {"method": "score", "clusters": [1, 2]}, "needs independent rows"),
        ([0.5, 1], {"clusters": ["a"]}, "clusters names 1 rows"),
        ([0.5, 1], {"clusters": ["a", "a"]}, "All rows are of one cluster"),
    ],
)
def test_bad_input_is_named(values, options, message) -> None:
    with pytest.raises(InvalidInput, match=message):
        mean_interval(values, **options)


@pytest.mark.parametrize(
    ("top", "bottom", "options", "message"),
    [
        ([], [], {}, "numerators is empty"),
        ([1], [1, 2], {}, "numerators has 1 values and denominators has 2"),
        ([1, 2], [0, 0], {}, "denominators are all 0"),
        ([-1, 2], [1, 2], {}, "numerators holds -1.0"),
        ([1, 2], [1, -2], {}, "denominators holds -2.0"),
        ([1, NAN], [1, 2], {}, r"numerators\[1\] is nan"),
        ([1, 2], [1, 2], {"method": "score"}, "Unknown method 'score'"),
        ([1, 2], [1, 2], {"confidence": 1}, "confidence is 1"),
    ],
)
def test_bad_ratios_are_named(top, bottom, options, message) -> None:
    with pytest.raises(InvalidInput, match=message):
        ratio_interval(top, bottom, **options)
