"""Evaluation of four variants by four local scorers, the service answering at once: answers a second, and memory."""

from __future__ import annotations

from bench.context import Benchmark, Context, in_turn
from bench.figures import Bar, Figure, Sample
from bench.simulators import upstream

_VARIANTS = 4
_PEER_ROWS = 12
"""MLflow is given fewer rows: it takes a second for each, and what counts is the rate."""


def measure(context: Context) -> list[Figure]:
    """Both sides ask one simulator, in turn; new records each time, so that no answer is there already."""
    rows, peer_rows = context.choose(10_000, 300), context.choose(_PEER_ROWS, 20)
    label = f"{_VARIANTS} variants × {rows:,} rows × 4 scorers, 0 ms"
    with (
        upstream(latency_ms=0) as service,
        context.workers(context.libraries, "evaluate", environment=service) as workers,
    ):
        in_turn(workers, 1, "evaluate", rows=8)
        context.say(f"{label}; MLflow: {peer_rows:,} rows")
        ours = in_turn({"quire": workers["quire"]}, context.choose(3, 1), "evaluate", rows=rows)["quire"]
        peer = workers.get("mlflow")
        theirs = in_turn({"mlflow": peer}, context.choose(3, 1), "evaluate", rows=peer_rows)["mlflow"] if peer else []
    rate = Sample("/s", [_VARIANTS * rows / found["seconds"] for found in ours])
    peer_rate = Sample("/s", [_VARIANTS * peer_rows / found["seconds"] for found in theirs]) if theirs else None
    return [
        Figure(what=label, quire=rate, peer=peer_rate, bar=Bar("≥ 5× the rows/s", times=5)),
        Figure(
            what="the same: peak memory",
            quire=Sample("B", [ours[0]["memory"]]),
            bar=Bar("≤ 500 MB", most=500e6),
        ),
    ]


BENCHMARK = Benchmark("evaluate", "Evaluation", measure)
