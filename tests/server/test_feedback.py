"""Feedback over HTTP, as an application in any language gives it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.server.conftest import Served

API = "/api/quire/v1"


@pytest.fixture(scope="module")
def trial(server: Served) -> str:
    """The id of a trial, in which the answer ``resp-1`` was given."""
    endpoint = {"name": "joker", "model": "models:/joker/1"}
    assert server.call("PUT", f"{API}/endpoints/joker", {"endpoint": endpoint}).status == 200
    arms = [{"name": "control", "model": "models:/joker/1"}, {"name": "bold", "model": "models:/joker/2"}]
    metrics = [{"name": "stars", "low": 1, "high": 5}]
    spec = {"subject": "endpoint:joker", "arms": arms, "metrics": metrics, "stopping": {"metric": "stars"}}
    made = server.call("POST", f"{API}/trials", {"spec": spec})
    assert made.status == 200, made.body
    trial_id = str(made.json["trial"]["trial_id"])
    served = {"response_id": "resp-1", "trace_id": "tr-" + "ab" * 16, "endpoint": "joker", "at": 1_700_000_000_000}
    served |= {"trial_id": trial_id, "arm": "bold", "unit": "u"}
    assert server.call("POST", f"{API}/served", {"served": [served]}).status == 200
    return trial_id


def test_feedback_is_stored_and_counted(server: Served, trial: str) -> None:
    answer = server.call("POST", f"{API}/feedback", {"response_id": "resp-1", "name": "stars", "value": 4})
    assert answer.status == 200, answer.body
    told = answer.json
    assert (told["counted"], told["trial_id"], told["arm"]) == (True, trial, "bold")
    assert told["assessment"]["feedback"] == {"value": 4}
    again = server.call("POST", f"{API}/feedback", {"response_id": "resp-1", "name": "stars", "value": 4}).json
    assert "counted" not in again
    tallies = server.call("GET", f"{API}/trials/{trial}/tallies").json["tallies"]
    assert [(one["metric"], one["arm"], one["n"], one["total"]) for one in tallies] == [("stars", "bold", 1, 4)]
    trace = server.call("GET", f"/api/3.0/mlflow/traces/{'tr-' + 'ab' * 16}").json["trace"]["trace_info"]
    assert [one["feedback"]["value"] for one in trace["assessments"]] == [4, 4]


@pytest.mark.parametrize(
    ("body", "status", "said"),
    [
        ({"response_id": "resp-1", "name": "stars", "value": 9}, 400, "bounds 1 to 5"),
        ({"response_id": "resp-1", "name": "stars", "value": "good"}, 400, "expected a finite number"),
        ({"response_id": "resp-1", "name": "stars", "value": None}, 400, "has no value"),
        ({"response_id": "resp-1", "name": "stars"}, 400, "'value'"),
        ({"response_id": "resp-1", "value": 1}, 400, "'name'"),
        ({"name": "stars", "value": 1}, 400, "give response_id"),
        ({"response_id": "resp-1", "name": "stars", "value": 1, "source": "DOG"}, 400, "HUMAN"),
        ({"response_id": "resp-2", "name": "stars", "value": 1}, 404, "noted within seconds"),
    ],
)
def test_bad_feedback_is_refused(server: Served, trial: str, body: dict[str, Any], status: int, said: str) -> None:
    answer = server.call("POST", f"{API}/feedback", body)
    assert (answer.status, said in answer.json["message"]) == (status, True), answer.body


def test_a_path_and_a_body_that_disagree_are_refused(server: Served, trial: str) -> None:
    endpoint = {"endpoint": {"name": "other", "model": "models:/joker/1"}}
    answer = server.call("PUT", f"{API}/endpoints/joker", endpoint)
    assert (answer.status, "'other'" in answer.json["message"]) == (400, True)
    found = server.call("GET", f"{API}/trials/{trial}").json["trial"]
    answer = server.call("PUT", f"{API}/trials/t-0", {"trial": found, "expected": 1})
    assert (answer.status, "Give both the same id" in answer.json["message"]) == (400, True)
