"""Traces and spans: what every store promises."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from quire.domain.entities import Run
from quire.domain.errors import InvalidInput, NotFound
from quire.domain.otlp import otlp_span
from quire.domain.traces import PromptVersionRef, TraceInfo, trace_info
from quire.store import Store
from tests.spans import START, new_trace, span

Begin = Callable[..., TraceInfo]


@pytest.fixture
def begin(store: Store, experiment: str) -> Begin:
    """Stores a trace without spans in the experiment."""

    def made(trace_id: str | None = None, **fields: Any) -> TraceInfo:
        given = {"timestamp_ms": START, "state": "OK", **fields}
        return store.start_trace(trace_info(trace_id or new_trace(), given.pop("experiment_id", experiment), **given))

    return made


def test_a_trace_is_read_as_it_was_stored(store: Store, experiment: str) -> None:
    given = trace_info(
        new_trace(),
        experiment,
        timestamp_ms=START + 7,
        execution_time_ms=1_500,
        state="ERROR",
        client_request_id="mine",
        request_preview="hi",
        response_preview="hello",
        tags={"team": "é", "mlflow.traceName": "answer"},
        trace_metadata={"mlflow.trace.session": "s1", "long": "x" * 200},
    )
    made = store.start_trace(given)
    assert store.get_trace_info(given.trace_id) == made
    assert (made.timestamp_ms, made.execution_time_ms, made.state) == (START + 7, 1_500, "ERROR")
    assert (made.request_preview, made.response_preview, made.client_request_id) == ("hi", "hello", "mine")
    assert made.experiment_id == experiment
    assert made.tags["team"] == "é"
    assert made.tags["mlflow.traceName"] == "answer"
    assert made.tags["mlflow.artifactLocation"].endswith(f"/{experiment}/traces/{given.trace_id}/artifacts")
    assert "mlflow.trace.spansLocation" not in made.tags
    assert made.trace_metadata["mlflow.trace.session"] == "s1"
    assert made.trace_metadata["long"] == "x" * 200
    assert made.trace_metadata["mlflow.trace.infoFinalized"] == "true"


def test_what_is_said_again_is_merged(begin: Begin) -> None:
    first = begin(tags={"a": "1", "b": "1"}, trace_metadata={"m": "1"}, request_preview="in", execution_time_ms=1)
    again = begin(first.trace_id, tags={"b": "2"}, trace_metadata={"n": "2"}, execution_time_ms=9, state="ERROR")
    assert {key: again.tags[key] for key in ("a", "b")} == {"a": "1", "b": "2"}
    assert {key: again.trace_metadata[key] for key in ("m", "n")} == {"m": "1", "n": "2"}
    assert (again.execution_time_ms, again.state, again.request_preview) == (9, "ERROR", "in")


def test_spans_make_a_trace(store: Store, experiment: str) -> None:
    trace_id = new_trace()
    root = span(trace_id, "agent", start=START, ms=100, mlflow__spanInputs={"q": 1}, mlflow__spanOutputs="done")
    child = span(trace_id, "tool", parent=root.span_id, start=START + 10, ms=20, status="ERROR")
    store.log_spans(experiment, [child, root])
    (found,) = store.get_traces([trace_id])
    assert [item.name for item in found.spans] == ["agent", "tool"]
    assert found.spans[1].parent_id == root.span_id
    info = found.info
    assert (info.timestamp_ms, info.execution_time_ms, info.state) == (START, 100, "OK")
    assert info.experiment_id == experiment
    assert info.tags["mlflow.trace.spansLocation"] == "TRACKING_STORE"
    assert info.response_preview == "done"
    assert "mlflow.trace.infoFinalized" not in info.trace_metadata


def test_a_span_is_read_with_all_that_it_holds(store: Store, experiment: str) -> None:
    attributes = {"text": "é\n", "int": 2**40, "float": 0.5, "yes": True, "list": [1, "a"], "map": {"k": [None, {}]}}
    given = span(new_trace(), "all", **attributes)
    store.log_spans(experiment, [given])
    (found,) = store.get_traces([given.trace_id])
    before, after = otlp_span(given), otlp_span(found.spans[0])
    before_attributes = {item["key"]: item["value"] for item in before.pop("attributes")}
    after_attributes = {item["key"]: item["value"] for item in after.pop("attributes")}
    assert before == after
    assert {key: after_attributes[key] for key in before_attributes} == before_attributes


def test_a_trace_without_its_root_is_in_progress_until_that_comes(store: Store, experiment: str) -> None:
    trace_id, root = new_trace(), "00000000000000aa"
    store.log_spans(experiment, [span(trace_id, "late", parent=root, start=START + 50, ms=100)])
    assert store.get_trace_info(trace_id).state == "IN_PROGRESS"
    store.log_spans(experiment, [span(trace_id, "root", span_id=root, start=START, ms=10, status="ERROR")])
    info = store.get_trace_info(trace_id)
    assert (info.state, info.timestamp_ms, info.execution_time_ms) == ("ERROR", START, 150)
    assert len(store.get_traces([trace_id])[0].spans) == 2


def test_what_was_said_of_a_trace_counts_more_than_its_spans(store: Store, experiment: str, begin: Begin) -> None:
    trace_id = begin(execution_time_ms=77, tags={"mlflow.traceName": "mine"}, request_preview="asked").trace_id
    store.log_spans(experiment, [span(trace_id, "root", start=START - 500, ms=5, mlflow__spanInputs="other")])
    info = store.get_trace_info(trace_id)
    assert (info.timestamp_ms, info.execution_time_ms, info.request_preview) == (START, 77, "asked")
    assert info.tags["mlflow.traceName"] == "mine"
    assert info.tags["mlflow.trace.spansLocation"] == "TRACKING_STORE"


def test_a_span_that_comes_again_replaces_itself(store: Store, experiment: str) -> None:
    trace_id, own = new_trace(), "00000000000000ab"
    store.log_spans(experiment, [span(trace_id, "first", span_id=own), span(trace_id, "second", span_id=own)])
    store.log_spans(experiment, [span(trace_id, "third", span_id=own)])
    assert [item.name for item in store.get_traces([trace_id])[0].spans] == ["third"]


def test_spans_of_many_traces_come_in_one_call(store: Store, experiment: str) -> None:
    traces = [new_trace() for _ in range(120)]
    store.log_spans(experiment, [span(trace_id, f"n{number}") for number, trace_id in enumerate(traces)])
    found = store.get_traces(traces[::-1])
    assert [trace.info.trace_id for trace in found] == traces[::-1]
    assert [trace.spans[0].name for trace in found] == [f"n{number}" for number in range(119, -1, -1)]
    store.log_spans(experiment, [])


def _usage(number: int) -> dict[str, int]:
    return {"input_tokens": number, "output_tokens": 1, "total_tokens": number + 1}


def test_tokens_and_cost_are_counted_once(store: Store, experiment: str) -> None:
    """An agent's total covers the calls below it, also when it comes later than they do."""
    trace_id, agent = new_trace(), "00000000000000ac"
    key = "mlflow.chat.tokenUsage"
    store.log_spans(
        experiment,
        [
            span(trace_id, parent=agent, **{key: _usage(5), "mlflow.llm.cost": {"total_cost": 0.25}}),
            span(trace_id, parent=agent, **{key: _usage(7), "mlflow.llm.cost": {"total_cost": 0.5}}),
        ],
    )
    metadata = store.get_trace_info(trace_id).trace_metadata
    assert msgspec.json.decode(metadata["mlflow.trace.tokenUsage"])["input_tokens"] == 12
    assert msgspec.json.decode(metadata["mlflow.trace.cost"])["total_cost"] == 0.75
    store.log_spans(experiment, [span(trace_id, "agent", span_id=agent, **{key: _usage(12)})])
    metadata = store.get_trace_info(trace_id).trace_metadata
    assert msgspec.json.decode(metadata["mlflow.trace.tokenUsage"])["input_tokens"] == 12


