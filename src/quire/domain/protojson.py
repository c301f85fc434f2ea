"""JSON as protobuf writes it: the rules of every message of MLflow's REST protocol, in one place.

A number of 64 bits may come as a number or as a string; NaN and the infinities are the strings ``"NaN"``,
``"Infinity"`` and ``"-Infinity"``; a field that is absent or null has its default; unknown fields are ignored; lists
in a query are repeated fields. The rules are those of https://protobuf.dev/programming-guides/json/.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Annotated, Any, TypeVar

import msgspec

from quire.domain.errors import InvalidInput
from quire.domain.unreadable import UNREADABLE

T = TypeVar("T", bound=msgspec.Struct)

Int64 = Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)]
"""An integer that fits 64 bits."""
Required = Annotated[str, msgspec.Meta(min_length=1)]
"""Text that must be there: protobuf cannot tell an absent text from an empty one."""

_PLACE = re.compile(r" - at `\$\.?(?P<path>[^`]*)`$")
_STEP = re.compile(r"\.?([^.\[\]]+)|\[(\d*|\.\.\.)\]")
_SHOWN = 100


class Message(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Base of what is sent and answered: unknown fields are ignored, fields at their default are not written."""


def written(default: Any) -> Any:
    """A field's default that is written too, as protobuf writes a field that was set."""
    return msgspec.field(default_factory=lambda: default)


def encode(value: Any) -> bytes:
    """``value`` as JSON. What is None is left out, whatever its default."""
    encoded = msgspec.json.encode(value)
    if b"null" not in encoded:
        return encoded
    return msgspec.json.encode(_plain(msgspec.to_builtins(value)))


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items() if item is not None}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return number_text(value)
    return value


def number_text(value: float) -> str:
    """The word for a number that JSON cannot write."""
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"


def decode(content: bytes, kind: type[T]) -> T:
    """The message of that kind in a JSON text; an empty text is the empty message.

    Raises InvalidInput, naming the field, for a value of the wrong type, a required field that is missing, and for
    what is no JSON or is nested too deeply.
    """
    try:
        message: T = _decoder(kind).decode(content or b"{}")
    except UNREADABLE:
        return _decode_anew(content, kind)
    return message


@lru_cache(maxsize=1024)
def _decoder(kind: Any) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(kind, strict=False)


def _decode_anew(content: bytes, kind: type[T]) -> T:
    """Decode what the fast way refused: without its nulls it may be right, else its mistake is named."""
    return from_plain(_decode_plain(content), kind)


def from_parts(content: bytes, fields: Mapping[str, str], kind: type[T]) -> T:
    """The message in a JSON text with some of its fields given apart, which count. Raises InvalidInput."""
    raw = _decode_plain(content)
    return from_plain({**raw, **fields} if isinstance(raw, dict) else raw, kind)


def _decode_plain(content: bytes) -> Any:
    try:
        raw = _RAW.decode(content or b"{}")
    except RecursionError:
        raise InvalidInput("The request's JSON is nested too deeply. Send the fields of the call alone.") from None
    except msgspec.ValidationError as error:
        raise InvalidInput(f"The request's JSON cannot be read: {_beginning_small(str(error))}.") from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InvalidInput(
            f"The request's body is not JSON in UTF-8: {_beginning_small(str(error))}. Send a JSON object, with the "
            "header Content-Type: application/json."
        ) from None
    if isinstance(raw, str):  # some clients encode the object twice
        return _decode_plain(raw.encode()) if raw.lstrip().startswith("{") else raw
    return raw


def _number(text: str) -> float | str:
    """A number, left as text if no float can hold it."""
    number = float(text)
    return text if math.isinf(number) else number


_RAW = msgspec.json.Decoder(float_hook=_number)


def from_plain(raw: Any, kind: type[T]) -> T:
    """The message of that kind in decoded JSON. Raises InvalidInput, naming the field."""
    if not isinstance(raw, dict):
        raise InvalidInput(f"The request's body is {_shown(raw)}; expected a JSON object with the fields of the call.")
    try:
        return msgspec.convert(_plain(raw), kind, strict=False)
    except (msgspec.ValidationError, RecursionError) as error:
        raise explained(error, raw, kind) from None


