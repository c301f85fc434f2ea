"""The type of a column, seen from its values, and values as JSON."""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from typing import Any

from quire.domain.schema import AnyType, DataType
from quire.tracking.tables import is_missing


def column_schema(name: str, values: Iterable[Any]) -> tuple[DataType | AnyType, str, bool]:
    """A column's type, name and whether every row has a value."""
    required = True
    kinds: set[DataType | None] = set()
    for value in values:
        if is_missing(value):
            required = False
        else:
            kinds.add(_kind(value))
    return _common(kinds), name, required


def plain_value(value: Any) -> Any:
    """A value that JSON has no word for, as one that it has."""
    if hasattr(value, "tolist"):
        return value.tolist()
    if hasattr(value, "isoformat"):
        return value.isoformat()
    return repr(value)


def _kind(value: Any) -> DataType | None:
    value = value.item() if hasattr(value, "item") and not hasattr(value, "__len__") else value
    for kind, data_type in _KINDS:
        if isinstance(value, kind):
            return data_type
    return None


_KINDS: tuple[tuple[type, DataType], ...] = (
    (bool, DataType.boolean),
    (int, DataType.long),
    (float, DataType.double),
    (str, DataType.string),
    (bytes, DataType.binary),
    (datetime.date, DataType.datetime),
)


def _common(kinds: set[DataType | None]) -> DataType | AnyType:
    if kinds == {DataType.long, DataType.double}:
        return DataType.double
    found = next(iter(kinds)) if len(kinds) == 1 else None
    return found or AnyType()
