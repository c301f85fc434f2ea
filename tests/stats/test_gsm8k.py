"""The paired comparisons of four recorded models, 800 questions each, against SciPy and statsmodels."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.contingency_tables import mcnemar as reference
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import proportion_confint

from bench.gsm8k import CORRECT, MODELS, read
from quire.stats import cohen_kappa, holm, mean_interval, paired_test, proportion_interval

PAIRS = list(combinations(MODELS, 2))


@pytest.fixture(scope="module")
def scores(shared):
    rows = read(shared / "data" / "gsm8k_recorded.jsonl")
    return {model: np.array([float(row[model]["is_correct"]) for row in rows]) for model in MODELS}


@pytest.mark.parametrize("model", MODELS)
def test_shares_of_right_answers(scores, model) -> None:
    right = int(scores[model].sum())
    assert (right, scores[model].size) == (CORRECT[model], 800)
    found = proportion_interval(right, 800)
    assert (found.low, found.high) == pytest.approx(proportion_confint(right, 800, method="wilson"))


@pytest.mark.parametrize("pair", PAIRS, ids=" ".join)
def test_a_pairs_test_agrees_with_statsmodels(scores, pair) -> None:
    a, b = (scores[model] for model in pair)
    table = [[((a == x) & (b == y)).sum() for y in (0, 1)] for x in (0, 1)]
    found = paired_test(a, b, kind="binary")
    assert found.p_value == pytest.approx(reference(table, exact=True).pvalue, rel=1e-9)
    sides = [paired_test(a, b, kind="binary", alternative=side).p_value for side in ("greater", "less")]
    won, lost = int(table[0][1]), int(table[1][0])
    assert sides[0] == pytest.approx(stats.binomtest(won, won + lost, alternative="greater").pvalue)
    assert sides[1] == pytest.approx(stats.binomtest(won, won + lost, alternative="less").pvalue)


@pytest.mark.parametrize("pair", PAIRS, ids=" ".join)
def test_a_pairs_interval_agrees_with_scipys_bootstrap(scores, pair) -> None:
    differences = scores[pair[1]] - scores[pair[0]]
    expected = stats.bootstrap((differences,), np.mean, n_resamples=4999, method="BCa", rng=1, batch=500)
    expected = expected.confidence_interval
    for method in ("score", "bca"):
        found = mean_interval(differences, method=method)
        assert found.low == pytest.approx(expected.low, abs=0.003)
        assert found.high == pytest.approx(expected.high, abs=0.003)


def test_the_permutation_test_and_wilcoxon_agree_with_scipy_on_the_closest_pair(scores) -> None:
    a, b = scores["6b_verification"], scores["175b_finetuning"]
    exact = paired_test(a, b, kind="binary").p_value
    assert paired_test(a, b, kind="binary", method="permutation").p_value == pytest.approx(exact, abs=0.01)
    found = paired_test(a, b, kind="binary", method="wilcoxon")
    assert found.p_value == pytest.approx(stats.wilcoxon(b - a).pvalue)


def test_holms_correction_over_all_pairs_agrees_with_statsmodels(scores) -> None:
    p_values = [paired_test(scores[a], scores[b], kind="binary").p_value for a, b in PAIRS]
    assert holm(p_values) == pytest.approx(multipletests(p_values, method="holm")[1])


def test_models_agree_on_which_questions_are_hard(scores) -> None:
    found = cohen_kappa(scores["6b_verification"].tolist(), scores["175b_verification"].tolist())
    assert 0 < found.low < found.value < found.high < 1
