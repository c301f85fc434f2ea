"""Databases that a real MLflow filled, each once for all processes of a test session."""

from __future__ import annotations

import fcntl
import os
import shutil
import sqlite3
import subprocess
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec
import pytest

from quire.importing import Report, import_mlflow
from quire.store.opening import open_store
from tests.conftest import REPOSITORY

FILL = Path(__file__).with_name("fill_mlflow.py")


class Source(msgspec.Struct, frozen=True):
    """A database that MLflow filled, its folder of artifacts, and the ids of what is in it."""

    uri: str
    folder: Path
    artifacts: Path
    made: dict[str, Any]

    def change(self, *statements: str) -> None:
        """Run SQL on the database, which is an SQLite file."""
        with closing(sqlite3.connect(self.uri.removeprefix("sqlite:///"))) as connection, connection:
            for statement in statements:
                connection.execute(statement)

    def value(self, sql: str) -> Any:
        """The first value that a query gives."""
        with closing(sqlite3.connect(self.uri.removeprefix("sqlite:///"))) as connection:
            return connection.execute(sql).fetchone()[0]


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
    return Source(uri, folder, folder / "mlartifacts", msgspec.json.decode(done.stdout.splitlines()[-1]))


def filled_once(python: Path, factory: pytest.TempPathFactory, name: str) -> Source:
    """The source that the first process to ask fills and all read."""
    base = factory.getbasetemp()
    folder = (base.parent if os.environ.get("PYTEST_XDIST_WORKER") else base) / name
    folder.mkdir(exist_ok=True)
    with (folder / "lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        made = folder / "made.json"
        if not made.exists():
            source = fill(python, folder)
            made.write_bytes(msgspec.json.encode(source.made))
        return Source(
            f"sqlite:///{folder}/mlflow.db", folder, folder / "mlartifacts", msgspec.json.decode(made.read_bytes())
        )


@pytest.fixture(scope="session")
def source(mlflow_python: Path, tmp_path_factory: pytest.TempPathFactory) -> Source:
    """An SQLite database of MLflow 3, only to be read."""
    return filled_once(mlflow_python, tmp_path_factory, "mlflow-3-source")


@pytest.fixture(scope="session")
def source_of_two(tmp_path_factory: pytest.TempPathFactory) -> Source:
    """An SQLite database of MLflow 2.22, only to be read."""
    python = REPOSITORY / ".cache" / "mlflow-2" / "bin" / "python"
    if not python.exists():
        pytest.skip("a real MLflow 2 is absent: run `make mlflow2-venv`")
    tried = [str(python), "-c", "import mlflow.store.tracking.sqlalchemy_store"]
    if subprocess.run(tried, capture_output=True, check=False).returncode:
        pytest.skip("the MLflow 2 in .cache/mlflow-2 cannot open a database: it needs sqlalchemy<2.1")
    return filled_once(python, tmp_path_factory, "mlflow-2-source")


@pytest.fixture
def changeable(source: Source, tmp_path: Path) -> Source:
    """A copy of the database and its artifacts, to be changed."""
    folder = tmp_path / "mlflow"
    shutil.copytree(source.folder, folder)
    copy = Source(f"sqlite:///{folder}/mlflow.db", folder, folder / "mlartifacts", source.made)
    for table, column in (("runs", "artifact_uri"), ("experiments", "artifact_location"), ("model_versions", "source")):
        copy.change(f"UPDATE {table} SET {column} = replace({column}, '{source.folder}', '{folder}')")
    copy.change(
        f"UPDATE logged_models SET artifact_location = replace(artifact_location, '{source.folder}', '{folder}')"
    )
    return copy


Bring = Callable[..., Report]


@pytest.fixture
def target(tmp_path: Path) -> str:
    """The URI of the store into which ``bring`` imports."""
    return f"sqlite:///{tmp_path}/quire.db"


@pytest.fixture
def bring(target: str, tmp_path: Path) -> Bring:
    """Imports a source into the target; artifacts, if they are copied, to the folder ``kept``."""

    def run(source: Source | str, into: str = target, **options: Any) -> Report:
        uri = source if isinstance(source, str) else source.uri
        return import_mlflow(uri, open_store(into), artifact_root=str(tmp_path / "kept"), **options)

    return run
