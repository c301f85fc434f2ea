"""Traces for looking at, over HTTP: outlines, spans, models, series over time, files to download, datasets."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from quire.domain.assessments import Assessment, AssessmentSource, Feedback, expectation_of
from quire.domain.otlp import read_json, read_span
from quire.entities import Trace
from quire.store import Store, open_store
from quire.store.sql.store import SqlStore
from tests.server.conftest import Served
from tests.spans import START, message, new_trace, span

API = "/api/quire/v1"
ROOT, CALL = "00000000000000aa", "00000000000000bb"
QUESTION = {"model": "gpt-4o", "messages": [{"role": "user", "content": "Why?", "name": None}]}
ANSWER = {"choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "Because."}}]}


@pytest.fixture(scope="module")
def store(server: Served) -> Store:
    """The server's store."""
    found = server.app.context.store
    assert isinstance(found, SqlStore)
    return found


@pytest.fixture(scope="module")
def experiment(server: Served, store: Store) -> str:
    return server.experiment("looked at")


@pytest.fixture(scope="module")
def trace(store: Store, experiment: str) -> str:
    """The id of a trace of a root and a call."""
    trace_id = new_trace()
    root = message(trace_id, "root", span_id=ROOT, ms=100, mlflow__spanInputs={"question": "Why?"})
    call = message(
        trace_id,
        "call",
        span_id=CALL,
        parent=ROOT,
        start=START + 10,
        ms=50,
        status="ERROR",
        mlflow__spanType="CHAT_MODEL",
        mlflow__spanInputs=msgspec.json.encode(QUESTION).decode(),
        mlflow__spanOutputs=msgspec.json.encode(ANSWER).decode(),
        mlflow__llm__model="gpt-4o",
        mlflow__chat__tokenUsage={"input_tokens": 2, "output_tokens": 3, "total_tokens": 5},
        mlflow__llm__cost={"total_cost": 0.25},
        quire__usage__estimated=True,
    )
    event = call.events.add(name="exception", time_unix_nano=call.start_time_unix_nano + 7_000)
    event.attributes.add(key="exception.type").value.string_value = "Oops"
    store.log_spans(experiment, [read_span(root), read_span(call)])
    return trace_id


def test_an_outline_holds_no_content(server: Served, trace: str) -> None:
    found = server.call("GET", f"{API}/traces/{trace}/outline").json["trace"]
    assert (found["start_ms"], found["complete"]) == (START, True)
    assert found["info"]["trace_id"] == trace
    root, call = found["spans"]
    assert (root["span_id"], root.get("parent_id"), root["duration_us"]) == (ROOT, None, 100_000)
    assert (call["offset_us"], call["duration_us"], call["status"]) == (10_000, 50_000, "ERROR")
    assert (call["model"], call["usage"]["total_tokens"], call["cost"]["total_cost"]) == ("gpt-4o", 5, 0.25)
    assert (call["estimated"], root["estimated"]) == (True, False)
    assert "Because" not in str(found["spans"])


def test_a_span_is_given_as_it_is_nulls_too(server: Served, trace: str) -> None:
    found = server.call("GET", f"{API}/traces/{trace}/spans/{CALL}").json["span"]
    assert '"name":null' in found["inputs"].replace('\\"', '"')
    assert "Because." in found["outputs"]
    assert found["attributes"]["quire.usage.estimated"] == "true"
    assert not {"mlflow.spanInputs", "mlflow.spanOutputs"} & found["attributes"].keys()
    assert found["events"] == [{"name": "exception", "offset_us": 7, "attributes": {"exception.type": "Oops"}}]
    root = server.call("GET", f"{API}/traces/{trace}/spans/{ROOT}").json["span"]
    assert "outputs" not in root


@pytest.mark.parametrize(
    ("path", "status"),
    [(f"traces/{'tr-' + '0' * 32}/outline", 404), ("traces/a b/outline", 400), ("traces/TRACE/spans/nothing", 404)],
)
def test_what_there_is_not_is_not_found(server: Served, trace: str, path: str, status: int) -> None:
    answer = server.call("GET", f"{API}/{path.replace('TRACE', trace).replace(' ', '%20')}")
    assert answer.status == status, answer.body


