"""Structured answers: JSON schemas, fields, tool calls."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quire.domain.errors import InvalidInput
from quire.domain.scores import Measured
from quire.scorers import FieldMatch, JsonSchema, ToolCalls, score
from quire.scorers.reading import json_equal

SCHEMA = {"type": "object", "properties": {"age": {"type": "integer"}}, "required": ["age"]}


def scores(scorer, outputs, expectations=None, **more):
    return {one.name: one for one in score(scorer, outputs=outputs, expectations=expectations, **more)}


def value(scorer, outputs, expectations=None, **more):
    one = scores(scorer, outputs, expectations, **more)[scorer.name]
    assert one.error is None
    return one.value


# -- JSON schema -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("outputs", "fits"),
    [
        ('{"age": 3}', True),
        ({"age": 3}, True),
        ('```json\n{"age": 3}\n```', True),
        ('{"age": "3"}', False),
        ("{}", False),
        ("not JSON", False),
        (None, False),
    ],
)
def test_a_schema_fits_or_not(outputs, fits):
    assert value(JsonSchema(SCHEMA), outputs) is fits


def test_the_rationale_names_the_place():
    assert "age" in scores(JsonSchema(SCHEMA), '{"age": "x"}')["json_schema"].rationale
    assert "not JSON" in scores(JsonSchema(SCHEMA), "{")["json_schema"].rationale


def test_a_response_format_and_a_pydantic_class_will_do():
    import pydantic

    class Person(pydantic.BaseModel):
        age: int

    wrapped = {"type": "json_schema", "json_schema": {"name": "person", "schema": SCHEMA}}
    for schema in (wrapped, Person):
        assert [value(JsonSchema(schema), text) for text in ('{"age": 3}', "{}")] == [True, False]
    assert JsonSchema(wrapped).fingerprint == JsonSchema(SCHEMA).fingerprint


@pytest.mark.parametrize("schema", [{"type": "nothing"}, 3, {"$ref": "#/nowhere"}])
def test_what_is_no_schema_is_refused(schema):
    with pytest.raises(InvalidInput, match="schema"):
        JsonSchema(schema)


def test_a_schema_that_stands_elsewhere_is_not_fetched():
    with pytest.raises(InvalidInput, match="which is not inside of it"):
        JsonSchema({"$ref": "http://127.0.0.1:9/schema.json"})


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)


@given(JSON, JSON)
def test_values_are_equal_as_json_whatever_the_order_of_keys(one, other):
    turned = dict(reversed(one.items())) if isinstance(one, dict) else one
    assert json_equal(one, turned)
    assert json_equal(one, other) == json_equal(other, one)
    if json_equal(one, other):
        assert one == other


# -- fields ------------------------------------------------------------------------------------------

RIGHT = {"expected_response": {"name": "Ada", "age": 36, "address": {"city": "London"}}}


def test_the_share_of_fields_that_are_right():
    assert value(FieldMatch(), {"name": "Ada", "age": 36, "address": {"city": "London"}}, RIGHT) == 1
    assert value(FieldMatch(), '{"name": "Ada", "age": 37}', RIGHT) == pytest.approx(1 / 3)
    assert "age" in scores(FieldMatch(), {"name": "Ada"}, RIGHT)["field_match"].rationale
    assert value(FieldMatch(), "no JSON at all", RIGHT) == 0


def test_paths_choose_fields_and_each_gets_a_score_of_its_own():
    found = scores(
        FieldMatch(["name", "address.city"], each=True), {"name": "ada", "address": {"city": "London"}}, RIGHT
    )
    assert {name: one.value for name, one in found.items()} == {
        "field_match": 0.5,
        "field_match/name": False,
        "field_match/address.city": True,
    }
    assert value(FieldMatch(["items.1"]), {"items": [1, 2]}, {"expected_response": {"items": [3, 2]}}) == 1


def test_texts_may_be_normalised_and_numbers_near():
    assert value(FieldMatch(["name"], normalised=True), {"name": "ADA."}, RIGHT) == 1
    assert value(FieldMatch(["age"], tolerance=1), {"age": 37}, RIGHT) == 1
    assert value(FieldMatch(["age"], tolerance=1), {"age": True}, RIGHT) == 0


def test_without_an_expected_response_the_expectations_themselves_are_the_fields():
    assert value(FieldMatch(), {"a": 1, "b": 3}, {"a": 1, "b": 2}) == 0.5


def test_fields_that_cannot_be_compared():
    with pytest.raises(InvalidInput, match="expected a list"):
        FieldMatch("name")
    with pytest.raises(InvalidInput, match="tolerance"):
        FieldMatch(tolerance=-1)
    assert "has no field 'x'" in scores(FieldMatch(["x"]), {}, RIGHT)["field_match"].error
    assert "expected a mapping" in scores(FieldMatch(), {}, {"expected_response": "3", "b": 1})["field_match"].error


# -- tool calls --------------------------------------------------------------------------------------

WANTED = {
    "expected_tool_calls": [{"name": "find", "arguments": {"q": "x", "n": 1}}, {"name": "open", "arguments": {"id": 3}}]
}
FIND = {"name": "find", "arguments": '{"n": 1.0, "q": "x"}'}
OPEN = {"name": "open", "arguments": {"id": 3}}


def made(*calls):
    return {"measured": Measured(tool_calls=list(calls))}


@pytest.mark.parametrize(
    ("options", "calls", "right"),
    [
        ({}, [FIND, OPEN], True),
        ({}, [OPEN, FIND], True),
        ({"ordered": True}, [OPEN, FIND], False),
        ({"ordered": True}, [FIND, OPEN], True),
        ({}, [FIND], False),
        ({}, [FIND, OPEN, OPEN], False),
        ({"extra": True}, [FIND, OPEN, OPEN], True),
        ({"extra": True, "ordered": True}, [{"name": "log", "arguments": {}}, FIND, OPEN], True),
        ({}, [FIND, {"name": "open", "arguments": {"id": "3"}}], False),
        ({"arguments": False}, [FIND, {"name": "open", "arguments": {"id": "3"}}], True),
    ],
)
def test_tool_calls(options, calls, right):
    assert value(ToolCalls(**options), None, WANTED, **made(*calls)) is right


def test_the_rationale_names_what_is_missing():
    one = scores(ToolCalls(), None, WANTED, **made(FIND))["tool_calls"]
    assert one.rationale.startswith('Missing: open({"id":3}). Calls made: find(')


def test_calls_are_read_from_the_answer_where_none_were_measured():
    whole = [{"id": "1", "type": "function", "function": {"name": "open", "arguments": '{"id": 3}'}}]
    wanted = {"expected_tool_calls": [OPEN]}
    for outputs in (whole, {"tool_calls": whole}, '[{"function": {"name": "open", "arguments": "{\\"id\\": 3}"}}]'):
        assert value(ToolCalls(), outputs, wanted) is True
    assert value(ToolCalls(), "some words", wanted) is False


def test_arguments_that_are_left_open_are_matched_last():
    wanted = {"expected_tool_calls": [{"name": "open"}, OPEN]}
    assert value(ToolCalls(), None, wanted, **made(OPEN, {"name": "open", "arguments": {"id": 9}})) is True


def test_no_call_can_be_expected():
    nothing = {"expected_tool_calls": []}
    assert value(ToolCalls(), "words", nothing) is True
    assert value(ToolCalls(), None, nothing, **made(OPEN)) is False


def test_expectations_that_are_no_calls_are_errors():
    for calls in ("open", [3], [{"arguments": {}}]):
        assert "expected" in scores(ToolCalls(), None, {"expected_tool_calls": calls})["tool_calls"].error
