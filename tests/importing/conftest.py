"""Databases that a real MLflow filled."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import msgspec
import pytest

FILL = Path(__file__).with_name("fill_mlflow.py")


class Source(msgspec.Struct, frozen=True):
    """A database that MLflow filled, its folder of artifacts, and the ids of what is in it."""

    uri: str
    folder: Path
    artifacts: Path
    made: dict[str, Any]


def fill(python: Path, folder: Path, uri: str | None = None) -> Source:
    """Let MLflow's interpreter fill a database, by default an SQLite file in ``folder``."""
    uri = uri or f"sqlite:///{folder}/mlflow.db"
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("MLFLOW_", "QUIRE_"))}
    environment |= {"MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true"}
    command = [str(python), str(FILL), uri, str(folder / "mlartifacts")]
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return Source(uri, folder, folder / "mlartifacts", json.loads(done.stdout.splitlines()[-1]))


@pytest.fixture(scope="session")
def source(mlflow_python: Path, tmp_path_factory: pytest.TempPathFactory) -> Source:
    """An SQLite database of MLflow 3, only to be read; a test that changes it copies it first."""
    return fill(mlflow_python, tmp_path_factory.mktemp("mlflow"))
