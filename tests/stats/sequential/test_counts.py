from __future__ import annotations

import math
from statistics import variance

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quire.domain.errors import InvalidInput
from quire.stats.sequential import Counts, mean_sequence
from quire.stats.sequential.counts import scaled

numbers = st.lists(st.integers(-1000, 1000).map(lambda whole: whole / 8), max_size=30)


@given(numbers, numbers)
def test_counts_of_parts_add_up_to_those_of_the_whole(some, others) -> None:
    assert Counts.of(some) + Counts.of(others) == Counts.of(some + others) == Counts.of(reversed(some + others))


@given(numbers)
def test_mean_and_variance_are_those_of_the_values(values) -> None:
    counts = Counts.of(values)
    if values:
        assert counts.mean == pytest.approx(sum(values) / len(values))
    if len(values) > 1:
        assert counts.variance == pytest.approx(variance(values), abs=1e-6)


def test_no_units_have_no_mean_and_one_has_no_variance() -> None:
    assert math.isnan(Counts().mean)
    assert math.isnan(Counts.of([3]).variance)


def test_equal_values_do_not_vary_whatever_the_rounding_of_sums() -> None:
    assert Counts.of([0.1] * 1000).variance == 0


@given(st.lists(st.integers(1, 5), min_size=1, max_size=30))
def test_scaled_sums_are_those_of_scaled_values(ratings) -> None:
    sums = scaled(Counts.of(ratings), (1, 5), "counts")
    values = [(rating - 1) / 4 for rating in ratings]
    assert sums.n == len(values)
    assert sums.total == pytest.approx(sum(values))
    assert sums.inner == pytest.approx(sum(value * (1 - value) for value in values), abs=1e-9)


@pytest.mark.parametrize(
    ("counts", "bounds", "said"),
    [
        (Counts(-1, 0, 0), (0, 1), "expected a number of units"),
        (Counts(2, math.nan, 0), (0, 1), "all finite"),
        (Counts(2, 1, math.inf), (0, 1), "all finite"),
        (Counts(2, 2, 1), (0, 1), "cannot be so small"),
        (Counts(0, 1, 1), (0, 1), "cannot be so small"),
        (Counts(2, 3, 5), (0, 1), r"values lie outside \(0, 1\)"),
        (Counts(2, 1, 2), (0, 1), "values lie outside"),
        (Counts.of([0]), (1, 5), "values lie outside"),
        (Counts.of([1]), (1, 1), "the least and the greatest"),
        (Counts.of([1]), (2, 1), "the least and the greatest"),
        (Counts.of([1]), (0, math.inf), "the least and the greatest"),
    ],
)
def test_counts_that_no_values_within_the_bounds_can_have_given_are_refused(counts, bounds, said) -> None:
    with pytest.raises(InvalidInput, match=said):
        mean_sequence(counts, bounds=bounds)
