"""Runs as a table over HTTP: rows from any place in the list, the total, the columns that there are."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.postgres import create_database, drop_database
from tests.server.conftest import Served, serving

ROWS = "/api/quire/v1/runs/rows"


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server over each kind of database."""
    folder = tmp_path_factory.mktemp("rows")
    if request.param == "sqlite":
        with serving(folder) as served:
            yield served
        return
    uri = create_database(request.getfixturevalue("postgres_place"))
    with serving(folder, backend_store_uri=uri, artifact_root=str(folder / "files")) as served:
        yield served
    drop_database(uri)


@pytest.fixture(scope="module")
def experiment(server: Served) -> str:
    """An experiment of twelve runs, ``run-0`` the oldest; every third lacks the metric ``score``."""
    made = server.experiment("rows")
    for number in range(12):
        run = server.run(made, run_name=f"run-{number}", start_time=1000 + number)
        metrics = [] if number % 3 == 2 else [{"key": "score", "value": number / 10, "timestamp": 1}]
        params = [{"key": "model", "value": f"m{number % 2}"}, {"key": "long", "value": "x" * 400}]
        server.ask("POST", "runs/log-batch", {"run_id": run, "metrics": metrics, "params": params})
    return made


def rows(server: Served, experiment: str, **asked: Any) -> Any:
    answer = server.call("POST", ROWS, {"experiment_ids": [experiment], **asked})
    assert answer.status == 200, answer.body
    return answer.json


def names(found: Any) -> list[str]:
    return [row["run_name"] for row in found["rows"]]


def test_the_first_rows_come_without_the_total_unless_they_are_all(server: Served, experiment: str) -> None:
    some = rows(server, experiment, limit=3)
    assert (names(some), "total" in some) == (["run-11", "run-10", "run-9"], False)
    every = rows(server, experiment, limit=100)
    assert (len(every["rows"]), every["total"]) == (12, 12)


def test_a_row_has_the_values_of_the_columns_asked_for(server: Served, experiment: str) -> None:
    columns = ["params.model", "metrics.score", "tags.none", "params.model", "params.long"]
    first, second = rows(server, experiment, columns=columns, limit=2)["rows"]
    assert first["values"][:4] == ["m1", None, None, "m1"]
    assert first["values"][4] == "x" * 250 + "…"
    assert second["values"][:2] == ["m0", 1.0]
    assert (first["status"], first["start_time"], first["deleted"]) == ("RUNNING", 1011, False)


def test_any_place_in_the_list_can_be_asked_for(server: Served, experiment: str) -> None:
    asked: dict[str, Any] = {"order_by": ["metrics.score DESC"], "filter": "params.model = 'm0'"}
    whole = rows(server, experiment, **asked, whole=True, limit=0)
    assert (whole["rows"], whole["total"]) == ([], 6)
    deep = rows(server, experiment, **asked, offset=2, limit=3, order=whole["order"])
    assert (names(deep), deep["order"]) == (["run-4", "run-0", "run-8"], whole["order"])
    assert names(rows(server, experiment, **asked, whole=True)) == names(rows(server, experiment, **asked))


def test_a_list_stays_as_it_was_while_runs_are_added(server: Served) -> None:
    experiment = server.experiment("growing")
    first = server.run(experiment, run_name="first")
    whole = rows(server, experiment, whole=True)
    server.run(experiment, run_name="second", start_time=2)
    assert names(rows(server, experiment, order=whole["order"])) == ["first"]
    fresh = rows(server, experiment, whole=True, fresh=True)
    assert (names(fresh), fresh["total"]) == (["second", "first"], 2)
    server.ask("POST", "runs/delete", {"run_id": first})
    kept = rows(server, experiment, order=fresh["order"])
    assert [row["deleted"] for row in kept["rows"]] == [False, True]
    assert names(rows(server, experiment, whole=True, fresh=True, run_view_type="DELETED_ONLY")) == ["first"]


def test_a_list_answers_only_the_question_that_it_was_made_for(server: Served, experiment: str) -> None:
    order = rows(server, experiment, whole=True)["order"]
    other = server.experiment("other")
    found = rows(server, other, order=order)
    assert (found["rows"], found["total"]) == ([], 0)
    assert found["order"] != order


def test_the_columns_of_an_experiment_are_its_own(server: Served, experiment: str) -> None:
    found = server.call("POST", "/api/quire/v1/runs/columns", {"experiment_ids": [experiment]}).json
    assert found == {"metrics": ["score"], "params": ["long", "model"], "tags": ["mlflow.runName"]}
    empty = server.call("POST", "/api/quire/v1/runs/columns", {"experiment_ids": [server.experiment("empty")]}).json
    assert empty == {"metrics": [], "params": [], "tags": []}


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"columns": ["score"]}, "Write metrics.KEY"),
        ({"columns": ["metrics."]}, "is no column"),
        ({"columns": ["metrics.a"] * 201}, "200 at most"),
        ({"filter": "metrics.score >"}, "metrics.score"),
        ({"filter": "nonsense = 1"}, "nonsense"),
        ({"order_by": ["wat ASC"]}, "wat"),
        ({"limit": 100_000}, "from 1 to 1,000"),
        ({"offset": -1, "whole": True}, "offset is -1"),
        ({"experiment_ids": ["x"]}, "'x'"),
    ],
)
def test_a_bad_question_is_refused_in_words(server: Served, experiment: str, asked: dict[str, Any], said: str) -> None:
    answer = server.call("POST", ROWS, {"experiment_ids": [experiment], **asked})
    assert (answer.status, said in answer.json["message"]) == (400, True), answer.body


def test_runs_stand_side_by_side_with_their_prompts_and_what_differs_first(server: Served) -> None:
    made = server.call("POST", "/api/quire/v1/prompts", {"name": "greet", "template": "Hello {{name}}"})
    assert made.status == 200, made.body
    experiment = server.experiment("side by side")
    ids = [server.run(experiment, run_name=name) for name in ("one", "two")]
    for number, run in enumerate(ids):
        params = [{"key": "a", "value": "same"}, {"key": "b", "value": str(number)}]
        metrics = [{"key": "loss", "value": 1.0 - number, "timestamp": 1}]
        tags = [{"key": "mlflow.linkedPrompts", "value": '[{"name":"greet","version":"1"}]'}]
        server.ask("POST", "runs/log-batch", {"run_id": run, "params": params, "metrics": metrics, "tags": tags})
    found = server.call("POST", "/api/quire/v1/runs/compare", {"run_ids": ids}).json
    assert [(row["key"], row["differs"]) for row in found["comparison"]["params"]] == [("b", True), ("a", False)]
    (loss,) = found["comparison"]["metrics"]
    assert (loss["best"], loss["deltas"], loss["lower_is_better"]) == ([1], [0.0, -1.0], True)
    assert found["facts"][0]["prompts"] == [{"name": "greet", "version": "1", "text": "Hello {{name}}"}]
    assert "usage" not in found["facts"][0]


@pytest.mark.parametrize(("ids", "status"), [([], 400), (["0" * 32], 404), (["0" * 32] * 101, 400)])
def test_runs_that_cannot_be_compared_are_refused(server: Served, ids: list[str], status: int) -> None:
    answer = server.call("POST", "/api/quire/v1/runs/compare", {"run_ids": ids})
    assert answer.status == status, answer.body
