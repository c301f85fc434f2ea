"""What autologging adds to a call of the OpenAI SDK, in the caller's thread, beside MLflow's and OpenInference's."""

from __future__ import annotations

from bench.context import OPENINFERENCE_PYTHON, Benchmark, Context, in_turn
from bench.figures import Bar, Figure, Sample
from bench.instant import instant_upstream

KINDS = {"sync": "a call", "async": "an awaited call", "stream": "a streamed chunk"}
PEERS = {"mlflow": "MLflow autolog", "openinference": "OpenInference"}
_RATIO = Bar("≤ 1/20 of MLflow's", times=20)
_MOST = Bar("≤ 150 µs", most=150e-6)
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
            calls = context.choose(60 if kind == "stream" else 400, 20)
            context.say(f"{kind}: {calls} calls with and without, {context.choose(5, 2)} times")
            in_turn(workers, 1, "measure", kind=kind, calls=10)
            figures += _figures(kind, in_turn(workers, context.choose(5, 2), "measure", kind=kind, calls=calls))
        context.say("sync, all traces stored")
        in_turn(workers, 1, "steady", calls=40)
        figures += _steady(in_turn(workers, context.choose(5, 2), "steady", calls=context.choose(400, 40)))
    return figures


def _steady(rounds: dict[str, list[float]]) -> list[Figure]:
    samples = {name: Sample("s", [max(one, _LEAST) for one in found]) for name, found in rounds.items()}
    what = "added to a call on average, storing included"
    return [
        Figure(what=what, quire=samples["quire"], peer=samples.get(peer), peer_name=title)
        for peer, title in PEERS.items()
    ]


def _figures(kind: str, rounds: dict[str, list[dict[str, float]]]) -> list[Figure]:
    """Against MLflow by the time that passes; the caller's own thread by its processor time, which noise spares."""
    figures = []
    for at in ("median", "p99", "processor median", "processor p99"):
        samples = {name: Sample("s", [max(one[at], _LEAST) for one in found]) for name, found in rounds.items()}
        own = at.startswith("processor")
        what = (
            f"{'processor time of the caller ' if own else ''}added to {KINDS[kind]}, {at.removeprefix('processor ')}"
        )
        for peer, title in PEERS.items():
            bar = None if own or peer != "mlflow" else _RATIO
            if own and peer == "mlflow" and kind != "stream":
                bar = _MOST
            figures.append(Figure(what=what, quire=samples["quire"], peer=samples.get(peer), peer_name=title, bar=bar))
    return figures


BENCHMARK = Benchmark("autolog", "Autologging, added time in the caller's thread", measure)
