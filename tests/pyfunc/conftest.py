"""Loaded models of every kind, made in a temporary folder."""

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


@pytest.fixture
def make_model(tmp_path: Path) -> MakeModel:
    """Saves and loads a model; a chat model with one variable unless told otherwise."""

    def make(task: str = "chat.completions", model: str = "gpt-4o-mini", **keywords: Any) -> PyFuncModel:
        if task == "chat.completions" and "messages" not in keywords:
            keywords["messages"] = [{"role": "user", "content": "Tell me about {x}"}]
        folder = tmp_path / os.urandom(4).hex()
        quire.openai.save_model(model, task, folder, **keywords)
        return quire.pyfunc.load_model(folder)

    return make


@pytest.fixture
def echo(simulator: Simulator) -> Simulator:
    """A simulator that answers with what it received."""
    from quire.simulator import Behaviour

    simulator.behaviour = Behaviour(echo=True)
    return simulator
