"""MLflow's own client manages users, and its tracking client signs in; so does Quire's."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from quire.domain.errors import PermissionDenied, Unauthenticated
from quire.store import open_store
from tests.server.auth.conftest import PASSWORD, Guarded

PROGRAM = Path(__file__).with_name("mlflow_users.py")


@pytest.mark.mlflow
@pytest.mark.slow
def test_mlflows_clients_manage_users_and_sign_in(guarded: Guarded, mlflow_python: Path, tmp_path: Path) -> None:
    environment = {
        **os.environ,
        "MLFLOW_TRACKING_USERNAME": "ada",
        "MLFLOW_TRACKING_PASSWORD": PASSWORD,
        "A_TOKEN": guarded.token("ada", read_only=True),
    }
    command = [str(mlflow_python), str(PROGRAM), guarded.served.url]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, cwd=tmp_path, timeout=120)
    assert done.returncode == 0, done.stderr[-3000:]
    assert json.loads(done.stdout.splitlines()[-1]) == {
        "created": ["grace", False, True],
        "taken": "RESOURCE_ALREADY_EXISTS",
        "got": "grace",
        "unknown": "RESOURCE_DOES_NOT_EXIST",
        "admin": True,
        "granted": [True, "EDIT"],
        "edited": True,
        "not managed": "PERMISSION_DENIED",
        "not admin": "PERMISSION_DENIED",
        "own": "graces",
        "old password": "UNAUTHENTICATED",
        "gone": "RESOURCE_DOES_NOT_EXIST",
        "nobody": "UNAUTHENTICATED",
        "by token": "secret",
        "by token, read only": "PERMISSION_DENIED",
    }


@pytest.mark.parametrize("prefix", ["MLFLOW", "QUIRE"])
def test_quires_client_signs_in(guarded: Guarded, prefix: str, monkeypatch: pytest.MonkeyPatch) -> None:
    store = open_store(guarded.served.url)
    with pytest.raises(Unauthenticated, match="wants to know who asks"):
        store.get_experiment("0")
    monkeypatch.setenv(f"{prefix}_TRACKING_USERNAME", "ada")
    monkeypatch.setenv(f"{prefix}_TRACKING_PASSWORD", PASSWORD)
    assert store.get_experiment("0").name == "Default"
    monkeypatch.delenv(f"{prefix}_TRACKING_USERNAME")
    monkeypatch.setenv(f"{prefix}_TRACKING_TOKEN", guarded.token("ada", read_only=True))
    with pytest.raises(PermissionDenied, match="may only read"):
        store.create_run("0")
