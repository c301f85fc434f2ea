"""Frames of a scroll, read from events as Chromium writes them."""

from __future__ import annotations

import json
from itertools import count
from typing import Any

import pytest

from bench.browsing import turns_of
from bench.frames import BEGIN, END, frames_of, read_trace

FRAME = 16_667
PAGE, OTHER = {"pid": 7, "tid": 1}, {"pid": 8, "tid": 1}
_ids = count()


def mark(name: str, at: int) -> dict[str, Any]:
    return {"name": name, "ph": "R", "ts": at, "cat": "blink.user_timing", "args": {"data": {}}, **PAGE}


def frame(
    number: int, state: str, at: int, took: int = 5000, *, place: Any = PAGE, **told: Any
) -> list[dict[str, Any]]:
    """What the compositor reports of a frame that began at a time (µs) and was shown, or given up, so long after."""
    same = {"name": "PipelineReporter", "id2": {"local": hex(next(_ids))}, **place, "tid": 9}
    reported = {"frame_sequence": number, "frame_source": 1, "state": f"STATE_{state}", **told}
    return [
        {**same, "ph": "b", "ts": at, "args": {"frame_reporter": reported}},
        {**same, "ph": "e", "ts": at + took, "args": {}},
    ]


def task(at: int, took: int, **place: int) -> dict[str, Any]:
    return {"name": "RunTask", "ph": "X", "ts": at, "dur": took, "args": {}, **PAGE, **place}


def read(*events: Any) -> Any:
    flat = [one for event in events for one in (event if isinstance(event, list) else [event])]
    return frames_of(read_trace(json.dumps({"traceEvents": flat, "metadata": {"os": "x"}}).encode()))


def test_frames_that_were_shown_give_the_intervals() -> None:
    shown = [frame(number, "PRESENTED_ALL", 100 + number * FRAME) for number in range(21)]
    found = read(mark(BEGIN, 0), *shown, mark(END, 22 * FRAME))
    assert len(found.intervals) == 20
    assert (found.median, found.p95) == (pytest.approx(FRAME / 1e6), pytest.approx(FRAME / 1e6))
    assert found.rate == pytest.approx(60, abs=0.01)
    assert (found.wanted, found.dropped, found.unpainted) == (21, 0, 0)


def test_a_frame_is_left_out_if_no_part_of_it_was_shown() -> None:
    found = read(
        mark(BEGIN, 0),
        frame(1, "PRESENTED_ALL", FRAME),
        # The compositor's part was shown, the page's came with the next.
        frame(2, "PRESENTED_PARTIAL", 2 * FRAME, frame_type="FORKED", has_missing_content=True),
        frame(2, "PRESENTED_ALL", 2 * FRAME, FRAME + 5000),
        frame(3, "PRESENTED_PARTIAL", 3 * FRAME, frame_type="FORKED"),
        frame(3, "DROPPED", 3 * FRAME, 4 * FRAME),
        frame(4, "DROPPED", 4 * FRAME, frame_type="FORKED"),
        frame(4, "DROPPED", 4 * FRAME, 2 * FRAME),
        frame(5, "PRESENTED_ALL", 5 * FRAME),
        frame(6, "NO_UPDATE_DESIRED", 6 * FRAME),
        mark(END, 8 * FRAME),
    )
    assert (found.wanted, found.dropped, found.unpainted) == (5, 1, 1)
    assert found.intervals == pytest.approx([FRAME / 1e6, FRAME / 1e6, 2 * FRAME / 1e6])


def test_only_the_page_counts_and_only_while_it_scrolls() -> None:
    found = read(
        frame(1, "DROPPED", 10),
        mark(BEGIN, 100_000),
        frame(2, "PRESENTED_ALL", 110_000),
        frame(3, "PRESENTED_ALL", 126_000),
        frame(3, "DROPPED", 126_000, place=OTHER),
        task(80_000, 30_000),
        task(110_000, 9_000),
        task(110_000, 70_000, tid=2),
        task(110_000, 80_000, pid=8),
        mark(END, 200_000),
        frame(4, "PRESENTED_ALL", 300_000),
        task(300_000, 90_000),
        mark(BEGIN, 400_000),
        frame(5, "PRESENTED_ALL", 410_000),
        frame(6, "PRESENTED_ALL", 430_000),
        mark(END, 500_000),
    )
    assert found.intervals == pytest.approx([0.016, 0.02])
    assert (found.wanted, found.dropped) == (4, 0)
    assert found.longest_task == pytest.approx(0.03)


def test_a_trace_that_says_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="0 marks"):
        read(frame(1, "PRESENTED_ALL", 5))
    with pytest.raises(ValueError, match="no two frames"):
        read(mark(BEGIN, 0), frame(1, "PRESENTED_ALL", 5), mark(END, 50_000))


@pytest.mark.parametrize(
    ("distance", "room", "turns"),
    [(500, 3000, [500]), (3000, 3000, [3000]), (7000, 3000, [3000, -3000, 1000]), (100, 0, [])],
)
def test_a_box_that_ends_is_scrolled_up_again(distance: int, room: int, turns: list[int]) -> None:
    assert turns_of(distance, room) == turns
