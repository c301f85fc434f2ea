"""Schemas: MLflow's JSON forms there and back, types and limits of parameters."""

from __future__ import annotations

import datetime
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quire.domain.errors import SchemaError
from quire.domain.schema import (
    AnyType,
    Array,
    ColSpec,
    DataType,
    Map,
    Object,
    ParamSchema,
    ParamSpec,
    Property,
    Schema,
    TensorSpec,
)
from quire.domain.signature import ModelSignature

scalars = st.sampled_from(list(DataType))
names = st.text(min_size=1, max_size=8)
types = st.recursive(
    scalars | st.just(AnyType()),
    lambda inner: (
        st.builds(Array, inner)
        | st.builds(Map, inner)
        | st.builds(
            lambda fields: Object(tuple(Property(name, kind, need) for name, (kind, need) in fields.items())),
            st.dictionaries(names, st.tuples(inner, st.booleans()), min_size=1, max_size=3),
        )
    ),
    max_leaves=5,
)
schemas = st.one_of(
    st.builds(lambda kind, need: Schema([ColSpec(kind, None, need)]), types, st.booleans()),
    st.builds(
        lambda columns: Schema([ColSpec(kind, name, need) for name, (kind, need) in columns.items()]),
        st.dictionaries(names, st.tuples(types, st.booleans()), min_size=1, max_size=4),
    ),
    st.builds(
        lambda kind, shape: Schema([TensorSpec(kind, (-1, *shape))]),
        st.sampled_from(["float64", "int32"]),
        st.lists(st.integers(1, 9), max_size=2),
    ),
)
DEFAULTS: dict[str, st.SearchStrategy[Any]] = {
    "boolean": st.booleans(),
    "integer": st.integers(-(2**31), 2**31 - 1),
    "long": st.integers(-(2**63), 2**63 - 1),
    "float": st.floats(allow_nan=False, allow_infinity=False),
    "double": st.floats(allow_nan=False, allow_infinity=False),
    "string": st.text(),
    "datetime": st.datetimes(),
}


@st.composite
def params(draw: st.DrawFn) -> ParamSpec:
    kind = draw(st.sampled_from(sorted(DEFAULTS)))
    if draw(st.booleans()):
        return ParamSpec(draw(names), kind, draw(st.lists(DEFAULTS[kind])), (-1,))
    return ParamSpec(draw(names), kind, draw(DEFAULTS[kind] | st.none()))


@given(schemas)
def test_a_schema_survives_its_json_form(schema: Schema) -> None:
    assert Schema.from_json(schema.to_json()) == schema


@given(st.lists(params(), unique_by=lambda spec: spec.name, max_size=4))
def test_params_survive_their_json_form(specs: list[ParamSpec]) -> None:
    schema = ParamSchema(specs)
    assert ParamSchema.from_json(schema.to_json()) == schema


def test_limits_are_kept_apart_from_mlflows_form() -> None:
    spec = ParamSpec("t", "float", 0.5, minimum=0, maximum=2)
    schema = ParamSchema([spec])
    assert schema.to_dict() == [{"name": "t", "default": 0.5, "shape": None, "type": "float"}]
    assert ParamSchema.from_json(schema.to_json(), {"t": spec.limits()}) == schema
    assert ParamSchema.from_json(schema.to_json()) != schema


@pytest.mark.parametrize(
    ("written", "schema"),
    [
        ('[{"type": "string"}]', Schema([ColSpec("string")])),
        ('[{"type": "string", "name": "q", "optional": true}]', Schema([ColSpec("string", "q", required=False)])),
        ('[{"name": "a", "type": "string"}, {"name": "b", "type": "long"}]', None),
    ],
)
def test_forms_of_older_mlflow_versions_are_read(written: str, schema: Schema | None) -> None:
    read = Schema.from_json(written)
    assert schema is None or read == schema
    assert len(read) == written.count("type")


def test_params_of_mlflow_2_8_are_read() -> None:
    read = ParamSchema.from_json('[{"name": "temperature", "type": "float", "default": 0.1, "shape": null}]')
    assert read == ParamSchema([ParamSpec("temperature", "float", 0.1)])


