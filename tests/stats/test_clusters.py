from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st

from quire.domain.errors import InvalidInput
from quire.stats import cluster_standard_error


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000), st.integers(2, 15), st.integers(16, 120))
def test_the_standard_error_agrees_with_statsmodels(seed, groups, n) -> None:
    rng = np.random.default_rng(seed)
    codes = np.concatenate([np.arange(groups), rng.integers(0, groups, n - groups)])
    values = rng.normal(size=groups)[codes] + rng.normal(size=n)
    fitted = sm.OLS(values, np.ones(n)).fit(cov_type="cluster", cov_kwds={"groups": codes})
    assert cluster_standard_error(values, codes) == pytest.approx(fitted.bse[0])


def test_clusters_of_one_row_give_the_usual_standard_error() -> None:
    values = [1.0, 2.0, 4.0, 8.0]
    assert cluster_standard_error(values, "abcd") == pytest.approx(np.std(values, ddof=1) / 2)


def test_copies_of_a_row_are_no_evidence() -> None:
    values = [1.0, 2.0, 4.0, 8.0]
    copied = cluster_standard_error(np.repeat(values, 25), np.repeat(list("abcd"), 25))
    assert copied == pytest.approx(cluster_standard_error(values, "abcd"))


@pytest.mark.parametrize(
    ("values", "clusters", "message"),
    [
        ([], [], "values is empty"),
        ([1, 2], ["a"], "clusters names 1 rows and there are 2 values"),
        ([1, 2], ["a", "a"], "at least two"),
        ([1, float("nan")], ["a", "b"], r"values\[1\] is nan"),
    ],
)
def test_bad_input_is_named(values, clusters, message) -> None:
    with pytest.raises(InvalidInput, match=message):
        cluster_standard_error(values, clusters)
