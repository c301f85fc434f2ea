"""Saving, logging and loading a packaged model in a warm process."""

from __future__ import annotations

from bench.context import Benchmark, Context, in_turn
from bench.figures import Bar, Figure, Sample
from bench.worker import Worker

_BARS = {"save": Bar("≤ 1/50 of the time", times=50), "log": Bar("≤ 1/50 of the time", times=50)}
_NAMES = {"save": "save_model", "log": "log_model", "load": "load_model"}


def measure(context: Context) -> list[Figure]:
    """One process a library; each call is made twice before it counts."""
    with context.workers(context.libraries, "packaging", environment=_KEY) as workers:
        return [_figure(context, workers, what) for what in _NAMES]


def _figure(context: Context, workers: dict[str, Worker], what: str) -> Figure:
    context.say(_NAMES[what])
    in_turn(workers, 2, what)
    seconds = in_turn(workers, context.choose(9, 3), what)
    samples = {name: Sample("s", values) for name, values in seconds.items()}
    return Figure(what=_NAMES[what], quire=samples["quire"], peer=samples.get("mlflow"), bar=_BARS.get(what))


_KEY = {"OPENAI_API_KEY": "not-a-key", "OPENAI_BASE_URL": "http://127.0.0.1:9/v1"}

BENCHMARK = Benchmark("package", "Packaging, warm", measure)
