"""Protobuf's rules of JSON: what is written comes back, whatever way it is written; a mistake is named."""

from __future__ import annotations

import json
import math
from typing import Any, Literal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quire.domain.entities import Experiment, Metric, RunInfo
from quire.domain.errors import InvalidInput
from quire.domain.protojson import (
    Int64,
    Message,
    Required,
    decode,
    decode_query,
    encode,
    encode_query,
    from_parts,
    number_text,
)
from quire.domain.registry import ModelVersion


class Inner(Message, frozen=True, kw_only=True):
    key: Required
    value: float = 0.0


class Sample(Message, frozen=True, kw_only=True):
    name: Required
    number: Int64 = 0
    maybe: Int64 | None = None
    ratio: float = 0.0
    on: bool = False
    view: Literal["ALL", "SOME"] = "ALL"
    words: list[str] = msgspec.field(default_factory=list)
    inner: list[Inner] = msgspec.field(default_factory=list)


text = st.text(st.characters(exclude_categories=["Cs"]), min_size=1)
integers = st.integers(-(2**63), 2**63 - 1)
floats = st.floats(allow_nan=False)
samples = st.builds(
    Sample,
    name=text,
    number=integers,
    maybe=st.none() | integers,
    ratio=floats,
    on=st.booleans(),
    view=st.sampled_from(["ALL", "SOME"]),
    words=st.lists(text),
    inner=st.lists(st.builds(Inner, key=text, value=floats)),
)


def written_otherwise(value: Any) -> Any:
    """The same message as another client may write it: numbers as text, unknown fields, nulls."""
    if isinstance(value, dict):
        return {**{key: written_otherwise(item) for key, item in value.items()}, "zork": [{"a": None}], "maybe_": None}
    if isinstance(value, list):
        return [written_otherwise(item) for item in value]
    if isinstance(value, float):
        return repr(value) if math.isfinite(value) else number_text(value)
    return str(value) if type(value) is int else value


@given(samples)
def test_what_is_written_comes_back(sample: Sample) -> None:
    assert decode(encode(sample), Sample) == sample
    otherwise = written_otherwise(msgspec.to_builtins(sample))
    assert decode(json.dumps(otherwise).encode(), Sample) == sample
    assert decode(json.dumps(json.dumps(otherwise)).encode(), Sample) == sample


@given(samples)
def test_a_message_travels_in_a_query_too(sample: Sample) -> None:
    flat = msgspec.structs.replace(sample, inner=[])
    assert decode_query([*encode_query(flat), ("zork", "1")], Sample) == flat


def test_the_word_null_in_a_query_is_text_and_no_number() -> None:
    assert decode_query([("name", "null")], Sample).name == "null"
    with pytest.raises(InvalidInput, match="'maybe'"):
        decode_query([("name", "x"), ("maybe", "null")], Sample)


def test_numbers_that_json_lacks_are_words() -> None:
    metrics = [Metric("a", float("nan")), Metric("b", float("inf")), Metric("null", float("-inf"))]
    assert [item["value"] for item in json.loads(encode(metrics))] == ["NaN", "Infinity", "-Infinity"]
    assert b"null" in encode(metrics)  # the key, not a value
    assert math.isnan(decode(b'{"name":"x","ratio":"NaN"}', Sample).ratio)
    assert json.loads(encode({"a": None, "b": [1, {"c": None}]})) == {"b": [1, {}]}


def test_absent_null_and_empty_are_the_default() -> None:
    assert decode(b'{"name":"x","number":null,"words":null,"inner":[{"key":"k","value":null}]}', Sample) == Sample(
        name="x", inner=[Inner(key="k")]
    )


def test_entities_are_written_with_what_protobuf_writes() -> None:
    info = RunInfo(run_id="r", experiment_id="1", run_name="n", status="RUNNING", start_time=0, artifact_uri="a")
    assert json.loads(encode(info)) == {
        "run_id": "r",
        "experiment_id": "1",
        "run_name": "n",
        "user_id": "",
        "status": "RUNNING",
        "start_time": 0,
        "artifact_uri": "a",
        "lifecycle_stage": "active",
    }
    assert json.loads(encode(Metric("m", 1.0))) == {"key": "m", "value": 1.0, "timestamp": 0, "step": 0}
    experiment = json.loads(encode(Experiment(experiment_id="1", name="e", artifact_location="a")))
    assert (experiment["lifecycle_stage"], experiment["workspace"]) == ("active", "default")
    version = ModelVersion(name="m", version="1", creation_timestamp=1, last_updated_timestamp=1, source="s")
    assert json.loads(encode(version)) == {
        "name": "m",
        "version": "1",
        "creation_timestamp": 1,
        "last_updated_timestamp": 1,
        "current_stage": "None",
        "description": "",
        "source": "s",
        "run_id": "",
        "status": "READY",
        "run_link": "",
    }


MISTAKES = {
    b"{}": "Missing value for required parameter 'name'",
    b'{"name":""}': "Missing value for required parameter 'name'",
    b'{"name":7}': "Invalid value 7 for parameter 'name'",
    b'{"name":"x","number":1.5}': "Invalid value 1.5 for parameter 'number'",
    b'{"name":"x","number":"abc"}': "Invalid value \"abc\" for parameter 'number'",
    b'{"name":"x","number":9223372036854775808}': "9223372036854775807",
    b'{"name":"x","number":true}': "parameter 'number'",
    b'{"name":"x","ratio":1e999}': "Invalid value \"1e999\" for parameter 'ratio'",
    b'{"name":"x","view":"NONE"}': "expected one of ALL, SOME",
    b'{"name":"x","words":"w"}': "parameter 'words'",
    b'{"name":"x","words":[1]}': "Invalid value 1 for parameter 'words[0]'",
    b'{"name":"x","inner":[{"key":"k"},{"value":1}]}': "required parameter 'inner[1].key'",
    b'{"name":"x","inner":[{"key":"k","value":"v"}]}': "parameter 'inner[0].value'",
    b"[]": "expected a JSON object",
    b"7": "expected a JSON object",
    b"{": "not JSON",
    b'{"name":"\xff"}': "UTF-8",
    b'{"a":' * 100_000: "nested too deeply",
    b'{"name":"x","zork":' + b"[" * 100_000 + b"]" * 100_000 + b"}": "nested too deeply",
}


@pytest.mark.parametrize("content", MISTAKES, ids=lambda content: content[:40].decode("latin-1"))
def test_a_mistake_is_named_with_its_place_and_value(content: bytes) -> None:
    with pytest.raises(InvalidInput) as caught:
        decode(content, Sample)
    assert MISTAKES[content] in caught.value.message


def test_a_long_value_is_cut_in_the_message() -> None:
    with pytest.raises(InvalidInput) as caught:
        decode(json.dumps({"name": "x", "number": "y" * 1_000_000}).encode(), Sample)
    assert len(caught.value.message) < 400


def test_fields_given_apart_count_before_those_of_the_body() -> None:
    assert from_parts(b'{"name":"body","number":"3"}', {"name": "path"}, Sample) == Sample(name="path", number=3)
    assert from_parts(b"", {"name": "path"}, Sample) == Sample(name="path")
    with pytest.raises(InvalidInput, match="JSON object"):
        from_parts(b"[1]", {"name": "path"}, Sample)


@given(st.binary(max_size=60) | text.map(str.encode))
def test_any_bytes_are_a_message_or_a_mistake(content: bytes) -> None:
    try:
        decode(content, Sample)
    except InvalidInput:
        return
