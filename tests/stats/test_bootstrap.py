"""Many samples at once give what each of them gives alone: the calibration measures what is used."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from scipy.optimize import brentq

from quire.stats import mean_interval, paired_test, permutation, ratio_interval
from quire.stats.bootstrap import bound, resample
from quire.stats.permutation import exact_p_values, monte_carlo_p_values, sign_flip


@pytest.mark.parametrize("method", ["bca", "student"])
def test_means_of_many_samples(method) -> None:
    samples = np.random.default_rng(0).exponential(size=(5, 40))
    drawn = resample(samples, None, resamples=999, seed=7)
    lows, highs = bound(drawn, 0.025, method), bound(drawn, 0.975, method)
    for sample, low, high in zip(samples, lows, highs, strict=True):
        alone = mean_interval(sample, method=method, resamples=999, seed=7)
        assert (alone.low, alone.high) == (pytest.approx(low), pytest.approx(high))


@pytest.mark.parametrize("method", ["bca", "student"])
def test_ratios_of_many_samples(method) -> None:
    tops, bottoms = np.random.default_rng(0).exponential(size=(2, 5, 40))
    drawn = resample(tops, bottoms, resamples=999, seed=7)
    for top, bottom, high in zip(tops, bottoms, bound(drawn, 0.975, method), strict=True):
        alone = ratio_interval(top, bottom, method=method, resamples=999, seed=7)
        assert alone.high == pytest.approx(high)


@pytest.mark.parametrize("method", ["bca", "student"])
def test_counting_alike_rows_together_changes_nothing_but_chance(method) -> None:
    few = np.random.default_rng(0).choice([0.0, 0.5, 2.0], p=[0.6, 0.3, 0.1], size=400)
    rounded = mean_interval(few, method=method, resamples=20_000)
    apart = mean_interval(few + np.arange(400) * 1e-7, method=method, resamples=20_000)
    assert rounded.low == pytest.approx(apart.low, abs=0.004)
    assert rounded.high == pytest.approx(apart.high, abs=0.004)


def test_shifts_are_those_of_rows_drawn_again() -> None:
    values = np.random.default_rng(3).exponential(size=12)
    drawn = resample(values[None, :], None, resamples=200, seed=5)
    rows = np.random.default_rng(5).integers(0, 12, size=(200, 12))
    assert drawn.shift[0] == pytest.approx(np.sort(values[rows].mean(axis=1) - values.mean()))


@pytest.mark.parametrize("alternative", ["two-sided", "greater", "less"])
def test_permutations_of_many_samples(alternative) -> None:
    samples = np.random.default_rng(0).normal(0.3, 1, size=(5, 30))
    together = monte_carlo_p_values(samples, alternative, resamples=999, seed=0)
    alone = [
        paired_test(np.zeros(30), row, kind="number", alternative=alternative, resamples=999).p_value for row in samples
    ]
    assert together.tolist() == pytest.approx(alone)


@pytest.mark.parametrize("alternative", ["two-sided", "greater", "less"])
def test_random_flips_come_near_the_exact_p_value(alternative) -> None:
    samples = np.random.default_rng(0).normal(0.3, 1, size=(5, 12))
    exact = exact_p_values(samples, alternative)
    assert monte_carlo_p_values(samples, alternative, resamples=20_000, seed=1) == pytest.approx(exact, abs=0.012)
    assert [sign_flip(row, alternative=alternative, resamples=99, seed=0)[0] for row in samples] == exact.tolist()


def fieller(u, v, confidence):
    """The ratios that a paired t test would not refute, by search."""

    def p(ratio):
        return stats.ttest_1samp(u - ratio * v, 0).pvalue - (1 - confidence)

    estimate = u.mean() / v.mean()
    return brentq(p, estimate / 10, estimate), brentq(p, estimate, estimate * 10)


def test_students_interval_of_a_ratio_is_fiellers() -> None:
    rng = np.random.default_rng(8)
    v = rng.lognormal(size=25)
    u = v * rng.lognormal(0.3, 0.4, size=25)
    found = ratio_interval(u, v, method="student")
    assert (found.low, found.high) == pytest.approx(fieller(u, v, 0.95))


def test_one_row_that_outweighs_all_others_pushes_bca_to_its_end_and_not_over() -> None:
    values = [0.0] * 10 + [0.1] * 10 + [1000.0]
    found = mean_interval(values, method="bca", confidence=0.999)
    assert found.low < np.mean(values) < found.high
    assert found.high > 200


def test_bca_is_efrons_formula_with_a_jackknife() -> None:
    values = np.random.default_rng(9).exponential(size=25)
    means = values[np.random.default_rng(0).integers(0, 25, size=(9999, 25), dtype=np.uint32)].mean(axis=1)
    bias = stats.norm.ppf((means < values.mean()).mean())
    left_out = np.array([np.delete(values, row).mean() for row in range(25)])
    apart = left_out.mean() - left_out
    acceleration = (apart**3).sum() / (6 * (apart**2).sum() ** 1.5)
    found = mean_interval(values, method="bca")
    for given, level in ((found.low, 0.025), (found.high, 0.975)):
        reach = bias + stats.norm.ppf(level) * (25 / 24) ** 0.5
        at = stats.norm.cdf(bias + reach / (1 - acceleration * reach))
        assert given == pytest.approx(np.quantile(means, at, method="weibull"))


@pytest.mark.parametrize("alternative", ["two-sided", "greater", "less"])
@pytest.mark.parametrize("drift", [-3.0, -1.0, 0.0, 0.5, 1.5, 3.0])
def test_draws_that_cannot_matter_are_left_out_and_change_nothing(alternative, drift, monkeypatch) -> None:
    differences = np.random.default_rng(2).normal(drift, 1, size=80)
    drawn = monte_carlo_p_values(differences[None, :], alternative, resamples=999, seed=0)[0]
    made = []
    monkeypatch.setattr(permutation, "monte_carlo_p_values", lambda *_, **__: made.append(1) or np.array([drawn]))
    assert sign_flip(differences, alternative=alternative, resamples=999, seed=0)[0] == drawn
    expected = {"two-sided": abs(drift) == 3, "greater": drift == 3, "less": drift == -3}
    assert bool(made) is not expected[alternative]
