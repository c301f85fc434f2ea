"""Shadow traffic: the challenger is asked after the caller has its answer, and never in its way."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest

import quire
from quire import trials
from quire.domain.endpoints import Endpoint, Limits, Shadow
from quire.domain.trials import TrialMetric
from quire.serving.shadowing import Shadowing
from quire.store.current import current_store
from quire.store.serving import serving_of
from quire.testing import Simulator
from quire.trials.noting import flush
from tests.serving.serving import Served

Register = Callable[..., str]
Serve = Callable[..., Served]


class Watched:
    """Waits for what a server's shadows have done."""

    def __init__(self) -> None:
        self.shadowing: Any = None

    def __call__(self, app: Any) -> None:
        self.shadowing = next(one for one in app.context.observers if isinstance(one, Shadowing))

    def wait(self, asked: int, dropped: int = 0) -> None:
        """Wait until so many were asked and dropped."""
        for _ in range(1_000):
            lanes = list(self.shadowing.lanes.values())
            if sum(lane.asked for lane in lanes) >= asked and self.shadowing.dropped >= dropped:
                return
            threading.Event().wait(0.01)
        raise AssertionError([(lane.asked, lane.running, lane.dropped) for lane in lanes])


@pytest.fixture
def joker(register: Register) -> str:
    register(messages=[{"role": "system", "content": "Tell a joke."}], max_tokens=20)
    register(messages=[{"role": "system", "content": "Tell a short joke."}], model="gpt-4o", max_tokens=20)
    quire.Client().set_registered_model_alias("joker", "champion", "1")
    return "joker"


def endpoint(*shadows: Shadow, **fields: Any) -> Endpoint:
    return Endpoint(name="joker", model="models:/joker@champion", shadows=list(shadows), **fields)


def ask(served: Served, key: str, **body: Any) -> Any:
    return served.chat(messages=[{"role": "user", "content": key}], user=key, **body)


def only_trial() -> Any:
    (found,) = trials.search(state="running")
    return found


def test_pairs_of_answers_are_compared_in_a_trial_of_their_own(
    joker: str, serve: Serve, store: str, upstream: Simulator
) -> None:
    upstream.behave(echo=True)
    shorter = TrialMetric(name="short", low=0, high=1, scorer="regex_match", parameters={"pattern": "short"})
    watched = Watched()
    served = serve(endpoint(Shadow(name="new", model="models:/joker/2", metrics=[shorter])), prepare=watched)
    for number in range(12):
        answer = ask(served, f"u{number}", stream=number % 3 == 0)
        assert answer.headers["x-quire-arm"] == "champion"
    watched.wait(12)
    watched.shadowing._grading.flush()
    assert flush(store, 10)
    report = trials.report(only_trial())
    assert report.trial.spec.subject == "shadow:joker/new"
    assert [arm.model for arm in report.trial.arms] == ["models:/joker/1", "models:/joker/2"]
    assert report["latency_s"].differences["new"].n == 12
    assert report["cost_usd"].differences["new"].difference > 0
    assert report["failed"].differences["new"].difference == 0
    assert (report["short"].arms["new"].n, report["short"].arms["new"].mean) == (12, 1)
    assert report["short"].differences["new"].verdict == "better"
    assert "pairs" in str(report)
    asked = [request.body["model"] for request in upstream.requests]  # type: ignore[index,call-overload]
    assert (asked.count("gpt-4o-mini"), asked.count("gpt-4o")) == (12, 12)


def test_a_challenger_that_fails_or_is_slow_costs_the_caller_nothing(
    joker: str, register: Register, serve: Serve, store: str, upstream: Simulator
) -> None:
    register(model="no-such-model", messages=[{"role": "system", "content": "x"}])
    quire.Client().set_registered_model_alias("joker", "champion", "1")
    watched = Watched()
    served = serve(endpoint(Shadow(name="broken", model="models:/joker/3")), prepare=watched)
    upstream.behave(models=["gpt-4o-mini"])
    for number in range(5):
        assert ask(served, f"u{number}").status == 200
    watched.wait(5)
    assert flush(store, 10)
    report = trials.report(only_trial())
    assert report["failed"].arms["broken"].mean == 1
    assert report["latency_s"].differences["broken"].n == 0
    assert report.excluded["broken"] == 5


