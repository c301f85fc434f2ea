from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from statsmodels.stats.inter_rater import cohens_kappa

from quire.domain.errors import InvalidInput
from quire.stats import cohen_kappa, proportion_interval


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


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.integers(5, 300), st.integers(3, 6), st.sampled_from(["linear", "quadratic"]))
@example(261, 5, 3, "linear").via("a variance that is 0 but for rounding")
def test_weighted_kappa_agrees_with_statsmodels(seed, n, kinds, weights) -> None:
    first, second = labels(seed, n, kinds, 0.6)
    table = np.zeros((kinds, kinds))
    np.add.at(table, (first, second), 1)
    # statsmodels takes every row of the table for a grade of the scale.
    if not (table.any(axis=0) | table.any(axis=1)).all():
        return
    found = cohen_kappa(first.tolist(), second.tolist(), weights=weights)
    expected = cohens_kappa(table, wt=weights)
    assert found.value == pytest.approx(expected.kappa)
    if expected.var_kappa > 1e-12:
        assert found.standard_error == pytest.approx(expected.std_kappa, rel=1e-6)
    assert found.agreement == pytest.approx((first == second).mean())
    assert found.low <= found.value <= found.high + 1e-12


def test_a_near_miss_counts_less_than_a_far_one() -> None:
    person = [1, 2, 3, 4, 5] * 4
    near = [2, 2, 3, 4, 5] * 4
    far = [5, 2, 3, 4, 5] * 4
    assert cohen_kappa(person, near).agreement == cohen_kappa(person, far).agreement == 0.8
    assert cohen_kappa(person, near, weights="quadratic").value > cohen_kappa(person, far, weights="quadratic").value


def test_items_that_go_together_are_no_more_witnesses_than_their_clusters() -> None:
    first, second = labels(3, 60, 2, 0.6)
    alone = cohen_kappa(first.tolist(), second.tolist())
    doubled = [side.tolist() * 2 for side in (first, second)]
    found = cohen_kappa(*doubled, clusters=list(range(60)) * 2)
    assert found.value == pytest.approx(alone.value)
    assert found.standard_error == pytest.approx(alone.standard_error, rel=0.02)
    assert (found.low, found.high) == (pytest.approx(alone.low, abs=0.02), pytest.approx(alone.high, abs=0.02))
    assert found.agreement_high - found.agreement_low > 0.9 * (alone.agreement_high - alone.agreement_low)
    assert cohen_kappa(*doubled).standard_error < 0.8 * alone.standard_error


def test_the_share_alike_has_wilsons_interval() -> None:
    found = cohen_kappa(["a"] * 8 + ["b"] * 2, ["a"] * 9 + ["b"])
    expected = proportion_interval(9, 10)
    assert (found.agreement_low, found.agreement_high) == (expected.low, expected.high)


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


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"weights": "cubic"}, "Unknown weights 'cubic'"),
        ({"weights": "linear"}, "numbers only"),
        ({"clusters": ["x", "x"]}, "one cluster"),
        ({"clusters": ["x"]}, "clusters names 1 rows"),
    ],
)
def test_options_that_do_not_fit_are_named(options, message) -> None:
    with pytest.raises(InvalidInput, match=message):
        cohen_kappa(["a", "b"], ["a", "b"], **options)
