"""Assessments of traces: what every store promises."""

from __future__ import annotations

import re
from typing import Any

import pytest

from quire.domain.assessments import (
    Assessment,
    AssessmentError,
    AssessmentSource,
    Expectation,
    Feedback,
    expectation_of,
)
from quire.domain.errors import InvalidInput, NotFound
from quire.domain.traces import trace_info
from quire.store import Store
from tests.spans import START, new_trace


@pytest.fixture
def trace(store: Store, experiment: str) -> str:
    """The id of a fresh trace."""
    return store.start_trace(trace_info(new_trace(), experiment, timestamp_ms=START, state="OK")).trace_id


def _feedback(trace_id: str, value: Any = True, **fields: Any) -> Assessment:
    return Assessment(**{"assessment_name": "ok", "trace_id": trace_id, "feedback": Feedback(value=value), **fields})


def test_feedback_is_read_as_it_was_given(store: Store, trace: str) -> None:
    given = _feedback(
        trace,
        source=AssessmentSource(source_type="LLM_JUDGE", source_id="gpt-4o"),
        span_id="00000000000000ae",
        rationale="it says so",
        metadata={"mlflow.assessment.sourceRunId": "r1"},
        create_time="2026-11-24T14:59:42.323Z",
        last_update_time="2026-11-24T14:59:42.323Z",
        valid=True,
    )
    made = store.create_assessment(given)
    assert re.fullmatch(r"a-[0-9a-f]{32}", made.assessment_id)
    assert store.get_assessment(trace, made.assessment_id) == made
    assert (made.kind, made.value, made.valid, made.rationale) == ("feedback", True, True, "it says so")
    assert (made.source.source_type, made.source.source_id) == ("LLM_JUDGE", "gpt-4o")
    assert (made.span_id, made.run_id, made.create_time) == ("00000000000000ae", "r1", "2026-11-24T14:59:42.323Z")
    assert store.get_trace_info(trace).assessments == [made]


@pytest.mark.parametrize("value", [True, 1.5, "yes", ["a", 1.0], {"a": "b"}])
def test_values_of_feedback_are_kept(store: Store, trace: str, value: object) -> None:
    made = store.create_assessment(_feedback(trace, value))
    assert store.get_assessment(trace, made.assessment_id).value == value


@pytest.mark.parametrize("value", ["Paris", 42, ["a", {"b": None}], {"facts": ["x"]}])
def test_expectations_are_kept(store: Store, trace: str, value: object) -> None:
    made = store.create_assessment(
        Assessment(assessment_name="answer", trace_id=trace, expectation=expectation_of(value))
    )
    found = store.get_assessment(trace, made.assessment_id)
    assert (found.kind, found.value) == ("expectation", value)


def test_an_error_stands_for_a_judgement_that_could_not_be_made(store: Store, trace: str) -> None:
    error = AssessmentError(error_code="TIMEOUT", error_message="no answer", stack_trace="at line 1")
    made = store.create_assessment(_feedback(trace, feedback=Feedback(error=error)))
    found = store.get_assessment(trace, made.assessment_id).feedback
    assert found is not None
    assert found.error == error


def test_an_assessment_is_changed(store: Store, trace: str) -> None:
    made = store.create_assessment(_feedback(trace, metadata={"a": "1"}, rationale="old"))
    changed = store.update_assessment(
        trace, made.assessment_id, name="fine", feedback=Feedback(value=False), rationale="new", metadata={"b": "2"}
    )
    assert (changed.assessment_name, changed.value, changed.rationale) == ("fine", False, "new")
    assert changed.metadata == {"a": "1", "b": "2"}
    assert changed.create_time == made.create_time
    assert store.get_assessment(trace, made.assessment_id) == changed
    same = store.update_assessment(trace, made.assessment_id, rationale="newest")
    assert (same.value, same.assessment_name, same.rationale) == (False, "fine", "newest")


