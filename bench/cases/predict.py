"""Batch prediction of 1,000 rows, by how long the service takes to answer."""

from __future__ import annotations

from bench.context import Benchmark, Context, in_turn
from bench.figures import Bar, Figure, Sample
from bench.simulators import upstream

CONCURRENCY = 64
_FASTER = Bar("≥ 5× as fast", times=5)
_NEAR_LIMIT = Bar("≥ 85% of the limit", times=0.85)
_NEAR_BARE = Bar("≥ 90% of its speed", times=0.90)


def measure(context: Context) -> list[Figure]:
    """Each latency with a simulator of its own, which all sides call in turn."""
    figures = _without_latency(context)
    figures += _with_latency(context, 0.05, _FASTER, context.choose(7, 2))
    if not context.quick:
        figures += _with_latency(context, 0.5, None, 3)
    return figures


def _without_latency(context: Context) -> list[Figure]:
    rows = context.choose(1000, 300)
    with upstream(latency_ms=0) as service:
        sides = [*context.libraries, "bare-httpx", "bare-aiohttp"]
        samples = _rounds(context, sides, service, rows, context.choose(9, 3))
    label = f"{rows:,} rows, 0 ms"
    bare = min(("bare-httpx", "bare-aiohttp"), key=lambda name: samples[name].median)
    other = "bare-httpx" if bare == "bare-aiohttp" else "bare-aiohttp"
    return [
        _against(label, samples, "mlflow", "MLflow", None),
        _against(label, samples, bare, _BARE[bare], _NEAR_BARE),
        _against(label, samples, other, _BARE[other], None),
    ]


def _with_latency(context: Context, latency: float, bar: Bar | None, rounds: int) -> list[Figure]:
    rows = context.choose(1000, 300)
    with upstream(latency_ms=latency * 1000) as service:
        samples = _rounds(context, context.libraries, service, rows, rounds)
    label = f"{rows:,} rows, {latency * 1000:.0f} ms"
    limit = Sample("s", [rows * latency / CONCURRENCY])
    return [
        _against(label, samples, "mlflow", "MLflow", bar),
        _against(label, {**samples, "limit": limit}, "limit", f"rows × latency ÷ {CONCURRENCY}", _NEAR_LIMIT),
    ]


def _rounds(context: Context, sides: list[str], service: dict[str, str], rows: int, rounds: int) -> dict[str, Sample]:
    """Seconds of one ``predict`` on each side, alternately, after one of 128 rows to warm up."""
    context.say(f"{', '.join(sides)}: {rows:,} rows, {rounds} times")
    libraries, bare = [s for s in sides if s not in _BARE], [s for s in sides if s in _BARE]
    with (
        context.workers(libraries, "predict", environment=service) as workers,
        context.workers(bare, "bare_openai", str(CONCURRENCY), environment=service) as bare_workers,
    ):
        everyone = {**workers, **bare_workers}
        in_turn(everyone, 1, "predict", rows=128)
        return {side: Sample("s", found) for side, found in in_turn(everyone, rounds, "predict", rows=rows).items()}


def _against(label: str, samples: dict[str, Sample], peer: str, name: str, bar: Bar | None) -> Figure:
    return Figure(what=label, quire=samples["quire"], peer=samples.get(peer), peer_name=name, bar=bar)


_BARE = {"bare-aiohttp": "bare AsyncOpenAI, aiohttp", "bare-httpx": "bare AsyncOpenAI, default"}

BENCHMARK = Benchmark("predict", "Batch prediction, 64 requests at once", measure)
