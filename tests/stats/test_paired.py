from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from quire.domain.errors import InvalidInput
from quire.stats import mcnemar, paired_test

SMALL = st.lists(st.integers(-5, 5).map(float), min_size=1, max_size=9)
SIDES = st.sampled_from(["two-sided", "greater", "less"])


def reference(differences, alternative):
    """SciPy's exact permutation test of the mean, samples of one variable."""
    return stats.permutation_test(
        (np.asarray(differences),),
        lambda x, axis: x.mean(axis=axis),
        permutation_type="samples",
        n_resamples=np.inf,
        alternative=alternative,
        vectorized=True,
    ).pvalue


@settings(max_examples=40, deadline=None)
@given(SMALL, SIDES)
def test_the_exact_permutation_test_agrees_with_scipy(differences, alternative) -> None:
    found = paired_test([0.0] * len(differences), differences, kind="number", alternative=alternative)
    total = np.asarray(differences)
    patterns = np.array(np.meshgrid(*[[-1, 1]] * len(total))).reshape(len(total), -1).T @ total
    seen = total.sum()
    expected = {
        "greater": (patterns >= seen).mean(),
        "less": (patterns <= seen).mean(),
        "two-sided": (np.abs(patterns) >= abs(seen)).mean(),
    }[alternative]
    assert found.p_value == pytest.approx(expected)
    if alternative != "two-sided" and len(differences) > 1:
        assert found.p_value == pytest.approx(reference(differences, alternative))


def test_many_rows_are_tested_by_random_flips_that_agree_with_scipy() -> None:
    differences = np.random.default_rng(5).normal(0.12, 1, 300)
    found = paired_test(np.zeros(300), differences, kind="number", resamples=50_000)
    assert found.p_value == pytest.approx(stats.ttest_1samp(differences, 0).pvalue, abs=0.006)
    assert found.method == "sign-flip permutation, 50000 draws"
    assert found.statistic == pytest.approx(differences.mean())


def test_a_p_value_of_random_flips_is_never_0() -> None:
    found = paired_test([0.0] * 100, [1.0] * 100, kind="number", resamples=999)
    assert found.p_value == 1 / 1000


def test_the_same_seed_gives_the_same_answer() -> None:
    values = np.random.default_rng(1).normal(size=50)
    once, again, other = (paired_test(np.zeros(50), values, kind="number", seed=seed).p_value for seed in (3, 3, 4))
    assert once == again != other


def test_ties_leave_few_differences_which_are_tested_exactly() -> None:
    found = paired_test([0.0] * 1000, [1.0] * 5 + [0.0] * 995, kind="number")
    assert (found.p_value, found.method) == (2 / 2**5, "sign-flip permutation, exact")


def test_sums_that_differ_by_rounding_count_as_equal() -> None:
    assert paired_test([0.0] * 3, [0.1, 0.2, -0.3], kind="number").p_value == 1


@pytest.mark.parametrize("method", ["auto", "mcnemar"])
def test_binary_scores_are_tested_by_mcnemar(method) -> None:
    a, b = [1, 0, 0, 1, 0, 0, 0, 0], [0, 1, 1, 1, 1, 1, 1, 0]
    assert paired_test(a, b, kind="binary", method=method) == mcnemar(6 - 1, 1)


def test_binary_scores_averaged_over_repeats_are_tested_by_permutation() -> None:
    assert paired_test([0, 0.5], [1, 1], kind="binary").method == "sign-flip permutation, exact"


def test_mcnemar_and_permutation_agree_on_binary_scores() -> None:
    a, b = np.zeros(12), np.array([1.0] * 12)
    a[:3], b[:3] = 1, 0
    permuted = paired_test(a, b, kind="binary", method="permutation")
    assert permuted.p_value == pytest.approx(paired_test(a, b, kind="binary").p_value)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.floats(-10, 10).filter(lambda x: abs(x) > 1e-3), min_size=3, max_size=40, unique=True), SIDES)
