"""What the spans of a trace used is counted once."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from quire.domain.usage import roll_up


def test_calls_are_added_up() -> None:
    nodes = [("root", None, None), ("a", "root", {"in": 1, "out": 2}), ("b", "root", {"in": 3})]
    assert roll_up(nodes) == {"in": 4, "out": 2}


def test_a_total_covers_what_is_below_it_however_deep() -> None:
    nodes = [("agent", None, {"in": 9}), ("step", "agent", None), ("call", "step", {"in": 4}), ("x", "call", {"in": 4})]
    assert roll_up(nodes) == {"in": 9}


def test_a_span_whose_parent_is_not_there_counts() -> None:
    assert roll_up([("a", "elsewhere", {"in": 1}), ("b", "a", None), ("c", "b", {"in": 5})]) == {"in": 1}


def test_a_circle_of_parents_ends() -> None:
    assert roll_up([("a", "b", None), ("b", "a", None), ("c", "a", {"in": 1})]) == {"in": 1}
    assert roll_up([("a", "a", {"in": 2})]) == {}


def test_nothing_is_nothing() -> None:
    assert roll_up([]) == {}
    assert roll_up([("a", None, None)]) == {}


def test_a_chain_of_any_length() -> None:
    chain = [(str(n), str(n - 1) if n else None, {"in": 1} if n == 0 or n == 49_999 else None) for n in range(50_000)]
    assert roll_up(chain) == {"in": 1}


@given(st.lists(st.integers(0, 5), max_size=20))
def test_without_nesting_it_is_a_sum(counts: list[int]) -> None:
    nodes = [(str(n), None, {"in": count}) for n, count in enumerate(counts)]
    assert roll_up(nodes).get("in", 0) == sum(counts)
