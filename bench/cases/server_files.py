"""A file of 100 MB through the tracking server's artifact proxy, up and down."""

from __future__ import annotations

from functools import partial

from bench.cases.server import Side, sides
from bench.context import Benchmark, Context, alternate
from bench.figures import Figure, Sample
from bench.servers import KINDS, QUIRE, measured

MEGABYTE = 1 << 20


def measure(context: Context) -> list[Figure]:
    """One client, in turn. FastTrackML has no proxy."""
    size = context.choose(100, 20) * MEGABYTE
    proxies = [kind for kind in KINDS if kind.proxies_artifacts]
    with sides(context, "SQLite", "files", proxies) as found:
        figures = []
        for action in ("upload", "download"):
            calls = {name: partial(_seconds, side, action, size) for name, side in found.items()}
            alternate(calls, 1)
            seconds = alternate(calls, context.choose(5, 2))
            figures += _figures(f"{action} of {size // MEGABYTE} MB", seconds, found)
        return figures


def _seconds(side: Side, action: str, size: int) -> float:
    with measured(side.server):
        taken: float = side.client.ask(action, path="files/large.bin", size=size)
        return taken


def _figures(what: str, seconds: dict[str, list[float]], found: dict[str, Side]) -> list[Figure]:
    ours = Sample("s", seconds[QUIRE.name])
    peers = [name for name in found if name != QUIRE.name]
    if not peers:
        return [Figure(what=what, quire=ours)]
    return [
        Figure(what=what, quire=ours, peer=Sample("s", seconds[name]), peer_name=found[name].server.kind.title)
        for name in peers
    ]


BENCHMARK = Benchmark("server-files", "Artifacts through the server", measure)
