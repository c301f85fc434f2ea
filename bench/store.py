"""The SQL store against a bare loop of the same inserts: plain functions, each giving its seconds.

`python -m bench.store` prints them, and the 50th and 95th percentile of searches by number of runs.
"""

from __future__ import annotations

import argparse
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from bench.filling import fill_runs
from quire.domain.entities import Metric, Tag
from quire.store import Store, open_store
from quire.store.sql import SqlStore

KEYS = 100
_STARTED = 1_700_000_000_000
SEARCHES = {
    "newest first": ("", ()),
    "metric range, ordered by it": ("metrics.accuracy < {x}", ("metrics.accuracy DESC",)),
    "metric range and param, ordered by metric": (
        "metrics.accuracy > {x} AND params.model = 'gpt-4o'",
        ("metrics.accuracy DESC",),
    ),
    "one metric, ordered by another": ("metrics.latency < {x}", ("metrics.accuracy DESC",)),
    "tag, ordered by metric": ("tags.owner = 'owner-{n}'", ("metrics.accuracy ASC",)),
    "param, newest first": ("params.model = 'gpt-4o'", ()),
}


def bare_batches(database: Path, runs: int, batches: int, *, synchronous: str = "normal") -> float:
    """The least that a batch costs: its rows inserted and its latest values upserted by sqlite3 in a loop."""
    connection = sqlite3.connect(database, isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute(f"PRAGMA synchronous={synchronous}")
    connection.executescript(
        """CREATE TABLE metrics (run INTEGER, seq INTEGER, key INTEGER, step INTEGER, timestamp INTEGER, value REAL,
        PRIMARY KEY (run, seq)) WITHOUT ROWID;
        CREATE TABLE latest (run INTEGER, key INTEGER, step INTEGER, timestamp INTEGER, value REAL,
        PRIMARY KEY (run, key)) WITHOUT ROWID;"""
    )
    began = time.perf_counter()
    for number in range(batches):
        run, step = number % runs, number // runs
        connection.execute("BEGIN IMMEDIATE")
        rows = [(run, step * KEYS + key, key, step, _STARTED + step, key + 0.5) for key in range(KEYS)]
        connection.executemany("INSERT INTO metrics VALUES (?, ?, ?, ?, ?, ?)", rows)
        connection.executemany(
            """INSERT INTO latest VALUES (?, ?, ?, ?, ?) ON CONFLICT (run, key) DO UPDATE
            SET step = excluded.step, timestamp = excluded.timestamp, value = excluded.value""",
            [(run, key, step, _STARTED + step, key + 0.5) for key in range(KEYS)],
        )
        connection.execute("COMMIT")
    seconds = time.perf_counter() - began
    connection.close()
    return seconds


def store_batches(store: Store, runs: int, batches: int) -> float:
    """The same batches through ``log_batch``."""
    ids = [store.create_run("0").info.run_id for _ in range(runs)]
    prepared = [
        [Metric(f"key-{key}", key + 0.5, _STARTED + step, step) for key in range(KEYS)]
        for step in range(-(-batches // runs))
    ]
    began = time.perf_counter()
    for number in range(batches):
        store.log_batch(ids[number % runs], metrics=prepared[number // runs])
    return time.perf_counter() - began


TAGS = [Tag("mlflow.user", "ada"), Tag("mlflow.source.name", "train.py")]


def create_runs(store: Store, count: int) -> tuple[list[str], float]:
    """Runs with two tags each; their ids, and the seconds."""
    began = time.perf_counter()
    ids = [store.create_run("0", tags=TAGS).info.run_id for _ in range(count)]
    return ids, time.perf_counter() - began


def calls_together(store: SqlStore, call: Callable[[], object], count: int, at_once: int) -> float:
    """Seconds of ``count`` calls, so many in one commit."""
    began = time.perf_counter()
    for _ in range(count // at_once):
        store.together([call] * at_once)
    return time.perf_counter() - began


def get_runs(store: Store, ids: Sequence[str]) -> float:
    """Each run read once."""
    began = time.perf_counter()
    for run_id in ids:
        store.get_run(run_id)
    return time.perf_counter() - began


def searches(store: Store, experiment: str, times: int, page: int = 100) -> dict[str, list[float]]:
    """Seconds of each search of SEARCHES, whose values change each time."""
    seconds: dict[str, list[float]] = {name: [] for name in SEARCHES}
    for number in range(times):
        for name, (condition, order_by) in SEARCHES.items():
            filter_string = condition.format(x=round(0.05 + 0.9 * number / times, 4), n=number % 50)
            began = time.perf_counter()
            store.search_runs([experiment], filter_string=filter_string, order_by=order_by, max_results=page)
            seconds[name].append(time.perf_counter() - began)
    return seconds


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--batches", type=int, default=3000)
    parser.add_argument("--sizes", type=int, nargs="*", default=[10_000, 100_000, 1_000_000])
    options = parser.parse_args()
    for synchronous in ("normal", "full"):
        for runs in (8, 200, 2000):
            _print_batches(options.batches, runs, synchronous)
    _with_store(_print_runs)
    _with_store(_print_together)
    for size in options.sizes:
        _with_store(lambda store, folder: _print_searches(store, folder, size))  # noqa: B023


def _with_store(act: Callable[[Store, Path], None], options: str = "") -> None:
    with tempfile.TemporaryDirectory() as name:
        store = open_store(f"sqlite:///{name}/quire.db{options}")
        act(store, Path(name))
        store.close()


def _print_batches(batches: int, runs: int, synchronous: str) -> None:
    with tempfile.TemporaryDirectory() as name:
        bare = batches / bare_batches(Path(name) / "bare.db", runs, batches, synchronous=synchronous)

    def act(store: Store, _folder: Path) -> None:
        ours = batches / store_batches(store, runs, batches)
        print(
            f"batches of {KEYS}, {runs:5} runs, synchronous={synchronous:6}: bare {bare:6.0f}/s, log_batch "
            f"{ours:6.0f}/s ({ours / bare:.0%})"
        )

    _with_store(act, f"?synchronous={synchronous}")


def _print_runs(store: Store, _folder: Path) -> None:
    ids, seconds = create_runs(store, 3000)
    print(f"create_run {len(ids) / seconds:.0f}/s")
    store_batches(store, 100, 100)
    full = [run.info.run_id for run in store.search_runs(["0"], filter_string="metrics.`key-1` > 0")]
    print(f"get_run with {KEYS} metrics {3000 / get_runs(store, full * 30):.0f}/s")


def _print_together(store: Store, _folder: Path) -> None:
    assert isinstance(store, SqlStore)
    run_id = store.create_run("0").info.run_id
    metrics = [Metric(f"key-{key}", key + 0.5, _STARTED, 1) for key in range(KEYS)]
    for at_once in (1, 8, 64):
        created = 3200 / calls_together(store, lambda: store.create_run("0", tags=TAGS), 3200, at_once)
        batches = 1920 / calls_together(store, lambda: store.log_batch(run_id, metrics=metrics), 1920, at_once)
        print(f"{at_once:2} calls a commit: create_run {created:.0f}/s, log_batch {batches:.0f}/s")


def _print_searches(store: Store, folder: Path, size: int) -> None:
    experiment = store.create_experiment("search")
    fill_runs(folder / "quire.db", int(experiment), size)
    searches(store, experiment, 3)
    for name, seconds in searches(store, experiment, 60).items():
        high = statistics.quantiles(seconds, n=20, method="inclusive")[-1]
        print(f"{size:9,} runs, {name:42}: p50 {statistics.median(seconds) * 1e3:5.1f} ms, p95 {high * 1e3:5.1f} ms")


if __name__ == "__main__":
    main()
