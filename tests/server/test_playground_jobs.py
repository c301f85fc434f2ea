"""Evaluations that are started from the playground and done in processes of their own."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import quire
from quire.evaluate.evaluation import load_evaluation
from quire.playground.jobs import Jobs, folder_of
from quire.playground.limits import Limits
from quire.testing import Simulator
from tests.eventually import eventually
from tests.server.conftest import Served, serving

API = "/api/quire/v1/playground"


@pytest.fixture
def served(tmp_path: Path, simulator: Simulator, monkeypatch: pytest.MonkeyPatch) -> Iterator[Served]:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    simulator.behave(recording={"What is 1 + 1?": "2", "What is 2 + 2?": "5", "1 + 1 = ?": "2", "2 + 2 = ?": "4"})
    with serving(tmp_path) as found:
        quire.set_tracking_uri(found.url)
        yield found


@pytest.fixture
def dataset(served: Served) -> str:
    made = quire.genai.datasets.create_dataset("sums")
    sums = [("1 + 1", "2"), ("2 + 2", "4")]
    made.merge_records([{"inputs": {"sum": sum_}, "expectations": {"answer": answer}} for sum_, answer in sums])
    return str(made.dataset_id)


def body(dataset: str, **fields: Any) -> dict[str, Any]:
    def variant(template: str) -> dict[str, Any]:
        return {"model": "gpt-4o-mini", "template": template, "params": {"temperature": 0}}

    variants = [
        {"name": "A", "variant": variant("What is {{sum}}?")},
        {"name": "B", "variant": variant("{{sum}} = ?")},
    ]
    scorers = [{"name": "exact_match"}]
    return {"dataset_id": dataset, "variants": variants, "scorers": scorers, "max_cost_usd": 1, **fields}


def ended(served: Served, job_id: str) -> dict[str, Any]:
    def state() -> bool:
        return job(served, job_id)["state"] not in ("starting", "running")

    eventually(state)
    return job(served, job_id)


def job(served: Served, job_id: str) -> dict[str, Any]:
    found: dict[str, Any] = served.call("GET", f"{API}/evaluations/{job_id}").json["job"]
    return found


def start(served: Served, given: dict[str, Any]) -> dict[str, Any]:
    answer = served.call("POST", f"{API}/evaluations", given)
    assert answer.status == 200, answer.body
    found: dict[str, Any] = answer.json["job"]
    return found


def test_variants_are_evaluated_while_the_server_answers(served: Served, dataset: str) -> None:
    begun = start(served, body(dataset, primary="exact_match"))
    assert begun["state"] == "starting"
    assert served.call("GET", "/health").status == 200
    done = ended(served, begun["job_id"])
    assert (done["state"], done["rows"], done["total"], done["failed"]) == ("done", 4, 4, 0), done
    evaluation = load_evaluation(done["run_id"])
    assert evaluation.compare("A", "B")["exact_match"].difference == pytest.approx(0.5)
    run = quire.get_run(done["run_id"])
    assert run.info.artifact_uri.startswith("mlflow-artifacts:")
    assert quire.get_experiment(run.info.experiment_id).name == "playground"
    rows = [row for name in ("A", "B") for row in evaluation.rows(name)]
    traces = {info.trace_id: info for info in served.app.context.store.get_trace_infos([str(r.trace_id) for r in rows])}
    assert len(traces) == 4
    assert {info.experiment_id for info in traces.values()} == {run.info.experiment_id}
    judged = [one.assessment_name for info in traces.values() for one in info.assessments if one.feedback]
    assert judged == ["exact_match"] * 4
    listed = served.call("GET", f"{API}/evaluations").json["jobs"]
    assert [one["job_id"] for one in listed] == [begun["job_id"]]


def test_a_job_is_stopped_and_what_finished_is_kept(served: Served, dataset: str, simulator: Simulator) -> None:
    simulator.behave(latency_ms=60_000)
    begun = start(served, body(dataset))
    eventually(lambda: job(served, begun["job_id"])["state"] == "running")
    refused = served.call("POST", f"{API}/evaluations", body(dataset))
    assert (refused.status, refused.json["error_code"]) == (429, "REQUEST_LIMIT_EXCEEDED")
    assert served.call("POST", f"{API}/evaluations/{begun['job_id']}/stop", {}).status == 200
    done = ended(served, begun["job_id"])
    assert done["state"] == "stopped"
    assert quire.get_run(done["run_id"]).info.status == "KILLED"


def test_a_limit_that_is_reached_ends_it_with_its_reason(served: Served, dataset: str) -> None:
    done = ended(served, start(served, body(dataset, max_cost_usd=1e-9))["job_id"])
    assert done["state"] == "failed"
    assert "spend limit" in done["message"]


def test_what_cannot_be_evaluated_is_said_at_once(served: Served, dataset: str) -> None:
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"max_cost_usd": 0}, "max_cost_usd"),
        ({"scorers": []}, "No scorers"),
        ({"scorers": [{"name": "nonsense"}]}, "no scorer 'nonsense'"),
        ({"scorers": [{"name": "regex_match"}]}, "needs 'pattern'"),
        ({"scorers": [{"name": "exact_match"}, {"name": "exact_match"}]}, "the name 'exact_match'"),
        ({"primary": "length"}, "is of no scorer"),
        ({"variants": []}, "No variants"),
        ({"version": 99}, "99"),
        ({"variants": [{"name": "A", "variant": {"model": "m", "template": "Hello"}}]}, "no variable"),
    ]
    for fields, words in wrong:
        answer = served.call("POST", f"{API}/evaluations", body(dataset, **fields))
        assert answer.status in (400, 404)
        assert words in answer.json["message"]
    assert served.call("GET", f"{API}/evaluations").json == {}
    assert served.call("GET", f"{API}/evaluations/nonsense").status == 404


def test_scorers_are_listed_with_what_they_measure(served: Served) -> None:
    listed = served.call("GET", f"{API}/scorers").json["scorers"]
    found = {one["name"]: one for one in listed}
    assert found["refusal"]["about"] == "Whether the answer refuses."
    kinds = {one["name"]: (one["kind"], one["required"]) for one in found["regex_match"]["parameters"]}
    assert kinds == {"pattern": ("text", True), "whole": ("flag", False), "name": ("text", False)}
    length = {one["name"]: one for one in found["length"]["parameters"]}
    assert (length["unit"]["choices"], length["unit"]["default"]) == (["characters", "words", "tokens"], "characters")
    assert (length["at_most"]["kind"], "default" in length["at_most"]) == ("whole", False)
    judges = [one["name"] for one in listed if one["is_judge"]]
    assert judges == ["correctness", "guidelines", "instructions", "pairwise", "rubric", "registered_judge"]
    rubric = {one["name"]: one["kind"] for one in found["rubric"]["parameters"]}
    assert rubric["levels"] == "levels"
    assert all(one["expectation"] for scorer in listed for one in scorer["parameters"])
    assert not any(one["name"] == "options" for scorer in listed for one in scorer["parameters"])


@pytest.mark.parametrize(
    ("name", "parameters", "said"),
    [
        ("regex_match", {"pattern": "("}, "no regular expression"),
        ("regex_match", {"pattern": "a", "whole": "yes"}, 'has whole = "yes"; expected true or false'),
        ("regex_match", {"pattern": "a", "flags": 1}, "no parameter 'flags'; it has pattern, whole, name"),
        ("length", {"unit": "miles"}, "expected one of characters, words, tokens"),
        ("length", {"at_most": 1.5}, "expected a whole number"),
        ("numeric_match", {"absolute": -1}, "expected a number of at least 0"),
        ("json_schema", {"schema": "x"}, "expected a JSON object"),
        ("field_match", {"fields": [1]}, "expected a list of texts"),
        ("rubric", {"criterion": "Clear?", "levels": {"a": "b"}}, "expected whole numbers with what each means"),
        ("rubric", {"criterion": "Clear?", "levels": {"1": "No"}}, "two or more"),
        ("rubric", {"levels": {"1": "No", "2": "Yes"}}, "needs 'criterion'"),
        ("instructions", {"instructions": "Is it good?"}, "name nothing to judge"),
        ("registered_judge", {}, "needs 'uri'"),
        ("registered_judge", {"uri": "/etc"}, "no version of a registered model"),
        ("registered_judge", {"uri": "models:/none/1"}, "none"),
    ],
)
def test_a_bad_value_of_a_parameter_is_refused_by_name(
    served: Served, name: str, parameters: dict[str, Any], said: str
) -> None:
    body = {"scorers": [{"name": name, "parameters": parameters}, {"name": "latency"}]}
    bad, good = served.call("POST", f"{API}/scorers/check", body).json["scorers"]
    assert said in bad["problem"]
    assert good == {"score": "latency_s"}


def test_scorers_with_parameters_and_judges_measure(served: Served, dataset: str, simulator: Simulator) -> None:
    said = {"question": "<answer>", "answer": '{"rationale": "Because.", "result": true}'}
    simulator.behave(recording=[said, {"question": "What is", "answer": "2"}, {"question": "= ?", "answer": "2"}])
    judge = quire.judges.make_judge("kind", "Is {{ outputs }} kind? <answer>", feedback_value_type=bool)
    judge.log(registered_model_name="kind judge")
    scorers = [
        {"name": "regex_match", "parameters": {"pattern": "^2$", "name": "is_two"}},
        {"name": "regex_match", "parameters": {"pattern": "5"}},
        {"name": "correctness", "parameters": {"model": "gpt-4o-mini"}},
        {"name": "registered_judge", "parameters": {"uri": "models:/kind%20judge/1"}},
    ]
    done = ended(served, start(served, body(dataset, scorers=scorers, primary="is_two"))["job_id"])
    assert done["state"] == "done", done
    evaluation = load_evaluation(done["run_id"])
    means = {score: evaluation.table("A").column(score).mean for score in ("is_two", "regex_match", "correctness")}
    assert means == {"is_two": 1.0, "regex_match": 0.0, "correctness": 1.0}
    assert evaluation.table("A").column("kind").mean == 1.0


def test_a_process_that_is_killed_is_told_of(served: Served, dataset: str, simulator: Simulator) -> None:
    simulator.behave(latency_ms=60_000)
    begun = start(served, body(dataset))
    eventually(lambda: job(served, begun["job_id"])["state"] == "running")
    jobs = Jobs(folder_of(served.app.context.store.uri), Limits())
    pid = jobs.get(begun["job_id"]).pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    eventually(lambda: jobs.get(begun["job_id"]).state == "failed")
    assert "without a word" in jobs.get(begun["job_id"]).message
