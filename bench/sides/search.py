"""Search a store of many runs; seconds of each search, its first page read into entities."""

from __future__ import annotations

import os
import time
from pathlib import Path

from bench.filling import fill_runs
from bench.worker import serve
from quire.store import open_store

PAGE = 100
store = open_store(os.environ["QUIRE_TRACKING_URI"])
experiment_id = store.create_experiment("search")


def fill(runs: int) -> float:
    """Fill the store; seconds that took."""
    started = time.perf_counter()
    fill_runs(Path(os.environ["QUIRE_TRACKING_URI"].removeprefix("sqlite:///")), int(experiment_id), runs)
    return time.perf_counter() - started


def search(filter_string: str, order_by: str, times: int) -> list[float]:
    """Search several times, ``{x}`` and ``{n}`` in the filter replaced by another value each time."""
    seconds = []
    for number in range(times):
        condition = filter_string.format(x=round(0.05 + 0.9 * number / times, 4), n=number % 50)
        started = time.perf_counter()
        page = store.search_runs([experiment_id], filter_string=condition, order_by=[order_by], max_results=PAGE)
        seconds.append(time.perf_counter() - started)
        if not page:
            raise AssertionError(f"no run matches {condition!r}")
    return seconds


serve(fill=fill, search=search)
