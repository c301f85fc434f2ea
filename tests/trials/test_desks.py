"""What is laid down is handed over in order, soon or when it is asked for, and at the end of the program."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Sequence

import pytest

from quire.trials.desks import Desks


def test_things_are_handed_over_together_in_their_order() -> None:
    found: list[int] = []
    all_there = threading.Event()

    def hand_over(name: str, things: Sequence[int]) -> None:
        assert name == "a"
        found.extend(things)
        if len(found) == 100:
            all_there.set()

    desks: Desks[int] = Desks(hand_over)
    for number in range(100):
        desks.lay("a", number)
    assert all_there.wait(30)
    assert found == list(range(100))


def test_they_are_handed_over_when_that_is_asked_for_and_each_name_has_its_own() -> None:
    found: dict[str, list[int]] = {"a": [], "b": []}
    desks: Desks[int] = Desks(lambda name, things: found[name].extend(things))
    for number in range(5):
        desks.lay("a", number)
        desks.lay("b", -number)
        desks.hand_over("a")
        assert found["a"] == list(range(number + 1))
    desks.hand_over("none")
    desks.clear()
    assert found["b"] == [0, -1, -2, -3, -4]


def test_what_cannot_be_handed_over_is_said_and_the_next_is(caplog: pytest.LogCaptureFixture) -> None:
    found: list[int] = []

    def hand_over(_name: str, things: Sequence[int]) -> None:
        if 13 in things:
            raise OSError("the disk is full")
        found.extend(things)

    desks: Desks[int] = Desks(hand_over)
    for number in (13, 14):
        desks.lay("a", number)
        desks.hand_over("a")
    assert found == [14]
    assert "1 notes were lost: the disk is full" in caplog.text


def test_the_end_of_the_program_hands_over_what_is_left() -> None:
    program = """
from quire.trials.desks import Desks
desks = Desks(lambda name, things: print(name, *things))
desks.lay("a", 1)
desks.lay("a", 2)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "a 1 2\n"
