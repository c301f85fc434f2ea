"""The background's work pauses often enough for the program's threads, and not at every step."""

from __future__ import annotations

import pytest

from quire.tracing.pausing import LONGEST_NS, Pauses


@pytest.mark.parametrize(("step", "steps_between"), [(LONGEST_NS // 10, 10), (LONGEST_NS // 2, 2), (LONGEST_NS * 3, 1)])
def test_there_is_a_pause_when_the_work_was_long_enough(step: int, steps_between: int) -> None:
    now, worked, pauses = [LONGEST_NS], [0], []

    def pause() -> None:
        pauses.append(worked[0])
        now[0] += 7 * LONGEST_NS  # the time of a pause is no work

    between = Pauses(lambda: now[0], pause)
    for _ in range(100):
        between()
        now[0] += step
        worked[0] += 1
    assert pauses == list(range(0, 100, steps_between))
