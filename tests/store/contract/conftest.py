"""The stores that the contract is run over. A new kind of store is one more entry of STORES."""

from __future__ import annotations

import itertools
import uuid
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

from quire.domain.entities import Param, Run, Tag
from quire.store import Store, open_store


@contextmanager
def _sqlite_file(folder: Path) -> Iterator[Store]:
    store = open_store(f"sqlite:///{folder}/quire.db")
    yield store
    store.close()


@contextmanager
def _sqlite_memory(folder: Path) -> Iterator[Store]:
    store = open_store("sqlite://", artifact_root=str(folder / "artifacts"))
    yield store
    store.close()


STORES: dict[str, Callable[[Path], AbstractContextManager[Store]]] = {
    "sqlite file": _sqlite_file,
    "sqlite memory": _sqlite_memory,
}


@pytest.fixture(params=list(STORES))
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """A store; it may hold things of other tests, so a test looks only at what it made itself."""
    with STORES[request.param](tmp_path) as opened:
        yield opened


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
