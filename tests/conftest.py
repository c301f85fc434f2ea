"""Fixtures that every test may use."""

from __future__ import annotations

import os
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.postgres import PostgresServer, create_database, drop_database

pytest_plugins = ["tests.crashes"]

# How long an example takes is the machine's business: a busy one is no failure.
# Cases are the same each time, so that a change that passed passes again; `make test-new-cases` looks for others.
settings.register_profile(
    "any machine",
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    derandomize="QUIRE_NEW_CASES" not in os.environ,
)
settings.load_profile("any machine")
# Processes that tests start share what they compile, whatever the environment says: each would compile all of it.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

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
    return _interpreter("mlflow", "a real MLflow is absent: run `make mlflow-venv`")


@pytest.fixture(scope="session")
def mlflow2_python() -> Path:
    """The interpreter of the virtual environment that holds the last MLflow 2."""
    return _interpreter("mlflow-2", "MLflow 2 is absent: run `make mlflow2-venv`")


def _interpreter(environment: str, absent: str) -> Path:
    python = REPOSITORY / ".cache" / environment / "bin" / "python"
    if not python.exists():
        pytest.skip(absent)
    return python


@pytest.fixture(scope="session")
def quire_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a Quire server on SQLite, one for each process of the session."""
    from tests.quire_server import QuireServer

    with QuireServer(tmp_path_factory.mktemp("quire-server")) as server:
        yield server.url


@pytest.fixture(scope="session")
def mlflow_server(mlflow_python: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a real MLflow server, one for the whole session; tests that use it are `mlflow` and `slow`."""
    from tests.mlflow_server import shared_server

    base = tmp_path_factory.getbasetemp()
    common = base.parent if os.environ.get("PYTEST_XDIST_WORKER") else base
    with shared_server(mlflow_python, common / "mlflow-server") as url:
        yield url


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
    if "quire.tracking.experiments" in sys.modules:
        from quire.tracking import experiments

        experiments._active.clear()  # it is by store, and several tests share a server
    for name in [name for name in os.environ if name.startswith(("QUIRE_", "MLFLOW_")) and name not in before]:
        del os.environ[name]
    os.environ.update(before)


@pytest.fixture(autouse=True)
def _no_answers_of_other_tests(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Evaluations keep answers by the service's address, and simulators of two tests may have had the same port."""
    monkeypatch.setenv("QUIRE_CACHE_DIR", str(tmp_path_factory.getbasetemp() / "answers" / uuid.uuid4().hex))


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """A PostgreSQL server that a test may stop and start."""
    server = PostgresServer()
    yield server
    server.remove()


@pytest.fixture(scope="session")
def postgres_place(request: pytest.FixtureRequest) -> str:
    """The URI beside which databases are made: of the server that QUIRE_TEST_POSTGRES names, else of one of our own."""
    given = os.environ.get("QUIRE_TEST_POSTGRES")
    return given or str(request.getfixturevalue("postgres_server").uri("postgres"))


@pytest.fixture
def postgres_uri(postgres_place: str) -> Iterator[str]:
    """The URI of an empty PostgreSQL database."""
    uri = create_database(postgres_place)
    yield uri
    drop_database(uri)


@pytest.fixture(scope="session")
def postgres_original(postgres_place: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URI of a database with Quire's tables and an artifact root of its own, to be copied."""
    from quire.store import open_store

    uri = create_database(postgres_place)
    open_store(uri, artifact_root=str(tmp_path_factory.mktemp("artifacts"))).close()
    yield uri
    drop_database(uri)


@pytest.fixture
def postgres_copy(postgres_place: str, postgres_original: str) -> Iterator[str]:
    """The URI of a PostgreSQL database with Quire's tables, which are copied faster than they are made."""
    uri = create_database(postgres_place, like=postgres_original)
    yield uri
    drop_database(uri)


@pytest.fixture(scope="session")
def s3_endpoint() -> Iterator[str]:
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def s3_environment(s3_endpoint: str, monkeypatch: pytest.MonkeyPatch) -> str:
    for name in [name for name in os.environ if name.startswith(("AWS_", "MLFLOW_S3_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    monkeypatch.setenv("AWS_ENDPOINT_URL", s3_endpoint)
    return s3_endpoint


@pytest.fixture
def bucket(s3_environment: str) -> str:
    """The URI of a fresh bucket."""
    import boto3

    name = f"bucket-{uuid.uuid4().hex}"
    boto3.client("s3", endpoint_url=s3_environment, region_name="us-east-1").create_bucket(Bucket=name)
    return f"s3://{name}"


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of one megabyte."""
    yield from _mounted(tmp_path / "small", "size=1m")


@pytest.fixture
def read_only_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system that nobody may write to, root included."""
    yield from _mounted(tmp_path / "read-only", "ro")


def _mounted(folder: Path, options: str) -> Iterator[Path]:
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)]
    mounted = subprocess.run(command, capture_output=True, text=True, check=False)
    if mounted.returncode:
        pytest.skip(f"a file system cannot be mounted here: {mounted.stderr.strip()}")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)
