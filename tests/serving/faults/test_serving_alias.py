"""An alias that moves under load: every server follows, no request fails, and each is answered by one version."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

import quire
from quire.testing import SimulatorProcess
from tests.serving.faults.conftest import MESSAGES, Serve, client_of
from tests.serving.served import Served

pytestmark = pytest.mark.slow

PATIENCE = 30.0
"""Seconds within which a server follows on whatever machine; it looks twice a second."""


@pytest.fixture
def upstream() -> Iterator[SimulatorProcess]:
    """It repeats what it was asked, so that an answer shows which version put the question."""
    with SimulatorProcess(echo=True) as running:
        yield running


def new_version(store: str, folder: Path, said: str) -> str:
    """The next version of ``joker``, whose system message says this."""
    quire.set_tracking_uri(store)
    messages = [{"role": "system", "content": said}]
    quire.openai.save_model(path=str(folder), model="gpt-4o-mini", task="chat.completions", messages=messages)
    return str(quire.register_model(str(folder), "joker").version)


def move(version: str) -> None:
    quire.MlflowClient().set_registered_model_alias("joker", "champion", version)


class Load:
    """Asks a server on and on; notes what each answer says of its version, in its header and by its content."""

    def __init__(self, served: Served, pool: ThreadPoolExecutor, stop: threading.Event) -> None:
        self._served = served
        self._stop = stop
        self.versions: list[tuple[str, str]] = []
        self.running = pool.submit(self._run)

    def _run(self) -> None:
        with client_of(self._served) as client:
            while not self._stop.is_set():
                raw = client.chat.completions.with_raw_response.create(model="joker", messages=MESSAGES)
                said: Any = raw.parse().choices[0].message.content
                self.versions.append((raw.headers["x-quire-model-version"], said))

    def wait_for(self, version: str) -> None:
        until = time.monotonic() + PATIENCE
        while not self.versions or self.versions[-1][0] != version:
            assert time.monotonic() < until, f"still {self.versions[-1:]}, not {version}"
            assert not self.running.done(), self.running.exception()
            time.sleep(0.02)


def test_every_server_follows_an_alias_and_no_request_fails(
    serve: Serve, upstream: SimulatorProcess, store: str, tmp_path: Path
) -> None:
    second, third = (new_version(store, tmp_path / said, said) for said in ("the second", "the third"))
    servers = [serve(upstream.environment) for _ in range(2)]
    stop = threading.Event()
    with ThreadPoolExecutor(8) as pool:
        loads = [Load(served, pool, stop) for served in servers for _ in range(2)]
        try:
            for version in ("1", second, third, second):
                move(version)
                for load in loads:
                    load.wait_for(version)
        finally:
            stop.set()
        for load in loads:
            load.running.result(60)
    said = {"1": "a comedian", second: "the second", third: "the third"}
    for load in loads:
        assert all(said[version] in content for version, content in load.versions)
        changes = [
            version for at, (version, _) in enumerate(load.versions) if at == 0 or load.versions[at - 1][0] != version
        ]
        assert changes == ["1", second, third, second], "it went from one to the next, and never back"


def test_a_version_that_cannot_be_served_leaves_the_last_one_serving(
    serve: Serve, upstream: SimulatorProcess, store: str, tmp_path: Path
) -> None:
    served = serve(upstream.environment)
    broken = new_version(store, tmp_path / "broken", "never seen")
    good = new_version(store, tmp_path / "good", "the good one")
    for file in (tmp_path / "broken").iterdir():
        file.unlink()
    stop = threading.Event()
    with ThreadPoolExecutor(1) as pool:
        load = Load(served, pool, stop)
        try:
            load.wait_for("1")
            move(broken)
            time.sleep(2.5)  # twice as long as it takes to look
            load.wait_for("1")
            move(good)
            load.wait_for(good)
        finally:
            stop.set()
        load.running.result(60)
    assert {version for version, _ in load.versions} == {"1", good}


def test_a_rollback_reaches_servers_like_any_other_move(
    serve: Serve, upstream: SimulatorProcess, store: str, tmp_path: Path
) -> None:
    served = serve(upstream.environment)
    second = new_version(store, tmp_path / "second", "the second")
    stop = threading.Event()
    with ThreadPoolExecutor(1) as pool:
        load = Load(served, pool, stop)
        try:
            quire.promote(f"models:/joker/{second}", force=True, reason="a test")
            load.wait_for(second)
            quire.rollback("models:/joker@champion", reason="a test")
            load.wait_for("1")
        finally:
            stop.set()
        load.running.result(60)
