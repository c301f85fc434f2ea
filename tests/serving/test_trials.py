"""A trial on a served endpoint: what is counted of real requests, what leaves the comparison, who is promoted."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import quire
from quire import trials
from quire.domain.endpoints import Endpoint
from quire.domain.trials import EXPOSED, Trial
from quire.store.current import current_store
from quire.store.serving import serving_of
from quire.testing import Simulator
from quire.trials.noting import flush
from tests.serving.serving import Served

Register = Callable[..., str]
Serve = Callable[..., Served]


def say(content: str) -> list[dict[str, str]]:
    return [{"role": "system", "content": content}]


@pytest.fixture
def joker(register: Register) -> str:
    """A model with two versions, the first of which is the champion."""
    register(messages=say("Tell a joke."))
    register(messages=say("Tell a short joke."))
    quire.Client().set_registered_model_alias("joker", "champion", "1")
    return "joker"


def endpoint(**fields: Any) -> Endpoint:
    return Endpoint(**{"name": "joker", "model": "models:/joker@champion", **fields})


def put(**fields: Any) -> None:
    serving_of(current_store()).put_endpoint(endpoint(**fields))


def ask(served: Served, key: str, **body: Any) -> Any:
    return served.call(
        "POST",
        "/v1/chat/completions",
        {"model": "joker", "messages": [{"role": "user", "content": key}], **body},
        headers={"x-quire-key": key},
    )


def counted(trial: Trial, store: str) -> dict[tuple[str, str], tuple[int, float]]:
    """Units and sums by metric and arm, once all is stored."""
    assert flush(store, 10)
    found: dict[tuple[str, str], tuple[int, float]] = {}
    for one in serving_of(current_store()).tallies(trial.trial_id):
        n, total = found.get((one.metric, one.arm), (0, 0.0))
        found[one.metric, one.arm] = (n + one.n, total + one.total)
    return found


def test_each_key_is_counted_once_with_what_was_measured(joker: str, serve: Serve, store: str) -> None:
    put()
    trial = trials.start("joker", {"short": "models:/joker/2"}, ["thumb", "latency_s", "cost_usd"])
    served = serve("joker")
    arms = {}
    for number in range(30):
        key = f"user-{number % 15}"
        answer = ask(served, key, stream=number % 2 == 0)
        assert answer.status == 200
        arms[key] = answer.headers["x-quire-arm"]
    served.wait_for(30)
    found = counted(trial, store)
    units = {arm: sum(one == arm for one in arms.values()) for arm in ("champion", "short")}
    for metric in (EXPOSED, "latency_s", "cost_usd", "output_tokens"):
        assert {arm: found[metric, arm][0] for arm in units} == units, metric
    assert all(found["latency_s", arm][1] > 0 and found["cost_usd", arm][1] > 0 for arm in units)
    assert ("failed", "short") not in found
    assert {key: given.arm for key in arms if (given := trials.assign(trial, key))} == arms
    answer_id = ask(served, "user-1").json["id"]
    served.wait_for(31)
    assert flush(store, 10)
    kept = serving_of(current_store()).get_served(answer_id)
    given = trials.assign(trial, "user-1")
    assert given is not None
    assert (kept.trial_id, kept.arm, kept.unit) == (trial.trial_id, given.arm, given.unit)
    assert kept.experiment == "endpoints/joker"


def test_an_arm_that_fails_falls_back_and_its_unit_leaves_the_comparison(
    register: Register, serve: Serve, store: str, upstream: Simulator
) -> None:
    register(messages=say("Tell a joke."))
    register(messages=say("Tell a short joke."), model="no-such-model")
    quire.Client().set_registered_model_alias("joker", "champion", "1")
    put()
    trial = trials.start("joker", {"broken": "models:/joker/2"}, ["thumb", "latency_s"])
    served = serve("joker")
    upstream.behave(models=["gpt-4o-mini"])
    keys = [f"u{number}" for number in range(20)]
    broken = [key for key in keys if (given := trials.assign(trial, key)) and given.arm == "broken"]
    trials.record(trial, broken[0], "thumb", True)
    for key in keys:
        assert ask(served, key).status == 200
    served.wait_for(len(keys) + len(broken))
    found = counted(trial, store)
    assert found[EXPOSED, "broken"][0] == len(broken)
    assert found["failed", "broken"] == (len(broken), len(broken))
    assert ("latency_s", "broken") not in found
    assert ("thumb", "broken") not in found
    assert found["latency_s", "champion"][0] == len(keys) - len(broken)
    assert not trials.record(trial, broken[1], "thumb", True)
    report = trials.report(trial)
    assert report.excluded == {"champion": 0, "broken": len(broken)}
    assert report["failed"].arms["broken"].mean == 1


def test_two_servers_give_one_key_one_arm_and_count_it_once(joker: str, serve: Serve, store: str) -> None:
    put()
    trial = trials.start("joker", {"short": "models:/joker/2"}, ["thumb"])
    one, two = serve("joker"), serve("joker")
    for number in range(20):
        first, second = (ask(served, f"u{number}") for served in (one, two))
        assert first.headers["x-quire-arm"] == second.headers["x-quire-arm"]
    one.wait_for(20), two.wait_for(20)
    found = counted(trial, store)
    assert sum(n for (metric, _arm), (n, _total) in found.items() if metric == EXPOSED) == 20


def test_scorers_say_outcomes_and_assessments(joker: str, serve: Serve, store: str, upstream: Simulator) -> None:
    upstream.behave(echo=True)
    put()
    metric = {"name": "short", "low": 0, "high": 1, "scorer": "regex_match", "parameters": {"pattern": "short"}}
    trial = trials.start("joker", {"short": "models:/joker/2"}, [metric])
    grading: list[Any] = []

    def keep(app: Any) -> None:
        grading.extend(one for one in app.context.observers if type(one).__name__ == "Grading")

    served = serve("joker", prepare=keep)
    ids = [ask(served, f"u{number}").headers["x-quire-trace-id"] for number in range(20)]
    served.wait_for(20)
    grading[0].flush()
    found = counted(trial, store)
    n_short, total_short = found["short", "short"]
    assert n_short == total_short > 0
    assert found["short", "champion"][1] == 0
    assert n_short + found["short", "champion"][0] == 20
    stored = [quire.get_trace(each) for each in ids]
    assert sum(len(trace.search_assessments(name="short")) for trace in stored if trace) == 20


def test_an_arm_that_wants_more_than_the_control_fails_and_a_wrong_request_is_no_arms_failure(
    register: Register, serve: Serve, store: str
) -> None:
    register(messages=say("Tell a joke."))
    register(messages=[{"role": "user", "content": "A joke about {animal}."}])
    quire.Client().set_registered_model_alias("joker", "champion", "1")
    put()
    trial = trials.start("joker", {"wants": "models:/joker/2"}, ["thumb"])
    served = serve("joker")
    keys = [f"u{number}" for number in range(12)]
    wants = [key for key in keys if (given := trials.assign(trial, key)) and given.arm == "wants"]
    for key in keys:
        assert ask(served, f"{key}-wrong", top_k=3).status == 400
        assert ask(served, key).status == 200
    served.wait_for(2 * len(keys) + len(wants))
    found = counted(trial, store)
    assert found["failed", "wants"][0] == found[EXPOSED, "wants"][0] == len(wants)
    assert found[EXPOSED, "champion"][0] == len(keys) - len(wants)
    assert ("failed", "champion") not in found
