"""The pytest fixtures: loaded by pytest itself, so nothing heavy is imported before a test asks for one."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from quire.openai.recording import Recorder, Replayer
    from quire.testing.simulator import Simulator


@pytest.fixture
def simulator(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulator]:
    """A fresh simulator; the environment sends every OpenAI client of this process to it.

    Answers that evaluations keep are kept for this test alone: another simulator may get the same address.
    """
    from quire.testing.environment import VARIABLES
    from quire.testing.simulator import Simulator

    with Simulator() as running:
        for name in VARIABLES:
            monkeypatch.delenv(name, raising=False)
        for name, value in running.environment.items():
            monkeypatch.setenv(name, value)
        answers = tmp_path_factory.getbasetemp() / "simulator-answers" / uuid.uuid4().hex
        monkeypatch.setenv("QUIRE_CACHE_DIR", str(answers))
        yield running


@pytest.fixture
def simulator_factory() -> Iterator[Callable[..., Simulator]]:
    """Starts simulators: ``simulator_factory(echo=True)`` takes what Simulator takes. All stop after the test."""
    from quire.testing.simulator import Simulator

    started: list[Simulator] = []

    def start(*args: object, **fields: object) -> Simulator:
        running = Simulator(*args, **fields).start()  # type: ignore[arg-type]
        started.append(running)
        return running

    yield start
    for running in started:
        running.stop()


def pytest_addoption(parser: pytest.Parser) -> None:
    """``--openai-record``: record anew what tests replay."""
    parser.getgroup("quire").addoption(
        "--openai-record",
        action="store_true",
        help="Ask the real service in tests that use openai_replay, and record its answers.",
    )


@pytest.fixture
def openai_replay(request: pytest.FixtureRequest) -> Iterator[Callable[[str | Path], Recorder | Replayer]]:
    """Answers from a recording: ``openai_replay("answers.jsonl")``, a file beside the test, until the test ends.

    ``pytest --openai-record`` asks the service that the environment names, and writes the file.
    """
    from quire.openai import record, replay

    begun: list[Recorder | Replayer] = []

    def begin(path: str | Path) -> Recorder | Replayer:
        file = request.path.parent / path
        begun.append(record(file) if request.config.getoption("--openai-record") else replay(file))
        return begun[-1]

    yield begin
    for one in begun:
        one.close()
