"""How long the tracking server takes to start, and what it holds when nobody asks it."""

from __future__ import annotations

import time
from functools import partial
from pathlib import Path

from bench.cases.server import installed
from bench.context import Benchmark, Context, alternate
from bench.figures import Bar, Figure, Sample, Unit
from bench.servers import QUIRE, Kind, Server

START = Bar("≤ 1.5 s", most=1.5)
MEMORY = Bar("≤ 150 MB", most=150e6)
_SETTLING = 2.0


def measure(context: Context) -> list[Figure]:
    """Servers started and stopped in turn, each on a new database first and then on the one it made."""
    kinds = {kind.name: kind for kind in installed(context)}
    new, again = (_rounds(context, kinds, fresh) for fresh in (True, False))
    return [
        *_figures("start to healthy, new database", "s", new, 0, START, kinds),
        *_figures("start to healthy, its own database", "s", again, 0, START, kinds),
        *_figures("memory idle", "B", again, 1, MEMORY, kinds),
    ]


Started = tuple[float, float]
"""Seconds to start, and bytes resident when idle."""


def _rounds(context: Context, kinds: dict[str, Kind], fresh: bool) -> dict[str, list[Started]]:
    context.say("starting " + ("on new databases" if fresh else "again"))
    made = iter(range(1000))
    calls = {name: partial(_start, kind, context.folder, made if fresh else None) for name, kind in kinds.items()}
    if not fresh:
        alternate(calls, 1)
    return alternate(calls, context.choose(3, 1))


def _start(kind: Kind, folder: Path, made: object) -> Started:
    number = "kept" if made is None else f"new-{next(made)}"  # type: ignore[call-overload]
    place = folder / f"start-{kind.name}-{number}"
    with Server(kind, place, f"sqlite:///{place}.db") as server:
        time.sleep(_SETTLING)
        return server.seconds_to_start, server.memory()


def _figures(
    what: str, unit: Unit, rounds: dict[str, list[Started]], part: int, bar: Bar, kinds: dict[str, Kind]
) -> list[Figure]:
    samples = {name: Sample(unit, [one[part] for one in found]) for name, found in rounds.items()}
    ours = samples.pop(QUIRE.name)
    if not samples:
        return [Figure(what=what, quire=ours, bar=bar)]
    return [
        Figure(what=what, quire=ours, peer=sample, peer_name=kinds[name].title, bar=bar if number == 0 else None)
        for number, (name, sample) in enumerate(samples.items())
    ]


BENCHMARK = Benchmark("server-start", "Starting the server", measure)
