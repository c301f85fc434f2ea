"""That the capital of bets never grows on average under what is bet against: all else rests on it."""

from __future__ import annotations

import math
from itertools import product

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from quire.stats.sequential.bets import (
    Bets,
    Line,
    Tallied,
    bets_on_gap,
    bets_on_mean,
    least_log_capital,
    level_of,
    log_capital,
)
from quire.stats.sequential.sizes import sizes

shares = st.floats(0.001, 0.999)
values = st.lists(st.floats(0, 1), min_size=1, max_size=12)


def tallied(*rows: tuple[float, float, float]) -> Tallied:
    n, total, inner = (np.array(column, dtype=float)[:, None] for column in zip(*rows, strict=True))
    return Tallied(n, total, inner)


def tallied_of(*samples: list[float]) -> Tallied:
    return tallied(*((len(one), sum(one), sum(y * (1 - y) for y in one)) for one in samples))


def columns(*numbers: float) -> np.ndarray:
    return np.array(numbers, dtype=float)[:, None]


def single(t: float) -> Bets:
    return Bets.of(np.zeros((1, 1)), np.array([[t]]), np.ones(1), 1)


@given(values, shares, st.floats(-12, 12))
def test_sums_never_say_more_than_the_bets_themselves(sample, p, t) -> None:
    stake = math.expm1(t) / (1 + p * math.expm1(t))
    truly = sum(math.log1p(stake * (y - p)) if abs(stake * (y - p)) < 0.5 else _log(t, p, y) for y in sample)
    assert log_capital(tallied_of(sample), columns(p), single(t))[0] <= truly + 1e-7


def _log(t: float, p: float, y: float) -> float:
    """The logarithm of 1 + λ (y − p), written so that nothing cancels."""
    return math.log((1 - y) + y * math.exp(t)) - math.log1p(p * math.expm1(t))


@given(st.lists(st.sampled_from([0.0, 1.0]), min_size=1, max_size=30), shares, shares)
def test_for_zeros_and_ones_it_is_the_likelihood_ratio_of_two_coins(sample, p, other) -> None:
    t = math.log(other / (1 - other)) - math.log(p / (1 - p))
    ratio = sum(math.log(other / p) if y else math.log((1 - other) / (1 - p)) for y in sample)
    assert log_capital(tallied_of(sample), columns(p), single(t))[0] == pytest.approx(ratio, abs=1e-6)


@pytest.mark.parametrize("p", [0.01, 0.3, 0.5, 0.99])
def test_the_capital_against_a_true_mean_is_1_on_average(p) -> None:
    n = 25
    heads = [(n, k, 0.0) for k in range(n + 1)]
    capital = np.exp(log_capital(tallied(*heads), np.full((n + 1, 1), p), bets_on_mean()))
    chances = [math.comb(n, k) * p**k * (1 - p) ** (n - k) for k in range(n + 1)]
    assert capital @ chances == pytest.approx(1)


@pytest.mark.parametrize(("p", "gap", "slope"), [(0.3, 0.0, 1.0), (0.5, -0.1, 1.0), (0.05, 0.02, 1.0), (0.4, 0.0, 1.2)])
@pytest.mark.parametrize("split", [0.1, 0.5])
def test_the_least_capital_over_a_line_is_at_most_1_on_average_wherever_the_truth_is_on_it(
    p, gap, slope, split
) -> None:
    n, m = 12, 20
    q = gap + slope * p
    pairs = list(product(range(n + 1), range(m + 1)))
    control, challenger = (tallied(*((size, k[i], 0.0) for k in pairs)) for i, size in enumerate((n, m)))
    many = np.ones((len(pairs), 1))
    least = least_log_capital(control, challenger, Line(gap * many, slope * many), bets_on_gap((level_of(split),)))
    chances = [
        math.comb(n, a) * p**a * (1 - p) ** (n - a) * math.comb(m, b) * q**b * (1 - q) ** (m - b) for a, b in pairs
    ]
    assert 0.02 < float(np.exp(least) @ chances) <= 1


@pytest.mark.parametrize("law", [{0.0: 0.2, 0.5: 0.5, 1.0: 0.3}, {0.25: 0.6, 0.75: 0.4}, {0.0: 0.9, 0.9: 0.1}])
def test_of_values_between_the_capital_falls_on_average(law) -> None:
    mean = sum(y * chance for y, chance in law.items())
    samples = list(product(law, repeat=5))
    chances = [math.prod(law[y] for y in sample) for sample in samples]
    every = tallied_of(*map(list, samples))
    assert np.exp(log_capital(every, np.full((len(samples), 1), mean), bets_on_mean())) @ chances <= 1


@settings(max_examples=50, deadline=None)
@given(values, values, st.floats(-0.99, 0.99), st.sampled_from([0.5, 0.9, 1.0, 1.3]))
def test_the_least_capital_is_the_least_of_all_on_the_line(first, second, start, slope) -> None:
    control, challenger = tallied_of(first), tallied_of(second)
    low, high = max(0, -start / slope), min(1, (1 - start) / slope)
    if high <= low:
        return
    at = np.linspace(low, high, 1001)
    bets = bets_on_gap((0,))
    staked = [
        arm.n * np.log1p(p[:, None] * odds) - t * arm.total - (np.abs(t) + np.expm1(-np.abs(t))) * arm.inner
        for arm, p, odds, t in (
            (control, at, bets.down[0], bets.control[0]),
            (challenger, start + slope * at, bets.up[0], bets.challenger[0]),
        )
    ]
    least = np.log(np.exp(bets.log_weights - staked[0] - staked[1]).sum(axis=1).min())
    found = least_log_capital(control, challenger, Line(columns(start), columns(slope)), bets)[0]
    assert found == pytest.approx(least, abs=1e-3)
    assert found <= least + 1e-6