def test_sessions_and_users_are_found_in_spans(store: Store, experiment: str) -> None:
    trace_id = new_trace()
    store.log_spans(experiment, [span(trace_id, session__id="s9", user__id="ann")])
    metadata = store.get_trace_info(trace_id).trace_metadata
    assert (metadata["mlflow.trace.session"], metadata["mlflow.trace.user"]) == ("s9", "ann")


def test_a_trace_begun_by_an_older_client_is_ended_by_it(store: Store, experiment: str) -> None:
    begun = store.begin_trace(experiment, timestamp_ms=START, metadata={"a": "1"}, tags={"t": "1"})
    assert (begun.state, begun.execution_time_ms) == ("IN_PROGRESS", None)
    ended = store.end_trace(
        begun.trace_id, timestamp_ms=START + 250, status="OK", metadata={"b": "2"}, tags={"mlflow.traceName": "n"}
    )
    assert (ended.state, ended.execution_time_ms, ended.timestamp_ms) == ("OK", 250, START)
    assert (ended.trace_metadata["a"], ended.trace_metadata["b"]) == ("1", "2")
    assert (ended.tags["t"], ended.tags["mlflow.traceName"]) == ("1", "n")


def test_tags_of_a_trace_are_set_replaced_and_removed(store: Store, begin: Begin) -> None:
    trace_id = begin(tags={"a": "1"}).trace_id
    store.set_trace_tag(trace_id, "a", "2")
    store.set_trace_tag(trace_id, "mlflow.traceName", "renamed")
    tags = store.get_trace_info(trace_id).tags
    assert (tags["a"], tags["mlflow.traceName"]) == ("2", "renamed")
    store.delete_trace_tag(trace_id, "a")
    store.delete_trace_tag(trace_id, "mlflow.traceName")
    assert {"a", "mlflow.traceName"} & store.get_trace_info(trace_id).tags.keys() == set()
    with pytest.raises(NotFound, match="'a'"):
        store.delete_trace_tag(trace_id, "a")
    with pytest.raises(NotFound):
        store.set_trace_tag(new_trace(), "a", "1")


