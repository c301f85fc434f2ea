"""Requests a second through a proxy on one core, and directly, for 1 to 256 connections that are kept busy."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from functools import partial

from bench import proxies
from bench.cases.serving import PEERS
from bench.context import Benchmark, Context, alternate
from bench.figures import Figure, Latency, Sample
from bench.stage import DIRECT, Found, Side, stage

CONNECTIONS = (1, 16, 64, 256)
SLOW = ("mlflow-ai-gateway",)
"""Asked by one connection alone: a request takes it most of a second."""
KINDS = {"whole": "answers", "stream": "streams", "invocations": "answers by /invocations"}


def measure(context: Context) -> list[Figure]:
    """Each kind of answer with each number of connections, in rounds."""
    figures: list[Figure] = []
    with stage(context, "serving-rates", [proxies.quire, *PEERS]) as sides:
        for kind, title in KINDS.items():
            for connections in CONNECTIONS if kind != "invocations" else (1, 64):
                rounds = _rounds(context, sides, kind, connections)
                figures += _figures(f"{title}, {connections} connection{'s' * (connections > 1)}", rounds, sides)
    return figures


def _rounds(context: Context, sides: Mapping[str, Side], kind: str, connections: int) -> dict[str, list[Found]]:
    context.say(f"{kind}, {connections} connections")
    seconds = context.choose(1200, 400) / 1000
    calls = {
        name: partial(side.saturate, kind, seconds=seconds, connections=connections)
        for name, side in sides.items()
        if side.offers(kind) and (name not in SLOW or (connections == 1 and kind != "stream"))
    }
    return alternate(calls, context.choose(2, 1))


def _figures(what: str, rounds: Mapping[str, Sequence[Found]], sides: Mapping[str, Side]) -> list[Figure]:
    if "quire" not in rounds:
        return []
    return [
        Figure(
            what=what,
            quire=_rate(rounds["quire"]),
            quire_latency=_latency(rounds["quire"]),
            peer=_rate(rounds[peer]),
            peer_latency=_latency(rounds[peer]),
            peer_name=sides[peer].title,
        )
        for peer in sorted((name for name in rounds if name != "quire"), key=lambda name: name == DIRECT)
    ]


def _rate(found: Sequence[Found]) -> Sample:
    return Sample("/s", [one["rate"] for one in found])


def _latency(found: Sequence[Found]) -> Latency:
    p50, p99 = (statistics.median(one[key] for one in found) for key in ("p50", "p99"))
    return Latency(p50, p99, sum(one["failed"] for one in found))


BENCHMARK = Benchmark("serving-rates", "Serving: requests/s by connections, one core", measure)
