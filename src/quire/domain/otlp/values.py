"""Attribute values: OTLP's messages as plain data and back."""

from __future__ import annotations

import base64
import math
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue

from quire.domain.errors import InvalidInput

MAX_DEPTH = 30
"""Levels of a value that a request may hold: protobuf's readers stop at a hundred messages inside of one another.

A level of a mapping takes three (list of pairs, pair, value), one of a list two; around the value stand up to six
(resource spans, scope spans, span, event or link, pair, value). So 31 levels of mappings can be read, one is left over.
"""


def plain(value: AnyValue) -> Any:
    """A value as plain data: text, numbers, truth values, lists, mappings; None if it is not set."""
    kind = value.WhichOneof("value")
    match kind:
        case "string_value":
            return value.string_value
        case None:
            return None
        case "kvlist_value":
            return {item.key: plain(item.value) for item in value.kvlist_value.values}
        case "array_value":
            return [plain(item) for item in value.array_value.values]
        case "bytes_value":
            return base64.b64encode(value.bytes_value).decode()
        case "double_value":
            number = value.double_value
            return number if math.isfinite(number) else str(number)
    return getattr(value, kind)


def plain_attributes(attributes: Iterable[KeyValue]) -> dict[str, Any]:
    """Attributes as a mapping of plain data; of a key given twice the last counts."""
    return {item.key: plain(item.value) for item in attributes}


def put(target: AnyValue, value: Any, depth: int = 0) -> None:
    """Set ``target`` to plain data. InvalidInput for data nested too deep; what has no form of its own is text."""
    if depth > MAX_DEPTH:
        raise InvalidInput(f"A value is nested more than {MAX_DEPTH} levels deep. Store it as JSON text instead.")
    if isinstance(value, str):
        target.string_value = value.encode("utf-8", "replace").decode()
    elif isinstance(value, bool):
        target.bool_value = value
    elif isinstance(value, int) and -(2**63) <= value < 2**63:
        target.int_value = value
    elif isinstance(value, float):
        target.double_value = value
    elif isinstance(value, bytes):
        target.bytes_value = value
    elif isinstance(value, Mapping):
        target.kvlist_value.SetInParent()
        for key, item in value.items():
            pair = target.kvlist_value.values.add()
            pair.key = str(key)
            put(pair.value, item, depth + 1)
    elif isinstance(value, list | tuple):
        target.array_value.SetInParent()
        for item in value:
            put(target.array_value.values.add(), item, depth + 1)
    elif value is not None:
        target.string_value = str(value)


def put_any(target: AnyValue, value: Any) -> None:
    """Set ``target`` to plain data; what is nested too deep is kept as its JSON text."""
    try:
        put(target, value)
    except InvalidInput:
        target.Clear()
        target.string_value = msgspec.json.encode(value).decode()


def wire(value: AnyValue) -> dict[str, Any]:
    """A value in protobuf's JSON form with the field names of the description (``string_value``, …)."""
    kind = value.WhichOneof("value")
    match kind:
        case None:
            return {}
        case "string_value":
            return {"string_value": value.string_value}
        case "kvlist_value":
            return {"kvlist_value": {"values": wire_attributes(value.kvlist_value.values)}}
        case "array_value":
            return {"array_value": {"values": [wire(item) for item in value.array_value.values]}}
        case "bytes_value":
            return {"bytes_value": base64.b64encode(value.bytes_value).decode()}
        case "double_value":
            return {"double_value": wire_number(value.double_value)}
    return {kind: getattr(value, kind)}


def wire_number(number: float) -> float | str:
    """A number in protobuf's JSON form, where what is not finite is text."""
    if math.isfinite(number):
        return number
    return "NaN" if math.isnan(number) else ("Infinity" if number > 0 else "-Infinity")


def wire_attributes(attributes: Iterable[KeyValue]) -> list[dict[str, Any]]:
    """Attributes in protobuf's JSON form."""
    return [{"key": item.key, "value": wire(item.value)} for item in attributes]