def test_traces_that_there_are_not(store: Store, begin: Begin) -> None:
    there = begin().trace_id
    with pytest.raises(NotFound):
        store.get_trace_info(new_trace())
    with pytest.raises(NotFound):
        store.end_trace(new_trace(), timestamp_ms=START, status="OK")
    assert [info.trace_id for info in store.get_trace_infos([new_trace(), there])] == [there]
    assert store.get_traces([new_trace()]) == []
    assert store.get_trace_infos([]) == []


def test_traces_are_deleted_by_id_and_by_age(store: Store, experiment: str, begin: Begin) -> None:
    ids = [begin(timestamp_ms=START + number).trace_id for number in range(5)]
    store.log_spans(experiment, [span(ids[0])])
    assert store.delete_traces(experiment, trace_ids=[ids[0], new_trace()]) == 1
    with pytest.raises(NotFound):
        store.get_trace_info(ids[0])
    assert store.delete_traces(experiment, max_timestamp_ms=START + 3, max_traces=1) == 1
    assert store.delete_traces(experiment, max_timestamp_ms=START + 3) == 2
    assert [info.trace_id for info in store.search_traces([experiment])] == [ids[4]]


def test_traces_of_another_experiment_are_not_deleted(
    store: Store, experiment: str, unique: Callable[[str], str], begin: Begin
) -> None:
    trace_id = begin().trace_id
    other = store.create_experiment(unique("other"))
    assert store.delete_traces(other, trace_ids=[trace_id]) == 0
    assert store.get_trace_info(trace_id).trace_id == trace_id


