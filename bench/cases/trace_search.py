"""The first page of a search of traces, newest first, over a million spans."""

from __future__ import annotations

import statistics

from bench.context import Benchmark, Context
from bench.figures import Bar, Figure, Sample
from bench.tracefilling import COMMON_WORD, NEEDLE_EVERY, PER_TRACE, RARE_MODEL, TEAMS

QUERIES = {
    "all": "",
    "status (1 in 100)": "trace.status = 'ERROR'",
    "latency (all to 1 in 1,000)": "trace.execution_time_ms > {n}000",
    "latency (1 in 3,000)": "trace.execution_time_ms > 3{n:04}",
    "cost (few)": "trace.cost > 0.{n:02}5",
    "tokens (few)": "trace.total_tokens > 5{n:04}",
    "tag (1 in 500)": "tag.team = 'team-{n}'",
    "model (1 in 4)": "span.model = 'gpt-4o'",
    "model (1 in 1,000)": f"span.model = '{RARE_MODEL}'",
    "text, a common word": f"trace.text LIKE '%{COMMON_WORD}%'",
    "text, a word of one trace": "trace.text LIKE '%needle{n}x%'",
    "text, the same in other case": "trace.text ILIKE '%Needle{n}X%'",
    "status and latency": "trace.status = 'ERROR' AND trace.execution_time_ms > 3000",
}
_BAR = Bar("p95 ≤ 50 ms", most=0.05)


def measure(context: Context) -> list[Figure]:
    """One database; every query with changing values, in rounds; p95 of each round."""
    spans = context.choose(1_000_000, 80_000)
    traces = spans // PER_TRACE
    numbers = {"tag (1 in 500)": TEAMS, "text": traces // NEEDLE_EVERY}
    times = context.choose(20, 8)
    with context.worker("quire", "trace_search") as worker:
        seconds = worker.ask("fill", traces=traces)
        context.say(f"{spans:,} spans in {seconds:.0f} s")
        figures = [Figure(what=f"{spans:,} spans stored through the store", quire=Sample("/s", [spans / seconds]))]
        for what, condition in QUERIES.items():
            most = numbers.get(what, numbers["text"] if what.startswith("text") else 25)
            asked = {"filter_string": condition, "times": times, "numbers": most}
            worker.ask("search", **{**asked, "times": 2})
            rounds = [_p95(worker.ask("search", **asked)) for _ in range(context.choose(3, 1))]
            context.say(f"{what}: {rounds[0] * 1e3:.1f} ms")
            figures.append(Figure(what=f"{spans:,} spans, by {what}, p95", quire=Sample("s", rounds), bar=_BAR))
    return figures


def _p95(seconds: list[float]) -> float:
    return statistics.quantiles(seconds, n=20, method="inclusive")[-1]


BENCHMARK = Benchmark("trace-search", "Search of traces, first page of 100", measure)
