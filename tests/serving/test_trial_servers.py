"""Two real servers act on one trial: they agree on every key, one promotes, both follow, and a rollback too."""

from __future__ import annotations

import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import msgspec
import pytest

import quire
from quire import trials
from quire.domain.trials import EXPOSED
from quire.store.current import current_store
from quire.store.serving import serving_of
from quire.testing import Simulator
from tests.eventually import eventually
from tests.serving.served import Served

KEYS = [f"user-{number}" for number in range(260)]


@pytest.fixture(params=["sqlite", "postgres"])
def uri(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The store of the servers and of the test."""
    monkeypatch.chdir(tmp_path)
    found = f"sqlite:///{tmp_path}/quire.db" if request.param == "sqlite" else request.getfixturevalue("postgres_copy")
    quire.set_tracking_uri(found)
    yield found
    current_store().close()


def ask(served: Served, key: str) -> tuple[str, str]:
    """The arm and the version that answered."""
    body = msgspec.json.encode({"model": "joker", "messages": [{"role": "user", "content": "hi"}]})
    headers = {"content-type": "application/json", "x-quire-key": key}
    request = urllib.request.Request(f"{served.url}/v1/chat/completions", body, headers)
    with urllib.request.urlopen(request, timeout=60) as answer:
        return answer.headers["x-quire-arm"], answer.headers["x-quire-model-version"]


@pytest.mark.slow
def test_two_servers_and_one_trial_from_its_start_to_the_rollback(uri: str, tmp_path: Path) -> None:
    for content in ("Tell a joke.", "Tell a short joke."):
        quire.openai.log_model(
            "gpt-4o-mini",
            "chat.completions",
            name="joker",
            registered_model_name="joker",
            messages=[{"role": "system", "content": content}],
        )
    quire.promote("models:/joker/1", reason="the first")
    endpoint = {"name": "joker", "model": "models:/joker@champion"}
    with ExitStack() as stack:
        upstream = stack.enter_context(Simulator())
        one, two = (
            stack.enter_context(Served(tmp_path / name, uri, [endpoint], upstream.environment)) for name in "ab"
        )
        trial = trials.start("joker", {"short": "models:/joker/2"}, ["thumb"], on_win="promote")
        eventually(lambda: all(ask(served, KEYS[0])[0] != "" for served in (one, two)))
        given = {key: trials.assign(trial, key) for key in KEYS}
        eventually(lambda: all(ask(served, key)[0] == given[key].arm for served in (one, two) for key in KEYS[:5]))  # type: ignore[union-attr]
        for number, key in enumerate(KEYS):
            arm = given[key]
            assert arm is not None
            assert ask((one, two)[number % 2], key)[0] == arm.arm
        serving = serving_of(current_store())

        def exposed() -> int:
            return sum(tally.n for tally in serving.tallies(trial.trial_id) if tally.metric == EXPOSED)

        eventually(lambda: exposed() == len(KEYS))
        one.kill()  # the other one goes on
        for key, arm in given.items():
            trials.record(trial, key, "thumb", arm is not None and arm.arm == "short")
        eventually(lambda: trials.get(trial.trial_id).state == "ended")
        one.start()
        ended = trials.get(trial.trial_id)
        assert ended.decision is not None
        assert (ended.decision.kind, ended.decision.winner) == ("won", "short")
        assert [event.new for event in quire.promotions("joker")] == ["1", "2"]
        eventually(lambda: all(ask(served, "new")[1] == "2" for served in (one, two)))
        quire.rollback("models:/joker@champion", reason="only a test")
        eventually(lambda: all(ask(served, "new")[1] == "1" for served in (one, two)))
        assert exposed() == len(KEYS)
