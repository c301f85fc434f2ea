"""The requests that every server is given: one body for all, as MLflow's client would send it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from itertools import count

from bench.load import request

METRICS = 100
PAGE = 100
API = "/api/2.0/mlflow"
_TIME = 1_700_000_000_000


def create_runs(experiment_id: str) -> Iterator[bytes]:
    """Runs with the four tags that a script's run has."""
    for number in count():
        tags = {"user": "ada", "source.name": "train.py", "source.type": "LOCAL", "runName": f"run-{number}"}
        body = {
            "experiment_id": experiment_id,
            "user_id": "ada",
            "run_name": f"run-{number}",
            "start_time": _TIME + number,
            "tags": [{"key": f"mlflow.{key}", "value": value} for key, value in tags.items()],
        }
        yield _post("runs/create", body)


def log_batches(run_id: str, first: int = 0) -> Iterator[bytes]:
    """Batches of a hundred metrics, one step of a training each."""
    for step in count(first):
        yield log_batch(run_id, step)


def log_batch(run_id: str, step: int) -> bytes:
    """One batch of a hundred metrics."""
    metrics = [
        {"key": f"metric-{key}", "value": key + step / 7, "timestamp": _TIME + step, "step": step}
        for key in range(METRICS)
    ]
    return _post("runs/log-batch", {"run_id": run_id, "metrics": metrics, "params": [], "tags": []})


def get_run(run_id: str) -> bytes:
    """One run with all its latest metrics."""
    return request("GET", f"{API}/runs/get?run_uuid={run_id}&run_id={run_id}")


def searches(experiment_id: str) -> Iterator[bytes]:
    """First pages, filtered and ordered by a metric; the bound changes each time."""
    for number in count(7):
        bound = round(0.05 + 0.9 * (number * 0.618 % 1), 4)
        yield search(experiment_id, f"metrics.accuracy < {bound}")


def search(experiment_id: str, condition: str) -> bytes:
    """The first page of what a condition leaves, best accuracy first."""
    body = {
        "experiment_ids": [experiment_id],
        "filter": condition,
        "run_view_type": "ACTIVE_ONLY",
        "max_results": PAGE,
        "order_by": ["metrics.accuracy DESC"],
    }
    return _post("runs/search", body)


def create_experiment(name: str) -> bytes:
    """A new experiment."""
    return _post("experiments/create", {"name": name})


def _post(path: str, body: object) -> bytes:
    return request("POST", f"{API}/{path}", json.dumps(body, separators=(",", ":")).encode())


Stream = Callable[[str], Iterator[bytes]]
