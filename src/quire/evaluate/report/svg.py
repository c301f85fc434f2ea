"""Pictures of a comparison as inline SVG: intervals of differences, and how scores are distributed."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape

from quire.evaluate.comparison import MetricComparison
from quire.evaluate.numbers import show_difference, show_interval

WIDTH = 320
_HEIGHT = 44
_MARGIN = 12
_BINS = 24
_BARS_HEIGHT = 96


def interval_picture(metric: MetricComparison) -> str:
    """The difference as a dot, its interval as a line, and where zero is."""
    low, high, at = metric.interval.low, metric.interval.high, metric.difference
    said = (
        f"Difference {show_difference(at, metric.kind, metric.name)}, interval "
        f"{show_interval(low, high, metric.kind, metric.name)}: {metric.verdict}."
    )
    if math.isnan(at):
        return _picture(said, _HEIGHT, _text(WIDTH / 2, 26, "nothing to compare", "middle"))
    bounds = [bound for bound in (low, high) if math.isfinite(bound)]
    least, most = min(0.0, at, *bounds), max(0.0, at, *bounds)
    span = (most - least) or 1.0
    least, most = least - span * 0.08, most + span * 0.08

    def x(value: float) -> float:
        share = (min(max(value, least), most) - least) / (most - least)
        return _MARGIN + share * (WIDTH - 2 * _MARGIN)

    parts = [
        f'<line class="axis" x1="{_MARGIN}" x2="{WIDTH - _MARGIN}" y1="20" y2="20"/>',
        f'<line class="zero" x1="{x(0):.1f}" x2="{x(0):.1f}" y1="6" y2="34"/>',
        _text(x(0), 43, "0", "middle"),
    ]
    if not (math.isnan(low) or math.isnan(high)):
        start, end = x(low), x(high)
        parts += [
            f'<line class="interval" x1="{start:.1f}" x2="{end:.1f}" y1="20" y2="20"/>',
            *(f'<line class="interval" x1="{edge:.1f}" x2="{edge:.1f}" y1="14" y2="26"/>' for edge in (start, end)),
        ]
    parts.append(f'<circle class="dot" cx="{x(at):.1f}" cy="20" r="5"/>')
    return _picture(said, _HEIGHT, *parts, mood=_MOODS[metric.verdict])


def outcome_picture(names: tuple[str, str], both: int, only_a: int, only_b: int, neither: int) -> str:
    """Of right-or-wrong scores: how many records both got right, one alone, neither."""
    counts = [
        (both, "both", f"both right: {both:,}"),
        (only_b, "onlyb", f"only {names[1]}: {only_b:,}"),
        (only_a, "onlya", f"only {names[0]}: {only_a:,}"),
        (neither, "neither", f"neither: {neither:,}"),
    ]
    total = sum(count for count, _kind, _words in counts) or 1
    parts, at = [], 0.0
    for count, kind, words in counts:
        width = count / total * WIDTH
        parts.append(_box(kind, at, 4, width, 24, f"<title>{escape(words)}</title>"))
        at += width
    return _picture("; ".join(words for _count, _kind, words in counts), 32, *parts)


def distribution_picture(names: tuple[str, str], a: Sequence[float], b: Sequence[float], low: str, high: str) -> str:
    """Two histograms on one axis: the first variant above the line, the second below."""
    if not a and not b:
        return _picture("No values.", 24, _text(WIDTH / 2, 16, "no values", "middle"))
    least, most = min([*a, *b]), max([*a, *b])
    above, below = _bins(a, least, most), _bins(b, least, most)
    largest = max([*above, *below, 1])
    width = (WIDTH - 2 * _MARGIN) / _BINS
    middle, half = _BARS_HEIGHT / 2, _BARS_HEIGHT / 2 - 4
    parts = []
    for place in range(_BINS):
        at = _MARGIN + place * width
        for counts, kind, up in ((above, "a", True), (below, "b", False)):
            height = counts[place] / largest * half
            if height:
                top = middle - height if up else middle
                parts.append(_box(kind, at + 0.5, top, width - 1, height))
    parts.append(f'<line class="axis" x1="{_MARGIN}" x2="{WIDTH - _MARGIN}" y1="{middle}" y2="{middle}"/>')
    parts += [_text(_MARGIN, _BARS_HEIGHT + 12, low, "start"), _text(WIDTH - _MARGIN, _BARS_HEIGHT + 12, high, "end")]
    said = f"{names[0]} above the line ({len(a):,} values), {names[1]} below it ({len(b):,}), from {low} to {high}."
    return _picture(said, _BARS_HEIGHT + 16, *parts)


def _bins(values: Sequence[float], least: float, most: float) -> list[int]:
    counts = [0] * _BINS
    span = (most - least) or 1.0
    for value in values:
        counts[min(_BINS - 1, int((value - least) / span * _BINS))] += 1
    return counts


_MOODS = {"better": "better", "worse": "worse", "no difference shown": "unclear"}


def _picture(said: str, height: float, *parts: str, mood: str = "unclear") -> str:
    return (
        f'<svg class="{mood}" role="img" aria-label="{escape(said)}" viewBox="0 0 {WIDTH} {height:g}" '
        f'width="{WIDTH}" height="{height:g}"><title>{escape(said)}</title>{"".join(parts)}</svg>'
    )


def _box(kind: str, x: float, y: float, width: float, height: float, inside: str = "") -> str:
    place = f'x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}"'
    return f'<rect class="{kind}" {place}>{inside}</rect>'


def _text(x: float, y: float, text: str, anchor: str) -> str:
    return f'<text x="{x:.1f}" y="{y:g}" text-anchor="{anchor}">{escape(text)}</text>'
