"""Fills a SQLite store with finished runs, a million in minutes: rows go straight into the tables.

Values are random with a fixed seed: metrics uniform between 0 and 1, params and tags out of a few words, so that a
filter's share of the runs is known.
"""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

METRICS = ("accuracy", "latency", "cost")
MODELS = ("gpt-4o-mini", "gpt-4o", "gpt-4.1-mini", "gpt-4.1")
OWNERS = tuple(f"owner-{n}" for n in range(50))

Row = tuple[object, ...]

_CHUNK = 20_000
_FIRST_START = 1_700_000_000_000


def fill_runs(database: Path, experiment_id: int, count: int) -> None:
    """Add ``count`` runs, each with three metrics, two params and two tags, to an experiment that has none."""
    connection = sqlite3.connect(database, isolation_level=None)
    for pragma in ("synchronous=OFF", "cache_size=-1000000", "temp_store=MEMORY"):
        connection.execute(f"PRAGMA {pragma}")
    key_ids = _key_ids(connection)
    made = _make_runs(experiment_id, count, key_ids)
    while chunk := list(islice(made, _CHUNK)):
        connection.execute("BEGIN")
        for table, columns in _COLUMNS.items():
            rows = [row for run in chunk for row in run[table]]
            connection.executemany(_insert(table, columns), rows)
        connection.execute("COMMIT")
    connection.execute("PRAGMA optimize")
    connection.close()


def _key_ids(connection: sqlite3.Connection) -> dict[str, int]:
    names = (*METRICS, "model", "temperature", "owner", "stage")
    connection.executemany("INSERT OR IGNORE INTO keys (name) VALUES (?)", [(name,) for name in names])
    return dict(connection.execute("SELECT name, id FROM keys"))


def _make_runs(experiment_id: int, count: int, key_ids: dict[str, int]) -> Iterator[dict[str, list[Row]]]:
    source = random.Random(7)
    for number in range(1, count + 1):
        start = _FIRST_START + number * 1000
        name = f"{source.getrandbits(128):032x}"
        place = f"artifacts/{experiment_id}/{name}/artifacts"
        where = (experiment_id, start)
        values = [(key_ids[key], source.random()) for key in METRICS]
        params = [("model", source.choice(MODELS)), ("temperature", f"{source.random():.1f}")]
        tags = [("owner", source.choice(OWNERS)), ("stage", source.choice(("draft", "review", "done")))]
        yield {
            "runs": [(number, name, experiment_id, f"run-{number}", "", "FINISHED", start, start + 500, place)],
            "metrics": [(number, seq, key, 0, start, value) for seq, (key, value) in enumerate(values)],
            "latest_metrics": [(number, key, 0, start, value, *where, 1) for key, value in values],
            "params": [(number, key_ids[key], text, *where) for key, text in params],
            "tags": [(number, key_ids[key], text, *where) for key, text in tags],
        }


def _insert(table: str, columns: str) -> str:
    return f"INSERT INTO {table} ({columns}) VALUES ({', '.join('?' * len(columns.split(', ')))})"


_COLUMNS = {
    "runs": "id, run_id, experiment_id, run_name, user_id, status, start_time, end_time, artifact_uri",
    "metrics": "run_id, seq, key_id, step, timestamp, value",
    "latest_metrics": "run_id, key_id, step, timestamp, value, experiment_id, start_time, settled",
    "params": "run_id, key_id, head, experiment_id, start_time",
    "tags": "run_id, key_id, head, experiment_id, start_time",
}
