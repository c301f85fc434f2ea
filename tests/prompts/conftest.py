"""A workspace of its own for each test."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

import quire


@pytest.fixture(autouse=True)
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in list(os.environ):
        if name.startswith(("QUIRE_", "MLFLOW_")):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def client() -> quire.Client:
    return quire.Client()
