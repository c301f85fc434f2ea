"""A million traced calls without a network: how fast they are made and stored, what they take in memory, none lost."""

from __future__ import annotations

import time

from bench.context import Benchmark, Context
from bench.figures import Bar, Figure, Sample

PARTS = 10


def measure(context: Context) -> list[Figure]:
    """In ten parts, each stored before the next; memory is looked at while each is being stored."""
    calls = context.choose(1_000_000, 20_000)
    made, memory = [], []
    with context.worker("quire", "traced_calls") as worker:
        worker.ask("run", calls=2000)
        worker.ask("flush")
        began = time.perf_counter()
        for part in range(PARTS):
            made.append(calls / PARTS / worker.ask("run", calls=calls // PARTS))
            memory.append(float(worker.ask("memory")))
            worker.ask("flush")
            context.say(f"{(part + 1) * calls // PARTS:,} calls, {memory[-1] / 1e6:.0f} MB")
        seconds = time.perf_counter() - began
        lost = calls + 2000 - worker.ask("stored")
        dropped = worker.ask("dropped")
    return [
        Figure(what=f"{calls:,} calls: spans made, one thread", quire=Sample("/s", made)),
        Figure(what=f"{calls:,} calls: spans made and stored", quire=Sample("/s", [calls / seconds])),
        Figure(
            what=f"memory after {calls:,} calls",
            quire=Sample("B", [memory[-1]]),
            peer=Sample("B", [memory[0]]),
            peer_name=f"after {calls // PARTS:,}",
            bar=Bar("≤ 1.25× the memory", times=0.8),
        ),
        Figure(what="traces lost", quire=Sample("count", [float(lost + dropped)]), bar=Bar("none", most=0)),
    ]


BENCHMARK = Benchmark("traced-calls", "A million traced calls, no network", measure)
