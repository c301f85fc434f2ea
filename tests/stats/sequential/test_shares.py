"""Shares for adaptive allocation."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quire.domain.errors import InvalidInput
from quire.stats.sequential import Counts, thompson_shares, track_and_stop_shares

UNIT = (0.0, 1.0)
BOTH = pytest.mark.parametrize("shares_of", [thompson_shares, track_and_stop_shares])


def thumbs(n: int, share: float) -> Counts:
    up = float(round(n * share))
    return Counts(n, up, up)


@st.composite
def arms_of_thumbs(draw: st.DrawFn) -> dict[str, Counts]:
    names = draw(st.lists(st.text(min_size=1, max_size=3), min_size=2, max_size=5, unique=True))
    return {name: thumbs(draw(st.integers(10, 10_000)), draw(st.floats(0, 1))) for name in names}


@BOTH
@settings(deadline=None)
@given(arms=arms_of_thumbs(), up=st.booleans(), bounded=st.booleans(), floor=st.floats(0, 0.2))
def test_shares_add_up_to_1_and_none_is_below_the_floor(shares_of, arms, up, bounded, floor) -> None:
    found = shares_of(arms, higher_is_better=up, bounds=UNIT if bounded else None, floor=floor)
    assert list(found) == list(arms)
    assert sum(found.values()) == pytest.approx(1)
    assert min(found.values()) >= floor - 1e-12
    assert found == shares_of(arms, higher_is_better=up, bounds=UNIT if bounded else None, floor=floor)


@BOTH
def test_shares_are_equal_until_each_arm_is_known_a_little(shares_of) -> None:
    found = shares_of({"a": thumbs(9, 1), "b": thumbs(900, 0.1)}, higher_is_better=True, bounds=UNIT)
    assert found == {"a": 0.5, "b": 0.5}


@BOTH
def test_units_of_the_metric_do_not_matter(shares_of) -> None:
    rng = np.random.default_rng(0)
    ratings = {name: rng.binomial(4, chance, 300) / 4 for name, chance in (("a", 0.5), ("b", 0.55), ("c", 0.6))}
    one = shares_of({name: Counts.of(v) for name, v in ratings.items()}, higher_is_better=True, bounds=UNIT)
    other = shares_of({k: Counts.of(1 + 4 * v) for k, v in ratings.items()}, higher_is_better=True, bounds=(1, 5))
    assert other == pytest.approx(one, abs=1e-6)


@BOTH
@pytest.mark.parametrize("bounds", [UNIT, None])
def test_turning_the_metric_round_leaves_the_shares(shares_of, bounds) -> None:
    chances = {"a": 0.2, "b": 0.25, "c": 0.4}
    up = shares_of({k: thumbs(400, p) for k, p in chances.items()}, higher_is_better=True, bounds=bounds)
    down = shares_of({k: thumbs(400, 1 - p) for k, p in chances.items()}, higher_is_better=False, bounds=bounds)
    assert down == pytest.approx(up, abs=1e-4)


def test_thompson_shares_are_the_probabilities_that_drawing_gives() -> None:
    counts = {"a": (120, 50), "b": (80, 40), "c": (200, 88), "d": (60, 20)}
    rng = np.random.default_rng(0)
    drawn = [rng.beta(up + 0.5, n - up + 0.5, 400_000) for n, up in counts.values()]
    expected = np.bincount(np.argmax(drawn, axis=0), minlength=4) / 400_000
    arms = {name: Counts(n, up, up) for name, (n, up) in counts.items()}
    found = thompson_shares(arms, higher_is_better=True, bounds=UNIT, floor=0.0)
    assert list(found.values()) == pytest.approx(list(expected), abs=0.01)


def test_thompson_shares_without_bounds_are_those_of_normal_means() -> None:
    rng = np.random.default_rng(0)
    values = {name: rng.lognormal(mean, 0.7, 150) for name, mean in (("a", 0.0), ("b", 0.1), ("c", 0.05))}
    drawn = [rng.normal(v.mean(), v.std(ddof=1) / 150**0.5, 400_000) for v in values.values()]
    expected = np.bincount(np.argmin(drawn, axis=0), minlength=3) / 400_000
    found = thompson_shares({k: Counts.of(v) for k, v in values.items()}, higher_is_better=False, floor=0.0)
    assert list(found.values()) == pytest.approx(list(expected), abs=0.005)


@pytest.mark.parametrize(
    ("means", "published"),
    [
        ((0.5, 0.45, 0.43, 0.4), (0.417, 0.390, 0.136, 0.057)),
        ((0.3, 0.21, 0.2, 0.19, 0.18), (0.336, 0.251, 0.177, 0.132, 0.104)),
    ],
)
def test_track_and_stop_shares_are_those_that_garivier_and_kaufmann_publish(means, published) -> None:
    arms = {str(mean): thumbs(10**8, mean) for mean in means}
    found = track_and_stop_shares(arms, higher_is_better=True, bounds=UNIT, floor=0.0)
    assert list(found.values()) == pytest.approx(published, abs=0.0006)


def test_two_arms_share_by_their_standard_deviations() -> None:
    steady, wild = Counts.of([0.9, 1.1] * 500), Counts.of([0.0, 2.2] * 500)
    found = track_and_stop_shares({"a": steady, "b": wild}, higher_is_better=True, floor=0.0)
    assert found["b"] / found["a"] == pytest.approx(11, rel=0.01)


def test_two_alike_arms_share_equally() -> None:
    found = track_and_stop_shares({"a": thumbs(500, 0.48), "b": thumbs(500, 0.52)}, higher_is_better=True, bounds=UNIT)
    assert found["a"] == pytest.approx(0.5, abs=0.01)


def test_of_four_arms_the_best_and_the_second_have_most() -> None:
    arms = {"a": thumbs(500, 0.3), "b": thumbs(500, 0.5), "c": thumbs(500, 0.46), "d": thumbs(500, 0.35)}
    found = track_and_stop_shares(arms, higher_is_better=True, bounds=UNIT)
    assert found["b"] + found["c"] > 0.75
    assert min(found["b"], found["c"]) > 0.3


@BOTH
def test_arms_that_are_all_the_same_share_equally(shares_of) -> None:
    same = {name: Counts.of([2.0] * 50) for name in "abc"}
    assert shares_of(same, higher_is_better=True) == pytest.approx(dict.fromkeys("abc", 1 / 3))


@BOTH
@pytest.mark.parametrize(
    ("arms", "options", "said"),
    [
        ({"a": thumbs(9, 1)}, {}, "1 arms were given"),
        ({"a": thumbs(9, 1), "b": thumbs(9, 1)}, {"floor": 0.6}, "can each have at most 0.5"),
        ({"a": thumbs(9, 1), "b": thumbs(9, 1)}, {"floor": -0.1}, "floor is -0.1"),
        ({"a": thumbs(9, 1), "b": thumbs(9, 1)}, {"floor": math.nan}, "floor is nan"),
        ({"a": Counts(9, 99, 9999), "b": thumbs(9, 1)}, {}, "lie outside"),
        ({"a": Counts(9, 9, 1), "b": thumbs(9, 1)}, {"bounds": None}, "cannot be so small"),
    ],
)
def test_arms_that_cannot_be_are_refused(shares_of, arms, options, said) -> None:
    with pytest.raises(InvalidInput, match=said):
        shares_of(arms, **{"higher_is_better": True, "bounds": UNIT, **options})
