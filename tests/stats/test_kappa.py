from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.inter_rater import cohens_kappa

from quire.domain.errors import InvalidInput
from quire.stats import cohen_kappa


def labels(seed, n, kinds, agree):
    rng = np.random.default_rng(seed)
    first = rng.integers(0, kinds, n)
    return first, np.where(rng.random(n) < agree, first, rng.integers(0, kinds, n))


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.integers(5, 300), st.integers(2, 5), st.floats(0, 0.95))
def test_kappa_and_its_standard_error_agree_with_statsmodels(seed, n, kinds, agree) -> None:
    first, second = labels(seed, n, kinds, agree)
    table = np.zeros((kinds, kinds))
    np.add.at(table, (first, second), 1)
    table = table[np.ix_(table.any(axis=0) | table.any(axis=1), table.any(axis=0) | table.any(axis=1))]
    found = cohen_kappa(first.tolist(), second.tolist())
    if not math.isnan(found.value):
        expected = cohens_kappa(table)
        assert found.value == pytest.approx(expected.kappa)
        if expected.var_kappa > 1e-12:
            assert found.standard_error == pytest.approx(expected.std_kappa, rel=1e-6)
        assert found.low <= found.value <= found.high + 1e-12
        assert (found.agreement, found.n) == (pytest.approx((first == second).mean()), n)


def test_for_many_items_the_interval_is_that_of_the_standard_error() -> None:
    first, second = labels(1, 20_000, 3, 0.7)
    found = cohen_kappa(first.tolist(), second.tolist())
    assert found.low == pytest.approx(found.value - 1.96 * found.standard_error, abs=1e-3)
    assert found.high == pytest.approx(found.value + 1.96 * found.standard_error, abs=1e-3)


def test_full_agreement_of_few_items_is_not_taken_for_certain() -> None:
    found = cohen_kappa(["yes", "no"] * 5, ["yes", "no"] * 5)
    assert (found.value, found.high, found.agreement) == (1, pytest.approx(1), 1)
    assert 0.2 < found.low < 0.6


def test_agreement_by_chance_alone_is_0() -> None:
    assert cohen_kappa([1, 1, 0, 0], [1, 0, 1, 0]).value == pytest.approx(0)


def test_labels_of_any_kind_are_compared_by_equality() -> None:
    assert cohen_kappa([True, "a", 3], [True, "a", 4]).agreement == pytest.approx(2 / 3)


def test_one_label_throughout_leaves_kappa_undefined() -> None:
    found = cohen_kappa(["pass"] * 9, ["pass"] * 9)
    assert math.isnan(found.value)
    assert math.isnan(found.low)
    assert (found.agreement, found.n) == (1, 9)


def test_one_item_on_which_raters_differ_says_next_to_nothing() -> None:
    found = cohen_kappa(["a"], ["b"])
    assert (found.value, found.low) == (0, pytest.approx(0))
    assert found.high > 0.75


@pytest.mark.parametrize(
    ("first", "second", "message"),
    [
        ([], [], "There are no labels"),
        (["a"], ["a", "b"], "first has 1 labels and second has 2"),
        (["a", None], ["a", "b"], "Item 1 has the label None"),
        (["a", "b"], ["a", float("nan")], "Item 1 has the label nan"),
    ],
)
def test_bad_input_is_named(first, second, message) -> None:
    with pytest.raises(InvalidInput, match=message):
        cohen_kappa(first, second)
