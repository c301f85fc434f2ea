"""A real MLflow client sees in an imported store, behind Quire's server, what it saw behind MLflow's."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from quire.importing import import_mlflow
from quire.store.opening import open_store
from tests.importing.conftest import Source
from tests.mlflow_server import start_server, stop_server
from tests.quire_server import QuireServer

pytestmark = [pytest.mark.mlflow, pytest.mark.slow, pytest.mark.timeout(600)]
READ = Path(__file__).with_name("read_mlflow.py")


def read(python: Path, uri: str, folder: Path) -> dict[str, Any]:
    """Everything that MLflow's client reads from a tracking URI."""
    folder.mkdir()
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("MLFLOW_", "QUIRE_"))}
    environment |= {"MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true"}
    done = subprocess.run(
        [str(python), str(READ), uri], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def test_mlflows_client_sees_the_same(source: Source, mlflow_python: Path, tmp_path: Path) -> None:
    uri, served = f"sqlite:///{tmp_path}/quire.db", tmp_path / "served"
    store = open_store(uri, artifact_root="mlflow-artifacts:/")
    report = import_mlflow(source.uri, store, artifacts=source.artifacts, artifact_root=str(served), served=True)
    assert report.problems == []
    process, url = start_server(mlflow_python, tmp_path / "mlflow", "--backend-store-uri", source.uri)
    try:
        there = read(mlflow_python, url, tmp_path / "there")
    finally:
        stop_server(process.pid)
    with QuireServer(tmp_path, backend_store_uri=uri, artifact_root=str(served)) as server:
        here = read(mlflow_python, server.url, tmp_path / "here")
    for part in there:
        assert here[part] == there[part], part
    assert len(there["runs"]) == 6
    assert there["files"]
