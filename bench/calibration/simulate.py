"""Running the simulations: false promotion without a difference, coverage of intervals, power against the plan."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from bench.calibration import methods, outcomes, populations
from bench.calibration.outcomes import Outcome
from bench.calibration.populations import Drawn, Population
from quire.stats import bradley_terry, cohen_kappa, detectable_effect, holm, power_of, proportion_interval
from quire.stats.mcnemar import Alternative

Array = np.ndarray
Test = Callable[[Array, Array, Alternative], Array]
SIZES = (20, 100, 1000)
EVALUATIONS = {20: 40_000, 100: 40_000, 1000: 10_000}
"""For each figure: at 40,000 chance moves a rate of 5 % by 0.1 points, at 10,000 by 0.2."""
LEVEL = 0.05
SLOW = 2500
"""Evaluations for what is simulated one by one."""
_CHUNK = 500

TESTS: tuple[tuple[str, Test, bool, tuple[Population, ...]], ...] = (
    ("McNemar exact", methods.mcnemar_exact, True, (populations.SAME_BINARY,)),
    ("McNemar mid-p", methods.mcnemar_mid_p, True, (populations.SAME_BINARY,)),
    (
        "permutation",
        methods.permutation,
        False,
        (populations.SAME_NORMAL, populations.SAME_SKEWED),
    ),
    ("permutation", methods.permutation, True, (populations.SAME_RATINGS, populations.SAME_AVERAGES)),
    ("Wilcoxon", methods.wilcoxon, False, (populations.SAME_NORMAL, populations.SAME_SKEWED)),
)
INTERVALS = (
    Population("binary, unlike", populations.unlike_binary),
    Population("normal, b better", populations.better_normal),
    Population("latencies, b slower", populations.dearer),
    populations.SAME_RATINGS,
    populations.SAME_AVERAGES,
    Population("latencies of one", populations.one_variant_skewed),
    Population("very skewed, one", populations.very_skewed),
)
LIMITS = {
    ("non-inferiority", "latencies, 1.2 times", 20),
    ("non-inferiority", "latencies, 1.2 times", 100),
    ("mean", "very skewed, one", 20),
}
"""What no method known to us keeps: few rows of skewed values. docs/statistics.md says what to do instead."""


def draws(population: Population, n: int, evaluations: int) -> Iterator[Drawn]:
    """Evaluations in portions that fit into memory; the same ones each time."""
    rng = np.random.default_rng([n, *population.name.encode()])
    for start in range(0, evaluations, _CHUNK):
        yield population.draw(rng, min(_CHUNK, evaluations - start), n)


def tests_without_a_difference(n: int, evaluations: int) -> Iterator[Outcome]:
    """Every test on variants that do not differ."""
    for name, test, exact, drawn_from in TESTS:
        for population in drawn_from:
            wrong = _rejected(population, n, evaluations, test)
            for side, count in wrong.items():
                yield outcomes.false_promotion(f"{name}, {side}", population.name, n, count, evaluations, exact=exact)
    codes = populations.clusters_of(n)
    wrong = _rejected(
        populations.SAME_CLUSTERED,
        n,
        evaluations,
        lambda a, b, side: methods.permutation(methods.summed(a, codes), methods.summed(b, codes), side),
    )
    for side, count in wrong.items():
        subject = f"permutation by cluster, {side}"
        yield outcomes.false_promotion(subject, populations.SAME_CLUSTERED.name, n, count, evaluations, exact=False)


def _rejected(population: Population, n: int, evaluations: int, test: Test) -> dict[str, int]:
    found: dict[str, int] = dict.fromkeys(methods.SIDES, 0)
    for drawn in draws(population, n, evaluations):
        for side in methods.SIDES:
            found[side] += int((test(drawn.a, drawn.b, side) <= LEVEL).sum())
    return found


def families_without_a_difference(n: int, evaluations: int) -> Iterator[Outcome]:
    """Four scorers that go together, none of which differs: does any come out, after Holm's correction?"""
    rng, wrong = np.random.default_rng(n), 0
    for start in range(0, evaluations, _CHUNK):
        m = min(_CHUNK, evaluations - start)
        shared = rng.normal(size=(m, n))
        p_values = [
            methods.permutation(0 * shared, shared + 2 * rng.normal(size=(m, n)), "two-sided") for _ in range(4)
        ]
        wrong += sum(min(holm(family)) <= LEVEL for family in np.transpose(p_values).tolist())
    yield outcomes.false_promotion("Holm, 4 scorers", "normal", n, wrong, evaluations, exact=False)


def margins_just_missed(n: int, evaluations: int) -> Iterator[Outcome]:
    """Non-inferiority of a b that is worse by exactly the margin."""
    cases: tuple[tuple[Population, Callable[[Drawn], Array], bool], ...] = (
        (
            Population("binary, worse by 0.1", populations.worse_binary),
            lambda drawn: methods.bounds_of_mean(drawn.b - drawn.a, [LEVEL])[0] > drawn.truth,
            True,
        ),
        (
            Population("latencies, 1.2 times", populations.dearer),
            lambda drawn: methods.bounds_of_mean(drawn.b - drawn.a, [1 - LEVEL])[0] < drawn.truth,
            False,
        ),
        (
            Population("cost ratio 1.2", populations.dearer_by_ratio),
            lambda drawn: methods.bounds_of_ratio(drawn.b, drawn.a, [1 - LEVEL])[0] < drawn.truth,
            False,
        ),
    )
    for population, passes, exact in cases:
        wrong = sum(int(passes(drawn).sum()) for drawn in draws(population, n, evaluations))
        yield outcomes.false_promotion("non-inferiority", population.name, n, wrong, evaluations, exact=exact)


