"""Loading a prompt by its alias, and comparing two of its versions, among a thousand prompts of a hundred versions."""

from __future__ import annotations

import statistics

from bench.context import Benchmark, Context
from bench.figures import Bar, Figure, Sample

VERSIONS = 100


def measure(context: Context) -> list[Figure]:
    """One database; in rounds, each prompt in turn; p95 of each round."""
    prompts = context.choose(1000, 100)
    times = context.choose(1000, 200)
    rounds = range(context.choose(5, 2))
    with context.worker("quire", "prompts") as worker:
        seconds = worker.ask("fill", prompts=prompts, versions=VERSIONS)
        context.say(f"{prompts:,} prompts of {VERSIONS} versions in {seconds:.0f} s, {worker.ask('size') / 1e6:.0f} MB")
        worker.ask("load", prompts=prompts, times=20)
        loads = [_p95(worker.ask("load", prompts=prompts, times=times)) for _ in rounds]
        diffs = [_p95(worker.ask("diff", prompts=prompts, versions=VERSIONS, times=times // 5)) for _ in rounds]
    of = f"{prompts:,} prompts of {VERSIONS} versions"
    return [
        Figure(what=f"{of}: load by alias, p95", quire=Sample("s", loads), bar=Bar("p95 < 2 ms", most=0.002)),
        Figure(what=f"{of}: diff of two versions, p95", quire=Sample("s", diffs), bar=Bar("p95 < 20 ms", most=0.02)),
    ]


def _p95(seconds: list[float]) -> float:
    return statistics.quantiles(seconds, n=20, method="inclusive")[-1]


BENCHMARK = Benchmark("prompts", "Prompts among many", measure)
