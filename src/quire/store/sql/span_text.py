"""Looking for text inside stored spans, which are protobuf messages: every text in them stands there as it is."""

from __future__ import annotations

import math
import re
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

Condition = sa.ColumnElement[bool]


def holds_text(content: sa.ColumnElement[Any], pattern: str, *, ignore_case: bool) -> Condition:
    """That something in a span fits a LIKE pattern (``%`` and ``_``), wherever it stands."""
    return _holds(content, pattern.strip("%").encode(), ignore_case=ignore_case)


def has_attribute(content: sa.ColumnElement[Any], key: str, value: str) -> Condition:
    """That a span has an attribute of this name with exactly this value: text, a number or a truth value."""
    made = [content_holds(content, needle) for needle in _encoded_forms(key, value)]
    return sa.or_(*made)


def attribute_like(content: sa.ColumnElement[Any], key: str, pattern: str, *, ignore_case: bool) -> Condition:
    """That a span has an attribute of this name, followed by text that fits the pattern."""
    name = _field(1, key.encode()) + b"\x12"
    return sa.and_(
        content_holds(content, name),
        _holds(content, key.encode() + b"%" + pattern.strip("%").encode(), ignore_case=ignore_case),
    )


def content_holds(content: sa.ColumnElement[Any], needle: bytes) -> Condition:
    """That these bytes stand somewhere in a span."""
    return _Position(content, sa.literal(needle, sa.LargeBinary)) > 0


def after_attribute(content: sa.ColumnElement[Any], key: str, most: int) -> sa.ColumnElement[Any]:
    """The bytes after an attribute's name, so many at most; without such an attribute NULL."""
    name = _field(1, key.encode()) + b"\x12"
    place = _Position(content, sa.literal(name, sa.LargeBinary))
    return sa.case((place > 0, sa.func.substr(content, place + len(name), most)), else_=None)


def number_in(following: bytes) -> float | None:
    """The number that an attribute's value is, given what follows its name; None if it is none, or not all is there."""
    from google.protobuf.message import DecodeError
    from opentelemetry.proto.common.v1.common_pb2 import AnyValue

    if not following or len(following) <= following[0]:
        return None
    try:
        value = AnyValue.FromString(following[1 : 1 + following[0]])
    except DecodeError:
        return None
    kind = value.WhichOneof("value")
    try:
        number = float(getattr(value, kind)) if kind in ("double_value", "int_value", "string_value") else math.nan
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _encoded_forms(key: str, value: str) -> list[bytes]:
    """An attribute as protobuf writes it, for each type that the value may have been given in."""
    forms = [_field(1, value.encode())]
    quoted = _field(1, f'"{value}"'.encode())
    forms.append(quoted)
    if value in ("true", "false"):
        forms.append(b"\x10" + (b"\x01" if value == "true" else b"\x00"))
    if re.fullmatch(r"-?\d{1,18}", value):
        forms.append(b"\x18" + _varint(int(value) % 2**64))
    return [_field(1, key.encode()) + _field(2, form) for form in forms]


def _field(number: int, data: bytes) -> bytes:
    return bytes([number << 3 | 2]) + _varint(len(data)) + data


def _varint(number: int) -> bytes:
    made = bytearray()
    while number > 127:
        made.append(number & 127 | 128)
        number >>= 7
    made.append(number)
    return bytes(made)


def _holds(content: sa.ColumnElement[Any], pattern: bytes, *, ignore_case: bool) -> Condition:
    if not ignore_case and b"%" not in pattern and b"_" not in pattern:
        return content_holds(content, pattern)
    if ignore_case and pattern.isascii() and b"%" not in pattern and b"_" not in pattern:
        return _PositionInLower(content, sa.literal(pattern.lower(), sa.LargeBinary)) > 0
    return _Holds(content, sa.literal(pattern, sa.LargeBinary), sa.literal(int(ignore_case), sa.SmallInteger))


class _Position(FunctionElement[int]):
    """Where bytes begin in bytes, from 1; 0 if they are not in them."""

    type = sa.Integer()
    inherit_cache = True
    name = "position"


@compiles(_Position)
def _compile_position(element: _Position, compiler: Any, **options: Any) -> str:
    content, needle = (compiler.process(clause, **options) for clause in element.clauses)
    return f"instr({content}, {needle})"


@compiles(_Position, "postgresql")
def _compile_position_of_postgresql(element: _Position, compiler: Any, **options: Any) -> str:
    content, needle = (compiler.process(clause, **options) for clause in element.clauses)
    return f"position({needle} in {content})"


class _PositionInLower(FunctionElement[int]):
    """Where bytes begin in bytes whose ASCII letters are made small, from 1; 0 if they are not in them."""

    type = sa.Integer()
    inherit_cache = True
    name = "position_in_lower"


@compiles(_PositionInLower)
def _compile_position_in_lower(element: _PositionInLower, compiler: Any, **options: Any) -> str:
    content, needle = (compiler.process(clause, **options) for clause in element.clauses)
    return f"instr(CAST(lower(CAST({content} AS TEXT)) AS BLOB), {needle})"


@compiles(_PositionInLower, "postgresql")
def _compile_position_in_lower_of_postgresql(element: _PositionInLower, compiler: Any, **options: Any) -> str:
    content, needle = (compiler.process(clause, **options) for clause in element.clauses)
    return f"position(encode({needle}, 'escape') in lower(encode({content}, 'escape')))"


class _Holds(FunctionElement[bool]):
    """Whether bytes hold something that fits a pattern."""

    type = sa.Boolean()
    inherit_cache = True
    name = "holds"


@compiles(_Holds)
def _compile_holds(element: _Holds, compiler: Any, **options: Any) -> str:
    content, pattern, ignore_case = (compiler.process(clause, **options) for clause in element.clauses)
    return f"quire_holds({content}, {pattern}, {ignore_case}) = 1"


@compiles(_Holds, "postgresql")
def _compile_holds_of_postgresql(element: _Holds, compiler: Any, **options: Any) -> str:
    """Bytes in the escape form keep ASCII as it is, so that LIKE sees it; other letters are compared exactly."""
    content, pattern, ignore_case = (compiler.process(clause, **options) for clause in element.clauses)
    wanted = f"chr(37) || encode({pattern}, 'escape') || chr(37)"
    text = f"encode({content}, 'escape')"
    return (
        f"(CASE WHEN {ignore_case} = 1 THEN lower({text}) LIKE lower({wanted}) ESCAPE '' "
        f"ELSE {text} LIKE {wanted} ESCAPE '' END)"
    )


def holds(content: object, pattern: bytes, ignore_case: int) -> int:
    """What SQLite calls as ``quire_holds``: 1 if the bytes hold something that fits the pattern."""
    return int(isinstance(content, bytes) and _compiled(pattern, ignore_case).search(content) is not None)


@lru_cache(maxsize=64)
def _compiled(pattern: bytes, ignore_case: int) -> re.Pattern[bytes]:
    """The pattern as a regular expression; a letter beyond ASCII stands for both of its cases."""
    parts = []
    for character in pattern.decode("utf-8", "replace"):
        if character == "%":
            parts.append(b".*?")
        elif character == "_":
            parts.append(b"(?:[\x00-\x7f]|[\xc2-\xf4][\x80-\xbf]+)")
        else:
            cases = {character, *(character.lower(), character.upper())} if ignore_case else {character}
            parts.append(b"(?:" + b"|".join(sorted(re.escape(case.encode()) for case in cases)) + b")")
    return re.compile(b"".join(parts), re.DOTALL)
