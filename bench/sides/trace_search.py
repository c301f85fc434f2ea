"""Search a store of many traces; seconds of each search, its first page read into entities."""

from __future__ import annotations

import os
import time

from bench.tracefilling import fill_traces
from bench.worker import serve
from quire.store import open_store

PAGE = 100
store = open_store(os.environ["QUIRE_TRACKING_URI"])
experiment_id = store.create_experiment("search")


def fill(traces: int) -> float:
    """Fill the store; seconds that took."""
    started = time.perf_counter()
    fill_traces(store, experiment_id, traces)
    return time.perf_counter() - started


def search(filter_string: str, times: int, numbers: int) -> list[float]:
    """Search several times, ``{n}`` in the filter replaced by another number below ``numbers`` each time."""
    seconds = []
    for number in range(times):
        condition = filter_string.format(n=number * 7 % numbers)
        started = time.perf_counter()
        page = store.search_traces([experiment_id], filter_string=condition, max_results=PAGE)
        seconds.append(time.perf_counter() - started)
        if not page:
            raise AssertionError(f"no trace matches {condition!r}")
    return seconds


serve(fill=fill, search=search)
