"""Generated values fit their schema: a table of what OpenAI accepts, and schemas made at random."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from quire.simulator.instances import instance
from quire.simulator.patterns import matching_text

TREE = {
    "type": "object",
    "properties": {"name": {"type": "string"}, "children": {"type": "array", "items": {"$ref": "#"}}},
    "required": ["name", "children"],
    "additionalProperties": False,
}
LINKED = {
    "$defs": {
        "node": {
            "type": "object",
            "properties": {
                "value": {"type": "integer"},
                "next": {"anyOf": [{"$ref": "#/$defs/node"}, {"type": "null"}]},
            },
            "required": ["value", "next"],
        }
    },
    "$ref": "#/$defs/node",
}
SCHEMAS: dict[str, Any] = {
    "recursion to the root": TREE,
    "recursion through null": LINKED,
    "const and enum": {"type": "object", "properties": {"a": {"const": 3}, "b": {"enum": ["x", None]}}},
    "bounds": {"type": "number", "minimum": -3, "exclusiveMaximum": -2.5},
    "whole numbers": {"type": "integer", "minimum": 7, "maximum": 7},
    "multiples": {"type": "integer", "multipleOf": 5, "minimum": 11, "maximum": 18},
    "lengths": {"type": "string", "minLength": 30, "maxLength": 33},
    "a short text": {"type": "string", "maxLength": 2},
    "a tuple": {"type": "array", "prefixItems": [{"type": "string"}, {"type": "boolean"}], "maxItems": 2},
    "many items": {"type": "array", "items": {"type": "integer"}, "minItems": 5},
    "no items": {"type": "array", "maxItems": 0},
    "several types": {"type": ["string", "null"]},
    "all of": {
        "allOf": [{"properties": {"a": {"type": "integer"}}, "required": ["a"]}, {"properties": {"b": {"const": 1}}}]
    },
    "one of beside properties": {
        "type": "object",
        "properties": {"kind": {"type": "string"}},
        "required": ["kind"],
        "oneOf": [{"properties": {"kind": {"const": "a"}}}, {"properties": {"kind": {"const": "b"}}}],
    },
    "a date": {"type": "string", "format": "date-time"},
    "anything": {},
}
PLAIN = st.one_of(
    st.builds(
        lambda low, size: {"type": "integer", "minimum": low, "maximum": low + size},
        st.integers(-9, 9),
        st.integers(0, 9),
    ),
    st.builds(
        lambda low, more: {"type": "string", "minLength": low, "maxLength": low + more},
        st.integers(0, 40),
        st.integers(0, 9),
    ),
    st.sampled_from(
        [{"type": "boolean"}, {"type": "null"}, {"type": "number", "exclusiveMinimum": 0}, {"enum": [1, "a"]}]
    ),
)
NESTED = st.recursive(
    PLAIN,
    lambda inner: st.one_of(
        st.builds(lambda item, least: {"type": "array", "items": item, "minItems": least}, inner, st.integers(0, 3)),
        st.dictionaries(st.sampled_from("abc"), inner, max_size=3).map(
            lambda fields: {
                "type": "object",
                "properties": fields,
                "required": sorted(fields),
                "additionalProperties": False,
            }
        ),
        st.lists(inner, min_size=1, max_size=3).map(lambda branches: {"anyOf": branches}),
    ),
    max_leaves=8,
)


def require_fit(schema: Any, key: bytes) -> None:
    made = instance(schema, key)
    Draft202012Validator(schema).validate(made)
    assert made == instance(schema, key)


@pytest.mark.parametrize("name", SCHEMAS)
def test_what_openai_accepts(name: str) -> None:
    for number in range(40):
        require_fit(SCHEMAS[name], b"%d" % number)


@settings(max_examples=150, deadline=None)
@given(schema=NESTED, key=st.binary(max_size=4))
def test_schemas_made_at_random(schema: Any, key: bytes) -> None:
    require_fit(schema, key)


def test_another_key_gives_another_value() -> None:
    schema = {"type": "integer", "minimum": 0, "maximum": 10**6}
    assert len({instance(schema, b"%d" % number) for number in range(20)}) > 10


@pytest.mark.parametrize(
    "pattern",
    [
        r"^[A-Z]{3}-\d{4}$",
        r"^(cat|dog)s?$",
        r"^(\w)x\1$",
        r"^[^a-z0-9]+$",
        r"^\S+@\S+\.\w{2,3}$",
        r"^(?:ab){2,}$",
        r"^.\D\W\s$",
        r"^a*?b+$",
        r"plain",
    ],
)
def test_a_text_matches_its_pattern(pattern: str) -> None:
    for number in range(20):
        draw = bytes((number * 7 + step * 13) % 256 for step in range(16))
        assert re.search(pattern, matching_text(pattern, draw))
