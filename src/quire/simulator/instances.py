"""An instance that fits a JSON schema, the same one each time for the same key. Pure.

Covers what OpenAI accepts in structured outputs and tools: objects, arrays, strings with formats, numbers with
bounds, ``enum``, ``const``, ``anyOf``/``oneOf``/``allOf`` and ``$ref`` within the schema, recursion included.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from quire.simulator.draws import digest
from quire.simulator.errors import ApiError
from quire.simulator.patterns import matching_text

_DEEP = 6
_TOO_DEEP = 40
_LONGEST = 10_000
_FORMATS = {
    "date": "2025-01-31",
    "time": "12:30:00Z",
    "date-time": "2025-01-31T12:30:00Z",
    "duration": "P1D",
    "email": "simulated@example.com",
    "hostname": "simulated.example.com",
    "ipv4": "192.0.2.1",
    "ipv6": "2001:db8::1",
    "uri": "https://example.com/simulated",
    "url": "https://example.com/simulated",
    "uuid": "00000000-0000-4000-8000-000000000000",
}
_WORDS = ("simulated", "sample", "example", "placeholder", "invented", "generated")


def instance(schema: Any, key: bytes) -> Any:
    """A value that fits ``schema``. Raises ApiError (400) for what is no schema, or one that cannot be followed."""
    try:
        return _Builder(schema, key).build(schema, b"$", 0)
    except (AttributeError, LookupError, OverflowError, RecursionError, TypeError, ValueError) as error:
        raise ApiError(400, f"Invalid schema: it is not valid JSON Schema ({error}).") from error


class _Builder:
    def __init__(self, root: Any, key: bytes) -> None:
        self._root = root
        self._key = key

    def build(self, schema: Any, path: bytes, depth: int) -> Any:
        if depth > _TOO_DEEP:
            raise ApiError(400, "Invalid schema: it demands an endless value. Make the recursive property optional.")
        if not isinstance(schema, Mapping):
            return {} if schema is not False else None
        if "$ref" in schema:
            return self.build(self._resolve(schema["$ref"]), path, depth + 1)
        if "const" in schema:
            return schema["const"]
        if schema.get("enum"):
            return self._choose(schema["enum"], path)
        if "allOf" in schema:
            return self.build(self._merge(schema), path, depth + 1)
        for name in ("anyOf", "oneOf"):
            if schema.get(name):
                branch = self._branch(schema[name], path, depth)
                rest = {k: v for k, v in schema.items() if k not in {name, "default"}}
                merged = {**rest, **branch} if isinstance(branch, Mapping) and _constrains(rest) else branch
                return self.build(merged, path, depth + 1)
        return self._of_type(schema, path, depth)

    def _of_type(self, schema: Mapping[str, Any], path: bytes, depth: int) -> Any:
        kind = schema.get("type")
        if isinstance(kind, list):
            options = [k for k in kind if k != "null"] or ["null"]
            kind = "null" if depth > _DEEP and "null" in schema["type"] else self._choose(options, path)
        kind = kind or _implied_type(schema)
        if kind == "object":
            return self._object(schema, path, depth)
        if kind == "array":
            return self._array(schema, path, depth)
        if kind == "integer":
            return int(self._number(schema, path, whole=True))
        if kind == "number":
            return self._number(schema, path, whole=False)
        if kind == "boolean":
            return bool(self._draw(path) % 2)
        return None if kind == "null" else self._string(schema, path)

    def _object(self, schema: Mapping[str, Any], path: bytes, depth: int) -> dict[str, Any]:
        required = list(schema.get("required", ()))
        properties = schema.get("properties", {})
        names = required if depth > _DEEP else [*properties, *(n for n in required if n not in properties)]
        rest = schema.get("additionalProperties", {})
        return {name: self.build(properties.get(name, rest), path + b"." + name.encode(), depth + 1) for name in names}

    def _array(self, schema: Mapping[str, Any], path: bytes, depth: int) -> list[Any]:
        first = list(schema.get("prefixItems", ()))
        least = max(schema.get("minItems", 0), len(first))
        most = schema.get("maxItems", max(least, 3))
        wanted = least if depth > _DEEP else min(most, max(least, 1 + self._draw(path) % 2))
        if wanted > _LONGEST:
            raise ApiError(400, f"Invalid schema: {wanted} items are demanded; the simulator makes {_LONGEST}.")
        items = schema.get("items", {})
        schemas = [first[i] if i < len(first) else items for i in range(wanted)]
        values = [self.build(item, path + b"[%d]" % i, depth + 1) for i, item in enumerate(schemas)]
        if schema.get("uniqueItems"):
            return [value for i, value in enumerate(values) if value not in values[:i]]
        return values

    def _number(self, schema: Mapping[str, Any], path: bytes, *, whole: bool) -> float:
        step = schema.get("multipleOf") or (1 if whole else 0.5)
        low, high = _bounds(schema, step)
        first, last = math.ceil(low / step), math.floor(high / step)
        value = (first + self._draw(path) % max(last - first + 1, 1)) * step
        if last < first:  # no multiple fits: the middle does
            value = (low + high) / 2
        return round(value, 10)

    def _string(self, schema: Mapping[str, Any], path: bytes) -> str:
        if "pattern" in schema:
            return matching_text(str(schema["pattern"]), digest(self._key, path))
        if schema.get("format") in _FORMATS:
            return _FORMATS[schema["format"]]
        text: str = self._choose(_WORDS, path)
        least, most = schema.get("minLength", 0), schema.get("maxLength")
        if least > _LONGEST:
            raise ApiError(400, f"Invalid schema: a text of {least} is demanded; the simulator writes {_LONGEST}.")
        text = text + " simulated" * math.ceil(max(0, least - len(text)) / 10)
        return text[:most] if most is not None else text

    def _resolve(self, reference: str) -> Any:
        node = self._root
        for step in reference.lstrip("#").strip("/").split("/") if reference not in {"#", "#/"} else ():
            step = step.replace("~1", "/").replace("~0", "~")
            if not isinstance(node, Mapping) or step not in node:
                raise ApiError(400, f"Invalid schema: the reference '{reference}' leads nowhere.")
            node = node[step]
        return node

    def _merge(self, schema: Mapping[str, Any]) -> dict[str, Any]:
        merged: dict[str, Any] = {}
        for part in [*schema["allOf"], {k: v for k, v in schema.items() if k != "allOf"}]:
            part = self._resolve(part["$ref"]) if "$ref" in part else part
            part = self._merge(part) if "allOf" in part else part
            properties = {**merged.get("properties", {}), **part.get("properties", {})}
            required = [*merged.get("required", ()), *part.get("required", ())]
            merged = {**merged, **part, "properties": properties, "required": list(dict.fromkeys(required))}
        if not merged["properties"] and not merged["required"]:
            del merged["properties"], merged["required"]
        return merged

    def _branch(self, branches: list[Any], path: bytes, depth: int) -> Any:
        """A branch other than null while shallow; null, where there is one, once it grows deep."""
        nulls = [b for b in branches if isinstance(b, Mapping) and b.get("type") == "null"]
        others = [b for b in branches if b not in nulls]
        if depth > _DEEP and nulls:
            return nulls[0]
        if depth > _DEEP:
            return min(others, key=lambda b: "$ref" in str(b))
        return self._choose(others or nulls, path)

    def _choose(self, options: Any, path: bytes) -> Any:
        return options[self._draw(path) % len(options)]

    def _draw(self, path: bytes) -> int:
        return int.from_bytes(digest(self._key, path, size=4), "little")


def _constrains(schema: Mapping[str, Any]) -> bool:
    return any(name in schema for name in ("type", "properties", "required"))


def _implied_type(schema: Mapping[str, Any]) -> str:
    if any(name in schema for name in ("properties", "required", "additionalProperties")):
        return "object"
    if any(name in schema for name in ("items", "prefixItems", "minItems")):
        return "array"
    if any(name in schema for name in ("minimum", "maximum", "multipleOf")):
        return "number"
    return "string"


def _bounds(schema: Mapping[str, Any], step: float) -> tuple[float, float]:
    low, high = schema.get("minimum"), schema.get("maximum")
    over, under = schema.get("exclusiveMinimum"), schema.get("exclusiveMaximum")
    if isinstance(over, int | float) and not isinstance(over, bool):
        low = over + step if low is None else max(low, over + step)
    if isinstance(under, int | float) and not isinstance(under, bool):
        high = under - step if high is None else min(high, under - step)
    if low is None:
        low = 0 if high is None or high >= 0 else high - 100 * step
    return low, low + 100 * step if high is None else high
