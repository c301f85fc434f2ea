"""Traces that are stored: found, read, labelled, judged and deleted, under MLflow's names."""

from __future__ import annotations

import re

import pytest

import quire
from quire.domain.errors import InvalidInput, InvalidState, NotFound
from quire.entities import AssessmentSource, Expectation, Feedback, SpanType, Trace
from tests.tracing.conftest import last_trace, names_by_parent


@pytest.fixture
def trace() -> Trace:
    with quire.start_span("root", span_type=SpanType.CHAIN) as span:
        span.set_inputs({"a": 1})
        span.set_outputs("out")
        with quire.start_span("call", span_type=SpanType.TOOL):
            pass
    return last_trace()


def test_a_trace_is_read_whole(trace: Trace) -> None:
    info = trace.info
    assert re.fullmatch("tr-[0-9a-f]{32}", trace.trace_id)
    assert (info.state, info.status, info.experiment_id, info.client_request_id) == ("OK", "OK", "0", None)
    assert info.request_time > 1_700_000_000_000
    assert info.execution_duration is not None
    assert (info.request_preview, info.response_preview) == ('{"a":1}', "out")
    assert (trace.data.request, trace.data.response) == ('{"a":1}', '"out"')
    assert [span.name for span in trace.search_spans(span_type="TOOL")] == ["call"]
    assert [span.name for span in trace.search_spans(name=re.compile("^r"))] == ["root"]
    assert trace.search_spans(span_id=trace.data.spans[1].span_id)[0].name == "call"
    with pytest.raises(InvalidInput):
        trace.search_spans(name=3)  # type: ignore[arg-type]


def test_a_trace_is_the_same_after_json(trace: Trace) -> None:
    quire.log_feedback(trace_id=trace.trace_id, name="good", value=True)
    stored = last_trace()
    again = Trace.from_json(stored.to_json(pretty=True))
    assert again == stored
    assert again.to_dict() == stored.to_dict()
    assert again.data.spans[0].inputs == {"a": 1}
    assert [item.value for item in again.info.assessments] == [True]
    for text in ("no json", "{}", '{"info": {}, "data": {}}'):
        with pytest.raises(InvalidInput):
            Trace.from_json(text)


def test_a_trace_that_there_is_not_is_none(trace: Trace, caplog: pytest.LogCaptureFixture) -> None:
    unknown = f"tr-{'1' * 32}"
    assert quire.get_trace(unknown, silent=True) is None
    assert caplog.text == ""
    assert quire.get_trace(unknown) is None
    assert unknown in caplog.text
    with pytest.raises(NotFound):
        quire.Client().get_trace(unknown)


def test_traces_are_found_as_a_list_and_as_a_dataframe(trace: Trace) -> None:
    other = quire.create_experiment("other")
    with quire.start_span("elsewhere", experiment_id=other):
        pass
    assert [found.trace_id for found in quire.search_traces(return_type="list")] == [trace.trace_id]
    found = quire.search_traces(locations=["0", other], filter_string="trace.name = 'elsewhere'", return_type="list")
    assert [item.info.experiment_id for item in found] == [other]
    bare = quire.search_traces(include_spans=False, return_type="list")
    assert (bare[0].data.spans, bare[0].info.request_preview) == ([], '{"a":1}')
    frame = quire.search_traces()
    assert list(frame["trace_id"]) == [trace.trace_id]
    assert (frame["request"][0], frame["response"][0]) == ({"a": 1}, "out")
    assert Trace.from_json(frame["trace"][0]) == trace
    with pytest.raises(InvalidInput):
        quire.search_traces(return_type="polars")  # type: ignore[arg-type]
    with pytest.raises(InvalidInput):
        quire.search_traces(extract_fields=["a"])


def test_pages_hold_all_traces_once() -> None:
    for number in range(7):
        with quire.start_span(f"s{number}"):
            pass
    client = quire.Client()
    names, token = [], None
    while True:
        page = client.search_traces(["0"], max_results=3, page_token=token)
        names += [item.info.tags["mlflow.traceName"] for item in page]
        token = page.token
        if token is None:
            break
    assert sorted(names) == [f"s{number}" for number in range(7)]
    assert len(quire.search_traces(max_results=5, return_type="list")) == 5


def test_traces_of_a_run_and_of_a_model_are_found() -> None:
    with quire.start_run() as run, quire.start_span("in a run"):
        quire.update_current_trace(model_id="m-7")
    with quire.start_span("outside"):
        pass
    by_run = quire.search_traces(run_id=run.info.run_id, return_type="list")
    by_model = quire.search_traces(model_id="m-7", return_type="list")
    assert [item.info.tags["mlflow.traceName"] for item in by_run + by_model] == ["in a run"] * 2


def test_tags_are_set_and_removed(trace: Trace) -> None:
    quire.set_trace_tag(trace.trace_id, "key", 3)
    assert last_trace().info.tags["key"] == "3"
    quire.delete_trace_tag(trace.trace_id, "key")
    assert "key" not in last_trace().info.tags
    with pytest.raises(NotFound):
        quire.delete_trace_tag(trace.trace_id, "key")


