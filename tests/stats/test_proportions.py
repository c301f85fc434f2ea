from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar
from scipy.stats import norm
from statsmodels.stats.proportion import proportion_confint

from quire.domain.errors import InvalidInput
from quire.stats import mean_interval, proportion_interval
from quire.stats.proportions import score_p_value, score_statistic


@given(st.integers(1, 500), st.floats(0, 1), st.sampled_from([0.5, 0.9, 0.95, 0.99]))
def test_a_shares_interval_agrees_with_statsmodels(n, share, confidence) -> None:
    successes = round(n * share)
    found = proportion_interval(successes, n, confidence=confidence)
    expected = proportion_confint(successes, n, alpha=1 - confidence, method="wilson")
    assert (found.low, found.high) == (pytest.approx(expected[0], abs=1e-12), pytest.approx(expected[1], abs=1e-12))
    assert found.method == "Wilson score"


def differences(won, lost, tied):
    return [1] * won + [-1] * lost + [0] * tied


def brute_statistic(won, lost, tied, difference):
    """The score statistic with the likeliest share of losses found by search."""
    n = won + lost + tied
    low, high = max(0, -difference), (1 - difference) / 2

    def unlikely(q):
        shares = np.array([q + difference, q, 1 - 2 * q - difference])
        with np.errstate(divide="ignore", invalid="ignore"):
            terms = np.where(np.array([won, lost, tied]) > 0, [won, lost, tied] * np.log(shares), 0)
        return -terms.sum()

    q = minimize_scalar(unlikely, bounds=(low, high), method="bounded", options={"xatol": 1e-12}).x
    return (won - lost - n * difference) / (n * (2 * q + difference * (1 - difference))) ** 0.5


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 30), st.integers(1, 30), st.integers(1, 100), st.floats(-0.8, 0.8))
def test_the_score_statistic_is_at_the_likeliest_shares(won, lost, tied, difference) -> None:
    counts = [np.array([float(count)]) for count in (won, lost, won + lost + tied)]
    found = score_statistic(*counts, np.array([difference]))[0]
    assert found == pytest.approx(brute_statistic(won, lost, tied, difference), rel=1e-4, abs=1e-4)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 30), st.integers(0, 30), st.integers(0, 100))
def test_a_bound_is_where_the_statistic_is_the_quantile(won, lost, tied) -> None:
    n = won + lost + tied
    if n == 0:
        return
    found = mean_interval(differences(won, lost, tied))
    counts = [np.array([float(count)]) for count in (won, lost, n)]
    for bound, z in ((found.low, norm.ppf(0.975)), (found.high, -norm.ppf(0.975))):
        if abs(bound) < 0.999:
            assert score_statistic(*counts, np.array([bound]))[0] == pytest.approx(z, abs=1e-5)
    assert found.low <= (won - lost) / n <= found.high


def test_at_no_difference_it_is_mcnemars_statistic() -> None:
    counts = [np.array([float(count)]) for count in (15, 5, 100)]
    assert score_statistic(*counts, np.array([0.0]))[0] ** 2 == pytest.approx((15 - 5) ** 2 / 20)
    assert score_p_value(*counts, 0.0)[0] == pytest.approx(norm.sf(10 / 20**0.5))


@given(st.integers(0, 20), st.integers(0, 20), st.integers(1, 50))
@settings(max_examples=40, deadline=None)
def test_swapping_the_variants_turns_the_interval_round(won, lost, tied) -> None:
    here, there = mean_interval(differences(won, lost, tied)), mean_interval(differences(lost, won, tied))
    assert (here.low, here.high) == (pytest.approx(-there.high, abs=1e-9), pytest.approx(-there.low, abs=1e-9))


@pytest.mark.parametrize(("successes", "n"), [(0, 0), (-1, 5), (6, 5)])
def test_what_is_no_share_is_refused(successes, n) -> None:
    with pytest.raises(InvalidInput, match=f"{successes} of {n} is no share"):
        proportion_interval(successes, n)


def test_a_confidence_in_percent_is_refused() -> None:
    with pytest.raises(InvalidInput, match="confidence is 95"):
        proportion_interval(3, 5, confidence=95)
