from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom, multinomial
from statsmodels.stats.power import TTestPower

from quire.domain.errors import InvalidInput
from quire.stats import detectable_effect, mcnemar, power_of, sample_size

EFFECTS = st.floats(0.05, 2)


@settings(max_examples=40, deadline=None)
@given(st.integers(2, 2000), EFFECTS, st.floats(0.2, 5), st.sampled_from([0.9, 0.95, 0.99]))
def test_power_for_numbers_agrees_with_statsmodels(n, effect, spread, confidence) -> None:
    expected = TTestPower().power(effect / spread, n, 1 - confidence, alternative="two-sided")
    if np.isfinite(expected):
        found = power_of(n, effect, kind="number", spread=spread, confidence=confidence)
        assert found == pytest.approx(expected, abs=1e-6)


@settings(max_examples=20, deadline=None)
@given(EFFECTS, st.floats(0.2, 5), st.sampled_from([0.5, 0.8, 0.9]))
def test_sample_size_for_numbers_agrees_with_statsmodels(effect, spread, power) -> None:
    found = sample_size(effect, kind="number", spread=spread, power=power)
    if found > 3:
        expected = TTestPower().solve_power(effect / spread, None, 0.05, power, alternative="two-sided")
        assert found == np.ceil(np.max(expected))


@pytest.mark.parametrize(("n", "effect", "spread"), [(12, 0.3, 0.5), (25, 0.2, 0.3), (30, 0.0, 0.4), (9, 0.9, 0.9)])
def test_power_for_binary_scores_is_the_sum_over_all_outcomes(n, effect, spread) -> None:
    shares = [(spread + effect) / 2, (spread - effect) / 2, 1 - spread]
    expected = sum(
        multinomial.pmf([won, lost, n - won - lost], n, shares)
        for won in range(n + 1)
        for lost in range(n + 1 - won)
        if mcnemar(won, lost).p_value <= 0.05
    )
    assert power_of(n, effect, kind="binary", spread=spread) == pytest.approx(expected, abs=1e-9)


def test_power_for_very_many_binary_rows_is_near_the_normal_distributions() -> None:
    found = power_of(10**7, 0.0004, kind="binary", spread=0.2)
    assert found == pytest.approx(0.807, abs=0.003)


@settings(max_examples=10, deadline=None)
@given(st.floats(0.02, 0.3), st.floats(0.3, 1), st.sampled_from([0.5, 0.8, 0.95]))
def test_the_sample_size_for_binary_scores_has_the_power_and_one_row_less_has_not(effect, spread, power) -> None:
    n = sample_size(effect, kind="binary", spread=spread, power=power)
    assert power_of(n, effect, kind="binary", spread=spread) >= power
    assert power_of(n - 1, effect, kind="binary", spread=spread) < power


@settings(max_examples=10, deadline=None)
@given(st.integers(25, 3000), st.sampled_from(["binary", "number"]), st.floats(0.3, 1))
def test_the_detectable_effect_has_just_the_power(n, kind, spread) -> None:
    effect = detectable_effect(n, kind=kind, spread=spread)
    assert power_of(n, effect, kind=kind, spread=spread) == pytest.approx(0.8, abs=1e-4)


@settings(max_examples=10, deadline=None)
@given(st.integers(2, 500), st.floats(0.01, 0.3))
def test_power_grows_with_the_effect_and_does_not_depend_on_its_side(n, effect) -> None:
    for kind in ("binary", "number"):
        less, more = (power_of(n, by, kind=kind, spread=0.4) for by in (effect, effect * 1.2))
        assert 0 <= less <= more <= 1
        assert power_of(n, -effect, kind=kind, spread=0.4) == less


def test_without_an_effect_the_power_is_the_error_rate() -> None:
    assert power_of(50, 0, kind="number", spread=1) == pytest.approx(0.05)
    assert power_of(50, 0, kind="binary", spread=0.3) < 0.05


def test_one_row_has_no_power() -> None:
    assert power_of(1, 5, kind="number", spread=1) == 0
    assert power_of(1, 0.5, kind="binary", spread=0.5) == 0


def test_a_large_effect_is_shown_for_certain() -> None:
    assert power_of(1000, 50, kind="number", spread=1) == 1
    assert sample_size(50, kind="number", spread=1) == 2


def test_critical_counts_are_the_binomial_tests() -> None:
    from quire.stats.exact_power import _most_losses

    counts = np.arange(0.0, 120)
    for alpha in (0.5, 0.05, 0.01, 1e-6):
        expected = [
            max((k for k in range(int(d) + 1) if 2 * binom.cdf(k, d, 0.5) <= alpha), default=-1) for d in counts[::7]
        ]
        assert _most_losses(counts, alpha)[::7].tolist() == expected


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: power_of(0, 0.1, kind="number", spread=1), "n is 0"),
        (lambda: power_of(10, float("nan"), kind="number", spread=1), "effect is nan"),
        (lambda: power_of(10, 0.5, kind="binary", spread=0.3), "effect 0.5 is larger than the share"),
        (lambda: power_of(10, 0.1, kind="text", spread=0.3), "Unknown kind 'text'"),
        (lambda: power_of(10, 0.1, kind="number", spread=0), "spread is 0"),
        (lambda: power_of(10, 0.1, kind="number", spread=float("nan")), "spread is nan"),
        (lambda: power_of(10, 0.1, kind="binary", spread=1.5), "spread is 1.5; for binary scores"),
        (lambda: power_of(10, 0.1, kind="number", spread=1, confidence=95), "confidence is 95"),
        (lambda: sample_size(0, kind="number", spread=1), "effect is 0, which no number of rows shows"),
        (lambda: sample_size(0.1, kind="number", spread=1, power=80), "power is 80"),
        (lambda: sample_size(1e-9, kind="number", spread=1), "more than 1000000000 rows"),
        (lambda: sample_size(0.5, kind="binary", spread=0.3), "effect 0.5 is larger than the share"),
        (lambda: detectable_effect(1, kind="number", spread=1), "1 rows cannot show any effect"),
        (lambda: detectable_effect(20, kind="binary", spread=0.1), "20 rows cannot show any effect"),
        (lambda: detectable_effect(0, kind="binary", spread=0.1), "0 rows cannot show any effect"),
    ],
)
def test_bad_input_is_named(call, message) -> None:
    with pytest.raises(InvalidInput, match=message):
        call()
