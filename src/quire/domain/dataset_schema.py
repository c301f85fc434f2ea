"""The types of a dataset's fields, inferred from its records, and whether another record fits them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import msgspec

from quire.domain.errors import InvalidInput

FieldType = Literal["boolean", "integer", "float", "string", "array", "object", "null", "unknown"]
_TYPES: dict[type, FieldType] = {
    bool: "boolean",
    int: "integer",
    float: "float",
    str: "string",
    list: "array",
    dict: "object",
}
_OPEN = frozenset({"null", "unknown"})
_NUMBERS = frozenset({"integer", "float"})


def field_type(value: Any) -> FieldType:
    """The type of a JSON value, under MLflow's names."""
    return "null" if value is None else _TYPES.get(type(value), "unknown")


class RecordSchema:
    """The types of the fields of inputs, expectations and outputs of the records seen so far.

    The first type of a field that says something counts. Integers and floats go together, a null fits everything, and
    a record may leave fields out.
    """

    def __init__(self, text: str | None = None) -> None:
        """Begin with a stored schema: the JSON text of an evaluation dataset's."""
        known = msgspec.json.decode(text) if text else {}
        self._parts: dict[str, dict[str, str]] = {
            part: dict(known.get(part) or {}) for part in ("inputs", "expectations")
        }
        outputs = known.get("outputs")
        self._outputs: dict[str, str] = dict(outputs) if isinstance(outputs, dict) else {}
        self._whole: str | None = outputs if isinstance(outputs, str) else None

    def add(self, place: str, inputs: Mapping[str, Any], expectations: Mapping[str, Any] | None, outputs: Any) -> None:
        """Check a record, and learn from it. Raises InvalidInput, naming its place and the field that does not fit."""
        self._fit(place, "inputs", self._parts["inputs"], inputs)
        if expectations:
            self._fit(place, "expectations", self._parts["expectations"], expectations)
        if isinstance(outputs, dict):
            self._fit(place, "outputs", self._outputs, outputs)
        elif outputs is not None:
            self._fit_whole(place, outputs)

    def learn(self, inputs: Mapping[str, Any], expectations: Mapping[str, Any] | None, outputs: Any) -> None:
        """Learn the fields of a record that are new, whether or not the others fit."""
        _learn(self._parts["inputs"], inputs)
        _learn(self._parts["expectations"], expectations or {})
        if isinstance(outputs, dict):
            _learn(self._outputs, outputs)
        elif outputs is not None and self._whole is None:
            self._whole = field_type(outputs)

    def _fit(self, place: str, part: str, known: dict[str, str], values: Mapping[str, Any]) -> None:
        for name, value in values.items():
            kind = field_type(value)
            before = known.get(name)
            if before == kind:
                continue
            if before is None or before in _OPEN:
                known[name] = kind
            elif not _goes_with(before, kind):
                raise _misfit(place, f"{part}.{name}", value, kind, before)

    def _fit_whole(self, place: str, outputs: Any) -> None:
        kind = field_type(outputs)
        if self._whole is None or self._whole in _OPEN:
            self._whole = kind
        elif not _goes_with(self._whole, kind):
            raise _misfit(place, "outputs", outputs, kind, self._whole)

    def to_dict(self) -> dict[str, Any]:
        """Types by field, as in the schema of an evaluation dataset."""
        return {**{part: dict(known) for part, known in self._parts.items()}, "outputs": self._outputs or self._whole}


def _learn(known: dict[str, str], values: Mapping[str, Any]) -> None:
    for name, value in values.items():
        if known.get(name, "null") in _OPEN:
            known[name] = field_type(value)


def _goes_with(before: str, kind: str) -> bool:
    return before == kind or kind in _OPEN or {before, kind} <= _NUMBERS


def _misfit(place: str, field: str, value: Any, kind: str, before: str) -> InvalidInput:
    shown = repr(value)
    shown = shown if len(shown) <= 60 else f"{shown[:57]}..."
    return InvalidInput(
        f"{place}: {field} is {shown} ({kind}), and the records before it have {before} there. Convert it, or say "
        "check_schema=False to keep fields of mixed types."
    )
