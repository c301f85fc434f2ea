"""The first page of a search, filtered and ordered by a metric, by how many runs there are."""

from __future__ import annotations

import statistics
from collections.abc import Iterable

from bench.context import Benchmark, Context
from bench.figures import Bar, Figure, Sample
from bench.worker import Worker

Seconds = dict[str, list[float]]
"""The seconds of every search of a round, by query."""

SIZES = (10_000, 100_000, 1_000_000)
QUERIES = {
    "order by a metric": ("", "metrics.accuracy DESC"),
    "filter and order by one metric": ("metrics.accuracy < {x}", "metrics.accuracy DESC"),
    "filter by metric and param, order by metric": (
        "metrics.accuracy > {x} AND params.model = 'gpt-4o'",
        "metrics.accuracy DESC",
    ),
    "filter by one metric, order by another": ("metrics.latency < {x}", "metrics.accuracy DESC"),
    "filter by tag, order by metric": ("tags.owner = 'owner-{n}'", "metrics.accuracy ASC"),
}


def measure(context: Context) -> list[Figure]:
    """A database a size; every query with changing values, in rounds; p95 of each round."""
    found = {size: _measure_size(context, size) for size in (SIZES[:2] if context.quick else SIZES)}
    smallest, largest = min(found), max(found)
    figures = [
        Figure(
            what=f"{size:,} runs, p95 of all queries",
            quire=_p95(rounds, QUERIES),
            bar=Bar("p95 ≤ 50 ms", most=0.05) if size == largest else None,
        )
        for size, rounds in found.items()
    ]
    figures.append(
        Figure(
            what=f"{largest:,} runs against {smallest:,}",
            quire=_p95(found[largest], QUERIES),
            peer=_p95(found[smallest], QUERIES),
            peer_name=f"{smallest:,} runs",
            bar=Bar("≤ 3× the time", times=1 / 3),
        )
    )
    figures += [
        Figure(
            what=f"{largest:,} runs: {query}, p95",
            quire=_p95(found[largest], [query]),
            peer=_p95(found[smallest], [query]),
            peer_name=f"{smallest:,} runs",
        )
        for query in QUERIES
    ]
    return figures


def _p95(rounds: list[Seconds], queries: Iterable[str]) -> Sample:
    """The 95th percentile of each round over these queries."""
    return Sample("s", [_percentile([second for query in queries for second in one[query]]) for one in rounds])


def _percentile(seconds: list[float]) -> float:
    return statistics.quantiles(seconds, n=20, method="inclusive")[-1]


def _measure_size(context: Context, size: int) -> list[Seconds]:
    context.say(f"{size:,} runs: filling")
    with context.worker("quire", "search") as worker:
        seconds = worker.ask("fill", runs=size)
        context.say(f"{size:,} runs: filled in {seconds:.0f} s")
        _round(worker, 5)
        return [_round(worker, context.choose(60, 20)) for _ in range(context.choose(3, 1))]


def _round(worker: Worker, times: int) -> Seconds:
    return {
        query: worker.ask("search", filter_string=condition, order_by=order, times=times)
        for query, (condition, order) in QUERIES.items()
    }


BENCHMARK = Benchmark("search", "Search, first page of 100 runs", measure)
