"""Fixtures that every test may use."""

from __future__ import annotations

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
