"""Values of rows as JSON has them: what libraries give for numbers, times and nothing, and what cannot be kept."""

from __future__ import annotations

import math
from typing import Any

from quire.data.columns import plain_value
from quire.domain.errors import InvalidInput
from quire.domain.rows import is_null

_LEAST, _MOST = -(2**63), 2**64 - 1
_SIMPLE = frozenset({str, bool, type(None)})


def plain(value: Any, place: str, field: str) -> Any:
    """A value of JSON. Raises InvalidInput for NaN, an infinity, a key that is no text, an integer beyond 64 bits."""
    kind = type(value)
    if kind in _SIMPLE:
        return value
    if kind is int:
        if not _LEAST <= value <= _MOST:
            raise InvalidInput(f"{place}: {field} is {value}, which has more than 64 bits. Give it as text.")
        return value
    if kind is float:
        if not math.isfinite(value):
            raise InvalidInput(
                f"{place}: {field} is {_word(value)}, which JSON cannot hold. Fill it, or drop the row, before you "
                "make a dataset of it."
            )
        return value
    if kind is dict:
        return {_key(key, place, field): plain(item, place, f"{field}.{key}") for key, item in value.items()}
    if kind is list or kind is tuple:
        return [plain(item, place, f"{field}[{index}]") for index, item in enumerate(value)]
    return _of_library(value, place, field)


def _of_library(value: Any, place: str, field: str) -> Any:
    if isinstance(value, str):
        return str(value)
    if isinstance(value, dict | list | tuple):
        return plain(dict(value) if isinstance(value, dict) else list(value), place, field)
    if type(value).__name__ in ("NAType", "NaTType"):
        raise InvalidInput(f"{place}: {field} is {value!r}: nothing. Fill it, or drop the row.")
    made = plain_value(value)
    if type(made) is type(value):
        return repr(value)
    return plain(made, place, field)


def is_nothing(value: Any) -> bool:
    """Whether a cell of a table is empty: None, NaN, NaT, NA."""
    return type(value) not in _NEVER and is_null(value)


_NEVER = frozenset({str, int, bool, dict, list})


def _key(key: Any, place: str, field: str) -> str:
    if type(key) is str:
        return key
    raise InvalidInput(f"{place}: {field} has the key {key!r}; expected text.")


def _word(value: float) -> str:
    return "NaN" if math.isnan(value) else "an infinity"
