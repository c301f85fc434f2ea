"""Numbers, times and sizes as a person reads them."""

from __future__ import annotations

import datetime
import math

_SECOND, _MINUTE, _HOUR, _DAY = 1000, 60_000, 3_600_000, 86_400_000


def number(value: float | None, digits: int = 6) -> str:
    """A metric in at most six significant digits; counts in full."""
    if value is None:
        return "-"
    if math.isfinite(value) and value == int(value) and abs(value) < 1e15:
        return str(int(value))
    return f"{value:.{digits}g}"


def signed(value: float | None, digits: int = 6) -> str:
    """A difference with its sign; empty if there is none to tell."""
    if value is None or value == 0 or math.isnan(value):
        return ""
    return f"+{number(value, digits)}" if value > 0 else number(value, digits)


def age(then: int | None, now: int) -> str:
    """How long ago a time in milliseconds was: ``5s``, ``3m``, ``2h``, ``6d``."""
    if then is None:
        return "-"
    return span(max(0, now - then))


def span(milliseconds: int) -> str:
    """A length of time in its largest unit."""
    for size, unit in ((_DAY, "d"), (_HOUR, "h"), (_MINUTE, "m")):
        if milliseconds >= size:
            return f"{milliseconds // size}{unit}"
    return f"{milliseconds // _SECOND}s"


def duration(milliseconds: int | None) -> str:
    """How long something took: ``0.35 s``, ``2 m 05 s``."""
    if milliseconds is None:
        return "-"
    seconds = milliseconds / 1000
    if seconds < 60:
        return f"{seconds:.2f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} m {rest:02d} s"
    return f"{minutes // 60} h {minutes % 60:02d} m"


def moment(milliseconds: int | None) -> str:
    """A time on this machine's clock, to the second."""
    if milliseconds is None:
        return "-"
    try:
        return datetime.datetime.fromtimestamp(milliseconds / 1000).strftime("%Y-%m-%d %H:%M:%S")
    except (OverflowError, ValueError, OSError):
        return str(milliseconds)


def size(count: int | None) -> str:
    """A number of bytes."""
    if count is None:
        return "-"
    amount = float(count)
    for unit in ("B", "kB", "MB"):
        if amount < 1000:
            return f"{amount:.0f} {unit}" if unit == "B" else f"{amount:.1f} {unit}"
        amount /= 1000
    return f"{amount:.1f} GB"


def plural(count: int, word: str) -> str:
    """``1 row``, ``2 rows``."""
    return f"{count:,} {word}" if count == 1 else f"{count:,} {word}s"
