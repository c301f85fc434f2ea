"""Reading a request body into its typed form, refusing what does not fit in OpenAI's words and codes.

msgspec checks at C speed and names the place; only when it refuses is the body decoded again to describe the value.
"""

from __future__ import annotations

import re
from typing import Any, TypeVar

import msgspec

from quire.simulator.errors import ApiError, invalid, missing

T = TypeVar("T")

_PLACE = re.compile(r"^(?P<what>.*?)(?: - at `(?P<path>.*?)`)?$", re.DOTALL)
_FIELD = re.compile(r"field `(.+?)`")
_BOUND = re.compile(r"Expected `(?P<kind>\w+)`(?P<length> of length)? (?P<relation>[<>]=?) (?P<bound>\S+)")
_TYPES = re.compile(r"Expected `([^`]+)`")
_STEP = re.compile(r"\.([^.\[]+)|\[(\d+)\]")
_NAMES = {
    "str": "a string",
    "int": "an integer",
    "float": "a decimal",
    "bool": "a boolean",
    "array": "an array",
    "object": "an object",
    "null": "null",
}


def decode(decoder: msgspec.json.Decoder[T], body: bytes) -> T:
    """The body in its typed form. Raises ApiError (400) that names the parameter, as OpenAI does."""
    try:
        return decoder.decode(body)
    except msgspec.ValidationError as error:
        raise explain(error, read_json(body)) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise malformed() from None


def read_json(body: bytes) -> Any:
    """The body as plain values. Raises ApiError (400) if it is not JSON."""
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise malformed() from None


def malformed() -> ApiError:
    """400 for a body that is not JSON."""
    return ApiError(400, "The body of the request could not be parsed as JSON. Send valid JSON, encoded as UTF-8.")


def explain(error: msgspec.ValidationError, body: Any) -> ApiError:
    """The refusal that OpenAI would answer for what msgspec found."""
    match = _PLACE.match(str(error))
    what, path = (match["what"], match["path"] or "$") if match else (str(error), "$")
    param = path.removeprefix("$").removeprefix(".").removeprefix("key in ")
    value = _walk(body, path)
    if what.startswith("Object missing required field"):
        return missing(_join(param, _field(what)))
    if what.startswith("Object contains unknown field"):
        name = _join(param, _field(what))
        return ApiError(400, f"Unknown parameter: '{name}'.", param=name, code="unknown_parameter")
    if not param:
        return ApiError(400, f"The body must be a JSON object, but it is {_describe(body)}.")
    if what.startswith("Invalid ") or (what == "Expected `str`" and path.endswith((".role", ".type"))):
        return invalid(param, f"Invalid value: {_show(value)} is not supported for '{param}'.")
    bound = _BOUND.match(what)
    if bound:
        return _out_of_bounds(param, value, bound)
    if "matching regex" in what:
        message = f"Invalid '{param}': {_show(value)} does not match the pattern {what.partition('regex ')[2]}."
        return invalid(param, message, "invalid_value")
    return _wrong_type(param, what, value)


def _out_of_bounds(param: str, value: Any, bound: re.Match[str]) -> ApiError:
    wanted = f"{bound['relation']} {bound['bound'].removesuffix('.0')}"
    least = bound["relation"].startswith(">")
    kind = {"int": "integer", "float": "decimal", "str": "string"}.get(bound["kind"], bound["kind"])
    if not bound["length"]:
        side, code = ("below minimum", "below_min_value") if least else ("above maximum", "above_max_value")
        message = f"{kind} {side} value. Expected a value {wanted}, but got {_show(value)} instead."
    else:
        side, code = ("short", "below_min_length") if least else ("long", "above_max_length")
        # msgspec does not say which key or value of an object it found: then there is nothing to measure
        got = f", but got {len(value)}" if isinstance(value, str | list) else ""
        message = f"{kind} too {side}. Expected a length {wanted}{got}."
    name = "empty_array" if value == [] else f"{kind}_{code}"
    return invalid(param, f"Invalid '{param}': {message}", name)


def _wrong_type(param: str, what: str, value: Any) -> ApiError:
    types = _TYPES.search(what)
    names = [_NAMES.get(name, name) for name in types[1].split(" | ")] if types else [what]
    wanted = [name for name in names if name != "null"] or names
    message = f"Invalid type for '{param}': expected {' or '.join(wanted)}, but got {_describe(value)} instead."
    return invalid(param, message, "invalid_type")


def _describe(value: Any) -> str:
    kinds: list[tuple[type, str]] = [(bool, "bool"), (int, "int"), (float, "float"), (str, "str"), (list, "array")]
    name = "null" if value is None else next((name for kind, name in kinds if isinstance(value, kind)), "object")
    return _NAMES[name]


def _show(value: Any) -> str:
    text = f"'{value}'" if isinstance(value, str) else msgspec.json.encode(value).decode()
    return text if len(text) <= 80 else text[:77] + "..."


def _field(what: str) -> str:
    match = _FIELD.search(what)
    return match[1] if match else "?"


def _join(param: str, field: str) -> str:
    return f"{param}.{field}" if param else field


def _walk(body: Any, path: str) -> Any:
    for name, index in _STEP.findall(path):
        try:
            body = body[int(index)] if index else body[name]
        except (KeyError, IndexError, TypeError):
            return None
    return body
