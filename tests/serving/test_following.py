"""Aliases, endpoints and trials are followed: no restart, no dropped request; a store that is away changes nothing."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import quire
from quire.domain.endpoints import Endpoint, Limits, Upstream
from quire.domain.trials import Arm, StoppingRule, TrialMetric, TrialSpec
from quire.store.current import current_store
from quire.store.serving import ServingStore, serving_of
from quire.testing import Simulator
from tests.serving.serving import Served

Register = Callable[..., str]
Serve = Callable[..., Served]


def say(text: str) -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": text}]}


def until(true: Callable[[], bool], seconds: float = 10) -> None:
    """Wait until something that another thread does is so."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end
        time.sleep(0.01)


def version(served: Served, **body: Any) -> str:
    answer = served.chat(**body)
    assert answer.status == 200, answer.body
    return answer.headers["x-quire-model-version"]


def kept() -> ServingStore:
    return serving_of(current_store())


def test_an_alias_that_moves_is_followed_without_a_dropped_request(register: Register, serve: Serve) -> None:
    register(**say("One."))
    served = serve("joker")
    seen: list[str] = []
    ended = threading.Event()

    def ask() -> None:
        while not ended.is_set():
            seen.append(version(served))

    asking = threading.Thread(target=ask)
    asking.start()
    try:
        until(lambda: "1" in seen)
        register(**say("Two."))
        until(lambda: "2" in seen)
        quire.Client().set_registered_model_alias("joker", "champion", "1")
        until(lambda: seen[-1] == "1")
    finally:
        ended.set()
        asking.join()
    changes = [after for before, after in itertools.pairwise(seen) if before != after]
    assert changes == ["2", "1"]


def test_a_version_that_was_asked_for_by_an_alias_is_followed_too(register: Register, serve: Serve) -> None:
    register(**say("One."))
    register(**say("Two."))
    client = quire.Client()
    client.set_registered_model_alias("joker", "old", "1")
    served = serve("joker")
    assert version(served, prompt={"id": "joker", "version": "old"}) == "1"
    client.set_registered_model_alias("joker", "old", "2")
    until(lambda: version(served, prompt={"id": "joker", "version": "old"}) == "2")


def test_endpoints_are_stored_at_the_start_and_then_followed(
    register: Register, serve: Serve, upstream: Simulator
) -> None:
    register(**say("One."))
    served = serve("joker")
    stored = kept().get_endpoint("joker")
    assert stored.model == "models:/joker@champion"
    with Simulator(echo=True) as other:
        changed = Endpoint(
            name="joker", model="models:/joker/1", upstream=Upstream(name="other", base_url=other.base_url)
        )
        kept().put_endpoint(changed)
        until(lambda: served.chat().status == 200 and bool(other.requests))
        before = len(upstream.requests)
        served.chat()
        assert len(upstream.requests) == before


def test_a_start_with_no_more_than_a_model_keeps_what_is_stored_beside_it(register: Register, serve: Serve) -> None:
    register(**say("One."))
    limits = Limits(concurrency=3)
    kept().put_endpoint(Endpoint(name="joker", model="models:/joker/1", limits=limits, description="Jokes."))
    serve("joker")
    found = kept().get_endpoint("joker")
    assert (found.model, found.limits, found.description) == ("models:/joker@champion", limits, "Jokes.")


def test_without_endpoints_all_that_are_stored_are_served_and_new_ones_join(register: Register, serve: Serve) -> None:
    register(**say("One."))
    kept().put_endpoint(Endpoint(name="joker", model="models:/joker@champion"))
    served = serve()
    assert version(served) == "1"
    kept().put_endpoint(Endpoint(name="clown", model="models:/joker/1"))
    until(lambda: served.chat(model="clown").status == 200)
    kept().delete_endpoint("clown")
    until(lambda: served.chat(model="clown").status == 404)
    assert version(served) == "1"


def test_what_cannot_be_loaded_leaves_what_was_served(
    register: Register, serve: Serve, caplog: pytest.LogCaptureFixture
) -> None:
    register(**say("One."))
    served = serve("joker")
    kept().put_endpoint(Endpoint(name="joker", model="models:/joker/9"))
    until(lambda: any("no version 9" in record.message for record in caplog.records))
    assert version(served) == "1"
    kept().put_endpoint(Endpoint(name="joker", model="models:/joker/1"))
    until(lambda: any("again" in record.message for record in caplog.records))
    said = [record for record in caplog.records if "no version 9" in record.message]
    assert len(said) == 1


