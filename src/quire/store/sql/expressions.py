"""Conditions that each kind of database writes its own way."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement


def like(column: sa.ColumnElement[Any], pattern: str) -> sa.ColumnElement[bool]:
    """That a text fits a pattern in which only ``%`` and ``_`` are special; it minds case."""
    return _Like(column, sa.literal(pattern, sa.Text))


def walked(column: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
    """A column whose index is not to be used: the rows are walked along another one."""
    return column + sa.literal_column("0")


def any_of(column: sa.ColumnElement[int], numbers: Sequence[int]) -> sa.ColumnElement[bool]:
    """That a column holds one of these numbers, given as one parameter however many they are."""
    return _AnyOf(column, sa.literal(numbers, _Numbers()))


# SQLAlchemy asks SQLite whether something that is Boolean "= 1", and an index then finds nothing for it.
_TRUTH: Any = sa.Integer()


class _Like(FunctionElement[bool]):
    type = _TRUTH
    inherit_cache = True
    name = "like"


@compiles(_Like)
def _compile_like(element: _Like, compiler: Any, **options: Any) -> str:
    column, pattern = (compiler.process(clause, **options) for clause in element.clauses)
    return f"({column} LIKE {pattern})"


@compiles(_Like, "postgresql")
def _compile_like_of_postgresql(element: _Like, compiler: Any, **options: Any) -> str:
    """A backslash is a character like any other."""
    column, pattern = (compiler.process(clause, **options) for clause in element.clauses)
    return f"({column} LIKE {pattern} ESCAPE '')"


class _Numbers(sa.types.TypeDecorator[Sequence[int]]):
    """A list of numbers as one parameter."""

    impl = sa.Text
    cache_ok = True

    def load_dialect_impl(self, dialect: sa.Dialect) -> Any:
        if dialect.name != "postgresql":
            return dialect.type_descriptor(sa.Text())
        from sqlalchemy.dialects.postgresql import ARRAY

        return dialect.type_descriptor(ARRAY(sa.BigInteger))

    def process_bind_param(self, value: Sequence[int] | None, dialect: sa.Dialect) -> Any:
        return value if dialect.name == "postgresql" else msgspec.json.encode(value).decode()


class _AnyOf(FunctionElement[bool]):
    type = _TRUTH
    inherit_cache = True
    name = "any_of"


@compiles(_AnyOf)
def _compile_any_of(element: _AnyOf, compiler: Any, **options: Any) -> str:
    column, numbers = (compiler.process(clause, **options) for clause in element.clauses)
    return f"{column} IN (SELECT value FROM json_each({numbers}))"  # noqa: S608 - a bound parameter


@compiles(_AnyOf, "postgresql")
def _compile_any_of_of_postgresql(element: _AnyOf, compiler: Any, **options: Any) -> str:
    column, numbers = (compiler.process(clause, **options) for clause in element.clauses)
    return f"{column} = ANY({numbers})"
