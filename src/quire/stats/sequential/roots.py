"""Where falling evidence crosses a level: the end of an interval is where evidence would be just enough."""

from __future__ import annotations

import math
from collections.abc import Callable

_TRIES = 200
_SHIFT = 8.0
_NEAR = 1e-6
_WIDER = 1.5


def crossing(
    evidence: Callable[[float], float],
    needed: float,
    low: float,
    high: float,
    *,
    close: float,
    step: float,
    top: float | None = None,
) -> float:
    """The largest x found in [low, high] with evidence(x) ≥ ``needed``; ``low`` if there is none.

    Where evidence is as much as needed even at ``high``, it is looked for up to ``top``, if that is given.

    It is right to within ``close``, or to where evidence is above what is needed by a thousandth or so. ``evidence``
    does not rise with x; ``step`` is how far below that the crossing may be.
    Evidence grows with the square of the distance from what was seen, so that its root is nearly a straight line, on
    which regula falsi (with the Illinois step, and halving where that makes little way) needs few tries.
    """

    def above(x: float) -> float:
        return _root(evidence(x)) - _root(needed)

    at_start = above(high)
    if at_start >= 0:
        low, at_low, high, at_high = _climbed(above, high, at_start, high if top is None else top, step)
    else:
        low, at_low, high, at_high = _bracket(above, low, high, at_start, step)
    return low if at_low < 0 else _regula_falsi(above, low, at_low, high, at_high, close, _NEAR)


def solved(falling: Callable[[float], float], level: float, low: float, high: float, close: float) -> float:
    """The x in [low, high] at which a falling function is at the level, to within ``close``; else the nearer end."""

    def above(x: float) -> float:
        return falling(x) - level

    at_low, at_high = above(low), above(high)
    if at_low < 0 or at_high >= 0:
        return low if at_low < 0 else high
    return _regula_falsi(above, low, at_low, high, at_high, close, 0.0)


def _regula_falsi(
    above: Callable[[float], float], low: float, at_low: float, high: float, at_high: float, close: float, near: float
) -> float:
    """The lower end of what is left of [low, high] around the crossing when it is small, or at most ``near`` above."""
    same = 0
    for _ in range(_TRIES):
        width = high - low
        if width <= close or at_low < near:
            break
        guess = low + width * (at_low / (at_low - at_high) if abs(same) < 4 and at_low - at_high < math.inf else 0.5)
        guess = min(max(guess, low + close / 2), high - close / 2)
        at = above(guess)
        if at >= 0:
            same = max(same, 0) + 1
            low, at_low, at_high = guess, at, at_high / 2 if same > 1 else at_high
        else:
            same = min(same, 0) - 1
            high, at_high, at_low = guess, at, at_low / 2 if same < -1 else at_low
    return low


def _climbed(
    above: Callable[[float], float], low: float, at_low: float, top: float, step: float
) -> tuple[float, float, float, float]:
    """The same, looked for upwards; ``top`` twice if there is none below it."""
    while low < top:
        high = min(top, low + step)
        at_high, step = above(high), step * _WIDER
        if at_high < 0:
            return low, at_low, high, at_high
        low, at_low = high, at_high
    return low, at_low, low, at_low


def _bracket(
    above: Callable[[float], float], low: float, high: float, at_high: float, step: float
) -> tuple[float, float, float, float]:
    """Two points between which there is a crossing, with what is there; the least one twice if there is none."""
    x = high
    while x > low:
        x = max(low, x - step)
        at = above(x)
        if at >= 0:
            return x, at, high, at_high
        high, at_high, step = x, at, step * _WIDER
    return low, at_high, low, at_high


def _root(evidence: float) -> float:
    return math.sqrt(max(evidence + _SHIFT, 0.0))
