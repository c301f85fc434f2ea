"""The picture of the simulations: a row for each method, a dot for each number of rows, the bar as a grey band."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from bench.calibration.outcomes import COVERAGE, FALSE_PROMOTION, POWER, Outcome

_COLOURS = {20: "#d1495b", 100: "#2e6f95", 1000: "#1b1b1e"}
_PANELS = (
    (FALSE_PROMOTION, "False promotion without a difference, in % (nominal 5, at most 5.5)", 0.0, 8.0, 1.0),
    (COVERAGE, "Intervals that hold the truth, in % (nominal 95, within 1)", 90.0, 100.0, 1.0),
    (POWER, "Power at the planned effect, less the plan, in points (within 3)", -6.0, 6.0, 1.0),
)
_LABELS, _PLOT, _ROW, _WIDTH = 330, 500, 20, 860


def draw(outcomes: Sequence[Outcome]) -> str:
    """The figure as SVG text."""
    parts, top = [], 34
    for measure, title, low, high, step in _PANELS:
        chosen = [outcome for outcome in outcomes if outcome.measure == measure]
        drawn, top = _panel(chosen, title, (low, high, step), top)
        parts += drawn
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" height="{top}" viewBox="0 0 {_WIDTH} {top}" '
        'font-family="sans-serif" font-size="12">'
    )
    return "\n".join(
        [head, f'<rect width="{_WIDTH}" height="{top}" fill="#ffffff"/>', *_legend(), *parts, "</svg>", ""]
    )


def _legend() -> list[str]:
    parts = []
    for place, (n, colour) in enumerate(_COLOURS.items()):
        x = _LABELS + 110 * place
        parts.append(f'<circle cx="{x}" cy="16" r="4" fill="{colour}"/><text x="{x + 9}" y="20">{n:,} rows</text>')
    return parts


def _panel(outcomes: list[Outcome], title: str, axis: tuple[float, float, float], top: int) -> tuple[list[str], int]:
    rows = list(dict.fromkeys((outcome.subject, outcome.population) for outcome in outcomes))
    height = _ROW * len(rows)
    parts = [f'<text x="10" y="{top + 14}" font-weight="bold">{escape(title)}</text>', *_grid(axis, top + 24, height)]
    for place, key in enumerate(rows):
        y = top + 24 + _ROW * place + _ROW / 2
        parts.append(f'<text x="10" y="{y + 4}">{escape(key[0])}: {escape(key[1])}</text>')
        found = [outcome for outcome in outcomes if (outcome.subject, outcome.population) == key]
        parts += [_band(outcome, axis, y) for outcome in found] + [_dot(outcome, axis, y) for outcome in found]
    return parts, top + height + 60


def _grid(axis: tuple[float, float, float], top: int, height: int) -> list[str]:
    low, high, step = axis
    parts, value = [], low
    while value <= high + 1e-9:
        x = _place(value, axis)
        parts.append(f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{top}" y2="{top + height}" stroke="#dddddd"/>')
        parts.append(f'<text x="{x:.1f}" y="{top + height + 15}" text-anchor="middle" fill="#555555">{value:g}</text>')
        value += step
    return parts


def _band(outcome: Outcome, axis: tuple[float, float, float], y: float) -> str:
    shift = outcome.nominal if outcome.measure == POWER else 0.0
    left, right = _place(outcome.low - shift, axis), _place(outcome.high - shift, axis)
    return f'<rect x="{left:.1f}" y="{y - 6}" width="{right - left:.1f}" height="12" fill="#e8eef2"/>'


def _dot(outcome: Outcome, axis: tuple[float, float, float], y: float) -> str:
    shift = outcome.nominal if outcome.measure == POWER else 0.0
    y += {20: -4, 100: 0, 1000: 4}.get(outcome.n, 0)
    label = f"{outcome.subject}, {outcome.population}, {outcome.n} rows: {outcome.rate:.2f} %"
    return (
        f'<circle cx="{_place(outcome.rate - shift, axis):.1f}" cy="{y}" r="3.5" '
        f'fill="{_COLOURS.get(outcome.n, "#888888")}"><title>{escape(label)}</title></circle>'
    )


def _place(value: float, axis: tuple[float, float, float]) -> float:
    low, high, _ = axis
    return _LABELS + _PLOT * (min(max(value, low), high) - low) / (high - low)
