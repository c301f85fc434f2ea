"""The stores that the contract is run over. A new kind of store is one more entry of STORES.

What a server that is not ours does differently is declared in ``differences.py``.
"""

from __future__ import annotations

import itertools
import os
import uuid
from collections.abc import Callable, Iterator

import pytest

from quire.domain.entities import Param, Run, Tag
from quire.domain.errors import QuireError
from quire.store import Store, open_store
from tests.postgres import create_database, drop_database
from tests.store.contract import differences


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Expect what is declared to be different to be so, and say it in the report."""
    for item in items:
        if isinstance(item, pytest.Function) and hasattr(item, "callspec"):
            declared = DIFFERENCES.get(item.callspec.params.get("store"), [])
            name = item.function.__name__
            found = next((difference for difference in declared if difference.concerns(name, item.name)), None)
            if found:
                item.add_marker(_expected(found))


def _expected(difference: differences.Difference) -> pytest.MarkDecorator:
    refused = AssertionError if difference.kind == "words" else (AssertionError, QuireError, pytest.fail.Exception)
    return pytest.mark.xfail(reason=difference.reason, raises=refused, strict=True)


# The fixtures that give them, each one store for the whole session: making tables anew for each test took longer than
# the tests.
STORES = {
    "sqlite file": "sqlite_file",
    "sqlite memory": "sqlite_memory",
    "postgresql": "postgres_store",
    "Quire": "quire_store",
    "MLflow": "mlflow_store",
}
MARKS = {"MLflow": (pytest.mark.mlflow, pytest.mark.slow)}
DIFFERENCES = {"MLflow": differences.MLFLOW}


@pytest.fixture(params=[pytest.param(name, marks=MARKS.get(name, ())) for name in STORES])
def store(request: pytest.FixtureRequest) -> Store:
    """A store; it may hold things of other tests, so a test looks only at what it made itself."""
    opened: Store = request.getfixturevalue(STORES[request.param])
    return opened


@pytest.fixture(scope="session")
def sqlite_file(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """A store in a SQLite file."""
    store = open_store(f"sqlite:///{tmp_path_factory.mktemp('store')}/quire.db")
    yield store
    store.close()


@pytest.fixture(scope="session")
def sqlite_memory(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """A store in memory."""
    store = open_store("sqlite://", artifact_root=str(tmp_path_factory.mktemp("artifacts")))
    yield store
    store.close()


@pytest.fixture(scope="session")
def quire_store(quire_server: str) -> Store:
    """A store behind a server of ours."""
    return open_store(quire_server)


@pytest.fixture(scope="session")
def mlflow_store(mlflow_server: str) -> Store:
    """A store behind a real MLflow server."""
    return open_store(mlflow_server)


@pytest.fixture(scope="session")
def postgres_store(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """A store in PostgreSQL, for all tests of the contract."""
    given = os.environ.get("QUIRE_TEST_POSTGRES")
    uri = create_database(given) if given else request.getfixturevalue("postgres_server").create_database()
    store = open_store(uri, artifact_root=str(tmp_path_factory.mktemp("artifacts")))
    yield store
    store.close()
    drop_database(uri)


@pytest.fixture
def unique() -> Callable[[str], str]:
    """Makes names that no other test uses."""
    mark, count = uuid.uuid4().hex[:8], itertools.count()
    return lambda prefix: f"{prefix}-{mark}-{next(count)}"


@pytest.fixture
def experiment(store: Store, unique: Callable[[str], str]) -> str:
    """The id of a fresh experiment."""
    return store.create_experiment(unique("experiment"))


@pytest.fixture
def run(store: Store, experiment: str) -> Run:
    """A fresh run."""
    return store.create_run(experiment)


@pytest.fixture
def add_run(store: Store, experiment: str) -> Callable[..., str]:
    """Adds a finished run with these metrics, params and tags to the experiment; returns its id."""
    from quire.domain.entities import Metric

    clock = itertools.count(1_700_000_000_000, 1000)

    def add(
        name: str = "a-run",
        *,
        metrics: dict[str, float] | None = None,
        params: dict[str, str] | None = None,
        tags: dict[str, str] | None = None,
        start_time: int | None = None,
        user_id: str = "",
    ) -> str:
        started = next(clock) if start_time is None else start_time
        run_id = store.create_run(experiment, run_name=name, start_time=started, user_id=user_id).info.run_id
        store.log_batch(
            run_id,
            metrics=[Metric(key, value, started) for key, value in (metrics or {}).items()],
            params=[Param(key, value) for key, value in (params or {}).items()],
            tags=[Tag(key, value) for key, value in (tags or {}).items()],
        )
        return run_id

    return add
