"""Requests a second of the tracking server, beside FastTrackML and MLflow, for 1, 8 and 32 clients."""

from __future__ import annotations

import contextlib
import statistics
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from bench.calls import METRICS
from bench.context import Benchmark, Context, alternate
from bench.databases import Databases, databases
from bench.figures import Bar, Figure, Latency, Sample
from bench.servers import FASTTRACKML_KIND, KINDS, MLFLOW, QUIRE, Kind, Server, measured
from bench.worker import Worker

CLIENTS = (1, 8, 32)
CALLS = {"create-run": "create-run", "log-batch": "log-batch of 100 metrics", "get-run": "get-run with 100 metrics"}
BARS = {
    ("create-run", "fasttrackml"): Bar("ahead of FastTrackML", times=1),
    ("create-run", "mlflow"): Bar("≥ 50× MLflow", times=50),
    ("log-batch", "fasttrackml"): Bar("≥ 4× FastTrackML", times=4),
    ("log-batch", "mlflow"): Bar("≥ 50× MLflow", times=50),
    ("get-run", "fasttrackml"): Bar("ahead of FastTrackML", times=1),
    ("search", "fasttrackml"): Bar("ahead of FastTrackML", times=1),
}
"""What holds for 8 clients on SQLite."""

Rounds = list[dict[str, Any]]
_PAUSES = (2.0, 10.0)


@dataclass(frozen=True)
class Side:
    """A server and the client that asks it."""

    server: Server
    client: Worker

    def load(self, **arguments: Any) -> dict[str, Any]:
        """Let the server go on and load it."""
        with measured(self.server):
            found: dict[str, Any] = self.ask("load", **arguments)
        if found["failed"] and self.server.kind is QUIRE:
            raise RuntimeError(f"{arguments}: {found['failed']} requests failed, as {found['failures'][0]}")
        return found

    def ask(self, command: str, **arguments: Any) -> Any:
        """Have the client carry out a command; again with a peer that drops a connection.

        MLflow's server ends a process of its own that did not answer it for five seconds, as it does not while it is
        stopped or the machine is busy, and starts another.
        """
        for pause in () if self.server.kind is QUIRE else _PAUSES:
            try:
                return self.client.ask(command, **arguments)
            except RuntimeError:
                time.sleep(pause)
        return self.client.ask(command, **arguments)


@contextlib.contextmanager
def sides(context: Context, kind: Databases, name: str, kinds: Sequence[Kind] = KINDS) -> Iterator[dict[str, Side]]:
    """Every server that is installed, started on a database of its own and paused, with its experiment made."""
    with contextlib.ExitStack() as stack:
        make_database = stack.enter_context(databases(kind, context.folder))
        found: dict[str, Side] = {}
        for one in installed(context, kinds):
            uri = make_database(f"{name}-{one.name}")
            server = stack.enter_context(Server(one, context.folder / f"{name}-{one.name}", uri))
            client = stack.enter_context(context.worker("quire", "load", str(server.place.port)))
            side = found[one.name] = Side(server, client)
            side.ask("prepare")
            server.pause()
        yield found


def installed(context: Context, kinds: Sequence[Kind] = KINDS) -> list[Kind]:
    """Those of the servers that are there; says which are not."""
    missing = [one.title for one in kinds if not one.installed]
    if missing:
        context.say(f"not installed, so not measured: {', '.join(missing)}; see `make help`")
    return [one for one in kinds if one.installed]


def measure(kind: Databases, context: Context) -> list[Figure]:
    """All servers at once, one running at a time; each call with each number of clients, in rounds."""
    with sides(context, kind, "calls") as found:
        rounds = {(call, clients): _rounds(context, found, call, clients) for call in CALLS for clients in CLIENTS}
    figures = [
        figure
        for (call, clients), asked in rounds.items()
        for figure in _figures(call, CALLS[call], clients, asked, kind)
    ]
    return figures if kind != "SQLite" else [*figures, _beside_inserts(context, rounds["log-batch", 8][QUIRE.name])]


def _beside_inserts(context: Context, ours: Rounds) -> Figure:
    """Batches sent to the server beside the same inserts in a loop that has the machine to itself."""
    batches = context.choose(2000, 200)
    with context.worker("bare", "log_batch", str(METRICS)) as bare:
        seconds = [bare.ask("log", batches=batches) for _ in range(context.choose(4, 2))][1:]
    return Figure(
        what=f"{CALLS['log-batch']}, 8 clients",
        quire=_rate(ours),
        quire_latency=_latency(ours),
        peer=Sample("/s", [batches / one for one in seconds]),
        peer_name="bare sqlite3 loop",
    )


def _rounds(context: Context, found: Mapping[str, Side], call: str, clients: int) -> dict[str, Rounds]:
    context.say(f"{CALLS[call]}, {clients} clients")
    for side in found.values():
        side.load(call=call, clients=clients, seconds=0.3, most=20 * clients)
    seconds = context.choose(2000, 400) / 1000
    calls = {name: partial(side.load, call=call, clients=clients, seconds=seconds) for name, side in found.items()}
    return alternate(calls, context.choose(3, 1))


def _figures(call: str, title: str, clients: int, rounds: dict[str, Rounds], kind: Databases) -> list[Figure]:
    what = f"{title}, {clients} client{'s' if clients > 1 else ''}"
    held = clients == 8 and kind == "SQLite"
    return compare(what, rounds, {name: BARS.get((call, name)) for name in rounds} if held else {})


def compare(what: str, rounds: Mapping[str, Rounds], bars: Mapping[str, Bar | None]) -> list[Figure]:
    """Quire's rate and latency beside those of each peer."""
    ours = rounds[QUIRE.name]
    peers = [kind for kind in (FASTTRACKML_KIND, MLFLOW) if kind.name in rounds]
    if not peers:
        return [Figure(what=what, quire=_rate(ours), quire_latency=_latency(ours))]
    return [
        Figure(
            what=what,
            quire=_rate(ours),
            quire_latency=_latency(ours),
            peer=_rate(rounds[peer.name]),
            peer_latency=_latency(rounds[peer.name]),
            peer_name=peer.title,
            bar=bars.get(peer.name),
        )
        for peer in peers
    ]


def _rate(rounds: Rounds) -> Sample:
    return Sample("/s", [one["rate"] for one in rounds])


def _latency(rounds: Rounds) -> Latency:
    p50, p99 = (statistics.median(one[key] for one in rounds) for key in ("p50", "p99"))
    return Latency(p50, p99, sum(one["failed"] for one in rounds))


SQLITE = Benchmark("server-sqlite", "Tracking server on SQLite", partial(measure, "SQLite"))
POSTGRESQL = Benchmark("server-postgresql", "Tracking server on PostgreSQL", partial(measure, "PostgreSQL"))
