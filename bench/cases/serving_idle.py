"""Ten thousand connections that nobody uses: what they cost Quire in memory, and those who are served meanwhile."""

from __future__ import annotations

from bench import proxies
from bench.cases.serving import RATE
from bench.context import Benchmark, Context
from bench.figures import Figure, Latency, Sample
from bench.stage import Found, Side, stage


def measure(context: Context) -> list[Figure]:
    """Memory and latency before, and while the connections are open."""
    connections = context.choose(10_000, 1000)
    with stage(context, "serving-idle", [proxies.quire]) as sides, context.worker("quire", "serving") as holder:
        side = sides["quire"]
        assert side.server is not None
        before = _asked(context, side)
        memory = side.server.memory()
        side.server.resume()
        holder.ask("hold", port=side.port, connections=connections)
        found, held = _asked(context, side), holder.ask("held_open")
        grown = side.server.memory() - memory
        holder.ask("release")
    return [
        Figure(what=f"{connections:,} idle connections: memory added", quire=Sample("B", [float(grown)])),
        Figure(
            what=f"{connections:,} idle connections: answers at {RATE}/s, p50",
            quire=Sample("s", [found["p50"]]),
            quire_latency=Latency(found["p50"], found["p99"], found["failed"]),
            peer=Sample("s", [before["p50"]]),
            peer_latency=Latency(before["p50"], before["p99"], before["failed"]),
            peer_name="Quire without them",
        ),
        Figure(what="idle connections that it closed", quire=Sample("count", [float(connections - held)])),
    ]


def _asked(context: Context, side: Side) -> Found:
    return side.pace("whole", rate=RATE, seconds=context.choose(5, 1))


BENCHMARK = Benchmark("serving-idle", "Serving: idle connections", measure)
