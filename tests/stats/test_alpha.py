from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quire.domain.errors import InvalidInput
from quire.stats import cohen_kappa, krippendorff_alpha

# The worked example of K. Krippendorff, "Computing Krippendorff's alpha-reliability" (2011), section C.
RATERS = (
    (1, 2, 3, 3, 2, 1, 4, 1, 2, None, None, None),
    (1, 2, 3, 3, 2, 2, 4, 1, 2, 5, None, 3),
    (None, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, None),
    (1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, None),
)
ITEMS = [[label for label in said if label is not None] for said in zip(*RATERS, strict=True)]


def test_alpha_is_that_of_krippendorffs_example() -> None:
    nominal = krippendorff_alpha(ITEMS)
    assert nominal.value == pytest.approx(0.743, abs=5e-4)
    assert (nominal.n, nominal.labels) == (11, 40)
    assert krippendorff_alpha(ITEMS, level="interval").value == pytest.approx(0.849, abs=5e-4)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000), st.integers(30, 400))
def test_of_two_raters_with_like_habits_it_is_nearly_kappa(seed, n) -> None:
    rng = np.random.default_rng(seed)
    first = rng.integers(0, 3, n)
    second = np.where(rng.random(n) < 0.6, first, rng.integers(0, 3, n))
    alpha = krippendorff_alpha(list(zip(first.tolist(), second.tolist(), strict=True)))
    kappa = cohen_kappa(first.tolist(), second.tolist())
    assert alpha.value == pytest.approx(kappa.value, abs=0.06)
    assert alpha.standard_error == pytest.approx(kappa.standard_error, rel=0.15)
    assert alpha.low <= alpha.value <= alpha.high


def test_full_agreement_of_few_items_is_not_taken_for_certain() -> None:
    found = krippendorff_alpha([["yes"] * 3, ["no"] * 3] * 3)
    assert found.value == found.high == 1
    assert 0 < found.low < 0.6


def test_one_item_sets_no_bound() -> None:
    found = krippendorff_alpha([["yes", "no"], ["yes"]])
    assert (found.n, found.low, found.high) == (1, -1, 1)


def test_one_label_throughout_leaves_alpha_undefined() -> None:
    assert math.isnan(krippendorff_alpha([["yes", "yes"], ["yes", "yes"]]).value)


@pytest.mark.parametrize(
    ("labels", "options", "message"),
    [
        ([["a"], []], {}, "No item has two labels"),
        ([["a", None]], {}, "Item 0 has the label None"),
        ([["a", "b"]], {"level": "interval"}, "numbers only"),
        ([["a", "b"]], {"level": "ratio"}, "Unknown level 'ratio'"),
    ],
)
def test_bad_input_is_named(labels, options, message) -> None:
    with pytest.raises(InvalidInput, match=message):
        krippendorff_alpha(labels, **options)
