"""Log batches of metrics to SQLite: through Quire, through MLflow, or with nothing but ``sqlite3``.

The bare loop does the least that keeps the same facts: integer keys, an append-only history, the latest value of
each metric, one commit a batch, and the same durability (WAL, ``synchronous=NORMAL``).
"""

from __future__ import annotations

import importlib
import sqlite3
import sys
import time
from collections.abc import Callable
from pathlib import Path

from bench.worker import serve

side, metrics = sys.argv[1], int(sys.argv[2])
KEYS = [f"metric-{n}" for n in range(metrics)]


def library_logger(name: str) -> Callable[[int], None]:
    """Logs one batch through a library's client; the entities are made inside, as a caller's are."""
    library = importlib.import_module(name)
    client_type = library.Client if name == "quire" else library.MlflowClient
    metric_type = importlib.import_module(f"{name}.entities").Metric
    client = client_type()
    run_id = client.create_run(library.set_experiment("batches").experiment_id).info.run_id

    def log(step: int) -> None:
        client.log_batch(run_id, metrics=[metric_type(key, step * 0.5, 1_700_000_000_000, step) for key in KEYS])

    return log


def bare_logger() -> Callable[[int], None]:
    """Logs one batch with two statements."""
    database = sqlite3.connect(Path.cwd() / "bare.db", isolation_level=None)
    database.execute("PRAGMA journal_mode=WAL")
    database.execute("PRAGMA synchronous=NORMAL")
    database.executescript(_SCHEMA)
    ids = {key: number for number, key in enumerate(KEYS)}
    database.executemany("INSERT INTO keys VALUES (?, ?)", [(number, key) for key, number in ids.items()])

    def log(step: int) -> None:
        rows = [(1, ids[key], step, 1_700_000_000_000, step * 0.5) for key in KEYS]
        database.execute("BEGIN IMMEDIATE")
        database.executemany("INSERT INTO history (run, key, step, timestamp, value) VALUES (?, ?, ?, ?, ?)", rows)
        database.executemany(_UPSERT, rows)
        database.execute("COMMIT")

    return log


_SCHEMA = """
CREATE TABLE keys (id INTEGER PRIMARY KEY, key TEXT UNIQUE);
CREATE TABLE history (id INTEGER PRIMARY KEY, run INTEGER, key INTEGER, step INTEGER, timestamp INTEGER, value REAL);
CREATE TABLE latest (run INTEGER, key INTEGER, step INTEGER, timestamp INTEGER, value REAL, PRIMARY KEY (run, key))
  WITHOUT ROWID;
"""
_UPSERT = """
INSERT INTO latest VALUES (?, ?, ?, ?, ?) ON CONFLICT (run, key) DO UPDATE
  SET step = excluded.step, timestamp = excluded.timestamp, value = excluded.value
  WHERE (excluded.step, excluded.timestamp, excluded.value) >= (latest.step, latest.timestamp, latest.value)
"""

log_one = bare_logger() if side == "bare" else library_logger(side)
_steps = iter(range(10**9))


def log(batches: int) -> float:
    """Seconds of so many batches."""
    started = time.perf_counter()
    for _ in range(batches):
        log_one(next(_steps))
    return time.perf_counter() - started


serve(log=log)
