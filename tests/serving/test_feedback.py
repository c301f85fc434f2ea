"""Feedback given to the serving process at once after an answer: on its trace, and in its trial."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import quire
from quire import trials
from quire.domain.access import Scope
from quire.domain.credentials import hash_token, new_token
from quire.domain.endpoints import Endpoint
from quire.domain.trials import Trial
from quire.server.auth import AuthSettings
from quire.store.access import access_of
from quire.store.current import current_store
from quire.store.serving import serving_of
from tests.serving.serving import Answer, Served

Register = Callable[..., str]
Serve = Callable[..., Served]
PATH = "/api/quire/v1/feedback"


@pytest.fixture
def trial(register: Register) -> Trial:
    """A trial of two versions of a model, with a metric that feedback gives from 0 to 1."""
    for text in ("Tell a joke.", "Tell a short joke."):
        register(messages=[{"role": "system", "content": text}])
    quire.Client().set_registered_model_alias("joker", "champion", "1")
    serving_of(current_store()).put_endpoint(Endpoint(name="joker", model="models:/joker@champion"))
    return trials.start("joker", {"short": "models:/joker/2"}, ["thumb"])


def _ask(served: Served, key: str, headers: dict[str, str] | None = None) -> Answer:
    body = {"model": "joker", "messages": [{"role": "user", "content": "Why?"}]}
    answer = served.call("POST", "/v1/chat/completions", body, headers={"x-quire-key": key, **(headers or {})})
    assert answer.status == 200, answer.body
    return answer


def _thumbs(trial: Trial) -> dict[str, tuple[int, float]]:
    found = serving_of(current_store()).tallies(trial.trial_id)
    return {one.arm: (one.n, one.total) for one in found if one.metric == "thumb"}


def test_feedback_follows_an_answer_at_once_and_counts_once(trial: Trial, serve: Serve) -> None:
    served = serve("joker")
    answer = _ask(served, "ada")
    given = {"response_id": answer.json["id"], "name": "thumb", "value": True, "source_id": "ada"}
    told = served.call("POST", PATH, given)
    assert told.status == 200, told.body
    arm = answer.headers["x-quire-arm"]
    assert (told.json["counted"], told.json["trial_id"], told.json["arm"]) == (True, trial.trial_id, arm)
    by_trace = {"trace_id": answer.headers["x-quire-trace-id"], "name": "thumb", "value": 0}
    assert "counted" not in served.call("POST", PATH, by_trace).json
    assert _thumbs(trial) == {arm: (1, 1.0)}
    served.stop()  # which stores the traces that wait
    trace = current_store().get_trace_info(answer.headers["x-quire-trace-id"])
    assert [(one.assessment_name, one.value) for one in trace.assessments] == [("thumb", True), ("thumb", 0)]
    assert trace.state == "OK"
    assert trace.execution_time_ms is not None
    experiment = current_store().get_experiment_by_name("endpoints/joker")
    assert experiment is not None
    assert trace.experiment_id == experiment.experiment_id


@pytest.mark.parametrize(
    ("body", "status", "said"),
    [
        ({"name": "thumb", "value": 2}, 400, "beyond its bounds 0 to 1"),
        ({"name": "thumb"}, 400, "'value'"),
        ({"name": "thumb", "value": 1, "source": "DOG"}, 400, "HUMAN"),
        (b"{", 400, "not JSON"),
    ],
)
def test_bad_feedback_is_refused(trial: Trial, serve: Serve, body: Any, status: int, said: str) -> None:
    served = serve("joker")
    if isinstance(body, dict):
        body = {"response_id": _ask(served, "ada").json["id"], **body}
    answer = served.call("POST", PATH, body)
    assert (answer.status, said in answer.error["message"]) == (status, True), answer.body
    assert _thumbs(trial) == {}


def test_feedback_on_no_answer_is_refused(trial: Trial, serve: Serve) -> None:
    served = serve("joker")
    answer = served.call("POST", PATH, {"name": "thumb", "value": 1})
    assert (answer.status, "give response_id" in answer.error["message"]) == (400, True)
    answer = served.call("POST", PATH, {"response_id": "nobody", "name": "thumb", "value": 1})
    assert (answer.status, "try again" in answer.error["message"]) == (404, True)


def test_who_may_ask_an_endpoint_may_judge_its_answers(trial: Trial, serve: Serve) -> None:
    access = access_of(current_store())
    access.create_user("bob", password_hash=None, role="reader")

    def token(endpoint: str) -> dict[str, str]:
        secret = new_token()
        access.create_token("bob", hash_token(secret), scope=Scope(endpoints=(endpoint,)))
        return {"Authorization": f"Bearer {secret}"}

    served = serve("joker", auth=AuthSettings())
    mine, other = token("joker"), token("rhymer")
    given = {"response_id": _ask(served, "ada", mine).json["id"], "name": "thumb", "value": 1}
    assert served.call("POST", PATH, given).status == 401
    assert served.call("POST", PATH, given, headers=other).status == 403
    told = served.call("POST", PATH, given, headers=mine)
    assert told.status == 200, told.body
    assert told.json["assessment"]["source"]["source_id"] == "bob"
