"""Memory of a batch that does not fit in memory: one million rows through ``predict_iter``."""

from __future__ import annotations

from bench.context import Benchmark, Context
from bench.figures import Bar, Figure, Sample
from bench.simulators import upstream


def measure(context: Context) -> list[Figure]:
    """Rows come from a generator and answers are dropped; the process's peak is read when half and all are done."""
    rows = context.choose(1_000_000, 20_000)
    context.say(f"{rows:,} rows; at 0 ms the simulator is the limit")
    with upstream(latency_ms=0) as service, context.worker("quire", "memory", environment=service) as worker:
        halves = [worker.ask("predict", rows=rows // 2) for _ in range(2)]
    rate = Sample("/s", [rows / 2 / half["seconds"] for half in halves])
    return [
        Figure(
            what=f"predict_iter, {rows:,} rows: peak memory",
            quire=Sample("B", [halves[1]["memory"]]),
            bar=Bar("≤ 300 MB", most=300e6),
        ),
        Figure(
            what="the same, second half against first",
            quire=Sample("B", [halves[1]["memory"]]),
            peer=Sample("B", [halves[0]["memory"]]),
            peer_name="after the first half",
        ),
        Figure(what="the same, rows", quire=rate),
    ]


BENCHMARK = Benchmark("memory", "A batch larger than memory", measure)