def test_judgements_are_stored_changed_overridden_and_deleted(trace: Trace) -> None:
    person = AssessmentSource(source_type="HUMAN", source_id="ada")
    first = quire.log_feedback(
        trace_id=trace.trace_id, name="good", value=0.5, source=person, rationale="so so", metadata={"round": 1}
    )
    assert (first.value, first.kind, first.source.source_id, first.metadata) == (0.5, "feedback", "ada", {"round": "1"})
    second = quire.override_feedback(trace_id=trace.trace_id, assessment_id=str(first.assessment_id), value=1.0)
    assert second.overrides == first.assessment_id
    wanted = quire.log_expectation(trace_id=trace.trace_id, name="answer", value={"text": ["yes"]})
    failed = quire.log_feedback(trace_id=trace.trace_id, name="judge", error=TimeoutError("too slow"))
    assert (failed.error_code, failed.error_message) == ("TimeoutError", "too slow")
    span_id = trace.data.spans[1].span_id
    given = quire.log_assessment(trace.trace_id, Feedback(name="of a span", value="x", span_id=span_id))
    stored = last_trace()
    assert {item.name for item in stored.search_assessments()} == {"good", "answer", "judge", "of a span"}
    assert [item.value for item in stored.search_assessments("good")] == [1.0]
    assert len(stored.search_assessments("good", all=True)) == 2
    assert [item.name for item in stored.search_assessments(type="expectation")] == ["answer"]
    assert [item.assessment_id for item in stored.search_assessments(span_id=span_id)] == [given.assessment_id]
    quire.update_assessment(trace.trace_id, str(wanted.assessment_id), Expectation(name="answer", value="no"))
    assert quire.get_assessment(trace.trace_id, str(wanted.assessment_id)).value == "no"
    quire.delete_assessment(trace.trace_id, str(second.assessment_id))
    assert quire.get_assessment(trace.trace_id, str(first.assessment_id)).valid is not False
    with pytest.raises(InvalidState):
        quire.override_feedback(trace_id=trace.trace_id, assessment_id=str(wanted.assessment_id), value=1)
    with pytest.raises(InvalidInput, match="neither a value nor an error"):
        quire.log_feedback(trace_id=trace.trace_id)


def test_a_trace_may_be_judged_while_it_is_made() -> None:
    with quire.start_span("s") as span:
        quire.log_feedback(trace_id=span.trace_id, name="early", value=True)
    stored = last_trace()
    assert [item.name for item in stored.info.assessments] == ["early"]
    assert (stored.info.state, stored.info.tags["mlflow.traceName"]) == ("OK", "s")


def test_traces_are_deleted_by_id_and_by_age(trace: Trace) -> None:
    with quire.start_span("newer"):
        pass
    newer = last_trace()
    assert quire.Client().delete_traces("0", trace_ids=[trace.trace_id]) == 1
    assert quire.tracing.delete_traces("0", max_timestamp_millis=newer.info.request_time) == 1
    assert quire.search_traces(return_type="list") == []
    with pytest.raises(InvalidInput):
        quire.Client().delete_traces("0")


def test_the_client_makes_traces_span_by_span() -> None:
    client = quire.Client()
    root = client.start_trace("root", inputs={"q": 1}, tags={"t": "1"}, attributes={"a": 1})
    child = client.start_span("child", root.trace_id, root.span_id, inputs="in")
    forgotten = client.start_span("forgotten", root.trace_id, child.span_id)
    client.end_span(root.trace_id, child.span_id, outputs="out", status="ERROR")
    client.end_trace(root.trace_id, outputs={"answer": 2}, status="OK")
    trace = client.get_trace(root.trace_id)
    assert names_by_parent(trace) == {"root": None, "child": "root", "forgotten": "child"}
    assert (trace.info.tags["t"], trace.data.response, trace.info.state) == ("1", '{"answer":2}', "OK")
    assert trace.search_spans(name="child")[0].status.status_code == "ERROR"
    assert not forgotten.is_recording()
    with pytest.raises(InvalidState):
        client.end_trace(root.trace_id)
    with pytest.raises(InvalidState):
        client.start_span("s", root.trace_id, root.span_id)


def test_a_client_of_another_store_makes_traces_there(tmp_path: object) -> None:
    other = quire.Client(f"sqlite:///{tmp_path}/other.db")
    span = other.start_trace("there")
    other.end_trace(span.trace_id)
    assert other.get_trace(span.trace_id).info.experiment_id == "0"
    assert quire.get_trace(span.trace_id, silent=True) is None


def test_traces_are_linked_to_runs_and_prompts(trace: Trace) -> None:
    client = quire.Client()
    run = client.create_run("0")
    client.link_traces_to_run([trace.trace_id], run.info.run_id)
    assert len(quire.search_traces(run_id=run.info.run_id, return_type="list")) == 1

    class Version:
        name, version = "greeting", 2

    client.link_prompt_versions_to_trace([Version()], trace.trace_id)
    found = quire.search_traces(filter_string="prompt = 'greeting/2'", return_type="list")
    assert [item.trace_id for item in found] == [trace.trace_id]
