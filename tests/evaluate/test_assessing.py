"""Scores become assessments of the traces of their answers: once, in the background, readable by MLflow's client."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import quire
from quire.domain.scores import Score
from quire.evaluate import EvaluationStopped
from quire.judges import make_judge
from quire.testing import Behaviour, Simulator
from tests.evaluate.conftest import MakeModel
from tests.evaluate.helpers import has_word, length, words
from tests.quire_server import QuireServer

MLFLOW = Path(__file__).parents[2] / ".cache" / "mlflow" / "bin" / "python"
READS = """
import json, sys, mlflow
mlflow.set_tracking_uri(sys.argv[1])
(experiment,) = mlflow.search_experiments()
traces = mlflow.search_traces(locations=[experiment.experiment_id], run_id=sys.argv[2], return_type="list")
print(json.dumps([
    [[a.name, a.source.source_type, a.source.source_id, a.expectation is not None,
      a.expectation.value if a.expectation else a.feedback.value, a.metadata.get("mlflow.assessment.sourceRunId")]
     for a in sorted(trace.info.assessments, key=lambda a: a.name)]
    for trace in traces]))
"""


@pytest.fixture
def traced() -> Iterator[None]:
    quire.openai.autolog()
    yield
    quire.openai.autolog(disable=True)


@quire.trace
def answer(word: str) -> str:
    """A function whose calls are traces."""
    return f"It is {word}"


@quire.scorer
def breaks(outputs: str) -> bool:
    """Fails on one answer."""
    if outputs.endswith("w1"):
        raise KeyError("gone")
    return True


def assessments_of(row: Any) -> dict[str, Any]:
    """The assessments of a row's trace by name; no name comes twice."""
    trace = quire.get_trace(row.trace_id)
    assert trace is not None
    found = {one.name: one for one in trace.info.assessments}
    assert len(found) == len(trace.info.assessments)
    return found


def test_scores_and_expectations_are_assessments_of_a_functions_traces() -> None:
    result = quire.evaluate(words(3), {"f": answer}, [has_word, length, breaks])
    for row in result.rows("f"):
        found = assessments_of(row)
        assert set(found) == {"has_word", "length", "breaks", "expected_response"}
        assert (found["has_word"].value, found["length"].value) == (True, 8)
        assert (found["length"].source.source_type, found["length"].source.source_id) == ("CODE", "length")
        assert found["has_word"].metadata == {
            "mlflow.assessment.sourceRunId": result.run_ids["f"],
            "quire.evaluation.run_id": result.run_id,
        }
        assert found["expected_response"].value == row.expectations["expected_response"]  # type: ignore[index]
        if row.index == 1:
            assert found["breaks"].error.error_code == "SCORER_ERROR"
            assert "gone" in found["breaks"].error.error_message
        else:
            assert found["breaks"].value is True


def test_answers_of_models_and_judgements_name_the_judges_model(
    traced: None, simulator: Simulator, make_model: MakeModel
) -> None:
    said = json.dumps({"rationale": "Because.", "result": True})
    simulator.behaviour = Behaviour(recording={"Say": said, "polite": said}, unknown_question="error")
    judge = make_judge("polite", "Is this polite? {{ outputs }}", model="gpt-4o", feedback_value_type=bool)
    result = quire.evaluate(words(3), {"m": make_model()}, [length, judge])
    for row in result.rows("m"):
        found = assessments_of(row)
        assert set(found) == {"length", "polite", "expected_response"}
        polite = found["polite"]
        assert (polite.value, polite.rationale) == (True, "Because.")
        assert (polite.source.source_type, polite.source.source_id) == ("LLM_JUDGE", "gpt-4o")


def test_they_are_left_out_on_request() -> None:
    result = quire.evaluate(words(2), {"f": answer}, [has_word], log_assessments=False)
    for row in result.rows("f"):
        assert row.trace_id is not None
        assert assessments_of(row) == {}
        assert [score.value for score in row.scores] == [True]


def test_a_scorer_that_says_nothing_leaves_no_assessment() -> None:
    @quire.scorer
    def silent(outputs: str) -> None:
        return None

    result = quire.evaluate([{"inputs": {"word": "w"}}], {"f": answer}, [silent, length])
    (row,) = result.rows("f")
    assert set(assessments_of(row)) == {"length"}


