from __future__ import annotations

import math
from itertools import combinations

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm

from quire.domain.errors import InvalidInput
from quire.stats import bradley_terry

NAMES = ["plain", "verified", "long", "short"]


def judged(seed, each, names=NAMES):
    """Judgements of every pair, the earlier name the stronger, and each pair won once by either side."""
    rng = np.random.default_rng(seed)
    found = []
    for first, second in combinations(range(len(names)), 2):
        chance = 1 / (1 + math.exp((first - second) / 2))
        found += [(names[first], names[second], float(rng.random() < chance)) for _ in range(each)]
        found += [(names[first], names[second]), (names[second], names[first])]
    return found


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 1000), st.integers(1, 40))
def test_strengths_and_intervals_agree_with_a_logistic_regression(seed, each) -> None:
    judgements = judged(seed, each)
    design, won = np.zeros((len(judgements), 4)), []
    for row, judgement in enumerate(judgements):
        design[row, NAMES.index(judgement[0])], design[row, NAMES.index(judgement[1])] = 1, -1
        won.append(judgement[2] if len(judgement) == 3 else 1.0)
    fitted = sm.Logit(won, design[:, 1:]).fit(disp=False)
    centre = np.vstack([np.zeros(3), np.eye(3)]) - 1 / 4 * np.ones((4, 3))
    errors = np.sqrt(np.diag(centre @ fitted.cov_params() @ centre.T))
    found = {item.name: item for item in bradley_terry(NAMES, judgements)}
    for name, strength, error in zip(NAMES, centre @ fitted.params, errors, strict=True):
        assert found[name].strength == pytest.approx(strength, abs=1e-6)
        assert found[name].high - strength == pytest.approx(norm.ppf(0.975) * error, rel=1e-5)
        assert strength - found[name].low == pytest.approx(norm.ppf(0.975) * error, rel=1e-5)


def test_two_contenders_have_the_log_odds_of_their_wins() -> None:
    first, second = bradley_terry(["a", "b"], [("b", "a")] * 30 + [("a", "b")] * 10)
    assert (first.name, second.name) == ("b", "a")
    assert first.strength - second.strength == pytest.approx(math.log(3))
    assert first.strength == pytest.approx(-second.strength)


def test_the_strongest_comes_first_and_strengths_sum_to_0() -> None:
    found = bradley_terry(NAMES, judged(1, 200))
    assert [item.name for item in found] == NAMES
    assert sum(item.strength for item in found) == pytest.approx(0, abs=1e-9)


def test_a_tie_is_half_a_win_for_each() -> None:
    ties = bradley_terry(["a", "b"], [("a", "b", 0.5)] * 4 + [("a", "b")] * 4)
    wins = bradley_terry(["a", "b"], [("a", "b")] * 6 + [("b", "a")] * 2)
    assert ties == wins


def test_ties_alone_make_equals() -> None:
    assert [item.strength for item in bradley_terry(["a", "b"], [("a", "b", 0.5)])] == pytest.approx([0, 0])


def test_more_judgements_narrow_the_interval() -> None:
    once, often = (bradley_terry(["a", "b"], [("a", "b"), ("b", "a")] * many)[0] for many in (4, 400))
    assert often.high == pytest.approx(once.high / 10)


def test_lopsided_judgements_converge() -> None:
    found = bradley_terry(["a", "b", "c"], [("a", "b")] * 5000 + [("b", "a"), ("b", "c"), ("c", "b")])
    assert found[0].strength - found[1].strength == pytest.approx(math.log(5000), abs=1e-6)


def test_a_contender_that_never_won_has_no_strength() -> None:
    with pytest.raises(InvalidInput, match=r"c never won against the rest \(a, b\).*add judgements between"):
        bradley_terry(["a", "b", "c"], [("a", "b"), ("b", "a"), ("a", "c")])


def test_a_contender_that_never_lost_has_no_strength() -> None:
    with pytest.raises(InvalidInput, match=r"c never lost to the rest \(a, b\)"):
        bradley_terry(["a", "b", "c"], [("a", "b"), ("b", "a"), ("c", "a")])


def test_groups_that_were_never_compared_are_named() -> None:
    judgements = [("a", "b"), ("b", "a"), ("c", "d"), ("d", "c")]
    with pytest.raises(InvalidInput, match=r"c, d never lost to the rest \(a, b\), or were not compared"):
        bradley_terry(["a", "b", "c", "d"], judgements)


@pytest.mark.parametrize(
    ("names", "judgements", "message"),
    [
        ([], [], "at least two names"),
        (["a"], [], "at least two names"),
        (["a", "a"], [], "each once"),
        (["a", "b"], [], "were not compared"),
        (["a", "b"], [("a", "c")], "Judgement 0 names 'c'; expected one of 'a', 'b'"),
        (["a", "b"], [("a", "a")], "sets 'a' against itself"),
        (["a", "b"], [("a", "b", 0.7)], "has the outcome 0.7"),
        (["a", "b"], [("a", "b", float("nan"))], "has the outcome nan"),
        (["a", "b"], [("a",)], r"expected \(winner, loser\)"),
    ],
)
def test_bad_input_is_named(names, judgements, message) -> None:
    with pytest.raises(InvalidInput, match=message):
        bradley_terry(names, judgements)
