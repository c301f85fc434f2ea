"""What a trace of Chromium tells of a scroll: the frames that were shown, those that were left out, the longest task.

The page marks where it scrolls (``performance.mark`` of BEGIN and END); only what lies between is looked at. Of each
frame the compositor reports what became of it (events ``PipelineReporter``): shown, with the page's newest state or an
older one where the page's thread was late; left out; or nothing was to be shown. A frame may be reported twice, for the
compositor's part of it and for the page's: it was left out if neither was shown.
"""

from __future__ import annotations

import bisect
import itertools
import statistics
from collections.abc import Iterable
from typing import Any, Literal

import msgspec

BEGIN, END = "quire-scroll-begin", "quire-scroll-end"
CATEGORIES = (
    "-*",
    "blink.user_timing",
    "disabled-by-default-devtools.timeline",
    "disabled-by-default-devtools.timeline.frame",
)
"""What a trace has to record: marks, tasks, frames."""
Became = Literal["shown", "dropped", "nothing"]
_BECAME: dict[str, Became] = {
    "STATE_PRESENTED_ALL": "shown",
    "STATE_PRESENTED_PARTIAL": "shown",
    "STATE_DROPPED": "dropped",
    "STATE_NO_UPDATE_DESIRED": "nothing",
}
_US = 1e-6


class Event(msgspec.Struct, frozen=True):
    """An event of a trace; times in microseconds."""

    name: str = ""
    ph: str = ""
    ts: int = 0
    dur: int = 0
    pid: int = 0
    tid: int = 0
    args: dict[str, Any] = msgspec.field(default_factory=dict)
    id2: dict[str, str] = msgspec.field(default_factory=dict)


class Frames(msgspec.Struct, frozen=True, kw_only=True):
    """Seconds between frames that were shown one after another; how many frames there were to show, how many of them
    were left out, in how many a part was not painted yet; and the seconds of the page's longest task.
    """

    intervals: list[float]
    wanted: int
    dropped: int
    unpainted: int
    longest_task: float

    @property
    def median(self) -> float:
        """The middle interval."""
        return statistics.median(self.intervals)

    @property
    def p95(self) -> float:
        """19 of 20 intervals are no longer."""
        return statistics.quantiles(self.intervals, n=20, method="inclusive")[-1]

    @property
    def rate(self) -> float:
        """Frames a second."""
        return len(self.intervals) / sum(self.intervals)


class _Trace(msgspec.Struct, frozen=True):
    traceEvents: list[Event]  # noqa: N815  (Chromium's name)


class _Report(msgspec.Struct, frozen=True):
    frame: tuple[int, int]
    became: Became
    unpainted: bool
    begin: int
    end: int


def read_trace(content: bytes) -> list[Event]:
    """The events of a trace as Chromium writes it."""
    return msgspec.json.decode(content, type=_Trace).traceEvents


def frames_of(events: Iterable[Event]) -> Frames:
    """The frames of a page while it scrolled. ValueError for a trace without its marks, or without two frames."""
    ordered = sorted(events, key=lambda event: event.ts)
    marks = [event for event in ordered if event.name in (BEGIN, END) and event.ph != "M"]
    begins, ends = ([mark.ts for mark in marks if mark.name == name] for name in (BEGIN, END))
    if not begins or len(begins) != len(ends):
        raise ValueError(f"the trace has {len(begins)} marks {BEGIN} and {len(ends)} marks {END}")
    windows = list(zip(begins, ends, strict=True))
    page = [event for event in ordered if event.pid == marks[0].pid]
    by_frame: dict[tuple[int, int], set[Became]] = {}
    shown: dict[int, bool] = {}
    for report in _reports(page):
        if _window(windows, report.begin) is None or report.became == "nothing":
            continue
        by_frame.setdefault(report.frame, set()).add(report.became)
        if report.became == "shown":
            shown[report.end] = report.unpainted or shown.get(report.end, False)
    intervals = [length for window in windows for length in _intervals(shown, *window)]
    if not intervals:
        raise ValueError("the trace has no two frames that followed each other")
    return Frames(
        intervals=intervals,
        wanted=len(by_frame),
        dropped=sum("shown" not in became for became in by_frame.values()),
        unpainted=sum(shown.values()),
        longest_task=max((event.dur * _US for event in _tasks(page, windows)), default=0.0),
    )


def _reports(page: Iterable[Event]) -> Iterable[_Report]:
    """What became of each frame; the beginning of a report says it, its end when."""
    begun: dict[str, Event] = {}
    for event in page:
        if event.name != "PipelineReporter":
            continue
        place = event.id2.get("local", "")
        if event.ph == "b":
            begun[place] = event
        elif event.ph == "e" and place in begun:
            begin = begun.pop(place)
            told = begin.args.get("frame_reporter") or begin.args.get("chrome_frame_reporter") or {}
            became = _BECAME.get(told.get("state", ""))
            if became is not None:
                frame = (told.get("frame_source", 0), told.get("frame_sequence", 0))
                yield _Report(frame, became, bool(told.get("has_missing_content")), begin.ts, event.ts)


def _tasks(page: list[Event], windows: list[tuple[int, int]]) -> Iterable[Event]:
    """Tasks of the page's own thread, where its marks were made, while it scrolled."""
    thread = next(event.tid for event in page if event.name == BEGIN)
    tasks = [event for event in page if event.name == "RunTask" and event.ph == "X" and event.tid == thread]
    return [task for task in tasks if any(begin < task.ts + task.dur and task.ts < end for begin, end in windows)]


def _window(windows: list[tuple[int, int]], at: int) -> int | None:
    """The number of the window that a time lies in."""
    place = bisect.bisect_right(windows, at, key=lambda window: window[0]) - 1
    return place if place >= 0 and at <= windows[place][1] else None


def _intervals(shown: Iterable[int], begin: int, end: int) -> list[float]:
    inside = sorted(at for at in shown if begin <= at <= end)
    return [(after - before) * _US for before, after in itertools.pairwise(inside)]