def test_a_credential_in_what_was_expected_is_not_stored() -> None:
    key = "sk-proj-" + "aB3" * 16
    data = [{"inputs": {"word": "w"}, "expectations": {"expected_response": f"the key {key}"}}]
    result = quire.evaluate(data, {"f": answer}, [length])
    (row,) = result.rows("f")
    assert key not in str(assessments_of(row)["expected_response"].value)


def test_traces_that_are_the_data_are_assessed_once_more_by_each_evaluation() -> None:
    for record in words(3):
        answer(**record["inputs"])
    quire.flush_trace_async_logging()
    traces = quire.search_traces(return_type="list")
    for trace in traces:
        quire.log_expectation(trace_id=trace.info.trace_id, name="expected_response", value="w")
    traces = quire.search_traces(return_type="list")
    first = quire.evaluate(traces, None, [length])
    second = quire.evaluate(traces, None, [length])
    for trace in quire.search_traces(return_type="list"):
        names = sorted(one.name for one in trace.info.assessments)
        assert names == ["expected_response", "length", "length"]
        runs = {one.run_id for one in trace.info.assessments if one.name == "length"}
        assert runs == {first.run_ids["recorded"], second.run_ids["recorded"]}
    assert len(quire.search_traces(run_id=first.run_ids["recorded"], return_type="list")) == 3


def test_more_answers_than_a_batch_holds_are_all_assessed() -> None:
    result = quire.evaluate(words(450), {"f": answer}, [has_word])
    traces = quire.search_traces(run_id=result.run_ids["f"], max_results=500, return_type="list")
    assert len(traces) == 450
    assert all(len(trace.info.assessments) == 2 for trace in traces)


def test_an_evaluation_that_goes_on_assesses_what_it_lacked_and_nothing_twice(
    traced: None, echo: Simulator, make_model: MakeModel
) -> None:
    model = make_model(max_tokens=16)
    with pytest.raises(EvaluationStopped) as stopped:
        quire.evaluate(words(12), {"m": model}, [has_word], max_cost_usd=0.0001, max_concurrency=1)
    run_id = stopped.value.run_id
    assert 0 < len(echo.requests) < 12
    (before, *_others) = quire.load_evaluation(run_id).rows("m")
    assert before.trace_id is not None
    quire.delete_assessment(before.trace_id, assessments_of(before)["has_word"].assessment_id)  # as if killed too early

    result = quire.evaluate(words(12), {"m": model}, [has_word], resume=run_id)
    assert len(echo.requests) == 12
    rows = list(result.rows("m"))
    assert len({row.trace_id for row in rows}) == 12
    assert rows[0].trace_id == before.trace_id
    for row in rows:
        assert set(assessments_of(row)) == {"has_word", "expected_response"}


def test_a_trace_that_is_not_stored_is_said_and_stops_nothing(caplog: pytest.LogCaptureFixture) -> None:
    from quire.domain.scores import ScoredRow
    from quire.evaluate.assessing import Assessing

    made = quire.evaluate(words(1), {"f": answer}, [length])
    assessing = Assessing(quire.get_tracking_uri(), made.run_id, made.run_ids, [length])
    row = ScoredRow(record_id="r", index=0, trace_id="tr-" + "0" * 32)
    assessing.add("f", row, [Score(name="length", value=1)], {}, first=True)
    assessing.finish()
    assert "1 traces of the evaluation are not in the store" in caplog.text


@pytest.mark.slow
@pytest.mark.mlflow
def test_mlflows_client_finds_them_with_the_traces_of_the_run(tmp_path: Path) -> None:
    if not MLFLOW.exists():
        pytest.skip(f"{MLFLOW} is not there")
    with QuireServer(tmp_path) as server:
        quire.set_tracking_uri(server.url)
        result = quire.evaluate(words(3), {"f": answer}, [has_word])
        run_id = result.run_ids["f"]
        resumed = quire.evaluate(words(3), {"f": answer}, [has_word], resume=result.run_id)
        done = subprocess.run(
            [str(MLFLOW), "-c", READS, server.url, run_id], capture_output=True, text=True, check=True, timeout=120
        )
    found = json.loads(done.stdout.splitlines()[-1])
    assert resumed.run_id == result.run_id
    assert len(found) == 6, "functions are called anew, and each call is a trace"
    for trace in found:
        expectation, feedback = trace
        assert expectation[:2] == ["expected_response", "HUMAN"]
        assert expectation[3]
        assert feedback == ["has_word", "CODE", "has_word", False, True, run_id]
