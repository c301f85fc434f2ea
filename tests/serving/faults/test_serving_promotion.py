"""A server that is killed while a trial's winner is being promoted: the other finishes it, once."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

import quire
from quire import trials
from quire.domain.endpoints import Endpoint
from quire.store.current import current_store
from quire.store.serving import serving_of
from quire.testing import SimulatorProcess
from tests.eventually import eventually
from tests.serving.faults.conftest import Serve, ask, client_of

pytestmark = pytest.mark.slow

UNITS = 260
"""So many that each arm has the hundred that a verdict needs."""


def version(store: str, folder: Path) -> str:
    quire.set_tracking_uri(store)
    messages = [{"role": "system", "content": "You are brief."}]
    quire.openai.save_model(path=str(folder), model="gpt-4o-mini", task="chat.completions", messages=messages)
    return str(quire.register_model(str(folder), "joker").version)


def decide(challenger: str) -> trials.Trial:
    """A trial that the challenger has won, before any server has looked."""
    trial = trials.start(
        "joker",
        {"new": f"models:/joker/{challenger}"},
        ["thumb"],
        on_win="promote",
    )
    eventually(lambda: trials.assign(trial, "somebody") is not None)
    for number in range(UNITS):
        arm = trials.assign(trial, f"user-{number}")
        assert arm is not None
        trials.record(trial, f"user-{number}", "thumb", arm.arm == "new")
    return trial


@pytest.mark.timeout(300)
@pytest.mark.parametrize("pause_s", [0.0, 0.02, 0.1])
def test_the_other_server_finishes_what_one_began(serve: Serve, store: str, tmp_path: Path, pause_s: float) -> None:
    """Both see the verdict at about the same time; whichever is killed, at whatever step, the end is the same."""
    challenger = version(store, tmp_path / "challenger")
    before = len(quire.promotions("joker"))
    with SimulatorProcess() as upstream:
        one, two = (serve(upstream.environment) for _ in range(2))
        trial = decide(challenger)
        eventually(lambda: trials.get(trial.trial_id).state != "running")
        time.sleep(pause_s)
        one.kill()
        eventually(lambda: trials.get(trial.trial_id).state == "ended")
        with client_of(two) as client:
            eventually(lambda: asked_version(client) == challenger)
        one.start()
        with client_of(one) as client:
            eventually(lambda: asked_version(client) == challenger)
    ended = trials.get(trial.trial_id)
    assert ended.decision is not None
    assert (ended.decision.kind, ended.decision.winner) == ("won", "new")
    assert quire.MlflowClient().get_model_version_by_alias("joker", "champion").version == challenger
    events = quire.promotions("joker")[before:]
    assert [event.new for event in events] == [challenger], "promoted once, by one of them"
    current_store().close()


def asked_version(client: object) -> str:
    raw = client.chat.completions.with_raw_response.create(  # type: ignore[attr-defined]
        model="joker", messages=[{"role": "user", "content": "Hello."}]
    )
    return str(raw.headers["x-quire-model-version"])


def test_a_server_that_finds_a_promotion_half_done_finishes_it(serve: Serve, store: str, tmp_path: Path) -> None:
    """Nobody is there when the trial is won; the first server to start promotes."""
    challenger = version(store, tmp_path / "challenger")
    serving_of(current_store()).put_endpoint(Endpoint(name="joker", model="models:/joker@champion"))
    trial = decide(challenger)
    with SimulatorProcess() as upstream:
        served = serve(upstream.environment)
        eventually(lambda: trials.get(trial.trial_id).state == "ended")
        with client_of(served) as client:
            assert ask(client).choices[0].message.content
            eventually(lambda: asked_version(client) == challenger)
    current_store().close()