def test_models_are_told_by_trace(server: Served, trace: str) -> None:
    asked = {"trace_ids": [trace, new_trace()]}
    assert server.call("POST", f"{API}/traces/models", asked).json["models"] == {trace: ["gpt-4o"]}
    assert server.call("POST", f"{API}/traces/models", {"trace_ids": []}).status == 400


@pytest.fixture(params=["sqlite", "postgresql"])
def either(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    """A store of each kind."""
    uri = f"sqlite:///{tmp_path}/quire.db"
    if request.param == "postgresql":
        uri = request.getfixturevalue("postgres_copy")
    opened = open_store(uri, artifact_root=str(tmp_path / "artifacts"))
    yield opened
    opened.close()


def test_what_people_said_of_traces_is_found_among_all_that_was_said(either: Store) -> None:
    assert isinstance(either, SqlStore)
    experiment = either.create_experiment("judged")
    traces = [new_trace() for _ in range(3)]
    either.log_spans(experiment, [span(trace) for trace in traces])
    for trace, kind, who in ((0, "HUMAN", "ada"), (0, "CODE", "HUMAN"), (1, "LLM_JUDGE", "gpt"), (2, "HUMAN", "bob")):
        source = AssessmentSource(source_type=kind, source_id=who)
        either.create_assessment(
            Assessment(assessment_name="good", trace_id=traces[trace], source=source, feedback=Feedback(value=True))
        )
        either.create_assessment(
            Assessment(assessment_name="due", trace_id=traces[trace], source=source, expectation=expectation_of(1))
        )
    found = either.trace_views.human_feedback([*traces[:2], new_trace()])
    assert [(place, one.trace_id, one.source.source_id, one.value) for place, one in found] == [
        (experiment, traces[0], "ada", True)
    ]
    assert either.trace_views.human_feedback([]) == []


def test_series_count_what_began_when(either: Store) -> None:
    assert isinstance(either, SqlStore)
    experiment = either.create_experiment("over time")
    for minute, status in ((0, "OK"), (0, "ERROR"), (3, "OK")):
        start = START + minute * 60_000
        either.log_spans(experiment, [span(new_trace(), start=start, ms=10 * (minute + 1), status=status)])
    found = either.trace_views.trace_series([experiment], points=4)
    assert found.width_ms == 60_000
    assert [(point.count, point.errors, point.p50_ms) for point in found.points] == [(2, 1, 10), (1, 0, 40)]
    assert found.points[1].start_ms - found.points[0].start_ms == 180_000
    failed = either.trace_views.trace_series([experiment], filter_string="status = 'ERROR'", points=4)
    assert [point.count for point in failed.points] == [1]
    late = either.trace_views.trace_series([experiment], start_ms=START + 1, points=4)
    assert [point.count for point in late.points] == [1]
    named = either.trace_views.trace_series([experiment], filter_string="name = 'call'", points=4)
    assert sum(point.count for point in named.points) == 3
    nothing = either.trace_views.trace_series([either.create_experiment("empty")])
    assert nothing.points == []


def test_outlines_are_the_same_in_every_database(either: Store) -> None:
    assert isinstance(either, SqlStore)
    experiment = either.create_experiment("outlined")
    trace_id = new_trace()
    early = span(trace_id, "early", parent=ROOT, start=START - 5)
    root = span(trace_id, "root", span_id=ROOT, mlflow__chat__tokenUsage={"total_tokens": 3})
    marked = span(
        trace_id,
        "marked",
        parent=ROOT,
        start=START + 1,
        mlflow__chat__tokenUsage={"total_tokens": 1},
        quire__usage__estimated=True,
    )
    either.log_spans(experiment, [root, early, marked])
    found = either.trace_views.outline_trace(trace_id)
    assert [item.name for item in found.spans] == ["early", "root", "marked"]
    assert [item.offset_us for item in found.spans] == [0, 5_000, 6_000]
    assert [item.estimated for item in found.spans] == [False, False, True]
    assert found.start_ms == START - 5
    assert either.trace_views.get_span(trace_id, ROOT).content == root.content
    assert either.trace_views.trace_models([trace_id]) == {}


def test_outlines_tell_when_the_first_token_of_a_streamed_answer_came(either: Store) -> None:
    assert isinstance(either, SqlStore)
    experiment = either.create_experiment("streamed")
    trace_id = new_trace()
    said: list[Any] = [231.5, 12, "7.25", "soon", {"ms": 3}, float("inf"), True]
    either.log_spans(
        experiment,
        [
            span(trace_id, f"s{at}", start=START + at, quire__stream__first_token_ms=value, mlflow__llm__model="m")
            for at, value in enumerate(said)
        ]
        + [span(trace_id, "plain", start=START + 50, mlflow__llm__model="m")],
    )
    found = either.trace_views.outline_trace(trace_id).spans
    assert [item.first_token_ms for item in found] == [231.5, 12, 7.25, None, None, None, None, None]


@pytest.mark.parametrize("bad", [{"points": 0}, {"points": 501}, {"filter": "colour = 1"}, {"experiment_ids": ["x"]}])
def test_series_that_make_no_sense_are_refused(server: Served, experiment: str, bad: dict[str, Any]) -> None:
    answer = server.call("POST", f"{API}/traces/series", {"experiment_ids": [experiment], **bad})
    assert (answer.status, answer.json["error_code"]) == (400, "INVALID_PARAMETER_VALUE")


def test_traces_are_downloaded_so_that_others_read_them(server: Served, experiment: str, trace: str) -> None:
    mlflow = server.call("GET", f"{API}/traces/export?trace_ids={trace}")
    assert mlflow.headers["content-disposition"] == "attachment; filename=traces.jsonl"
    assert {item.name for item in Trace.from_json(mlflow.body.decode()).data.spans} == {"root", "call"}
    otlp = server.call("GET", f"{API}/traces/export?experiment_ids={experiment}&format=otlp")
    records = read_json(otlp.body.strip())
    assert [(item.trace_id, item.span_id, item.parent_id) for item in records] == [
        (trace, ROOT, None),
        (trace, CALL, ROOT),
    ]


def test_a_download_says_what_is_wrong_instead_of_a_file(server: Served, experiment: str, trace: str) -> None:
    for query, status in (
        ("", 400),
        (f"trace_ids={trace}&format=xml", 400),
        (f"trace_ids={new_trace()}", 404),
        (f"experiment_ids={experiment}&filter=colour%20%3D%201", 400),
        (f"trace_ids={trace}&format=recording", 400),
    ):
        answer = server.call("GET", f"{API}/traces/export?{query}")
        assert answer.status == status, (query, answer.body)
        assert answer.json["message"]


def test_traces_become_records_of_a_dataset(server: Served, experiment: str, trace: str) -> None:
    dataset = server.call("POST", "/api/3.0/mlflow/datasets/create", {"name": "from traces"}).json["dataset"]
    path = f"{API}/datasets/{dataset['dataset_id']}/traces"
    made = server.call("POST", path, {"trace_ids": [trace]})
    assert made.json == {"records": 1, "version": 1}
    again = server.call("POST", path, {"trace_ids": [trace]})
    assert again.json == {"records": 1, "version": 1}
    records = server.call("GET", f"/api/3.0/mlflow/datasets/{dataset['dataset_id']}/records").json["records"]
    (record,) = msgspec.json.decode(records)
    assert (
        msgspec.json.decode(record["inputs"])
        if isinstance(record["inputs"], str)
        else record["inputs"] == {"question": "Why?"}
    )


def test_a_trace_without_inputs_is_no_record_and_nothing_is_stored(
    server: Served, store: Store, experiment: str, trace: str
) -> None:
    bare = new_trace()
    store.log_spans(experiment, [span(bare, "bare", span_id=ROOT)])
    dataset = server.call("POST", "/api/3.0/mlflow/datasets/create", {"name": "half"}).json["dataset"]
    answer = server.call("POST", f"{API}/datasets/{dataset['dataset_id']}/traces", {"trace_ids": [trace, bare]})
    assert (answer.status, bare in answer.json["message"]) == (400, True)
    records = server.call("GET", f"/api/3.0/mlflow/datasets/{dataset['dataset_id']}/records").json
    assert msgspec.json.decode(records.get("records", "[]")) == []