def intervals(n: int, evaluations: int) -> Iterator[Outcome]:
    """Every interval: how often the truth is inside."""
    levels = [LEVEL / 2, 1 - LEVEL / 2]
    for population in INTERVALS:
        held = _held(population, n, evaluations, lambda drawn: methods.bounds_of_mean(drawn.b - drawn.a, levels))
        yield outcomes.coverage("mean", population.name, n, held, evaluations)
    codes = populations.clusters_of(n)
    held = _held(
        populations.SAME_CLUSTERED,
        n,
        evaluations,
        lambda drawn: methods.bounds_of_mean(drawn.b - drawn.a, levels, codes),
    )
    yield outcomes.coverage("mean by cluster", populations.SAME_CLUSTERED.name, n, held, evaluations)
    ratios = Population("costs, 1.2 times", populations.dearer_by_ratio)
    held = _held(ratios, n, evaluations, lambda drawn: methods.bounds_of_ratio(drawn.b, drawn.a, levels))
    yield outcomes.coverage("ratio", ratios.name, n, held, evaluations)
    yield _shares(n, evaluations)
    yield _kappas(n, SLOW * 4)
    if n >= 100:
        yield _rankings(n, SLOW)


def _held(population: Population, n: int, evaluations: int, bounds: Callable[[Drawn], list[Array]]) -> int:
    held = 0
    for drawn in draws(population, n, evaluations):
        low, high = bounds(drawn)
        held += int(((low <= drawn.truth) & (drawn.truth <= high)).sum())
    return held


def _shares(n: int, evaluations: int) -> Outcome:
    """Shares of right answers between 0.2 and 0.95."""
    rng = np.random.default_rng(n)
    truth = rng.uniform(0.2, 0.95, evaluations)
    found = [proportion_interval(right, n) for right in range(n + 1)]
    low, high = np.array([item.low for item in found]), np.array([item.high for item in found])
    right = rng.binomial(n, truth)
    held = int(((low[right] <= truth) & (truth <= high[right])).sum())
    return outcomes.coverage("share", "right answers", n, held, evaluations)


def _kappas(n: int, evaluations: int) -> Outcome:
    """A judge and a person who label n items good or bad, and agree more or less beyond chance."""
    rng, held = np.random.default_rng(n), 0
    for _ in range(evaluations):
        share, agree = rng.uniform(0.3, 0.7), rng.uniform(0.2, 0.9)
        first = rng.random(n) < share
        second = np.where(rng.random(n) < agree, first, rng.random(n) < share)
        found = cohen_kappa(first.tolist(), second.tolist())
        held += found.low <= agree <= found.high
    return outcomes.coverage("kappa", "two labels", n, held, evaluations)


def _rankings(n: int, evaluations: int) -> Outcome:
    """n judgements of pairs of four contenders; the strength of the first."""
    names, truth = list("abcd"), np.array([0.45, 0.15, -0.15, -0.45])
    rng, held = np.random.default_rng(n), 0
    for _ in range(evaluations):
        first = rng.integers(0, 4, n)
        second = (first + rng.integers(1, 4, n)) % 4
        won = rng.random(n) < 1 / (1 + np.exp(truth[second] - truth[first]))
        judgements = [(names[i], names[j], float(k)) for i, j, k in zip(first, second, won, strict=True)]
        found = {item.name: item for item in bradley_terry(names, judgements)}["a"]
        held += found.low <= truth[0] <= found.high
    return outcomes.coverage("Bradley–Terry", "four contenders", n, held, evaluations)


def planned_power(n: int, evaluations: int) -> Iterator[Outcome]:
    """Tests at the effect that the planner says n rows show with a power of 0.8."""
    spread = 0.5
    effect = detectable_effect(n, kind="binary", spread=spread)
    planned = power_of(n, effect, kind="binary", spread=spread)
    yield _power(
        "McNemar exact",
        Population("binary", lambda rng, m, n: _better_binary(rng, m, n, effect, spread)),
        n,
        evaluations,
        methods.mcnemar_exact,
        planned,
    )
    effect = detectable_effect(n, kind="number", spread=1.0)
    planned = power_of(n, effect, kind="number", spread=1.0)
    better = Population("normal", lambda rng, m, n: Drawn(np.zeros((m, n)), rng.normal(effect, 1, (m, n)), np.zeros(m)))
    yield _power("permutation", better, n, evaluations, methods.permutation, planned)


def _better_binary(rng: Any, m: int, n: int, effect: float, spread: float) -> Drawn:
    win, lose = np.full(m, (spread + effect) / 2), np.full(m, (spread - effect) / 2)
    return populations.differing(rng, n, win, lose)


def _power(name: str, population: Population, n: int, evaluations: int, test: Test, planned: float) -> Outcome:
    shown = sum(int((test(d.a, d.b, "two-sided") <= LEVEL).sum()) for d in draws(population, n, evaluations))
    return outcomes.power(name, population.name, n, shown, evaluations, planned)


ALL = (tests_without_a_difference, families_without_a_difference, margins_just_missed, intervals, planned_power)


def simulate(n: int, evaluations: int) -> Iterator[Outcome]:
    """Everything, at n rows."""
    for simulation in ALL:
        yield from simulation(n, evaluations)
