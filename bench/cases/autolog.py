"""What autologging adds to a call of the OpenAI SDK, in the caller's thread, beside MLflow's and OpenInference's."""

from __future__ import annotations

from functools import partial
from typing import Any

from bench.context import OPENINFERENCE_PYTHON, Benchmark, Context, alternate, in_turn
from bench.figures import Bar, Figure, Sample
from bench.instant import instant_upstream
from bench.worker import Worker

KINDS = {"sync": "a call", "async": "an awaited call", "stream": "a streamed chunk"}
TIMES, PROCESSOR = ("median", "p99"), ("processor median", "processor p99")
PEERS = {"mlflow": "MLflow autolog", "openinference": "OpenInference"}
_RATIO = Bar("≤ 1/20 of MLflow's", times=20)
_MOST = Bar("≤ 150 µs", most=150e-6)
_MORE = 16
"""Times as many calls of Quire as of the others: the bar in microseconds holds for it alone, and needs more."""
_LEAST = 1e-6
"""A difference that noise makes negative is shown as this (s)."""


def measure(context: Context) -> list[Figure]:
    """All sides call the same upstream, which answers at once; each with autologging off and on in turn."""
    libraries = list(context.libraries)
    if OPENINFERENCE_PYTHON.exists():
        libraries.append("openinference")
    else:
        context.say("OpenInference is not installed, so not measured; `make openinference-venv` installs it")
    figures: list[Figure] = []
    with instant_upstream() as service, context.workers(libraries, "autolog", environment=service) as workers:
        for kind in KINDS:
            figures += _figures(kind, _rounds(context, workers, kind, "socket"), TIMES)
            if kind != "stream":
                figures += _figures(kind, _rounds(context, workers, kind, "process"), PROCESSOR)
        context.say("sync, all traces stored")
        in_turn(workers, 1, "steady", calls=40)
        figures += _steady(in_turn(workers, context.choose(5, 2), "steady", calls=context.choose(400, 40)))
    return figures


def _rounds(context: Context, workers: dict[str, Worker], kind: str, upstream: str) -> dict[str, list[Any]]:
    most = (160, 5) if kind == "stream" else (400, 3) if upstream == "socket" else (200, 5)
    calls, rounds = (20, 2) if context.quick else most
    context.say(f"{kind}, by {upstream}: {calls} calls with and without, {rounds} times")
    in_turn(workers, 1, "measure", kind=kind, calls=10, upstream=upstream)
    many = {"quire": calls * _MORE} if upstream == "process" else {}
    sides = {
        name: partial(worker.ask, "measure", kind=kind, calls=many.get(name, calls), upstream=upstream)
        for name, worker in workers.items()
    }
    return alternate(sides, rounds)


def _steady(rounds: dict[str, list[float]]) -> list[Figure]:
    samples = {name: Sample("s", [max(one, _LEAST) for one in found]) for name, found in rounds.items()}
    what = "added to a call on average, storing included"
    return [
        Figure(what=what, quire=samples["quire"], peer=samples.get(peer), peer_name=title)
        for peer, title in PEERS.items()
    ]


def _figures(kind: str, rounds: dict[str, list[dict[str, float]]], places: tuple[str, ...]) -> list[Figure]:
    """Against MLflow by the time that passes; the caller's own thread by its processor time, which noise spares."""
    figures = []
    for at in places:
        samples = {name: Sample("s", [max(one[at], _LEAST) for one in found]) for name, found in rounds.items()}
        own = at.startswith("processor")
        what = (
            f"{'processor time of the caller ' if own else ''}added to {KINDS[kind]}, {at.removeprefix('processor ')}"
        )
        for peer, title in PEERS.items():
            bar = None if own or peer != "mlflow" else _RATIO
            if own and peer == "mlflow":
                bar = _MOST
            figures.append(Figure(what=what, quire=samples["quire"], peer=samples.get(peer), peer_name=title, bar=bar))
    return figures


BENCHMARK = Benchmark("autolog", "Autologging, added time in the caller's thread", measure)
