"""The subset of JSON schema that ``strict: true`` demands. Pure.

Source: "Supported schemas" in OpenAI's guide to structured outputs: the root is an object, every object names all
its properties as required and forbids others.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from quire.simulator.errors import ApiError


def check_strict(schema: Mapping[str, Any], param: str, name: str) -> None:
    """Raise ApiError (400, ``invalid_json_schema``) at the first part of a schema that strict mode refuses."""
    if schema.get("type") != "object" and "$ref" not in schema:
        shown = schema.get("type", "none")
        raise _refusal(param, name, (), f"schema must be a JSON Schema of 'type: \"object\"', got 'type: \"{shown}\"'.")
    try:
        for path, part in _parts(schema, ()):
            _check_object(part, path, param, name)
    except (AttributeError, RecursionError, TypeError) as error:
        raise _refusal(param, name, (), f"it is not valid JSON Schema ({error}).") from error


def _check_object(part: Mapping[str, Any], path: tuple[str, ...], param: str, name: str) -> None:
    if part.get("type") != "object" and "properties" not in part:
        return
    if part.get("additionalProperties") is not False:
        raise _refusal(param, name, path, "'additionalProperties' is required to be supplied and to be false.")
    absent = sorted(set(part.get("properties", {})) - set(part.get("required", ())))
    if absent:
        message = f"'required' is required to be an array including every key in properties. Missing '{absent[0]}'."
        raise _refusal(param, name, path, message)


def _parts(schema: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Mapping[str, Any]]]:
    if not isinstance(schema, Mapping):
        return
    yield path, schema
    for key in ("properties", "$defs", "definitions"):
        for name, part in (schema.get(key) or {}).items():
            yield from _parts(part, (*path, key, name))
    for key in ("anyOf", "allOf", "oneOf", "prefixItems"):
        for number, part in enumerate(schema.get(key) or ()):
            yield from _parts(part, (*path, key, str(number)))
    yield from _parts(schema.get("items"), (*path, "items"))


def _refusal(param: str, name: str, path: tuple[str, ...], message: str) -> ApiError:
    where = f"({', '.join(repr(step) for step in path)})"
    text = f"Invalid schema for '{name}': In context={where}, {message}"
    return ApiError(400, text, param=param, code="invalid_json_schema")
