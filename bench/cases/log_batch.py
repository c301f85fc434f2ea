"""Logging batches of 100 metrics to SQLite, beside a loop of the same inserts without a library."""

from __future__ import annotations

from functools import partial

from bench.context import Benchmark, Context, alternate
from bench.figures import Figure, Sample

METRICS = 100


def measure(context: Context) -> list[Figure]:
    """One process a side, alternately; a round is as many batches as take about a second."""
    sides = {"quire": 400, "bare": 400, **({"mlflow": 10} if "mlflow" in context.libraries else {})}
    batches = {side: context.choose(count, max(2, count // 10)) for side, count in sides.items()}
    with context.workers(sides, "log_batch", str(METRICS)) as workers:
        calls = {side: partial(workers[side].ask, "log", batches=batches[side]) for side in sides}
        alternate(calls, 1)
        seconds = alternate(calls, context.choose(5, 2))
    rates = {side: Sample("/s", [batches[side] / one for one in found]) for side, found in seconds.items()}
    what = f"batches of {METRICS} metrics"
    return [
        Figure(what=what, quire=rates["quire"], peer=rates.get("mlflow")),
        Figure(what=what, quire=rates["quire"], peer=rates["bare"], peer_name="bare sqlite3 loop"),
    ]


BENCHMARK = Benchmark("log-batch", "Logging batches of metrics, SQLite", measure)
