"""What a benchmark gives: measured samples, the peer's beside them, and the bar that holds for the two."""

from __future__ import annotations

import statistics
from collections.abc import Callable
from typing import Literal

import msgspec

Unit = Literal["s", "B", "/s", "count"]

COSTS: frozenset[str] = frozenset({"s", "B", "count"})
"""Units of which less is better; of a rate more is."""


class Sample(msgspec.Struct, frozen=True):
    """One quantity measured several times. ``unit``: seconds, bytes, a rate a second, or a count."""

    unit: Unit
    values: list[float]

    @property
    def median(self) -> float:
        """The middle value."""
        return statistics.median(self.values)

    @property
    def middle(self) -> str:
        """The median with its unit."""
        return show(self.median, self.unit)

    def __str__(self) -> str:
        low, high = min(self.values), max(self.values)
        if low == high:
            return self.middle
        return f"{self.middle} ({show(low, self.unit)} – {show(high, self.unit)})"


class Bar(msgspec.Struct, frozen=True):
    """What a figure is held to.

    ``times``: how many times better than the peer it must be, at least (0.85 reads: 85% of the peer's speed).
    ``most``: the largest value allowed, in the sample's unit.
    """

    text: str
    times: float | None = None
    most: float | None = None


class Latency(msgspec.Struct, frozen=True):
    """How long single requests took while a rate was measured: the median and the 99th percentile, in seconds.

    ``failed`` counts those that were refused; the rate leaves them out.
    """

    p50: float
    p99: float
    failed: int = 0

    def __str__(self) -> str:
        failed = f", **{self.failed:,} failed**" if self.failed else ""
        return f"p50 {show(self.p50, 's')}, p99 {show(self.p99, 's')}{failed}"


class Figure(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the table."""

    what: str
    quire: Sample
    peer: Sample | None = None
    peer_name: str = "MLflow"
    bar: Bar | None = None
    quire_latency: Latency | None = None
    peer_latency: Latency | None = None

    @property
    def times(self) -> float | None:
        """How many times better than the peer Quire's median is: less time, less memory, or a higher rate."""
        if self.peer is None:
            return None
        ours, theirs = self.quire.median, self.peer.median
        better, base = (theirs, ours) if self.quire.unit in COSTS else (ours, theirs)
        return better / base if base else None

    @property
    def met(self) -> bool | None:
        """Whether the bar is met; None without a bar, or where its peer could not be measured."""
        if self.bar is None:
            return None
        if self.bar.most is not None:
            return self.quire.median <= self.bar.most
        times = self.times
        return None if times is None or self.bar.times is None else times >= self.bar.times


class Measured(msgspec.Struct, frozen=True, kw_only=True):
    """One benchmark's outcome, with the conditions it was measured under."""

    name: str
    figures: list[Figure]
    conditions: str


def show(value: float, unit: Unit) -> str:
    """A value with its unit, three digits."""
    return _SHOW[unit](value)


def show_times(times: float | None) -> str:
    """A ratio: ``52×``, ``4.3×``, ``0.93×``."""
    if times is None:
        return ""
    return f"{times:,.0f}×" if times >= 20 else f"{times:.1f}×" if times >= 2 else f"{times:.2f}×"


def show_verdict(met: bool | None) -> str:
    """``met``, ``missed`` or nothing."""
    return "" if met is None else "met" if met else "missed"


def _seconds(value: float) -> str:
    for scale, name in ((1, "s"), (1e3, "ms"), (1e6, "µs")):
        if value * scale >= 1:
            return f"{_digits(value * scale)} {name}"
    return f"{value * 1e9:.0f} ns" if value else "0 s"


def _digits(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


_SHOW: dict[str, Callable[[float], str]] = {
    "s": _seconds,
    "B": lambda value: f"{_digits(value / 1e6)} MB",
    "/s": lambda value: f"{_digits(value)}/s",
    "count": lambda value: f"{value:,.0f}",
}
