"""Datasets made of traces: what went in and came out of the root, what people expect of it."""

from __future__ import annotations

import json
from typing import Any

import pytest

import quire
from quire import datasets
from quire.domain.errors import InvalidInput, NotFound


@quire.trace
def answer(question: str) -> dict[str, Any]:
    with quire.start_span("inner") as span:
        span.set_inputs({"not": "this"})
    return {"answer": question.upper()}


@pytest.fixture
def traced(store: str) -> list[str]:
    """The ids of three traces, the first of them annotated."""
    ids = []
    for question in ("a", "b", "c"):
        answer(question)
        ids.append(quire.get_last_active_trace_id())
    quire.log_expectation(trace_id=ids[0], name="answer", value="A")
    quire.log_expectation(trace_id=ids[0], name="facts", value=["x"])
    quire.log_feedback(trace_id=ids[0], name="good", value=True)
    return ids


def test_traces_found_by_a_search(traced: list[str]) -> None:
    found = datasets.create("traced", quire.search_traces(return_type="list"))
    records = {record.inputs["question"]: record for record in found}
    assert records.keys() == {"a", "b", "c"}
    assert records["a"].expectations == {"answer": "A", "facts": ["x"]}
    assert records["a"].outputs == {"answer": "A"}
    assert records["b"].expectations == {}
    source = records["a"].source
    assert source is not None
    assert (source.source_type, source.source_data["trace_id"]) == ("TRACE", traced[0])


def test_ids_and_dataframes_of_traces_are_the_same(traced: list[str]) -> None:
    pytest.importorskip("pandas")
    by_id = datasets.open(traced)
    assert by_id.digest == datasets.open(quire.search_traces()).digest
    assert by_id.digest == datasets.open(quire.search_traces(return_type="list")).digest
    assert [record.inputs["question"] for record in by_id] == ["a", "b", "c"]


def test_a_trace_that_there_is_not_is_named(traced: list[str]) -> None:
    with pytest.raises(NotFound, match="tr-none"):
        list(datasets.open([*traced, "tr-none"]))


def test_a_trace_without_inputs_is_named(store: str) -> None:
    with quire.start_span("empty"):
        pass
    trace_id = quire.get_last_active_trace_id()
    quire.flush_trace_async_logging()
    with pytest.raises(InvalidInput, match=f"{trace_id} has no inputs"):
        datasets.open([trace_id])


def test_inputs_that_are_no_mapping_become_one(store: str) -> None:
    with quire.start_span("asked") as span:
        span.set_inputs("what?")
        span.set_outputs("that")
    quire.flush_trace_async_logging()
    (record,) = datasets.open([quire.get_last_active_trace_id()])
    assert (record.inputs, record.outputs) == ({"input": "what?"}, "that")


def test_traces_are_merged_under_mlflows_names(traced: list[str]) -> None:
    handle = quire.genai.datasets.create_dataset("merged")
    handle.merge_records(quire.search_traces(return_type="list"))
    assert {record.source_id for record in handle.records} == set(traced)
    assert {record.source_type for record in handle.records} == {"TRACE"}
    before = handle.digest
    handle.merge_records(quire.search_traces(return_type="list"))
    assert handle.digest == before
    json.dumps(handle.to_dict())
