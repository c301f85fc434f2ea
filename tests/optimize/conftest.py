"""Optimisations in a store and a cache of their own, and a service whose answers depend on the prompt."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import quire
from quire.testing import Simulator

BAD, GOOD, BETTER = "Say {{word}}", "Repeat {{word}}", "Repeat exactly {{word}}"
PLAIN = [f"w{n:02}" for n in range(40)]


@pytest.fixture(autouse=True)
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A store, a working folder and a cache of answers that nobody else uses."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("QUIRE_CACHE_DIR", str(tmp_path / "cache"))
    quire.set_tracking_uri(f"sqlite:///{tmp_path}/quire.db")
    return tmp_path


@quire.scorer
def exact(outputs: str, expectations: dict[str, Any]) -> bool:
    """Whether the answer is the expected word."""
    return outputs == expectations["expected_response"]


@pytest.fixture
def data() -> list[dict[str, Any]]:
    return [{"inputs": {"word": word}, "expectations": {"expected_response": word}} for word in PLAIN]


@pytest.fixture
def prompt() -> Any:
    return quire.register_prompt("echo", BAD, "the first", model_config={"model_name": "gpt-4o-mini"})


Answering = Callable[..., Simulator]


@pytest.fixture
def answering(simulator: Simulator) -> Answering:
    """A service that obeys "Repeat" for all words, "Say" for a quarter, and gives these proposals in each round."""

    def answer(*rounds: Any, **more: Any) -> Simulator:
        recording: dict[str, str] = {}
        for place, word in enumerate(PLAIN):
            recording[f"Say {word}"] = word if place % 4 == 0 else "no"
            recording[f"Shout {word}"] = "no"
            recording[f"Repeat {word}"] = word if place % 10 else "no"
            recording[f"Repeat exactly {word}"] = word
        for number, given in enumerate(rounds, 1):
            said = given if isinstance(given, str) else json.dumps({"reasons": "Because.", "templates": given})
            recording[f"This is round {number}. Propose"] = said
        simulator.behave(recording=recording, unknown_question="error", **more)
        return simulator

    return answer


def proposing(simulator: Simulator) -> list[Any]:
    """The requests for proposals that the service received."""
    return [one for one in simulator.requests if "This is round" in one.body["messages"][-1]["content"]]


def asked(simulator: Simulator) -> set[str]:
    """The words that prompts asked about."""
    others = [one for one in simulator.requests if one not in proposing(simulator)]
    return {one.body["messages"][-1]["content"].split()[-1] for one in others}
