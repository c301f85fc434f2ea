from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.multitest import multipletests

from quire.domain.errors import InvalidInput
from quire.stats import holm

P_VALUES = st.lists(st.floats(0, 1), min_size=1, max_size=20)


@settings(max_examples=10, deadline=None)
@given(P_VALUES)
def test_adjusted_p_values_agree_with_statsmodels(p_values) -> None:
    assert holm(p_values) == pytest.approx(multipletests(p_values, method="holm")[1].tolist())


@given(P_VALUES)
def test_adjusting_never_lowers_and_keeps_the_order(p_values) -> None:
    adjusted = holm(p_values)
    assert all(p <= q <= 1 for p, q in zip(p_values, adjusted, strict=True))
    assert [q for _, q in sorted(zip(p_values, adjusted, strict=True))] == sorted(adjusted)


def test_one_test_is_left_alone_and_none_gives_none() -> None:
    assert holm([0.03]) == [0.03]
    assert holm([]) == []


@pytest.mark.parametrize("wrong", [float("nan"), -0.1, 1.1])
def test_what_is_no_probability_is_refused(wrong) -> None:
    with pytest.raises(InvalidInput, match=r"p_values\[1\] is"):
        holm([0.5, wrong])
