"""Rows: which column fills what, which values are accepted, which errors name row and remedy."""

from __future__ import annotations

import datetime
import re
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quire.domain.errors import SchemaError
from quire.domain.rows import RowReader, is_null
from quire.domain.schema import AnyType, ColSpec, DataType, Schema

ONE = Schema([ColSpec("string")])
TWO = Schema([ColSpec("string", "x"), ColSpec("string", "y")])


def reader(*variables: str, schema: Schema | None = None) -> RowReader:
    return RowReader(frozenset(variables), schema)


def test_one_variable_takes_the_column_of_its_name_else_the_first() -> None:
    read = reader("x", schema=ONE).read
    assert read(0, {"other": "a", "x": "b"}) == {"x": "b"}
    assert read(0, {"other": "a", "more": "b"}) == {"x": "a"}
    assert read(0, "a") == {"x": "a"}


def test_without_variables_the_first_column_is_the_input() -> None:
    assert reader(schema=ONE).read(0, {"question": "q", "id": 3}) == {"": "q"}
    assert reader().read(0, "q") == {"": "q"}


def test_the_column_that_the_signature_names_fills_a_variable_of_another_name() -> None:
    schema = Schema([ColSpec("long", "id"), ColSpec("string", "question")])
    read = reader("x", schema=schema).read
    assert read(0, {"id": 1, "question": "q"}) == {"x": "q"}
    with pytest.raises(SchemaError, match=r"Row 4 lacks the column 'question'; it has \['id'\]"):
        read(4, {"id": 1})


def test_several_variables_take_columns_of_their_names_and_ignore_others() -> None:
    assert reader("x", "y", schema=TWO).read(0, {"z": 1, "y": "b", "x": "a"}) == {"x": "a", "y": "b"}


@pytest.mark.parametrize("row", ["text", 3, ["a", "b"]])
def test_several_variables_refuse_a_bare_value(row: Any) -> None:
    with pytest.raises(SchemaError, match=r"Row 2 is .*; the template has the variables \['x', 'y'\]"):
        reader("x", "y", schema=TWO).read(2, row)


def test_missing_variables_are_named_with_the_row() -> None:
    with pytest.raises(SchemaError) as caught:
        reader("x", "y", "z").read(7, {"y": "b", "w": "c"})
    assert caught.value.message == (
        "Row 7 lacks the column(s) ['x', 'z']; it has ['y', 'w']. The template needs ['x', 'y', 'z']."
    )


@pytest.mark.parametrize("null", [None, float("nan"), np.nan, np.float32("nan"), pd.NA, pd.NaT])
def test_a_null_is_refused_with_its_place_unless_the_column_is_optional(null: Any) -> None:
    assert is_null(null)
    with pytest.raises(SchemaError, match=re.escape("Row 3, column 'y', is null. Fill it or drop the row")):
        reader("x", "y", schema=TWO).read(3, {"x": "a", "y": null})
    optional = Schema([ColSpec("string", "x"), ColSpec("string", "y", required=False)])
    assert reader("x", "y", schema=optional).read(3, {"x": "a", "y": null}) == {"x": "a", "y": ""}
    assert reader("x", "y", schema=optional).read(3, {"x": "a"}) == {"x": "a", "y": ""}


@pytest.mark.parametrize("value", [1, 1.5, True, b"x", ["a"], {"a": 1}, datetime.datetime(2026, 1, 1)])
def test_a_string_column_takes_text_alone(value: Any) -> None:
    with pytest.raises(SchemaError, match=r"Row 0, column 'x', is .*; expected string. Convert the column to text"):
        reader("x", schema=ONE).read(0, {"x": value})


def test_subclasses_of_text_become_plain_text() -> None:
    values = reader("x", schema=ONE).read(0, {"x": np.str_("a")})
    assert values == {"x": "a"}
    assert type(values["x"]) is str


@pytest.mark.parametrize(
    ("kind", "good", "bad"),
    [
        ("boolean", [True, np.bool_(False)], [1, "true "[:0] or 0]),
        ("integer", [1, np.int32(2)], [True, 1.5]),
        ("long", [1, np.int64(2)], [False, 1.5]),
        ("float", [1, 1.5, np.float32(2)], [True, None]),
        ("double", [1, 1.5], [True]),
        ("datetime", [datetime.datetime(2026, 1, 1), pd.Timestamp("2026-01-01")], [1]),
    ],
)
def test_typed_columns_take_their_type(kind: str, good: list[Any], bad: list[Any]) -> None:
    read = reader("x", schema=Schema([ColSpec(kind, "x")])).read
    for value in good:
        assert read(0, {"x": value}) == {"x": str(value)}
    for value in bad:
        with pytest.raises(SchemaError):
            read(0, {"x": value})


def test_a_column_of_any_type_takes_scalars() -> None:
    read = reader("x", schema=Schema([ColSpec(AnyType(), "x")])).read
    assert read(0, {"x": 3}) == {"x": "3"}


@pytest.mark.parametrize("variables", [frozenset(), frozenset({"a"}), frozenset({"a", "b"})])
def test_text_that_no_encoding_can_carry_is_refused_with_its_place(variables: frozenset[str]) -> None:
    reader = RowReader(variables, None)
    broken = "caf\udce9"
    with pytest.raises(SchemaError, match=r"Row 7, '(a|input)', holds '\\udce9' at position 3: half a surrogate"):
        reader.read(7, {"a": broken, "b": "fine"})
    assert "café 😀" in reader.read(7, {"a": "café 😀", "b": "fine"}).values()


def test_a_signature_that_cannot_fill_the_template_is_refused() -> None:
    with pytest.raises(SchemaError, match=r"the signature's inputs lack \['y'\] \(they are \['x'\]\)"):
        reader("x", "y", schema=Schema([ColSpec(DataType.string, "x")]))
    with pytest.raises(SchemaError, match="they are one unnamed column"):
        reader("x", "y", schema=ONE)


@given(st.dictionaries(st.text(min_size=1), st.text(), min_size=1))
def test_any_text_passes_through_unchanged(row: dict[str, str]) -> None:
    assert RowReader(frozenset(row), None).read(0, row) == row
