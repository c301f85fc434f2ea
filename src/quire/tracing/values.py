"""Values of a program as JSON text: a snapshot of what they are now, whatever they are."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import msgspec

_MOST_DEPTH = 60
_LONGEST_TEXT = 10_000


def to_json(value: Any) -> bytes:
    """A value as JSON text. What JSON has no form for is its ``repr``; this never raises."""
    try:
        return _encode(value)
    except Exception:
        return _after_failure(value)


def from_json(text: bytes | None) -> Any:
    """What a JSON text stands for; None for none."""
    return None if text is None else msgspec.json.decode(text)


def _after_failure(value: Any) -> bytes:
    try:
        return _encode(_plain(value, 0))
    except Exception:
        return b'"<a value that cannot be written>"'


def as_data(value: Any) -> Any:
    """A value as plain data; this never raises."""
    if value is None or isinstance(value, str | bool | int | float):
        return value
    return msgspec.json.decode(to_json(value))


def _special(value: Any) -> Any:
    """Plain data for an object that msgspec does not know."""
    dump = getattr(value, "model_dump", None)
    if callable(dump) and not isinstance(value, type):
        return dump(mode="json")
    if isinstance(value, BaseException):
        return f"{type(value).__name__}: {value}"
    listed = getattr(value, "tolist", None)
    if callable(listed):
        return listed()
    return _shown(value)


_encode = msgspec.json.Encoder(enc_hook=_special).encode


def _plain(value: Any, depth: int) -> Any:
    """Plain data for a value that could not be written as it is: circles, odd keys, broken text, huge numbers."""
    if depth > _MOST_DEPTH:
        return "..."
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, int):
        return value if -(2**63) <= value < 2**64 else str(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, Mapping):
        return {str(key): _plain(item, depth + 1) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(item, depth + 1) for item in value]
    try:
        return msgspec.json.decode(_encode(value))
    except Exception:
        return _shown(value)


def _shown(value: Any) -> str:
    try:
        return repr(value)[:_LONGEST_TEXT]
    except Exception:
        return f"<{type(value).__name__} that cannot be shown>"
