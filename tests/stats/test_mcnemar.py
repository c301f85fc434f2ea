from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom, binomtest
from statsmodels.stats.contingency_tables import mcnemar as reference

from quire.domain.errors import InvalidInput
from quire.stats import mcnemar

COUNTS = st.integers(0, 200)


@given(COUNTS, COUNTS)
def test_two_sided_agrees_with_statsmodels(won: int, lost: int) -> None:
    expected = reference([[7, won], [lost, 9]], exact=True).pvalue
    assert mcnemar(won, lost).p_value == pytest.approx(min(1, expected), rel=1e-9)


@given(COUNTS, COUNTS, st.sampled_from(["greater", "less"]))
def test_one_sided_agrees_with_scipys_binomial_test(won: int, lost: int, alternative) -> None:
    expected = binomtest(won, won + lost, 0.5, alternative=alternative).pvalue if won + lost else 1.0
    assert mcnemar(won, lost, alternative).p_value == pytest.approx(expected, rel=1e-9)


@given(COUNTS, COUNTS)
def test_swapping_the_variants_swaps_the_sides(won: int, lost: int) -> None:
    assert mcnemar(won, lost, "greater").p_value == mcnemar(lost, won, "less").p_value
    assert mcnemar(won, lost).p_value == mcnemar(lost, won).p_value


@given(COUNTS, COUNTS)
def test_mid_p_leaves_out_half_the_probability_of_the_data(won: int, lost: int) -> None:
    greater, less = mcnemar(won, lost, "greater"), mcnemar(won, lost, "less")
    assert greater.mid_p + less.mid_p == pytest.approx(1)
    assert greater.p_value - greater.mid_p == pytest.approx(binom.pmf(won, won + lost, 0.5) / 2)
    assert mcnemar(won, lost).mid_p == pytest.approx(2 * min(greater.mid_p, less.mid_p), rel=1e-9)


def test_a_worked_example() -> None:
    found = mcnemar(8, 1, "greater")
    assert found.p_value == pytest.approx((1 + 9) / 2**9)
    assert found.mid_p == pytest.approx((1 + 9 / 2) / 2**9)
    assert (found.method, found.statistic) == ("McNemar exact", 8)


def test_rows_that_all_tie_show_nothing() -> None:
    assert mcnemar(0, 0).p_value == mcnemar(0, 0, "greater").p_value == 1


@pytest.mark.parametrize(
    ("won", "lost", "named"),
    [(-1, 2, "won is -1"), (1, 2.5, "lost is 2.5"), (math.nan, 1, "won is nan"), (1, math.inf, "lost is inf")],
)
def test_what_is_no_count_is_refused(won, lost, named) -> None:
    with pytest.raises(InvalidInput, match=named):
        mcnemar(won, lost)


def test_an_unknown_alternative_is_refused_with_the_choices() -> None:
    with pytest.raises(InvalidInput, match=r"Unknown alternative 'bigger'; expected one of 'two-sided', 'greater'"):
        mcnemar(1, 2, "bigger")  # type: ignore[arg-type]
