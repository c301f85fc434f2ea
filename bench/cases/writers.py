"""Sixteen processes that log to one SQLite file at once."""

from __future__ import annotations

import contextlib
from typing import Any

from bench.context import Benchmark, Context
from bench.figures import Bar, Figure, Sample
from bench.worker import Worker

WRITERS = 16
RUNS_EACH = {"quire": 40, "mlflow": 4}


def measure(context: Context) -> list[Figure]:
    """Each library with its own file; fewer runs for MLflow, which would take minutes."""
    results = {library: _together(context, library) for library in context.libraries}
    rates = {library: Sample("/s", [found["rate"] for found in rounds]) for library, rounds in results.items()}
    errors = {
        library: Sample("count", [max(found["errors"] for found in rounds)]) for library, rounds in results.items()
    }
    return [
        Figure(what=f"{WRITERS} writers, writes", quire=rates["quire"], peer=rates.get("mlflow")),
        Figure(
            what=f"{WRITERS} writers, failed or lost",
            quire=errors["quire"],
            peer=errors.get("mlflow"),
            bar=Bar("none", most=0),
        ),
    ]


def _together(context: Context, library: str) -> list[dict[str, float]]:
    runs = context.choose(RUNS_EACH[library], 2)
    context.say(f"{library}: {WRITERS} processes, {runs} runs each")
    shared = dict.fromkeys(_TRACKING, f"sqlite:///{context.folder / f'{library}-shared.db'}")
    with contextlib.ExitStack() as stack:
        workers: list[Worker] = []
        for _ in range(WRITERS):
            workers.append(stack.enter_context(context.worker(library, "writers", environment=shared)))
            if len(workers) == 1:
                workers[0].ask("warm_up")
        for worker in workers[1:]:
            worker.ask("warm_up")
        return [_round(workers, runs) for _ in range(context.choose(3, 1))]


def _round(workers: list[Worker], runs: int) -> dict[str, float]:
    before = workers[0].ask("count_writes")
    for worker in workers:
        worker.send("write", runs=runs)
    found: list[dict[str, Any]] = [worker.receive() for worker in workers]
    seconds = max(one["ended"] for one in found) - min(one["started"] for one in found)
    acknowledged = sum(one["writes"] for one in found)
    lost = acknowledged - (workers[0].ask("count_writes") - before)
    return {"rate": acknowledged / seconds, "errors": sum(one["errors"] for one in found) + abs(lost)}


_TRACKING = ("QUIRE_TRACKING_URI", "MLFLOW_TRACKING_URI")

BENCHMARK = Benchmark("writers", "Sixteen processes, one SQLite file", measure)
