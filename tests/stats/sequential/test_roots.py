from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quire.stats.sequential.roots import crossing, solved


@given(st.floats(1e-6, 1e6), st.floats(1e-3, 1e3), st.floats(1, 20))
def test_the_end_of_an_interval_is_where_evidence_is_just_enough(spread, step, needed) -> None:
    tries = 0

    def evidence(x: float) -> float:
        nonlocal tries
        tries += 1
        return (x / spread) ** 2 / 2 - 1

    found = crossing(evidence, needed, -1e9, 0.0, close=1e-9 * spread, step=step * spread)
    assert needed <= evidence(found) < needed + 0.01
    assert tries < 60


def test_evidence_that_is_never_enough_gives_the_lower_end() -> None:
    assert crossing(lambda x: -x, 2.0, -1.0, 0.0, close=1e-6, step=0.1) == -1.0
    assert crossing(lambda x: math.inf, 2.0, 0.0, 0.0, close=1e-6, step=0.1) == 0.0


def test_evidence_that_jumps_to_infinity_is_found_at_its_edge() -> None:
    found = crossing(lambda x: math.inf if x < -0.3 else 0.0, 3.0, -1.0, 0.0, close=1e-6, step=0.05)
    assert found == pytest.approx(-0.3, abs=2e-6)


@given(st.floats(0.1, 10), st.floats(-5, 5))
def test_a_falling_function_is_solved(slope, level) -> None:
    found = solved(lambda x: -math.sinh(slope * x), level, -100 / slope, 100 / slope, 1e-9)
    assert -math.sinh(slope * found) == pytest.approx(level, abs=1e-6)


def test_beyond_the_ends_the_nearer_end_is_given() -> None:
    assert solved(lambda x: -x, 5.0, 0.0, 1.0, 1e-9) == 0.0
    assert solved(lambda x: -x, -5.0, 0.0, 1.0, 1e-9) == 1.0
