"""Log runs with params, metrics and tags to a file that other processes write too; count writes and failures.

A write is one acknowledged call: starting a run, a param, a metric, a tag, ending the run.
"""

from __future__ import annotations

import importlib
import sys
import time
from typing import Any

from bench.worker import serve

library = importlib.import_module(sys.argv[1])

METRICS = 10
WRITES_A_RUN = METRICS + 4


def warm_up() -> None:
    """Open the store and log one run."""
    library.set_experiment("writers")
    _log_run(0)


def write(runs: int) -> dict[str, Any]:
    """Log runs; clock times that are comparable between processes, writes acknowledged, runs that failed."""
    started, failed = time.time(), 0
    for number in range(runs):
        try:
            _log_run(number)
        except Exception as error:
            print(f"{type(error).__name__}: {error}", file=sys.stderr)
            failed += 1
    return {"started": started, "ended": time.time(), "writes": (runs - failed) * WRITES_A_RUN, "errors": failed}


def _log_run(number: int) -> None:
    with library.start_run(run_name=f"run-{number}"):
        library.log_param("number", number)
        for step in range(METRICS):
            library.log_metric("loss", 1 / (step + 1), step=step)
        library.set_tag("done", "yes")


def count_writes() -> int:
    """What the file holds of complete runs, counted as writes: every finished run must have all its parts."""
    runs = library.search_runs(experiment_names=["writers"], output_format="list", max_results=50_000)
    whole = [run for run in runs if run.info.status == "FINISHED" and run.data.tags.get("done") == "yes"]
    return sum(WRITES_A_RUN for run in whole if run.data.metrics.get("loss") == 1 / METRICS)


serve(warm_up=warm_up, write=write, count_writes=count_writes)