def test_a_store_that_is_away_leaves_the_last_table(
    register: Register, serve: Serve, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    import sqlite3

    register(**say("One."))
    served = serve("joker")
    database = sqlite3.connect(tmp_path / "quire.db")
    database.execute("ALTER TABLE endpoints RENAME TO gone")
    database.commit()
    until(lambda: any("the store" in record.message for record in caplog.records))
    assert version(served) == "1"
    database.execute("ALTER TABLE gone RENAME TO endpoints")
    database.commit()
    database.close()
    register(**say("Two."))
    until(lambda: version(served) == "2")


def start_trial(**fields: Any) -> str:
    spec = TrialSpec(
        subject="endpoint:joker",
        arms=[Arm(name="control", model="models:/joker/1"), Arm(name="dry", model="models:/joker/2")],
        metrics=[TrialMetric(name="thumb", low=0, high=1)],
        stopping=StoppingRule(metric="thumb"),
        **fields,
    )
    return kept().create_trial(spec).trial_id


def test_a_trial_gives_each_key_its_arm_and_keeps_to_it(register: Register, serve: Serve) -> None:
    register(**say("One."))
    register(**say("Two."))
    served = serve("joker")
    trial_id = start_trial()
    until(lambda: served.chat().headers["x-quire-arm"] != "champion")
    arms = {f"user-{n}": served.chat(user=f"user-{n}").headers["x-quire-arm"] for n in range(12)}
    assert set(arms.values()) == {"control", "dry"}
    for key, arm in arms.items():
        by_header = served.call("POST", "/v1/chat/completions", {"model": "joker"}, headers={"x-quire-key": key})
        assert by_header.headers["x-quire-arm"] == arm
        assert served.chat(safety_identifier=key, user="someone").headers["x-quire-arm"] == arm
    done = served.told_of(by_header)[0]
    assert done.given.trial_id == trial_id
    assert len(done.given.unit) == 32


def test_a_trial_of_one_namespace_concerns_nobody_else(register: Register, serve: Serve) -> None:
    register(**say("One."))
    register(**say("Two."))
    served = serve("joker")
    start_trial(namespace="acme")

    def arm(namespace: str) -> str:
        answer = served.call(
            "POST", "/v1/chat/completions", {"model": "joker"}, headers={"x-quire-namespace": namespace}
        )
        return answer.headers["x-quire-arm"]

    until(lambda: arm("acme") != "champion")
    assert arm("") == arm("other") == "champion"


def test_a_version_that_the_caller_names_takes_no_part_in_a_trial(register: Register, serve: Serve) -> None:
    register(**say("One."))
    register(**say("Two."))
    served = serve("joker")
    start_trial()
    until(lambda: served.chat().headers["x-quire-arm"] != "champion")
    answer = served.chat(prompt={"id": "joker", "version": "1"})
    assert (answer.headers["x-quire-arm"], answer.headers["x-quire-model-version"]) == ("chosen", "1")


@pytest.mark.parametrize("stream", [False, True])
def test_an_arm_that_fails_is_answered_by_the_control(register: Register, serve: Serve, stream: bool) -> None:
    register(**say("One."))
    register(**say("About {animal}."))  # nobody sends its variable
    served = serve("joker")
    start_trial()
    until(lambda: served.chat().headers["x-quire-arm"] != "champion")
    users = (f"user-{n}" for n in range(99))
    key = next(user for user in users if served.told_of(served.chat(user=user))[0].fell_back)
    answer = served.chat(user=key, stream=stream)
    assert (answer.status, answer.headers["x-quire-arm"]) == (200, "control")
    failed, answered = served.told_of(answer, 2)
    assert (failed.ending, failed.fell_back, failed.given.arm) == ("failed", True, "dry")
    assert (answered.ending, answered.fell_back, answered.given.arm) == ("answered", True, "control")
    assert answered.given.trial_id is None
    assert failed.given.unit


def test_a_folder_of_this_machine_takes_no_name_of_the_store(register: Register, serve: Serve, tmp_path: Path) -> None:
    register(**say("One."))
    kept().put_endpoint(Endpoint(name="joker", model="models:/joker@champion"))
    quire.openai.save_model("gpt-4o-mini", "chat.completions", str(tmp_path / "baked"), **say("Baked."))
    served = serve(Endpoint(name="joker", model=str(tmp_path / "baked")))
    assert served.chat().json["choices"][0]["message"]["content"].count("Baked.") == 1
    assert kept().get_endpoint("joker").model == "models:/joker@champion", "other servers could not load the folder"
    spec = TrialSpec(
        subject="endpoint:joker",
        arms=[Arm(name="champion", model="models:/joker/1"), Arm(name="other", model="models:/joker/1")],
        metrics=[TrialMetric(name="thumb", low=0, high=1)],
        stopping=StoppingRule(metric="thumb"),
    )
    kept().create_trial(spec)
    served.app.context.following.look()
    assert "Baked." in served.chat().json["choices"][0]["message"]["content"]
    alone = serve(Endpoint(name="poet", model=str(tmp_path / "baked")))
    assert "Baked." in alone.chat(model="poet").json["choices"][0]["message"]["content"]
    assert kept().get_endpoint("poet").model == str(tmp_path / "baked")
