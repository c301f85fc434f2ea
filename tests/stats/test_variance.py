from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from quire.domain.errors import InvalidInput
from quire.stats import variance_split

NAN = float("nan")


def scores(rows, repeats, between, within, seed):
    rng = np.random.default_rng(seed)
    return rng.normal(0, between, (rows, 1)) + rng.normal(0, within, (rows, repeats))


@settings(max_examples=30, deadline=None)
@given(st.integers(2, 30), st.integers(2, 6), st.integers(0, 1000))
def test_balanced_scores_agree_with_the_analysis_of_variance(rows, repeats, seed) -> None:
    matrix = scores(rows, repeats, 1.5, 1.0, seed)
    found = variance_split(matrix)
    f = stats.f_oneway(*matrix).statistic
    assert found.between_repeats == pytest.approx(matrix.var(axis=1, ddof=1).mean())
    if f > 1:
        assert found.between_rows == pytest.approx((f - 1) * found.between_repeats / repeats)
        assert found.reliability == pytest.approx(1 - 1 / f)  # Shrout and Fleiss's ICC(1, k)
    else:
        assert found.between_rows == found.reliability == 0


def test_unbalanced_scores_are_split_without_bias() -> None:
    rng = np.random.default_rng(3)
    found = []
    for seed in range(200):
        matrix = scores(60, 5, 2.0, 1.0, seed)
        matrix[rng.random(matrix.shape) < 0.4] = NAN
        found.append(variance_split(matrix))
    assert np.mean([split.between_repeats for split in found]) == pytest.approx(1, abs=0.03)
    assert np.mean([split.between_rows for split in found]) == pytest.approx(4, abs=0.2)


def test_very_unlike_numbers_of_repeats_leave_no_bias() -> None:
    found = []
    for seed in range(4000):
        matrix = scores(4, 9, 2.0, 0.5, seed)
        matrix[:2, 1:] = NAN
        found.append(variance_split(matrix).between_rows)
    assert np.mean(found) == pytest.approx(4, abs=0.25)


def test_rows_and_repeats_that_are_missing_change_nothing() -> None:
    matrix = scores(10, 3, 1, 1, 0)
    padded = np.full((12, 4), NAN)
    padded[1:11, 1:] = matrix
    whole, part = variance_split(matrix), variance_split(padded)
    assert (whole.between_rows, whole.reliability) == (
        pytest.approx(part.between_rows),
        pytest.approx(part.reliability),
    )


def test_repeats_that_never_differ_are_fully_reliable() -> None:
    found = variance_split([[1, 1], [0, 0], [1, 1]])
    assert (found.between_repeats, found.reliability) == (0, 1)
    assert found.between_rows == pytest.approx(1 / 3)
    assert variance_split([[1, 1], [1, 1]]).reliability == 1


def test_rows_that_differ_by_noise_alone_are_not_reliable() -> None:
    found = variance_split([[0, 1], [1, 0], [0, 1]])
    assert (found.between_rows, found.reliability) == (0, 0)


def test_the_standard_error_falls_with_rows_and_with_repeats_down_to_a_floor() -> None:
    found = variance_split(scores(200, 4, 1, 1, 1))
    assert found.standard_error(100, 1) == pytest.approx(((found.between_rows + found.between_repeats) / 100) ** 0.5)
    assert found.standard_error(100, 10**9) == pytest.approx((found.between_rows / 100) ** 0.5)


@pytest.mark.parametrize(
    ("matrix", "message"),
    [
        ([], "two dimensions"),
        ([1, 2, 3], "two dimensions"),
        ([[1], [2]], "No row has two repeats"),
        ([[1, 2]], "1 rows have scores"),
        ([[NAN, NAN], [NAN, NAN]], "0 rows have scores"),
        ([[1, NAN], [2, NAN], [NAN, NAN]], "No row has two repeats"),
        ([[1, float("inf")], [2, 3]], "infinite"),
        ([[1, 2], [3]], "matrix must be a list of numbers"),
    ],
)
def test_bad_input_is_named(matrix, message) -> None:
    with pytest.raises(InvalidInput, match=message):
        variance_split(matrix)
