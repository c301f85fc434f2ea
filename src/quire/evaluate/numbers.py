"""Numbers of an evaluation as people read them."""

from __future__ import annotations

import math

from quire.domain.scores import ScoreKind

NOTHING = "–"


def show(value: float | None, kind: ScoreKind = "number", name: str = "") -> str:
    """A mean or a sum: a share of right answers as a percentage, US dollars and seconds with their sign."""
    if value is None or math.isnan(value):
        return NOTHING
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    if kind == "binary":
        return f"{value:.1%}".replace("-", "−")
    return _unit(_digits(value), name)


def show_difference(value: float, kind: ScoreKind = "number", name: str = "") -> str:
    """A difference with its sign: of shares in points (a hundredth each)."""
    if math.isnan(value):
        return NOTHING
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    sign = "+" if value > 0 else "−" if value < 0 else "±"
    if kind == "binary":
        return f"{sign}{abs(value) * 100:.1f} pts"
    return f"{sign}{_unit(_digits(abs(value)), name)}"


def show_interval(low: float, high: float, kind: ScoreKind = "number", name: str = "") -> str:
    """An interval of a difference."""
    unit = " pts" if kind == "binary" else ""
    bounds = [show_difference(bound, kind, name).removesuffix(unit) for bound in (low, high)]
    return f"[{bounds[0]}, {bounds[1]}]{unit}"


def show_p(p: float) -> str:
    """A p-value: three digits, never 0."""
    if math.isnan(p):
        return NOTHING
    return "< 0.001" if p < 0.001 else f"{p:.3f}"


def _digits(value: float) -> str:
    size = abs(value)
    if size == 0:
        return "0"
    if size >= 1000:
        return f"{value:,.0f}".replace("-", "−")
    if size < 0.001:
        shown, _mark, power = f"{value:.2e}".partition("e")
        return f"{shown}e{int(power)}".replace("-", "−")
    digits = max(0, 2 - math.floor(math.log10(size)))
    return f"{value:.{min(digits, 10)}f}".replace("-", "−")


def _unit(text: str, name: str) -> str:
    if name.endswith("_usd"):
        return f"${text}" if not text.startswith("−") else f"−${text[1:]}"
    return f"{text} s" if name.endswith("_s") or name == "latency" else text
