"""What somebody who looks at traces is shown: the outline of one, one of its spans, and how many began when.

A trace may have thousands of spans and each may hold a megabyte. So the outline holds no content, and a span is read
by itself.
"""

from __future__ import annotations

from typing import Any

import msgspec

from quire.domain.errors import InvalidInput
from quire.domain.traces import SpanStatus, TraceInfo

ESTIMATED = "quire.usage.estimated"
"""The attribute of a span whose tokens were reckoned, not told by the service."""
FIRST_TOKEN = "quire.stream.first_token_ms"  # noqa: S105 - the name of an attribute
"""The attribute of a span whose answer was streamed: when its first token came, in ms after the span's start."""
MAX_POINTS = 500
SECOND_MS = 1000
_WIDTHS_S = (1, 5, 15, 60, 300, 900, 3600, 3 * 3600, 6 * 3600, 12 * 3600, 86_400, 7 * 86_400, 28 * 86_400)


class SpanOutline(msgspec.Struct, frozen=True, kw_only=True):
    """One span without what it holds.

    ``offset_us`` is when it began, in microseconds after the first span of its trace; ``duration_us`` is None for one
    that has not ended. ``usage`` counts tokens, ``cost`` is in US dollars; ``estimated`` says that Quire reckoned them.
    ``first_token_ms`` is when the first token of a streamed answer came, after the span's start.
    """

    span_id: str
    parent_id: str | None = None
    name: str
    type: str
    status: SpanStatus
    offset_us: int
    duration_us: int | None = None
    model: str | None = None
    usage: dict[str, int] | None = None
    cost: dict[str, float] | None = None
    estimated: bool = False
    first_token_ms: float | None = None


class TraceOutline(msgspec.Struct, frozen=True, kw_only=True):
    """A trace and the outlines of its spans, by start. ``start_ms`` is when its first span began."""

    info: TraceInfo
    start_ms: int
    complete: bool
    spans: list[SpanOutline]


class EventView(msgspec.Struct, frozen=True, kw_only=True):
    """Something that happened while a span ran, ``offset_us`` microseconds after its start."""

    name: str
    offset_us: int
    attributes: dict[str, Any]


class LinkView(msgspec.Struct, frozen=True, kw_only=True):
    """Another span that a span has to do with."""

    trace_id: str
    span_id: str
    attributes: dict[str, Any]


class SpanView(msgspec.Struct, frozen=True, kw_only=True):
    """All that one span holds. ``message`` says why it failed.

    ``inputs``, ``outputs`` and each of the other ``attributes`` are JSON text, so that they arrive as they are, nulls
    and large numbers too; None for inputs and outputs that were not recorded.
    """

    span_id: str
    name: str
    type: str
    status: SpanStatus
    message: str
    inputs: str | None = None
    outputs: str | None = None
    attributes: dict[str, str]
    events: list[EventView]
    links: list[LinkView]


class SeriesPoint(msgspec.Struct, frozen=True, kw_only=True):
    """The traces that began in one interval, ``start_ms`` being its start. Cost is in US dollars."""

    start_ms: int
    count: int
    errors: int
    total_tokens: int
    cost: float | None = None
    p50_ms: int | None = None
    p95_ms: int | None = None
    p99_ms: int | None = None


class TraceSeries(msgspec.Struct, frozen=True, kw_only=True):
    """Traces over time, oldest first, in intervals of ``width_ms``; those in which none began are left out."""

    width_ms: int
    start_ms: int
    end_ms: int
    points: list[SeriesPoint]


def width_of(start_ms: int, end_ms: int, points: int) -> int:
    """The width of intervals, in milliseconds, that cut a time into about ``points`` pieces, and not into more."""
    needed = max(end_ms - start_ms, 1) / points
    for width in _WIDTHS_S:
        if width * SECOND_MS >= needed:
            return width * SECOND_MS
    last = _WIDTHS_S[-1] * SECOND_MS
    return int(-(-needed // last)) * last


def check_points(points: object) -> int:
    """How many intervals may be asked for."""
    if type(points) is not int or not 0 < points <= MAX_POINTS:
        raise InvalidInput(f"points is {points!r}; expected a whole number from 1 to {MAX_POINTS}.")
    return points
