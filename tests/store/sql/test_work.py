"""How much the database works for a call, in instructions of its virtual machine: the same on every machine."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bench.filling import fill_runs
from quire.domain.entities import Tag
from quire.store.sql import Sqlite, SqlStore

STEP = 50
SEARCHES = [
    ("", []),
    ("params.model = 'gpt-4o'", []),
    ("", ["metrics.accuracy DESC"]),
    ("metrics.accuracy < 0.5", ["metrics.accuracy DESC"]),
    ("metrics.accuracy > 0.3 AND params.model = 'gpt-4o'", ["metrics.accuracy DESC"]),
    ("metrics.latency < 0.5", ["metrics.accuracy DESC"]),
    ("", ["params.temperature"]),
    ("metrics.accuracy > 0.99999", ["start_time ASC"]),
]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqlStore]:
    """A store in a file."""
    opened = SqlStore(Sqlite(tmp_path / "quire.db"), "artifacts")
    yield opened
    opened.close()


def _work(store: SqlStore, call: Callable[[], object]) -> int:
    """Instructions that the database runs for a call whose plans are known, to within STEP a statement."""
    call()
    count = 0

    def tick() -> int:
        nonlocal count
        count += STEP
        return 0

    with store.transaction(), store._database.write() as session:
        driver = session.connection.connection.dbapi_connection
        driver.set_progress_handler(tick, STEP)  # type: ignore[union-attr]
        call()
        driver.set_progress_handler(None, 0)  # type: ignore[union-attr]
    return count


def _search(store: SqlStore, experiment: str, filter_string: str, order_by: list[str]) -> int:
    def search() -> None:
        store.search_runs([experiment], filter_string=filter_string, order_by=order_by, max_results=20)

    return _work(store, search)


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[int, SqlStore]]:
    """Stores whose experiment 1 has so many runs."""
    folder = tmp_path_factory.mktemp("filled")
    stores: dict[int, SqlStore] = {}
    for count in (1_000, 16_000):
        store = stores[count] = SqlStore(Sqlite(folder / f"{count}.db"), "artifacts")
        fill_runs(folder / f"{count}.db", int(store.create_experiment("filled")), count)
    yield stores
    for store in stores.values():
        store.close()


@pytest.mark.parametrize(("filter_string", "order_by"), SEARCHES)
def test_a_first_page_costs_about_as_much_however_many_runs_there_are(
    filled: dict[int, SqlStore], filter_string: str, order_by: list[str]
) -> None:
    few, many = (_search(filled[count], "1", filter_string, order_by) for count in (1_000, 16_000))
    assert few > 0
    assert many < 3 * few


def test_one_version_is_read_without_its_siblings(store: SqlStore) -> None:
    store.create_registered_model("m")

    def add(count: int) -> None:
        with store.transaction():
            for _ in range(count):
                store.create_model_version("m", "s3://x", tags=[Tag("text", "x"), Tag("more", "y")])

    add(2)
    few = _work(store, lambda: store.get_model_version("m", "1"))
    add(500)
    assert _work(store, lambda: store.get_model_version("m", "1")) <= 2 * few