def test_wilcoxon_is_scipys(differences, alternative) -> None:
    found = paired_test(
        np.zeros(len(differences)), differences, kind="number", method="wilcoxon", alternative=alternative
    )
    expected = stats.wilcoxon(np.asarray(differences), alternative=alternative)
    assert (found.p_value, found.statistic) == (pytest.approx(expected.pvalue), pytest.approx(expected.statistic))


def test_clusters_are_flipped_whole() -> None:
    differences, names = np.repeat([1.0, 2.0, 3.0, -0.5], 10), np.repeat(["a", "b", "c", "d"], 10)
    found = paired_test(np.zeros(40), differences, kind="number", clusters=names, alternative="greater")
    assert found.p_value == 2 / 2**4
    assert found.method == "sign-flip permutation, exact, by cluster"
    assert paired_test(np.zeros(40), differences, kind="binary", clusters=names).p_value == 4 / 2**4


@pytest.mark.parametrize("method", ["permutation", "wilcoxon", "mcnemar"])
def test_rows_that_all_tie_show_nothing(method) -> None:
    assert paired_test([1, 0, 1], [1, 0, 1], kind="binary", method=method).p_value == 1


@pytest.mark.parametrize("method", ["permutation", "wilcoxon", "mcnemar"])
def test_one_row_shows_nothing(method) -> None:
    assert paired_test([0], [1], kind="binary", method=method).p_value == 1


@given(st.lists(st.floats(-100, 100), min_size=1, max_size=12), st.floats(-5, 5))
@settings(max_examples=40, deadline=None)
def test_moving_both_sides_by_as_much_changes_nothing(values, by) -> None:
    a, b = np.round(values, 3), np.round(values[::-1], 3)
    by = round(by, 3)
    before = paired_test(a, b, kind="number").p_value
    assert paired_test(a + by, b + by, kind="number").p_value == pytest.approx(before, abs=0.02)


@pytest.mark.parametrize(
    ("a", "b", "options", "message"),
    [
        ([], [], {}, "a is empty"),
        ([1, 0], [1], {}, "a has 2 values and b has 1; pair them by record"),
        ([1, float("nan")], [1, 0], {}, r"a\[1\] is nan"),
        ([1, 0], [1, float("inf")], {}, r"b\[1\] is inf"),
        ([1, None], [1, 0], {}, "a must hold numbers only, not text or None"),
        (["1", "0"], [1, 0], {}, "a must hold numbers only"),
        ([[1], [0]], [1, 0], {}, "a must be a flat list"),
        ([1, 0], [1, 0], {"method": "t"}, "Unknown method 't'; expected one of 'auto', 'mcnemar'"),
        ([1, 0], [1, 0], {"alternative": "more"}, "Unknown alternative 'more'"),
        ([1, 0], [1, 0], {"kind": "text"}, "kind 'text' have no difference"),
        ([1, 0], [1, 0], {"kind": "words"}, "Unknown kind 'words'"),
        ([1, 0], [1, 0], {"resamples": 10}, "resamples is 10"),
        ([1, 0.5], [1, 0], {"method": "mcnemar"}, "needs scores of 0 and 1 only"),
        ([1, 0], [1, 0], {"method": "mcnemar", "clusters": [1, 2]}, "cannot have clusters; use 'permutation'"),
        ([1, 0], [1, 0], {"method": "wilcoxon", "clusters": [1, 2]}, "cannot have clusters; use 'permutation'"),
        ([1, 0], [1, 0], {"clusters": [1]}, "clusters names 1 rows and there are 2 values"),
        ([1, 0], [1, 0], {"clusters": [1, 1]}, "All rows are of one cluster"),
    ],
)
def test_bad_input_is_named(a, b, options, message) -> None:
    with pytest.raises(InvalidInput, match=message):
        paired_test(a, b, **{"kind": "binary", **options})
