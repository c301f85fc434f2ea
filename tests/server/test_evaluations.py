"""Stored evaluations over the server: the same numbers as in Python, rows in the order of disagreement, ratings."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import pytest

import quire
from quire.evaluate import Evaluation, load_evaluation
from quire.evaluate.report.content import gather
from quire.review import create_queue
from quire.simulator import Behaviour
from quire.testing import Simulator
from tests.postgres import create_database, drop_database
from tests.server.conftest import Served, serving

RECORDS = 30


def right(outputs: Any, expectations: Any) -> bool:
    return bool(outputs == expectations["answer"])


def length(outputs: Any) -> float:
    return float(len(str(outputs)))


def tone(outputs: Any) -> str:
    return "curt" if len(str(outputs)) < 3 else "long"


@quire.trace
def first(number: int) -> str:
    return str(number * 2) if number % 3 else "no idea"


@quire.trace
def second(number: int) -> str:
    if number == 7:
        raise ValueError("seven is too much")
    return str(number * 2) if number % 5 else "Müßig"


DATA = [{"inputs": {"number": n}, "expectations": {"answer": str(n * 2)}} for n in range(RECORDS)]


class Evaluated:
    """A server and an evaluation in its store, made over it."""

    def __init__(self, served: Served, evaluation: Evaluation, older: Evaluation) -> None:
        self.served, self.evaluation, self.older = served, evaluation, older

    def get(self, path: str = "", *, status: int = 200, run: str | None = None, **query: Any) -> Any:
        place = f"/api/quire/v1/evaluations/{run or self.evaluation.run_id}{path}"
        answer = self.served.call("GET", place + (f"?{urlencode(query, doseq=True)}" if query else ""))
        assert answer.status == status, answer.body
        return answer.json

    def rate(self, body: Any, *, status: int = 200) -> Any:
        answer = self.served.call("POST", f"/api/quire/v1/evaluations/{self.evaluation.run_id}/rate", body)
        assert answer.status == status, answer.body
        return answer.json


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def made(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Evaluated]:
    folder = tmp_path_factory.mktemp("evaluations")
    options: dict[str, Any] = {}
    uri = None
    if request.param == "postgres":
        uri = create_database(request.getfixturevalue("postgres_place"))
        options = {"backend_store_uri": uri, "artifact_root": str(folder / "files")}
    with serving(folder, **options) as served, pytest.MonkeyPatch.context() as patch:
        patch.setenv("QUIRE_CACHE_DIR", str(folder / "cache"))
        quire.set_tracking_uri(served.url)
        quire.set_experiment("evaluations")
        scorers = [right, length, tone]
        older = quire.evaluate(DATA[:20], {"first": first}, scorers, primary="right", run_name="older")
        evaluation = quire.evaluate(DATA, {"first": first, "second": second}, scorers, primary="right", run_name="new")
        quire.flush_trace_async_logging()
        yield Evaluated(served, evaluation, older)
    quire.set_tracking_uri(None)
    if uri is not None:
        drop_database(uri)


@pytest.fixture(autouse=True)
def workspace(made: Evaluated) -> None:
    quire.set_tracking_uri(made.served.url)


def test_the_list_names_evaluations_newest_first(made: Evaluated) -> None:
    found = made.served.call("GET", "/api/quire/v1/evaluations").json["evaluations"]
    assert [(one["name"], one["variants"], one["records"]) for one in found] == [
        ("new", ["first", "second"], 30),
        ("older", ["first"], 20),
    ]
    page = made.served.call("GET", "/api/quire/v1/evaluations?limit=1").json
    rest = made.served.call("GET", f"/api/quire/v1/evaluations?limit=1&page_token={page['next_page_token']}").json
    assert [one["name"] for one in rest["evaluations"]] == ["older"]
    named = made.served.call("GET", "/api/quire/v1/evaluations?text=OLD").json["evaluations"]
    assert [one["name"] for one in named] == ["older"]
    digest = found[1]["dataset_digest"]
    same = made.served.call("GET", f"/api/quire/v1/evaluations?dataset_digest={digest}").json["evaluations"]
    assert [one["name"] for one in same] == ["older"]


def test_an_evaluation_is_described_by_its_scores_and_costs(made: Evaluated) -> None:
    found = made.get()
    assert (found["a"], found["b"], found["rows_ready"], found["primary"]) == ("first", "second", True, ["right"])
    scores = {one["name"]: one for one in found["scores"]}
    assert [scores[name]["kind"] for name in ("right", "length", "tone")] == ["binary", "number", "text"]
    means = {one["variant"]: one["mean"] for one in scores["right"]["means"]}
    assert means["first"] == made.evaluation.aggregates["first"]["right/mean"]
    assert [one["failed"] for one in found["variants"]] == [0, 1]


def test_a_variants_run_leads_to_its_evaluation(made: Evaluated) -> None:
    assert made.get(run=made.evaluation.run_ids["second"])["summary"]["run_id"] == made.evaluation.run_id


def test_a_comparison_is_that_of_python_in_numbers_and_words(made: Evaluated) -> None:
    expected = made.evaluation.compare()
    for _time in range(2):
        found = made.get("/comparison")
        assert (found["verdict"], found["sentence"]) == (expected.verdict, expected.sentence)
        for one in found["differences"]:
            metric = expected[one["score"]]
            assert one["p_value"] == metric.p_value
            assert (one["low"], one["high"]) == (metric.interval.low, metric.interval.high)
            assert (one["won"], one["lost"], one["test"]) == (metric.won, metric.lost, metric.method)
        assert [one["score"] for one in found["differences"] if one["primary"]] == ["right"]
        assert found["left_out"] == ["tone"]
    assert made.get("/comparison", confidence=0.8)["confidence"] == 0.8
    turned = made.get("/comparison", a="second", b="first")
    assert turned["differences"][0]["difference"] == -expected["right"].difference


def test_two_evaluations_are_compared_on_the_records_of_both(made: Evaluated) -> None:
    found = made.get("/comparison", a_run=made.older.run_id, b="second")
    expected = made.evaluation.compare(made.older.table("first"), "second")
    assert found["differences"][0]["n"] == expected["right"].n == 19
    assert (found["a"], found["sentence"]) == ("first", expected.sentence)
    rows = made.get("/rows", a_run=made.older.run_id, b="second", limit=100)
    assert rows["total"] == 20
    one = made.get(f"/rows/{rows['rows'][0]['index']}", a_run=made.older.run_id, b="second")
    assert [answer["side"] for answer in one["answers"]] == ["a", "b"]


def test_a_ranking_is_that_of_python(made: Evaluated) -> None:
    found = made.get("/ranking", score="length")
    expected = made.evaluation.ranking("length")
    assert [one["variant"] for one in found["places"]] == [one.name for one in expected.variants]
    assert found["higher_is_better"] is True


def test_rows_come_in_the_order_of_the_report(made: Evaluated) -> None:
    expected = gather(made.evaluation, None, None, confidence=0.95, max_rows=50)
    found = made.get("/rows", differing=True, limit=500)
    assert found["total"] == expected.disagreeing
    assert [one["index"] for one in found["rows"]] == [one.index for one in expected.differences]
    assert found["rows"][0]["disagreement"] == expected.differences[0].disagreement


def test_rows_are_filtered_and_paged(made: Evaluated) -> None:
    def indices(**query: Any) -> list[int]:
        return [one["index"] for one in made.get("/rows", limit=100, **query)["rows"]]

    assert indices(order="record") == list(range(30))
    assert indices(order="record", offset=28) == [28, 29]
    assert indices(order="record", outcome="worse", score="right") == [5, 10, 20, 25]
    assert indices(order="record", outcome="better", score="right") == [3, 6, 9, 12, 18, 21, 24, 27]
    assert indices(outcome="failed") == indices(outcome="missing") == [7]
    assert indices(order="record", text="MÜSSIG") == [0, 5, 10, 15, 20, 25]
    assert indices(order="record", text="nobody said this") == []
    assert indices(order="worst", score="length", b="first")[:3] == [1, 2, 4]
    assert made.get("/rows", offset=1000)["rows"] == []


def test_a_row_has_all_that_was_said(made: Evaluated) -> None:
    found = made.get("/rows/7")
    assert found["inputs"] == {"number": 7}
    assert found["expectations"] == {"answer": "14"}
    one, other = found["answers"]
    assert (one["outputs"], one.get("error")) == ("14", None)
    assert other["error"] == "ValueError: seven is too much"
    assert [score["name"] for score in one["scores"]] == ["right", "length", "tone"]
    assert one["trace_id"].startswith("tr-")
    assert one["run_id"] == made.evaluation.run_id


def test_a_distribution_counts_every_score_once(made: Evaluated) -> None:
    found = made.get("/distribution", score="right")
    assert found["values"]["labels"] == ["no", "yes"]
    assert [sum(counts) for counts in found["values"]["counts"].values()] == [30, 29]
    assert found["missing"] == {"first": 0, "second": 1}
    assert sum(found["differences"]["counts"]["difference"]) == 29
    assert set(made.get("/distribution", score="tone")["values"]["labels"]) == {"curt", "long"}


def test_a_person_rates_an_answer_once_and_may_change_their_mind(made: Evaluated) -> None:
    trace = made.get("/rows/3")["answers"][1]["trace_id"]
    made.rate({"trace_id": trace, "value": 2, "by": "ada"})
    made.rate({"trace_id": trace, "value": 4, "by": "ada", "comment": "Better than I thought."})
    made.rate({"trace_id": trace, "value": False, "by": "bob"})
    said = {(one["by"], one["value"], one["comment"]) for one in made.get("/rows/3")["answers"][1]["ratings"]}
    assert said == {("ada", 4, "Better than I thought."), ("bob", False, "")}
    stored = quire.get_trace(trace).search_assessments(name="rating")
    assert {(one.source.source_type, one.source.source_id) for one in stored} == {("HUMAN", "ada"), ("HUMAN", "bob")}
    left = made.rate({"trace_id": trace, "by": "ada"})["ratings"]
    assert [one["by"] for one in left] == ["bob"]
    assert made.rate({"trace_id": trace, "by": "ada"})["ratings"] == left


def test_scores_are_compared_with_what_people_say_of_the_same_answers(made: Evaluated) -> None:
    traces = {number: made.get(f"/rows/{number}")["answers"][0]["trace_id"] for number in range(10, 20)}
    try:
        for number, trace in traces.items():
            made.rate({"trace_id": trace, "value": 1 + number % 5, "by": "cleo"})
        found = made.get("/agreement")
        expected = made.evaluation.agreement()
        (question,) = found["questions"]
        assert (found["answers"], question["people"]["cleo"]) == (60, 10)
        (right_score,) = question["scores"]
        kappa = expected["right"].kappa
        total = right_score["total"]
        assert (total["kappa"], total["low"], total["high"]) == (kappa.value, kappa.low, kappa.high)
        assert (total["alike_low"], total["alike_high"]) == (kappa.agreement_low, kappa.agreement_high)
        assert right_score["table"] == expected["right"].table
        assert right_score["sentence"] == str(expected["right"])
        assert question["incomparable"] == ["length", "tone"]
        apart = sorted({one.index for one in expected["right"].disagreements})
        rows = made.get("/rows", outcome="contradicted", score="right", order="record")
        assert [one["index"] for one in rows["rows"]] == apart
        lenient = made.get("/agreement", good_from=2)["questions"][0]["scores"][0]
        assert lenient["total"]["n"] == total["n"]
        assert lenient["table"] != right_score["table"]
        judged = [
            one["index"] for one in made.get("/rows", outcome="judged", order="record", question="rating")["rows"]
        ]
        assert set(judged) >= set(traces)
        unjudged = [one["index"] for one in made.get("/rows", outcome="unjudged", order="record", limit=50)["rows"]]
        assert sorted([*judged, *unjudged]) == list(range(30))
    finally:
        for trace in traces.values():
            made.rate({"trace_id": trace, "by": "cleo"})
    assert "cleo" not in str(made.get("/agreement"))


def test_an_answer_without_a_trace_is_given_one_by_its_first_rating(made: Evaluated) -> None:
    untraced = quire.evaluate(DATA[:4], {"plain": lambda number: str(number)}, [right], run_name="untraced")
    path = f"/api/quire/v1/evaluations/{untraced.run_id}/rate"
    answer = made.get("/rows/2", run=untraced.run_id)["answers"][0]
    assert "trace_id" not in answer
    before = made.get("/agreement", run=untraced.run_id)
    assert (before["answers"], before["judged"], before["questions"]) == (4, 0, [])
    for by, value in (("ada", True), ("bob", 2), ("ada", False)):
        rated = made.served.call("POST", path, {"variant": "plain", "index": 2, "by": by, "value": value})
        assert rated.status == 200, rated.body
    said = made.get("/rows/2", run=untraced.run_id)["answers"][0]["ratings"]
    assert sorted((one["by"], one["value"]) for one in said) == [("ada", False), ("bob", 2)]
    agreement = made.get("/agreement", run=untraced.run_id)
    assert (agreement["judged"], agreement["questions"][0]["scores"][0]["total"]["n"]) == (1, 1)
    assert untraced.agreement().judged == 1
    queue = create_queue("untraced", "right", experiment_id=quire.get_run(untraced.run_id).info.experiment_id)
    queue.add_rows(untraced.rows("plain"), variant="plain", run_id=untraced.run_id)
    item = next(one for one in queue.items.values() if one.inputs == {"number": 1})
    queue.label(item.item_id, "ada", True)
    assert untraced.agreement("right")["right"].kappa.n == 1
    (trace,) = quire.search_traces(run_id=untraced.run_ids["plain"], return_type="list")
    assert (trace.data.spans[0].inputs, trace.data.spans[0].outputs) == ({"number": 2}, "2")
    for body, status, said_so in (
        ({"variant": "plain", "index": 9}, 404, "no answer to the record 9"),
        ({"variant": "nobody"}, 404, "no variant 'nobody'"),
        ({}, 400, "which answer"),
    ):
        refused = made.served.call("POST", path, {**body, "by": "ada", "value": True})
        assert (refused.status, said_so in refused.json["message"]) == (status, True), refused.body


@pytest.mark.parametrize(
    ("path", "query", "status", "said"),
    [
        ("/agreement", {"good_from": 1}, 400, "good_from"),
        ("/agreement", {"confidence": 1}, 400, "confidence"),
        ("/rows", {"outcome": "contradicted", "score": "no such"}, 404, "no such"),
        ("/comparison", {"b": "third"}, 404, "has no variant 'third'"),
        ("/comparison", {"confidence": 2}, 400, "confidence"),
        ("/comparison", {"a_run": "0" * 32}, 404, "0" * 32),
        ("/rows", {"score": "no such"}, 404, "no such"),
        ("/rows", {"order": "sideways"}, 400, "order"),
        ("/rows", {"limit": 100_000}, 400, "limit"),
        ("/rows/30", {}, 404, "30 records"),
        ("/rows/first", {}, 400, "index"),
        ("/distribution", {"score": "no such"}, 404, "no such"),
        ("/ranking", {"score": "tone"}, 400, "words"),
    ],
)
def test_what_cannot_be_answered_is_refused_by_name(
    made: Evaluated, path: str, query: dict[str, Any], status: int, said: str
) -> None:
    assert said in made.get(path, status=status, **query)["message"]


@pytest.mark.parametrize(
    ("body", "said"),
    [({"value": 9, "by": "ada"}, "1 to 5"), ({"value": 3}, "who rates"), ({"value": 3, "by": "ada"}, "trace_id")],
)
def test_a_rating_that_is_none_is_refused(made: Evaluated, body: dict[str, Any], said: str) -> None:
    trace = {} if said == "trace_id" else {"trace_id": made.get("/rows/4")["answers"][0]["trace_id"]}
    assert said in made.rate({**trace, **body}, status=400)["message"]


def test_a_run_that_is_no_evaluation_is_not_found(made: Evaluated) -> None:
    run = made.served.run()
    assert "is no evaluation" in made.get(run=run, status=404)["message"]


def test_an_evaluation_that_runs_is_described_without_rows(made: Evaluated) -> None:
    made.served.ask("POST", "runs/update", {"run_id": made.older.run_id, "status": "RUNNING"})
    try:
        found = made.get(run=made.older.run_id)
        assert (found["rows_ready"], found["summary"]["variants"]) == (False, ["first"])
        assert "RUNNING" in made.get("/rows", run=made.older.run_id, status=404)["message"]
    finally:
        made.served.ask("POST", "runs/update", {"run_id": made.older.run_id, "status": "FINISHED", "end_time": 5})
    assert made.get("/rows", run=made.older.run_id)["total"] == 20


def test_settings_that_name_runs_of_another_experiment_are_refused(made: Evaluated, tmp_path: Any) -> None:
    """Who may write in one experiment must not read another's rows through the server."""
    elsewhere = made.served.experiment(f"elsewhere-{tmp_path.name}-{made.served.port}")
    run = made.served.run(elsewhere, tags=[{"key": "quire.evaluation.role", "value": "evaluation"}])
    settings = quire.artifacts.load_dict(f"runs:/{made.evaluation.run_id}/evaluation/evaluation.json")
    quire.MlflowClient().log_dict(run, settings, "evaluation/evaluation.json")
    assert "another experiment" in made.get(run=run, status=404)["message"]
    child = made.served.run(
        elsewhere,
        tags=[
            {"key": "quire.evaluation.role", "value": "variant"},
            {"key": "mlflow.parentRunId", "value": made.evaluation.run_id},
        ],
    )
    assert "another experiment" in made.get(run=child, status=404)["message"]