@pytest.mark.parametrize(
    ("kind", "value", "result"),
    [
        ("float", 1, 1.0),
        ("double", 2.5, 2.5),
        ("long", 3, 3),
        ("integer", 3, 3),
        ("boolean", True, True),
        ("string", "a", "a"),
        ("datetime", "2026-01-02T03:04:05", datetime.datetime(2026, 1, 2, 3, 4, 5)),
    ],
)
def test_a_fitting_value_is_taken_as_the_parameters_type(kind: str, value: Any, result: Any) -> None:
    checked = ParamSpec("p", kind, None).check(value)
    assert checked == result
    assert type(checked) is type(result)


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("float", "hot"),
        ("float", True),
        ("long", 1.5),
        ("long", True),
        ("integer", 2**31),
        ("long", 2**63),
        ("boolean", 1),
        ("string", 3),
        ("datetime", "soon"),
        ("binary", "text"),
    ],
)
def test_a_value_of_another_type_is_refused(kind: str, value: Any) -> None:
    with pytest.raises(SchemaError, match=f"'p' is .*, an? {type(value).__name__}; expected an? {kind}"):
        ParamSpec("p", kind, None).check(value)


def test_bounds_and_choices_are_checked_and_named() -> None:
    bounded = ParamSpec("t", "float", 0.2, minimum=0, maximum=2)
    assert bounded.check(2) == 2.0
    for value in (-0.1, 2.1, math.nan):
        with pytest.raises(SchemaError, match="expected a float from 0 to 2"):
            bounded.check(value)
    chosen = ParamSpec("effort", "string", "low", choices=["low", "high"])
    with pytest.raises(SchemaError, match="'effort' is 'medium'; expected a string out of 'low', 'high'"):
        chosen.check("medium")


def test_lists_are_checked_item_by_item() -> None:
    stop = ParamSpec("stop", "string", ["a"], (-1,))
    assert stop.check(("x", "y")) == ["x", "y"]
    with pytest.raises(SchemaError, match="'stop' is 'x'; expected a list of string"):
        stop.check("x")
    with pytest.raises(SchemaError, match="'stop' is 3, an int; expected a string"):
        stop.check(["x", 3])


def test_defaults_must_fit() -> None:
    with pytest.raises(SchemaError, match="the default of 't' is 3; expected a float from 0 to 2"):
        ParamSpec("t", "float", 3, minimum=0, maximum=2)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"dtype": "floaty"}, "Unknown type 'floaty'. Expected one of boolean, integer"),
        ({"minimum": 2, "maximum": 1}, "minimum 2 above its maximum 1"),
        ({"choices": []}, "has no choices"),
        ({"shape": (2,)}, r"has shape \(2,\); expected None or \(-1,\)"),
    ],
)
def test_senseless_specifications_are_refused(arguments: dict[str, Any], words: str) -> None:
    with pytest.raises(SchemaError, match=words):
        ParamSpec(**{"name": "p", "dtype": "float", "default": None, **arguments})


def test_binary_defaults_have_no_json_form_and_are_refused() -> None:
    with pytest.raises(SchemaError, match="binary"):
        ParamSpec("p", "binary", b"x")


def test_names_are_given_once() -> None:
    with pytest.raises(SchemaError, match="distinct names"):
        Schema([ColSpec("string", "a"), ColSpec("long", "a")])
    with pytest.raises(SchemaError, match=r"more than once: \['a'\]"):
        ParamSchema([ParamSpec("a", "long", 1), ParamSpec("a", "long", 2)])


@pytest.mark.parametrize("text", ["", "{", "{}", '"x"', "[1]", "null"])
def test_text_that_is_not_a_schema_is_refused(text: str) -> None:
    with pytest.raises(SchemaError, match="is not a JSON list of objects"):
        Schema.from_json(text)


@pytest.mark.parametrize(
    "data",
    [
        {"inputs": '[{"type": "strange"}]'},
        {"inputs": '[{"name": "x"}]'},
        {"inputs": '[{"type": "tensor"}]'},
        {"inputs": '[{"type": "array"}]'},
        {"params": '[{"type": "float"}]'},
        {"params": '[{"name": "x"}]'},
        {"params": '[{"name": "x", "type": "float", "default": "hot"}]'},
        {"inputs": 3},
    ],
)
def test_a_malformed_signature_is_a_schema_error(data: dict[str, Any]) -> None:
    with pytest.raises(SchemaError):
        ModelSignature.from_dict(data)
