from __future__ import annotations

import random
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from quire.domain.sequencediff import increasing, opcodes

FEW = st.lists(st.integers(0, 5), max_size=30)
MANY = st.lists(st.integers(0, 3), min_size=250, max_size=400)


@given(st.tuples(FEW, FEW) | st.tuples(MANY, MANY))
def test_the_steps_turn_the_old_into_the_new_without_gaps(sides: tuple[list[int], list[int]]) -> None:
    old, new = sides
    place = new_place = 0
    kinds = []
    for op, start, stop, new_start, new_stop in opcodes(old, new):
        assert (start, new_start) == (place, new_place)
        assert (old[start:stop] == new[new_start:new_stop]) == (op == "equal")
        assert (op == "delete") == (new_start == new_stop)
        assert (op == "insert") == (start == stop)
        place, new_place = stop, new_stop
        kinds.append(op)
    assert (place, new_place) == (len(old), len(new))
    assert all((one == "equal") != (other == "equal") for one, other in pairwise(kinds))


def test_what_is_put_in_is_all_that_differs() -> None:
    assert opcodes("abcd", "abxcd") == [("equal", 0, 2, 0, 2), ("insert", 2, 2, 2, 3), ("equal", 2, 4, 3, 5)]


def test_a_long_sequence_of_few_words_is_anchored_by_runs() -> None:
    draw = random.Random(1)
    old = [draw.choice("abcdefghij") for _ in range(5000)]
    new = [*old[:1000], "new", *old[1000:3000], *old[3010:]]
    changed = [step for step in opcodes(old, new) if step[0] != "equal"]
    assert sum(stop - start for _op, start, stop, _new_start, _new_stop in changed) <= 30


@given(st.lists(st.integers(0, 20), unique=True, max_size=8))
def test_the_longest_increasing_run(numbers: list[int]) -> None:
    found = increasing(list(enumerate(numbers)))
    assert found == sorted(found)
    assert all(one[1] < other[1] for one, other in pairwise(found))
    lengths: list[int] = []
    for place, number in enumerate(numbers):
        lengths.append(1 + max((lengths[before] for before in range(place) if numbers[before] < number), default=0))
    assert len(found) == max(lengths, default=0)
