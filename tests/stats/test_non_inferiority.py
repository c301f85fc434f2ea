from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from quire.domain.errors import InvalidInput
from quire.stats import mean_interval, non_inferior, ratio_interval


def costs(n=150, ratio=1.1, seed=0):
    rng = np.random.default_rng(seed)
    a = rng.lognormal(0, 0.5, n)
    return a, a * ratio * rng.lognormal(0, 0.2, n)


def test_the_bound_of_a_difference_is_the_intervals() -> None:
    rng = np.random.default_rng(1)
    a, b = rng.normal(size=(2, 80))
    found = non_inferior(a, b, margin=0.5, higher_is_better=True)
    interval = mean_interval(b - a, confidence=0.9)
    assert (found.bound, found.method) == (pytest.approx(interval.low), interval.method)
    assert found.estimate == pytest.approx((b - a).mean())
    assert non_inferior(a, b, margin=0.5, higher_is_better=False).bound == pytest.approx(interval.high)


def test_the_bound_of_a_ratio_is_the_intervals() -> None:
    a, b = costs()
    found = non_inferior(a, b, margin=1.2, kind="ratio", higher_is_better=False)
    assert found.bound == pytest.approx(ratio_interval(b, a, confidence=0.9).high)
    assert found.estimate == pytest.approx(b.mean() / a.mean())


def test_a_cost_within_the_margin_passes_and_one_beyond_it_does_not() -> None:
    a, b = costs(ratio=1.1)
    assert non_inferior(a, b, margin=1.2, kind="ratio", higher_is_better=False).passed
    assert not non_inferior(a, b, margin=1.1, kind="ratio", higher_is_better=False).passed
    assert non_inferior(b, a, margin=0.85, kind="ratio", higher_is_better=True).passed
    assert not non_inferior(b, a, margin=0.95, kind="ratio", higher_is_better=True).passed


def test_the_p_value_for_normal_differences_is_near_the_t_tests() -> None:
    differences = np.random.default_rng(3).normal(-0.1, 1, 60)
    found = non_inferior(np.zeros(60), differences, margin=0.3, higher_is_better=True)
    expected = stats.ttest_1samp(differences, -0.3, alternative="greater").pvalue
    assert found.p_value == pytest.approx(expected, abs=0.02)


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 1000), st.floats(0, 1), st.booleans(), st.sampled_from([0.8, 0.95]))
def test_it_passes_exactly_when_the_p_value_is_below_the_error_rate(seed, margin, higher, confidence) -> None:
    rng = np.random.default_rng(seed)
    a, b = rng.normal(size=(2, 20))
    found = non_inferior(a, b, margin=margin, higher_is_better=higher, confidence=confidence, resamples=999)
    if abs(found.p_value - (1 - confidence)) > 1e-6:
        assert found.passed == (found.p_value < 1 - confidence)


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 20), st.integers(0, 20), st.integers(1, 40), st.floats(0, 0.5))
def test_binary_scores_pass_by_the_score_test(won, lost, tied, margin) -> None:
    a, b = [0] * won + [1] * lost + [1] * tied, [1] * won + [0] * lost + [1] * tied
    found = non_inferior(a, b, margin=margin, higher_is_better=True)
    assert found.method == "Tango score"
    if abs(found.p_value - 0.05) > 1e-6:
        assert found.passed == (found.p_value < 0.05)


def test_a_larger_margin_passes_more_easily() -> None:
    rng = np.random.default_rng(5)
    a, b = rng.normal(size=(2, 50))
    tests = [non_inferior(a, b, margin=margin, higher_is_better=True) for margin in (0, 0.1, 0.2, 0.4)]
    p_values = [test.p_value for test in tests]
    assert p_values == sorted(p_values, reverse=True)


def test_clusters_make_it_harder() -> None:
    differences = np.repeat(np.random.default_rng(2).normal(0, 1, 15), 20)
    names = np.repeat(np.arange(15), 20)
    plain, grouped = (
        non_inferior(np.zeros(300), differences, margin=0.6, higher_is_better=True, clusters=clusters)
        for clusters in (None, names)
    )
    assert grouped.bound < plain.bound


def test_variants_that_never_differ_pass_any_margin_but_0() -> None:
    scores = [0.1, 0.7, 0.3]
    assert non_inferior(scores, scores, margin=0.01, higher_is_better=True, clusters=[1, 2, 3]).passed
    assert not non_inferior(scores, scores, margin=0, higher_is_better=True, clusters=[1, 2, 3]).passed


def test_one_row_never_passes() -> None:
    found = non_inferior([0.5], [0.9], margin=0.1, higher_is_better=True)
    assert not found.passed
    assert found.p_value == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("a", "b", "options", "message"),
    [
        ([1], [1], {"margin": -0.1}, "margin is -0.1; expected a difference of 0 or more"),
        ([1], [1], {"margin": float("nan")}, "margin is nan"),
        ([1], [1], {"margin": float("inf")}, "margin is inf"),
        ([1], [1], {"margin": 0, "kind": "ratio"}, "expected a positive ratio"),
        ([1], [1], {"kind": "odds"}, "Unknown kind 'odds'"),
        ([1], [1], {"confidence": 95}, "confidence is 95"),
        ([], [], {}, "a is empty"),
        ([1], [1, 2], {}, "a has 1 values and b has 2"),
        ([float("nan")], [1], {}, r"a\[0\] is nan"),
        ([0, 0], [1, 2], {"kind": "ratio"}, "a are all 0"),
        ([1, 2], [-1, 2], {"kind": "ratio"}, "b holds -1.0"),
        ([1, 2], [1, 2], {"clusters": [1, 1]}, "All rows are of one cluster"),
    ],
)
def test_bad_input_is_named(a, b, options, message) -> None:
    with pytest.raises(InvalidInput, match=message):
        non_inferior(a, b, **{"margin": 0.1, "higher_is_better": True, **options})