counted = st.integers(0, 6).flatmap(lambda tens: st.integers(1, 10**tens))


@settings(max_examples=100, deadline=None)
@example(185, 59 / 185, 853, 0.0, -0.435781)
@given(counted, st.floats(0, 1), counted, st.floats(0, 1), st.floats(-0.99, 0.99))
def test_of_many_units_the_least_is_found_beside_the_ends_of_a_line_too(n, total, m, other, start) -> None:
    """There the capital falls a thousandfold within a billionth, and then slowly to its least."""
    control, challenger = tallied((n, total * n, 0)), tallied((m, other * m, 0))
    low, high = max(0.0, -start), min(1.0, 1 - start)
    steps = np.concatenate([[0], np.geomspace(1e-12, (high - low) / 2, 500)])
    at = np.concatenate([low + steps, high - steps])
    bets = bets_on_gap((0,))
    exponents = bets.log_weights + sum(
        t * arm.total
        + (np.abs(t) + np.expm1(-np.abs(t))) * arm.inner
        - arm.n * np.log1p(np.clip(p, 0, 1)[:, None] * odds)
        for arm, p, odds, t in (
            (control, at, bets.down[0], bets.control[0]),
            (challenger, start + at, bets.up[0], bets.challenger[0]),
        )
    )
    top = exponents.max(axis=1, keepdims=True)
    seen = (top[:, 0] + np.log(np.exp(exponents - top).sum(axis=1))).min()
    found = least_log_capital(control, challenger, Line(columns(start), columns(1.0)), bets)[0]
    assert found <= seen + 1e-9 * (n + m) + 1e-5


@pytest.mark.parametrize("start", [1.0, 1.5])
def test_a_line_beyond_all_means_leaves_nothing_to_be_shown(start) -> None:
    sample = tallied_of([0.0] * 9), tallied_of([1.0] * 9)
    assert least_log_capital(*sample, Line(columns(start), columns(1.0)), bets_on_gap((0,)))[0] <= 0


def test_a_line_below_all_means_is_refuted_by_itself() -> None:
    sample = tallied_of([1.0]), tallied_of([0.0])
    assert least_log_capital(*sample, Line(columns(-1.5), columns(1.0)), bets_on_gap((0,)))[0] == math.inf


def test_many_trials_at_once_are_as_each_alone() -> None:
    rng = np.random.default_rng(0)
    samples = [[list(rng.random(rng.integers(1, 50)) ** power) for power in (1, 0.5)] for _ in range(20)]
    lines = [(float(start), 1.0) for start in rng.uniform(-0.5, 0.5, 20)]
    together = least_log_capital(
        tallied_of(*(one for one, _ in samples)),
        tallied_of(*(two for _, two in samples)),
        Line(columns(*(start for start, _ in lines)), columns(*(slope for _, slope in lines))),
        bets_on_gap((0,)),
    )
    for (one, two), (start, slope), found in zip(samples, lines, together, strict=True):
        line = Line(columns(start), columns(slope))
        alone = least_log_capital(tallied_of(one), tallied_of(two), line, bets_on_gap((0,)))[0]
        assert alone == pytest.approx(found, abs=1e-4)


@pytest.mark.parametrize("p", [0.1, 0.5])
def test_over_phases_of_unlike_splits_it_is_at_most_1_on_average_though_the_second_depends_on_the_first(p) -> None:
    """The second phase gives most units to the arm that led in the first, and bets as that was planned."""
    average = 0.0
    for a, b in product(range(6), range(6)):
        level = 2 if a > b else -2
        n, m = (9, 2) if a > b else (2, 9)
        pairs = list(product(range(n + 1), range(m + 1)))
        size = len(pairs)
        control = Tallied(
            np.tile([5.0, n], (size, 1)), np.array([[a, c] for c, _ in pairs], dtype=float), np.zeros((size, 2))
        )
        challenger = Tallied(
            np.tile([5.0, m], (size, 1)), np.array([[b, d] for _, d in pairs], dtype=float), np.zeros((size, 2))
        )
        line = Line(np.zeros((size, 1)), np.ones((size, 1)))
        least = np.exp(least_log_capital(control, challenger, line, bets_on_gap((0, level))))
        first = coins(5, a, p) * coins(5, b, p)
        average += first * sum(coins(n, c, p) * coins(m, d, p) * e for (c, d), e in zip(pairs, least, strict=True))
    assert 0.02 < average <= 1


def coins(n: int, k: int, p: float) -> float:
    return math.comb(n, k) * p**k * (1 - p) ** (n - k)


def test_splits_are_rounded_by_their_odds_and_turn_round_with_the_arms() -> None:
    splits = (0.0, 0.001, 0.1, 0.3, 0.5, 0.6, 0.9, 0.999, 1.0)
    assert [level_of(split) for split in splits] == [-5, -5, -2, -1, 0, 0, 2, 5, 5]


def test_weights_add_up_to_1() -> None:
    assert sum(sizes()[1]) == pytest.approx(1)
    for bets in (bets_on_mean(), bets_on_gap((0,)), bets_on_gap((2, -3))):
        assert np.exp(bets.log_weights).sum() == pytest.approx(1)