def test_what_python_loads_is_what_was_evaluated(made: Evaluated) -> None:
    assert load_evaluation(made.evaluation.run_id).aggregates == made.evaluation.aggregates


def test_a_better_version_is_promoted_and_a_worse_one_refused_with_the_reason(
    made: Evaluated, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Simulator(behaviour=Behaviour(echo=True)) as simulator:
        for name, value in simulator.environment.items():
            monkeypatch.setenv(name, value)
        solver = f"solver-{made.served.port}"
        for content in ("Say {word}", "Say {word} well"):
            messages = [{"role": "user", "content": content}]
            with quire.start_run():
                quire.openai.log_model(
                    "gpt-4o-mini", "chat.completions", name="m", messages=messages, registered_model_name=solver
                )
        quire.promote(f"models:/{solver}/1", reason="the first")

        @quire.scorer
        def says_well(outputs: Any) -> bool:
            return "well" in str(outputs)

        data = [{"inputs": {"word": f"w{number}"}} for number in range(20)]
        variants = {f"v{version}": f"models:/{solver}/{version}" for version in (1, 2)}
        run = quire.evaluate(data, variants, [says_well], primary="says_well").run_id
    path = f"/api/quire/v1/evaluations/{run}/promote"
    asked = {"name": solver, "score": "says_well", "reason": "It says well."}
    moved = made.served.call("POST", path, {**asked, "version": "2"})
    assert (moved.status, moved.json["old"], moved.json["new"]) == (200, "1", "2"), moved.body
    assert quire.promotions(solver)[-1].reason == "It says well."
    refused = made.served.call("POST", path, {**asked, "version": "1"})
    assert refused.status in (400, 409), refused.body
    assert "says_well is better" in refused.json["message"]
    assert "reason" in made.served.call("POST", path, {**asked, "version": "1", "reason": ""}).json["message"]
