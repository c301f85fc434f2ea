"""Search through the tracking server, first page filtered and ordered by a metric: 1,000, 20,000, a million runs."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping
from functools import partial
from typing import Any

from bench.calls import PAGE
from bench.cases.server import BARS, Rounds, Side, compare, sides
from bench.context import Benchmark, Context, alternate
from bench.databases import Databases
from bench.figures import Bar, Figure, Sample
from bench.filling import fill
from bench.layouts import LAYOUTS
from bench.servers import KINDS, QUIRE, measured

SIZES = (1_000, 20_000, 1_000_000)
CLIENTS = (1, 8, 32)
# A peer's one search takes seconds where its cost grows with the runs: it is asked by one client alone then.
MOST_FOR_MANY_CLIENTS = {"quire": 1_000_000, "fasttrackml": 20_000, "mlflow": 1_000}
# Filling a peer's tables with a million runs takes more than ten minutes (text keys in wide primary keys), and one
# search through them minutes: the cost curve from there to a million is Quire's alone.
MOST_RUNS = {"quire": 1_000_000, "fasttrackml": 20_000, "mlflow": 20_000}
# A server whose first search took longer than this many seconds is asked in one round only.
SLOW = 5.0


def measure(kind: Databases, context: Context) -> list[Figure]:
    """New servers for each size, filled past the servers, then asked in turn."""
    found = {size: _measure_size(context, kind, size) for size in (SIZES[:2] if context.quick else SIZES)}
    figures = [figure for size, by_clients in found.items() for figure in _compared(kind, size, by_clients)]
    smallest, largest = min(found), max(found)
    return [*figures, *_curve(found[smallest][1][QUIRE.name], found[largest][1][QUIRE.name], smallest, largest)]


def _measure_size(context: Context, kind: Databases, size: int) -> dict[int, dict[str, Rounds]]:
    kinds = [one for one in KINDS if size <= MOST_RUNS[one.name]]
    with sides(context, kind, f"search-{size}", kinds) as found:
        slow = [name for name, side in found.items() if _fill(context, name, side, size) > SLOW]
        return {clients: _rounds(context, found, size, clients, slow) for clients in CLIENTS}


def _fill(context: Context, name: str, side: Side, size: int) -> float:
    """Fill a server's database; the seconds of its first search."""
    with measured(side.server):
        experiment = side.client.ask("experiment")
        began = time.perf_counter()
        fill(side.server.place.database, LAYOUTS[name], int(experiment), size)
        filled = time.perf_counter()
        page = side.ask("count_found", condition="metrics.accuracy < 0.5")
        searched = time.perf_counter() - filled
    if page != PAGE:
        raise RuntimeError(f"{name} finds {page} runs for a page of {PAGE}")
    context.say(f"{name}: {size:,} runs in {filled - began:.0f} s, a first search in {searched:.1f} s")
    return searched


def _rounds(
    context: Context, found: Mapping[str, Side], size: int, clients: int, slow: Collection[str]
) -> dict[str, Rounds]:
    asked = {name: side for name, side in found.items() if clients == 1 or size <= MOST_FOR_MANY_CLIENTS[name]}
    context.say(f"{size:,} runs, {clients} clients: {', '.join(asked)}")
    seconds = context.choose(2000, 400) / 1000
    calls = {name: partial(side.load, call="search", clients=clients, seconds=seconds) for name, side in asked.items()}
    often = {name: call for name, call in calls.items() if name not in slow}
    once = {name: call for name, call in calls.items() if name in slow}
    return {**alternate(often, context.choose(3, 1)), **alternate(once, 1)}


def _compared(kind: Databases, size: int, by_clients: dict[int, dict[str, Rounds]]) -> list[Figure]:
    figures: list[Figure] = []
    for clients, rounds in by_clients.items():
        held = clients == 8 and kind == "SQLite"
        bars = {name: BARS.get(("search", name)) for name in rounds} if held else {}
        what = f"search of {size:,} runs, {clients} client{'s' if clients > 1 else ''}"
        figures += compare(what, rounds, bars)
    return figures


def _curve(small: Rounds, large: Rounds, smallest: int, largest: int) -> list[Figure]:
    """What a search costs one client by the number of runs."""
    return [
        Figure(
            what=f"search of {largest:,} runs, p95",
            quire=_p95(large),
            peer=_p95(small),
            peer_name=f"Quire, {smallest:,} runs",
            bar=Bar("p95 ≤ 50 ms", most=0.05) if largest == max(SIZES) else None,
        )
    ]


def _p95(rounds: list[dict[str, Any]]) -> Sample:
    return Sample("s", [one["p95"] for one in rounds])


SQLITE = Benchmark("server-search-sqlite", "Search through the server, SQLite", partial(measure, "SQLite"))
POSTGRESQL = Benchmark(
    "server-search-postgresql", "Search through the server, PostgreSQL", partial(measure, "PostgreSQL")
)
