"""A registered model with two versions, the second of which says more, and evaluations of both."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import quire
from quire.evaluate import Evaluation
from quire.testing import Simulator

Evaluate = Callable[..., Evaluation]
CONTENTS = ("Say {word}", "Say {word} well", "Say {word} well, please")


@pytest.fixture(autouse=True)
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A store, a working folder and a cache of answers that nobody else uses."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("QUIRE_CACHE_DIR", str(tmp_path / "cache"))
    quire.set_tracking_uri(f"sqlite:///{tmp_path}/quire.db")
    return tmp_path


@pytest.fixture
def model(simulator: Simulator) -> str:
    """The name of a registered model with three versions, of which version 1 is the champion."""
    simulator.behave(echo=True)
    with quire.start_run():
        for content in CONTENTS:
            messages = [{"role": "user", "content": content}]
            quire.openai.log_model(
                "gpt-4o-mini", "chat.completions", name="m", messages=messages, registered_model_name="solver"
            )
    quire.promote("models:/solver/1", reason="the first")
    return "solver"


@quire.scorer
def says_well(outputs: Any) -> bool:
    """Whether the answer has the word."""
    return "well" in str(outputs)


@quire.scorer
def length(outputs: Any) -> int:
    """Characters of the answer."""
    return len(str(outputs))


@pytest.fixture
def evaluate(model: str) -> Evaluate:
    """Evaluates versions of the model on thirty records."""

    def run(*versions: int, records: int = 30) -> Evaluation:
        variants = {f"v{version}": f"models:/{model}/{version}" for version in versions}
        data = [{"inputs": {"word": f"w{number}"}} for number in range(records)]
        return quire.evaluate(data, variants, [says_well, length])

    return run
