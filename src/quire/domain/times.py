"""Times and durations as protobuf's JSON writes them: ``2026-11-24T14:59:42.323Z`` and ``0.104s``.

Inside, a time is milliseconds since the Unix epoch and a duration milliseconds.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from quire.domain.errors import InvalidInput

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
# Protobuf's Timestamp covers the years 1 to 9999, its Duration 10,000 years.
_FIRST, _LAST = -62_135_596_800_000, 253_402_300_799_999
_LONGEST = 315_576_000_000_000
_TIME = re.compile(r"(\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?([Zz]|[+-]\d\d:\d\d)")
_DURATION = re.compile(r"(-?)(\d{1,12})(?:\.(\d{1,9}))?s")


def format_time(milliseconds: int) -> str:
    """A time in RFC 3339, with milliseconds unless they are zero. InvalidInput beyond the years 1 to 9999."""
    if not _FIRST <= milliseconds <= _LAST:
        raise InvalidInput(f"The time {milliseconds} ms does not lie in the years 1 to 9999.")
    seconds, rest = divmod(milliseconds, 1000)
    text = (_EPOCH + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%S").zfill(19)
    return f"{text}.{rest:03d}Z" if rest else f"{text}Z"


def parse_time(text: str, what: str = "The time") -> int:
    """Milliseconds since the epoch; finer digits are cut. ``what`` names the value in the error."""
    found = _TIME.fullmatch(text)
    if found is None:
        raise InvalidInput(f"{what} is {text[:60]!r}; expected RFC 3339, such as '2026-11-24T14:59:42.323Z'.")
    whole, fraction, zone = found.groups()
    try:
        moment = datetime.fromisoformat(whole.upper() + ("+00:00" if zone in "Zz" else zone))
    except ValueError as error:
        raise InvalidInput(f"{what} is {text[:60]!r}, which is no time: {error}.") from None
    return (moment - _EPOCH) // _MILLISECOND + int((fraction or "0").ljust(3, "0")[:3])


def format_duration(milliseconds: int) -> str:
    """A duration in seconds: ``0.104s``, ``2s``."""
    sign, (seconds, rest) = "-" if milliseconds < 0 else "", divmod(abs(milliseconds), 1000)
    return f"{sign}{seconds}.{rest:03d}s" if rest else f"{sign}{seconds}s"


def parse_duration(text: str, what: str = "The duration") -> int:
    """Milliseconds; finer digits are cut. ``what`` names the value in the error."""
    found = _DURATION.fullmatch(text)
    if found is None:
        raise InvalidInput(f"{what} is {text[:60]!r}; expected seconds, such as '0.104s'.")
    sign, whole, fraction = found.groups()
    value = int(whole) * 1000 + int((fraction or "0").ljust(3, "0")[:3])
    if value > _LONGEST:
        raise InvalidInput(f"{what} is {text[:60]!r}; at most 10,000 years are allowed.")
    return -value if sign else value