def test_feedback_does_not_become_an_expectation(store: Store, trace: str) -> None:
    made = store.create_assessment(_feedback(trace))
    with pytest.raises(InvalidInput):
        store.update_assessment(trace, made.assessment_id, expectation=Expectation(value="x"))


def test_an_override_is_undone_when_it_is_deleted(store: Store, trace: str) -> None:
    old = store.create_assessment(_feedback(trace, True))
    new = store.create_assessment(_feedback(trace, False, overrides=old.assessment_id))
    assert store.get_assessment(trace, old.assessment_id).valid is False
    assert store.get_assessment(trace, new.assessment_id).valid is True
    store.delete_assessment(trace, new.assessment_id)
    assert store.get_assessment(trace, old.assessment_id).valid is True
    store.delete_assessment(trace, new.assessment_id)
    with pytest.raises(NotFound):
        store.get_assessment(trace, new.assessment_id)


def test_assessments_that_there_are_not(store: Store, trace: str) -> None:
    with pytest.raises(NotFound):
        store.get_assessment(trace, "a-none")
    with pytest.raises(NotFound):
        store.create_assessment(_feedback(new_trace()))
    with pytest.raises(NotFound):
        store.create_assessment(_feedback(trace, overrides="a-none"))
    assert store.get_trace_info(trace).assessments == []


def test_assessments_come_with_their_trace(store: Store, experiment: str) -> None:
    trace_id = new_trace()
    info = trace_info(trace_id, experiment, timestamp_ms=START, state="OK", assessments=[_feedback(trace_id, "good")])
    (made,) = store.start_trace(info).assessments
    assert (made.value, made.trace_id) == ("good", trace_id)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"feedback": None}, "exactly one of feedback, expectation and issue"),
        ({"expectation": Expectation(value=1)}, "exactly one of feedback, expectation and issue"),
        ({"assessment_name": ""}, "needs a name"),
        ({"source": AssessmentSource(source_type="GUESS")}, "GUESS"),
        ({"feedback": Feedback(value="x" * 1_000_001)}, "1,000,000"),
    ],
)
def test_a_bad_assessment_is_refused(store: Store, trace: str, fields: dict[str, Any], said: str) -> None:
    with pytest.raises(InvalidInput, match=said):
        store.create_assessment(_feedback(trace, **fields))


def test_no_credential_is_kept_in_an_assessment(store: Store, trace: str) -> None:
    secret = "sk-" + "a1B2" * 8
    made = store.create_assessment(_feedback(trace, {"said": secret}, rationale=f"it used {secret}"))
    assert secret not in repr(store.get_assessment(trace, made.assessment_id))


def test_many_are_added_at_once_and_again_without_doubling(store: Store, experiment: str) -> None:
    traces = [
        store.start_trace(trace_info(new_trace(), experiment, timestamp_ms=START, state="OK")).trace_id
        for _number in range(3)
    ]
    absent = new_trace()
    source = AssessmentSource(source_type="CODE", source_id="ok")
    about = {"source": source, "metadata": {"mlflow.assessment.sourceRunId": "r1"}}
    given = [
        _feedback(trace_id, assessment_id=f"a-{number:032x}", **about)
        for number, trace_id in enumerate([*traces, absent])
    ]
    expected = Assessment(
        assessment_id=f"a-{9:032x}",
        assessment_name="fact",
        trace_id=traces[0],
        source=source,
        expectation=expectation_of(["x"]),
    )
    for _time in range(2):
        assert store.log_assessments([*given, expected]) == {absent}
    found = [store.get_trace_info(trace_id).assessments for trace_id in traces]
    assert [sorted(one.assessment_name for one in some) for some in found] == [["fact", "ok"], ["ok"], ["ok"]]
    assert store.log_assessments([]) == set()


def test_none_of_many_is_added_if_one_is_refused(store: Store, trace: str) -> None:
    with pytest.raises(InvalidInput, match="needs a name"):
        store.log_assessments([_feedback(trace), _feedback(trace, assessment_name="")])
    assert store.get_trace_info(trace).assessments == []
