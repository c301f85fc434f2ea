"""Adds many runs to an SQLite database of MLflow, as MLflow writes them."""

from __future__ import annotations

import sqlite3
from contextlib import closing

_START = 1_600_000_000_000


def add_runs(uri: str, *, runs: int, values: int, prefix: str, experiment: int = 1) -> None:
    """Add finished runs with ``values`` values of one metric each, three params and two tags.

    ``prefix`` is one hexadecimal digit, with which their ids begin.
    """
    ids = [f"{prefix}{number:031x}" for number in range(runs)]
    with closing(sqlite3.connect(uri.removeprefix("sqlite:///"))) as connection, connection:
        connection.executemany(
            """INSERT INTO runs (run_uuid, name, source_type, user_id, status, start_time, end_time, lifecycle_stage,
            artifact_uri, experiment_id) VALUES (?, ?, 'UNKNOWN', 'ann', 'FINISHED', ?, ?, 'active', ?, ?)""",
            [
                (run, f"many {n}", _START + n, _START + n + 60_000, f"/none/{experiment}/{run}/artifacts", experiment)
                for n, run in enumerate(ids)
            ],
        )
        connection.executemany(
            "INSERT INTO metrics (key, value, timestamp, run_uuid, step, is_nan) VALUES ('loss', ?, ?, ?, ?, 0)",
            ((1 / (step + 1 + n % 7), _START + step, run, step) for n, run in enumerate(ids) for step in range(values)),
        )
        connection.executemany(
            "INSERT INTO latest_metrics (key, value, timestamp, step, is_nan, run_uuid) VALUES ('loss', ?, ?, ?, 0, ?)",
            ((1 / (values + n % 7), _START + values - 1, values - 1, run) for n, run in enumerate(ids)),
        )
        connection.executemany(
            "INSERT INTO params (key, value, run_uuid) VALUES (?, ?, ?)",
            (
                (key, value, run)
                for n, run in enumerate(ids)
                for key, value in (("made", f"{prefix}{n}"), ("rate", str(n % 10 / 100)), ("model", f"gpt-{n % 5}"))
            ),
        )
        connection.executemany(
            "INSERT INTO tags (key, value, run_uuid) VALUES (?, ?, ?)",
            (
                (key, value, run)
                for n, run in enumerate(ids)
                for key, value in (("mlflow.runName", f"many {n}"), ("mlflow.user", "ann"))
            ),
        )
