"""Whether every method keeps its promise over 10,000 simulated evaluations, and whether the simulation would tell."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest

from bench.calibration import methods, outcomes, populations, simulate
from bench.calibration.figure import draw
from bench.calibration.populations import Population
from bench.calibration.table import BEGIN, END, put_into
from quire.stats import mean_interval, ratio_interval


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("n", simulate.SIZES)
@pytest.mark.parametrize("simulation", simulate.ALL, ids=lambda function: function.__name__)
def test_every_method_keeps_its_promise(simulation, n) -> None:
    found = list(simulation(n, simulate.EVALUATIONS[n]))
    assert found
    missed = [outcome for outcome in found if not outcome.kept]
    known = [outcome for outcome in missed if (outcome.subject, outcome.population, outcome.n) in simulate.LIMITS]
    assert [msgspec.to_builtins(outcome) for outcome in missed if outcome not in known] == []
    assert all(outcome.low - 5 <= outcome.rate <= outcome.high + 1.5 for outcome in known)


def test_a_test_that_promotes_too_often_is_told() -> None:
    """Without pairing by clusters, rows that go together are taken for independent."""
    wrong = simulate._rejected(populations.SAME_CLUSTERED, 100, 1000, methods.permutation)
    found = outcomes.false_promotion("permutation", "clusters", 100, wrong["two-sided"], 1000, exact=False)
    assert not found.kept


def test_an_interval_that_is_too_narrow_is_told() -> None:
    population = Population("normal", populations.better_normal)
    held = simulate._held(population, 20, 1000, lambda drawn: methods.bounds_of_mean(drawn.b - drawn.a, [0.05, 0.95]))
    assert not outcomes.coverage("mean", "normal", 20, held, 1000).kept


@pytest.mark.parametrize("draw_from", [populations.better_normal, populations.unlike_binary])
@pytest.mark.parametrize("n", [20, 1000])
def test_what_is_simulated_is_what_is_used(draw_from, n) -> None:
    drawn = draw_from(np.random.default_rng(0), 2, n)
    lows, highs = methods.bounds_of_mean(drawn.b - drawn.a, [0.025, 0.975])
    for a, b, low, high in zip(drawn.a, drawn.b, lows, highs, strict=True):
        alone = mean_interval(b - a, resamples=methods.RESAMPLES)
        assert (alone.low, alone.high) == (pytest.approx(low), pytest.approx(high))


def test_what_is_simulated_by_cluster_and_as_ratio_is_what_is_used() -> None:
    codes = populations.clusters_of(100)
    drawn = populations.same_clustered(np.random.default_rng(0), 1, 100)
    (low,) = methods.bounds_of_mean(drawn.b - drawn.a, [0.025], codes)
    alone = mean_interval((drawn.b - drawn.a)[0], clusters=codes, resamples=methods.RESAMPLES)
    assert alone.low == pytest.approx(low[0])
    drawn = populations.dearer(np.random.default_rng(0), 1, 100)
    (high,) = methods.bounds_of_ratio(drawn.b, drawn.a, [0.975])
    assert ratio_interval(drawn.b[0], drawn.a[0], resamples=methods.RESAMPLES).high == pytest.approx(high[0])


@pytest.mark.parametrize(
    "draw_from",
    [populations.same_binary, populations.unlike_binary, populations.dearer, populations.better_normal],
)
def test_populations_have_the_truth_that_they_name(draw_from) -> None:
    drawn = draw_from(np.random.default_rng(0), 400, 1000)
    assert (drawn.b - drawn.a).mean() == pytest.approx(drawn.truth.mean(), abs=0.01)


def test_results_are_written_as_a_table_and_a_figure() -> None:
    found = [
        outcomes.coverage("mean", "normal", 20, 9_200, 10_000),
        outcomes.coverage("mean", "normal", 100, 9_500, 10_000),
        outcomes.power("McNemar", "binary", 20, 8_100, 10_000, 0.8),
    ]
    page = put_into(f"Before\n{BEGIN}\nold\n{END}\nafter\n", found)
    assert page.startswith("Before\n")
    assert page.endswith("\nafter\n")
    assert "| coverage | mean | normal | **92.0** | 95.0 | – |" in page
    assert "81.0 (plan 80.0)" in page
    assert "old" not in page
    figure = draw(found)
    assert figure.startswith("<svg")
    assert figure.count("<title>") == 3
