"""Evaluations in a store of their own."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import quire
from quire.pyfunc import PyFuncModel
from quire.testing import Simulator

MakeModel = Callable[..., PyFuncModel]


@pytest.fixture(autouse=True)
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A store and a working folder that nobody else uses."""
    monkeypatch.chdir(tmp_path)
    quire.set_tracking_uri(f"sqlite:///{tmp_path}/quire.db")
    return tmp_path


@pytest.fixture
def make_model(tmp_path: Path) -> MakeModel:
    """Saves and loads a chat model that asks for a joke about {word}."""

    def make(content: str = "Say {word}", model: str = "gpt-4o-mini", **keywords: Any) -> PyFuncModel:
        folder = tmp_path / f"model-{os.urandom(4).hex()}"
        messages = [{"role": "user", "content": content}]
        quire.openai.save_model(model, "chat.completions", folder, messages=messages, **keywords)
        return quire.pyfunc.load_model(folder)

    return make


@pytest.fixture
def echo(simulator: Simulator) -> Simulator:
    """A simulator that answers with what it received."""
    simulator.behave(echo=True)
    return simulator
