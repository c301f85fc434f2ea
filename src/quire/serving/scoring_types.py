"""Values of rows brought to the types of their columns, as MLflow does with what it is sent."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from quire.domain.rows import Row
from quire.domain.schema import ColSpec, DataType, Schema
from quire.serving.errors import UnreadableInput


class ColumnTypes:
    """Brings values to the types of their columns.

    What does not fit is refused where it is text, and else stays for the plan of the row to refuse.
    """

    def __init__(self, schema: Schema | None) -> None:
        specs = [spec for spec in schema or () if isinstance(spec, ColSpec)]
        self._named = {spec.name: spec.type for spec in specs if spec.name is not None}
        self._other = next((spec.type for spec in specs if spec.name is None), DataType.string)
        self._only = next(iter(self._named.values())) if len(self._named) == 1 else self._other

    def row(self, number: int, row: Any) -> Row:
        """A row with its values cast."""
        if isinstance(row, Mapping):
            return {name: _cast(number, name, item, self._named.get(name, self._other)) for name, item in row.items()}
        cast: Row = _cast(number, "input", row, self._only)
        return cast


def _cast(number: int, name: str, value: Any, kind: Any) -> Any:
    is_text = isinstance(value, str)
    if value is None or isinstance(value, dict | list | bytes) or kind not in _CASTS:
        return value
    if is_text and kind is DataType.string:
        return value
    try:
        return _CASTS[kind](value)
    except (TypeError, ValueError, KeyError, OverflowError):
        if not is_text:
            return value
        raise UnreadableInput(f"Row {number}, column {name!r}, is {value[:60]!r}; expected {kind!r}.") from None


def _whole(value: Any) -> Any:
    number = int(value)
    return number if isinstance(value, str) or number == value else value


def _truth(value: Any) -> Any:
    if isinstance(value, str):
        return {"true": True, "false": False}[value.strip().lower()]
    return value


_CASTS: dict[Any, Callable[[Any], Any]] = {
    DataType.string: str,
    DataType.integer: _whole,
    DataType.long: _whole,
    DataType.float: float,
    DataType.double: float,
    DataType.boolean: _truth,
}