def decode_query(fields: Iterable[tuple[str, str]], kind: type[T]) -> T:
    """The message in the fields of a query: repeated for lists, the last one of others. Raises InvalidInput."""
    raw: dict[str, Any] = {}
    lists = _list_fields(kind)
    for name, value in fields:
        if name in lists:
            raw.setdefault(name, []).append(value)
        else:
            raw[name] = value
            if value.lower() == "null" and name in _other_fields(kind):
                raise _invalid(value, name, "expected a value, not the word null; leave the field out")
    return from_plain(raw, kind)


def encode_query(message: msgspec.Struct) -> list[tuple[str, str]]:
    """The fields of a message as those of a query."""
    fields: list[tuple[str, str]] = []
    for name, value in msgspec.to_builtins(message).items():
        values = value if isinstance(value, list) else [] if value is None else [value]
        fields.extend((name, _query_text(item)) for item in values)
    return fields


def _query_text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and not math.isfinite(value):
        return number_text(value)
    return str(value)


@lru_cache(maxsize=1024)
def _list_fields(kind: Any) -> frozenset[str]:
    fields = msgspec.structs.fields(kind)
    return frozenset(field.encode_name for field in fields if _lists(field.type))


@lru_cache(maxsize=1024)
def _other_fields(kind: Any) -> frozenset[str]:
    """The fields that hold no text."""
    texts = (msgspec.inspect.StrType, msgspec.inspect.LiteralType)
    found = {
        field.encode_name: _members(msgspec.inspect.type_info(field.type)) for field in msgspec.structs.fields(kind)
    }
    return frozenset(name for name, members in found.items() if not any(isinstance(each, texts) for each in members))


def _lists(annotation: Any) -> bool:
    return any(isinstance(kind, msgspec.inspect.ListType) for kind in _members(msgspec.inspect.type_info(annotation)))


def explained(error: Exception, raw: Any, kind: Any) -> InvalidInput:
    """What a decoder refused, naming the field as MLflow does, with its value and what was expected."""
    message = str(error)
    match = _PLACE.search(message)
    path = match["path"] if match else ""
    reason = message[: match.start()] if match else message
    if missing := re.match(r"Object missing required field `(.*)`", reason):
        return _missing(f"{path}.{missing[1]}" if path else missing[1])
    value, expected = _follow(path, raw, kind)
    if value == "" and "length >= 1" in reason:
        return _missing(path)
    return _invalid(value, path, expected or _beginning_small(reason))


def _invalid(value: Any, name: str, why: str) -> InvalidInput:
    return InvalidInput(
        f"Invalid value {_shown(value)} for parameter '{name}' supplied: {why}. See the API docs for more information "
        "about request parameters."
    )


def _missing(name: str) -> InvalidInput:
    return InvalidInput(
        f"Missing value for required parameter '{name}'. See the API docs for more information about request "
        "parameters."
    )


def _follow(path: str, raw: Any, kind: Any) -> tuple[Any, str | None]:
    """The value at a place, and what is allowed there if that is a closed set of words."""
    value, types = raw, _members(msgspec.inspect.type_info(kind))
    for name, index in _STEP.findall(path):
        try:
            value = value[name] if name else value[int(index)]
        except (KeyError, IndexError, ValueError, TypeError):
            return value, None
        types = _members(*(step for step in (_below(above, name) for above in types) if step is not None))
    words = [word for found in types if isinstance(found, msgspec.inspect.LiteralType) for word in found.values]
    return value, f"expected one of {', '.join(map(str, words))}" if words else None


def _below(above: msgspec.inspect.Type, name: str) -> msgspec.inspect.Type | None:
    if isinstance(above, msgspec.inspect.ListType):
        return above.item_type
    if isinstance(above, msgspec.inspect.StructType):
        return next((field.type for field in above.fields if field.encode_name == name), None)
    return None


def _members(*types: msgspec.inspect.Type) -> list[msgspec.inspect.Type]:
    flat: list[msgspec.inspect.Type] = []
    for found in types:
        inner = found.type if isinstance(found, msgspec.inspect.Metadata) else found
        flat.extend(_members(*inner.types) if isinstance(inner, msgspec.inspect.UnionType) else [inner])
    return flat


def _shown(value: Any) -> str:
    """A value as its JSON text, cut."""
    try:
        text = msgspec.json.encode(value).decode()
    except (TypeError, ValueError, RecursionError):
        text = repr(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


def _beginning_small(sentence: str) -> str:
    return sentence if sentence[1:2].isupper() else sentence[:1].lower() + sentence[1:]