def test_what_finds_no_room_is_dropped_and_counted(joker: str, serve: Serve, upstream: Simulator) -> None:
    watched = Watched()
    served = serve(endpoint(Shadow(name="new", model="models:/joker/2", concurrency=1)), prepare=watched)
    held = threading.Event()
    original = watched.shadowing._trial_of
    watched.shadowing._trial_of = lambda *said: (held.wait(10), original(*said))[1]
    for number in range(6):
        assert ask(served, f"u{number}").status == 200
    served.wait_for(6)
    watched.wait(0, dropped=4)
    held.set()
    watched.wait(2, dropped=4)
    assert watched.shadowing.dropped == 4


def test_a_sample_of_none_asks_nobody(joker: str, serve: Serve, upstream: Simulator) -> None:
    served = serve(endpoint(Shadow(name="new", model="models:/joker/2", sample=0.0)))
    for number in range(3):
        ask(served, f"u{number}")
    served.wait_for(3)
    assert trials.search() == []
    assert len(upstream.requests) == 3


def test_another_version_begins_another_trial(joker: str, register: Register, serve: Serve, store: str) -> None:
    watched = Watched()
    served = serve(endpoint(Shadow(name="new", model="models:/joker@challenger")), prepare=watched)
    quire.Client().set_registered_model_alias("joker", "challenger", "2")
    live = served.app.context.live
    for _ in range(1_000):
        if live.table.endpoints["joker"].shadows:
            break
        threading.Event().wait(0.01)
    ask(served, "a")
    watched.wait(1)
    first = only_trial()
    register(messages=[{"role": "system", "content": "Tell no joke."}], max_tokens=20)
    quire.Client().set_registered_model_alias("joker", "champion", "1")
    quire.Client().set_registered_model_alias("joker", "challenger", "3")
    for _ in range(1_000):
        if live.table.endpoints["joker"].shadows["new"].given.version == "3":
            break
        threading.Event().wait(0.01)
    ask(served, "b")
    watched.wait(2)
    second = only_trial()
    assert [arm.model for arm in second.arms] == ["models:/joker/1", "models:/joker/3"]
    ended = trials.get(first.trial_id)
    assert ended.decision is not None
    assert (ended.state, ended.decision.kind) == ("ended", "stopped")


def test_a_shadow_is_promoted_by_hand_on_what_it_showed(joker: str, serve: Serve, store: str) -> None:
    watched = Watched()
    served = serve(endpoint(Shadow(name="new", model="models:/joker/2")), prepare=watched)
    ask(served, "a")
    watched.wait(1)
    assert flush(store, 10)
    promoted = trials.promote(only_trial(), "cheaper by the list of prices", force=True)
    assert promoted.state == "ended"
    assert quire.Client().get_model_version_by_alias("joker", "champion").version == "2"
    assert quire.promotions("joker")[-1].evidence == [f"trials:/{promoted.trial_id}"]


def test_a_challenger_that_serves_already_is_not_asked(joker: str, serve: Serve, upstream: Simulator) -> None:
    served = serve(endpoint(Shadow(name="new", model="models:/joker/1")))
    ask(served, "a")
    served.wait_for(1)
    assert len(upstream.requests) == 1
    assert trials.search() == []


def test_the_gate_of_the_champion_does_not_count_its_shadows(joker: str, serve: Serve, upstream: Simulator) -> None:
    watched = Watched()
    narrow = endpoint(Shadow(name="new", model="models:/joker/2"), limits=Limits(concurrency=1, waiting=0))
    served = serve(narrow, prepare=watched)
    for number in range(4):
        assert ask(served, f"u{number}").status == 200
    watched.wait(4)
    assert serving_of(current_store()).get_endpoint("joker").shadows[0].name == "new"
