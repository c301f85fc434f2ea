"""The thread that keeps trials going: all that are under way, one after the other, whatever becomes of one."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

import quire
from quire import trials
from quire.domain.endpoints import Endpoint
from quire.domain.errors import PermissionDenied
from quire.domain.ids import now_ms
from quire.domain.trials import Trial
from quire.rollout.live import Done
from quire.serving.keeping import Keeping
from quire.store.current import current_store
from quire.store.serving import serving_of
from tests.serving.served import free_port


@pytest.fixture(autouse=True)
def store(tmp_path: Path) -> str:
    uri = f"sqlite:///{tmp_path}/quire.db"
    quire.set_tracking_uri(uri)
    for text in ("{{a}}", "{{a}} b"):
        quire.register_prompt("asker", text)
    return uri


def over(subject: str, **given: object) -> Trial:
    """A trial whose days are over."""
    arms = {"a": 1, "b": 2} if subject.startswith("prompts") else {"a": "/nowhere/1", "b": "/nowhere/2"}
    made = trials.start(subject, arms, ["thumb"], {"most_days": 1e-9, "least_units": 0}, **given)  # type: ignore[arg-type]
    while now_ms() <= made.phases[0].start_time:
        pass
    return made


def test_one_round_looks_at_trials_of_endpoints_and_of_prompts(store: str) -> None:
    serving_of(current_store()).put_endpoint(Endpoint(name="joker", model="/nowhere/1"))
    made = [over("joker"), over("prompts:/asker"), over("prompts:/asker", namespace="acme")]
    done = Keeping(store).round()
    assert {one.trial.trial_id for one in done} == {one.trial_id for one in made}
    assert {one.step for one in done} == {"ended"}
    assert Keeping(store).round() == []


def test_the_thread_looks_again_and_again_until_it_is_closed(store: str) -> None:
    found: list[Done] = []
    told = threading.Event()
    keeping = Keeping(store, every_s=0.01, told=lambda done: (found.append(done), told.set()))
    keeping.start()
    trial = over("prompts:/asker")
    assert told.wait(30)
    keeping.close()
    assert [one.trial.trial_id for one in found] == [trial.trial_id]


def test_a_store_that_is_away_is_said_once_and_waited_for(caplog: pytest.LogCaptureFixture) -> None:
    keeping = Keeping(f"http://127.0.0.1:{free_port()}", every_s=0.001)
    keeping.start()
    for _ in range(1_000):
        if "Trials wait until the store answers" in caplog.text:
            break
        threading.Event().wait(0.01)
    keeping.close(30)
    assert caplog.text.count("Trials wait until the store answers") == 1


def test_a_trial_that_cannot_be_looked_at_does_not_keep_others_from_it(
    store: str, caplog: pytest.LogCaptureFixture
) -> None:
    bad, good = over("prompts:/asker"), over("prompts:/asker", namespace="acme")

    def told(done: Done) -> None:
        if done.trial.trial_id == bad.trial_id:
            raise RuntimeError("of no interest")

    done = Keeping(store, told=told).round()
    assert [one.trial.trial_id for one in done] == [good.trial_id]
    assert "could not be looked at" in caplog.text
    assert trials.get(bad.trial_id).state == "ended"


def test_what_is_wrong_with_a_trial_is_said_once(
    store: str, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    trials.start("prompts:/asker", {"a": 1, "b": 2}, ["thumb"])

    def refused(*_args: object, **_more: object) -> None:
        raise PermissionDenied("The token may not change trials.")

    monkeypatch.setattr("quire.serving.keeping.tick", refused)
    keeping = Keeping(store)
    for _ in range(3):
        assert keeping.round() == []
    assert caplog.text.count("The token may not change trials.") == 1
