"""Fixtures that every test may use."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of recorded facts and real data beside the repository; absent on a plain checkout."""
    folder = REPOSITORY.parent / "shared"
    if not folder.is_dir():
        pytest.skip(f"recorded facts and data are absent: {folder.name}/ is not beside the repository")
    return folder


@pytest.fixture(scope="session")
def mlflow_python() -> Path:
    """The interpreter of the virtual environment that holds a real MLflow."""
    python = REPOSITORY / ".cache" / "mlflow" / "bin" / "python"
    if not python.exists():
        pytest.skip("a real MLflow is absent: run `make mlflow-venv`")
    return python


@pytest.fixture(autouse=True)
def _leave_no_workspace_behind() -> Iterator[None]:
    """End what a test left running, and forget the store and experiment that it chose for its process."""
    before = {name: value for name, value in os.environ.items() if name.startswith(("QUIRE_", "MLFLOW_"))}
    yield
    if "quire.tracking.runs" in sys.modules:
        import quire

        while quire.active_run():
            quire.end_run()
    if "quire.store.current" in sys.modules:
        import quire

        quire.set_tracking_uri(None)
        quire.set_registry_uri(None)
    for name in [name for name in os.environ if name.startswith(("QUIRE_", "MLFLOW_")) and name not in before]:
        del os.environ[name]
    os.environ.update(before)
