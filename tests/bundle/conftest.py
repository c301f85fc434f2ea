from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import quire
from quire.domain.schema import ParamSchema, ParamSpec
from quire.domain.signature import ModelSignature

UseStore = Callable[[str], None]


@pytest.fixture(autouse=True)
def use_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[UseStore]:
    """Each test starts in the store "here"; ``use_store("there")`` turns to another."""
    for name in list(os.environ):
        if name.startswith(("QUIRE_", "MLFLOW_")):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)

    def use(name: str) -> None:
        folder = tmp_path / name
        folder.mkdir(exist_ok=True)
        quire.set_tracking_uri(f"sqlite:///{folder / 'quire.db'}")

    use("here")
    yield use
    quire.set_tracking_uri(None)


def log_joker(registered: str | None = "joker", run_name: str = "first", **settings: Any) -> Any:
    """Logs a run with a model; returns the model's info."""
    quire.set_experiment("jokes")
    with quire.start_run(run_name=run_name):
        quire.log_params({"style": "dry"})
        for step, value in enumerate([0.5, 0.75, float("nan"), float("inf")]):
            quire.log_metric("accuracy", value, step=step)
        quire.set_tag("team", "animals")
        return quire.openai.log_model(
            model="gpt-4o-mini",
            task="chat.completions",
            name="model",
            messages=[{"role": "user", "content": "Tell me a {style} joke about {animal}."}],
            signature=ModelSignature(params=ParamSchema([ParamSpec("temperature", "double", 0.2, maximum=1)])),
            registered_model_name=registered,
            **settings,
        )