@pytest.mark.parametrize(
    "how", [{}, {"trace_ids": ["tr-1"], "max_timestamp_ms": 1}, {"trace_ids": ["tr-1"], "max_traces": 1}]
)
def test_a_deletion_says_what_to_delete(store: Store, experiment: str, how: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput, match="max_t"):
        store.delete_traces(experiment, **how)


def test_traces_are_found_by_the_runs_that_they_are_linked_to(
    store: Store, experiment: str, run: Run, begin: Begin
) -> None:
    run_id = run.info.run_id
    made = begin(trace_metadata={"mlflow.sourceRun": run_id}, timestamp_ms=START)
    linked, other = begin(timestamp_ms=START - 1), begin()
    for _ in range(2):
        store.link_traces_to_run([linked.trace_id, new_trace()], run_id)
    found = store.search_traces([experiment], filter_string=f"run_id = '{run_id}'")
    assert [info.trace_id for info in found] == [made.trace_id, linked.trace_id]
    assert other.trace_id not in {info.trace_id for info in found}
    with pytest.raises(InvalidInput, match="100"):
        store.link_traces_to_run([new_trace() for _ in range(101)], run_id)


def test_traces_are_found_by_the_prompts_that_they_used(store: Store, experiment: str, begin: Begin) -> None:
    trace_id = begin().trace_id
    store.link_prompts_to_trace(trace_id, [PromptVersionRef("greeting", "3"), PromptVersionRef("farewell", "1")])
    for prompt in ("greeting/3", "farewell/1"):
        found = store.search_traces([experiment], filter_string=f"prompt = '{prompt}'")
        assert [info.trace_id for info in found] == [trace_id]
    assert store.search_traces([experiment], filter_string="prompt = 'greeting/2'") == []


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"state": "DONE"}, "DONE"),
        ({"tags": {"k": "a\0b"}}, "NUL"),
        ({"tags": {"k" * 251: "v"}}, "250"),
    ],
)
def test_a_bad_trace_is_refused(begin: Begin, fields: dict[str, Any], said: str) -> None:
    with pytest.raises(InvalidInput, match=said):
        begin(**fields)


@pytest.mark.parametrize("trace_id", ["", "a b", "x" * 101, "tr-\n"])
def test_a_bad_trace_id_is_refused(begin: Begin, store: Store, experiment: str, trace_id: str) -> None:
    with pytest.raises(InvalidInput, match="Invalid trace id"):
        store.start_trace(trace_info(trace_id, experiment, timestamp_ms=START, state="OK"))


def test_a_deleted_experiment_takes_no_traces(store: Store, experiment: str) -> None:
    store.delete_experiment(experiment)
    with pytest.raises(InvalidInput):
        store.log_spans(experiment, [span(new_trace())])
    with pytest.raises(InvalidInput):
        store.start_trace(trace_info(new_trace(), experiment, timestamp_ms=START, state="OK"))


def test_no_credential_is_stored(store: Store, experiment: str, begin: Begin) -> None:
    secret = "sk-" + "a1B2" * 8
    info = begin(tags={"t": f"key {secret}"}, trace_metadata={"m": secret}, request_preview=secret)
    attributes: dict[str, Any] = {
        "text": f"use {secret}",
        "authorization": "opaque",
        "nested": {"headers": {"cookie": "opaque"}, "list": [secret]},
        "mlflow.spanInputs": {"messages": [{"role": "user", "content": secret}]},
    }
    store.log_spans(experiment, [span(info.trace_id, **attributes), span(new_trace(), **attributes)])
    found = store.get_traces([info.trace_id])
    text = repr([msgspec.to_builtins(found[0].info), [otlp_span(item) for item in found[0].spans]])
    assert secret not in text
    assert "opaque" not in text
    assert text.count("[REDACTED]") >= 7
