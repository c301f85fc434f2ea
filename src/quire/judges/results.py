"""What a judge may answer: a type of Python as a JSON schema, and reading an answer against it, never guessing."""

from __future__ import annotations

import math
import types
import typing
from collections.abc import Mapping
from typing import Any, Literal

import msgspec

from quire.domain.errors import InvalidInput
from quire.domain.scores import ScoreKind
from quire.scorers.reading import json_value

RESULT, RATIONALE = "result", "rationale"
_PLAIN: dict[Any, str] = {bool: "boolean", int: "integer", float: "number", str: "string"}
_SUPPORTED = "bool, int, float, str, one of these or None, Literal[...], or dict[str, one of these]"


class Verdict(msgspec.Struct, frozen=True):
    """A judge's answer: what it says, and why. ``value`` is a mapping where the judge gives several."""

    value: Any
    rationale: str


class UnreadableVerdict(InvalidInput):
    """A judge's answer is not what it was asked for."""


def result_schema(wanted: Any) -> dict[str, Any]:
    """The JSON schema of a type of result. Raises InvalidInput for a type that scores cannot hold."""
    if wanted is None:
        return {"type": "string"}
    if wanted in _PLAIN:
        return {"type": _PLAIN[wanted]}
    origin, arguments = typing.get_origin(wanted), typing.get_args(wanted)
    if origin is Literal and all(isinstance(value, bool | int | float | str) for value in arguments):
        return {"enum": list(arguments)}
    if origin in (typing.Union, types.UnionType):
        inner = [part for part in arguments if part is not type(None)]
        if len(inner) == 1 and len(arguments) == 2 and inner[0] in _PLAIN:
            return {"anyOf": [{"type": _PLAIN[inner[0]]}, {"type": "null"}]}
    if origin is dict and len(arguments) == 2 and arguments[0] is str and arguments[1] in _PLAIN:
        return {"type": "object", "additionalProperties": {"type": _PLAIN[arguments[1]]}}
    raise InvalidInput(f"feedback_value_type is {wanted!r}; expected {_SUPPORTED}.")


def response_format(name: str, schema: Mapping[str, Any], *, rationale_first: bool = True) -> dict[str, Any]:
    """OpenAI's ``response_format`` for a result and its rationale, strict where the service can be."""
    parts = {
        RATIONALE: {"type": "string", "description": "The reasons, in a few sentences."},
        RESULT: {**schema, "description": "What follows from the reasons."},
    }
    order = [RATIONALE, RESULT] if rationale_first else [RESULT, RATIONALE]
    whole = {
        "type": "object",
        "properties": {key: parts[key] for key in order},
        "required": order,
        "additionalProperties": False,
    }
    strict = schema.get("type") != "object"  # strict schemas have no open mappings
    return {"type": "json_schema", "json_schema": {"name": name, "strict": strict, "schema": whole}}


def kind_of(schema: Mapping[str, Any]) -> ScoreKind | None:
    """The kind of scores that a result of this schema is; None for a mapping, which is several."""
    if "anyOf" in schema:
        return kind_of(schema["anyOf"][0])
    if "enum" in schema:
        values = schema["enum"]
        if all(isinstance(value, bool) for value in values) or {*values} == {"yes", "no"}:
            return "binary"
        return "number" if all(_is_number(value) for value in values) else "text"
    kinds: dict[str, ScoreKind] = {"boolean": "binary", "integer": "number", "number": "number", "string": "text"}
    return kinds.get(schema.get("type", ""))


def read_verdict(text: str, schema: Mapping[str, Any]) -> Verdict:
    """A judge's answer. Raises InvalidInput for what is not the JSON that was asked for.

    A fence of Markdown around it is left out, which some services put there; nothing else is mended.
    """
    said = json_value(text, "The judge's answer")
    if not isinstance(said, Mapping) or RESULT not in said:
        raise UnreadableVerdict(f"The judge's answer has no {RESULT!r}: {_shown(text)}")
    value = said[RESULT]
    if not _fits(value, schema):
        raise UnreadableVerdict(
            f"The judge's result is {_shown(value)}; expected {_words(schema)}. It stays without a score."
        )
    rationale = said.get(RATIONALE, "")
    return Verdict(value, rationale if isinstance(rationale, str) else str(rationale))


def _fits(value: Any, schema: Mapping[str, Any]) -> bool:
    """Whether a value is of one of the schemas that results have."""
    if "anyOf" in schema:
        return any(_fits(value, one) for one in schema["anyOf"])
    if "enum" in schema:
        return any(value == one and isinstance(value, bool) is isinstance(one, bool) for one in schema["enum"])
    match schema.get("type"):
        case "boolean":
            return isinstance(value, bool)
        case "integer":
            return isinstance(value, int) and not isinstance(value, bool)
        case "number":
            return _is_number(value) and math.isfinite(value)
        case "string":
            return isinstance(value, str)
        case "null":
            return value is None
        case "object":
            inner = schema["additionalProperties"]
            return isinstance(value, Mapping) and bool(value) and all(_fits(one, inner) for one in value.values())
    return False


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _words(schema: Mapping[str, Any]) -> str:
    if "enum" in schema:
        return "one of " + ", ".join(repr(value) for value in schema["enum"])
    if "anyOf" in schema:
        return " or ".join(str(one["type"]) for one in schema["anyOf"])
    return str(schema.get("type"))


def _shown(value: Any) -> str:
    text = value if isinstance(value, str) else repr(value)
    return text if len(text) <= 200 else f"{text[:197]}..."
