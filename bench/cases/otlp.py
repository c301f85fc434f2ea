"""Spans a second that a server stores, sent by OpenTelemetry's protocol, beside MLflow's server and Phoenix.

Counted until the database has them: Phoenix answers before it stores. All keep them in a SQLite file.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from functools import partial
from typing import Any

from bench.cases.server import installed
from bench.context import Benchmark, Context, alternate
from bench.figures import Bar, Figure, Latency, Sample
from bench.servers import MLFLOW, PHOENIX, QUIRE, Server, measured
from bench.spans import SPANS
from bench.worker import Worker

CLIENTS = (1, 8)
REQUESTS = {"quire": 384, "mlflow": 2, "phoenix": 16}
"""Requests of a round: what takes each about a minute at most."""
BARS = {"mlflow": Bar("≥ 20× MLflow", times=20), "phoenix": Bar("≥ 3× Phoenix", times=3)}
Rounds = list[dict[str, Any]]
_PAUSES = (2.0, 10.0)


def measure(context: Context) -> list[Figure]:
    """One server at a time; each with each number of clients, in rounds."""
    with _sides(context) as found:
        rounds = {clients: _rounds(context, found, clients) for clients in CLIENTS}
    return [
        _figure(clients, name, by_server)
        for clients, by_server in rounds.items()
        for name in ("mlflow", "phoenix")
        if name in by_server or name == "mlflow"
    ]


@contextlib.contextmanager
def _sides(context: Context) -> Iterator[dict[str, tuple[Server, Worker]]]:
    with contextlib.ExitStack() as stack:
        found = {}
        for kind in installed(context, (QUIRE, MLFLOW, PHOENIX)):
            file = context.folder / f"otlp-{kind.name}.db"
            server = stack.enter_context(Server(kind, context.folder / f"otlp-{kind.name}", f"sqlite:///{file}"))
            client = stack.enter_context(context.worker("quire", "otlp", str(server.place.port), str(file)))
            found[kind.name] = server, client
            _send(server, client, requests=2, clients=1)
        yield found


def _send(server: Server, client: Worker, *, requests: int, clients: int) -> dict[str, Any]:
    """Let the server go on and send it spans; a peer that drops a connection is sent others."""
    with measured(server):
        for pause in () if server.kind is QUIRE else _PAUSES:
            try:
                return _asked(client, requests, clients)
            except RuntimeError:
                time.sleep(pause)
        return _asked(client, requests, clients)


def _asked(client: Worker, requests: int, clients: int) -> dict[str, Any]:
    found: dict[str, Any] = client.ask("send", requests=requests, clients=clients)
    return found


def _rounds(context: Context, found: dict[str, tuple[Server, Worker]], clients: int) -> dict[str, Rounds]:
    context.say(f"{', '.join(found)}: requests of {SPANS} spans, {clients} clients")
    share = context.choose(1, 4)
    calls = {
        name: partial(_send, *side, requests=max(clients, REQUESTS[name] // share), clients=clients)
        for name, side in found.items()
    }
    return alternate(calls, context.choose(3, 1))


def _figure(clients: int, peer: str, rounds: dict[str, Rounds]) -> Figure:
    title = {"mlflow": MLFLOW.title, "phoenix": PHOENIX.title}[peer]
    theirs = rounds.get(peer)
    return Figure(
        what=f"spans stored, {clients} client{'s' if clients > 1 else ''}",
        quire=_rate(rounds["quire"]),
        quire_latency=_latency(rounds["quire"]),
        peer=_rate(theirs) if theirs else None,
        peer_latency=_latency(theirs) if theirs else None,
        peer_name=title,
        bar=BARS[peer],
    )


def _rate(rounds: Rounds) -> Sample:
    return Sample("/s", [one["rate"] for one in rounds])


def _latency(rounds: Rounds) -> Latency:
    middle = len(rounds) // 2
    p50, p99 = (sorted(one[key] for one in rounds)[middle] for key in ("p50", "p99"))
    return Latency(p50, p99)


BENCHMARK = Benchmark("otlp", "OTLP ingest, requests of 128 spans, SQLite", measure)
