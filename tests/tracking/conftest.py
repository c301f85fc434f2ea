"""A workspace of its own for each test."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import quire

Script = Callable[..., str]


@pytest.fixture(autouse=True)
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder in which ``quire.db`` will be made; the environment names no store, run or experiment."""
    for name in list(os.environ):
        if name.startswith(("QUIRE_", "MLFLOW_")):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def script(workspace: Path) -> Script:
    """Run Python text in a fresh interpreter in the workspace; gives what it printed."""

    def run(text: str, *, check: bool = True, **environment: str) -> str:
        done = subprocess.run(
            [sys.executable, "-c", text],
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, **environment},
            cwd=workspace,
        )
        if check and done.returncode:
            raise AssertionError(done.stderr)
        return done.stdout.strip()

    return run


@pytest.fixture
def client() -> quire.Client:
    return quire.Client()
