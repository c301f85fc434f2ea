"""Fills a store with finished runs, a million in minutes: rows go straight into the tables.

Values are random with a fixed seed: metrics uniform between 0 and 1, params and tags out of a few words, so that a
filter's share of the runs is known, and the same in every database.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from bench.bulk import open_bulk
from bench.layouts import QUIRE, Layout, MadeRun

METRICS = ("accuracy", "latency", "cost")
MODELS = ("gpt-4o-mini", "gpt-4o", "gpt-4.1-mini", "gpt-4.1")
OWNERS = tuple(f"owner-{n}" for n in range(50))
STAGES = ("draft", "review", "done")
NAMES = (*METRICS, "model", "temperature", "owner", "stage")

_CHUNK = 20_000
_FIRST_START = 1_700_000_000_000


def fill_runs(database: Path, experiment_id: int, count: int) -> None:
    """Add ``count`` runs to an experiment of Quire's SQLite file that has none; see :func:`fill`."""
    fill(f"sqlite:///{database}", QUIRE, experiment_id, count)


def fill(uri: str, layout: Layout, experiment_id: int, count: int) -> None:
    """Add ``count`` runs, each with three metrics, two params and two tags, to an experiment that has none."""
    with open_bulk(uri) as bulk:
        rows_of = layout.rows_of(bulk, experiment_id, NAMES)
        made = (rows_of(run) for run in _made_runs(count))
        while chunk := list(islice(made, _CHUNK)):
            bulk.begin()
            for table, columns in layout.columns.items():
                bulk.insert(table, columns, (row for run in chunk for row in run[table]))
            bulk.commit()
        if uri.startswith("postgresql:"):
            for statement in layout.after:
                bulk.query(statement)


def _made_runs(count: int) -> Iterator[MadeRun]:
    source = random.Random(7)
    for number in range(count):
        start = _FIRST_START + (number + 1) * 1000
        yield MadeRun(
            number,
            run_id=f"{source.getrandbits(128):032x}",
            start=start,
            end=start + 500,
            metrics=tuple((key, source.random()) for key in METRICS),
            params=(("model", source.choice(MODELS)), ("temperature", f"{source.random():.1f}")),
            tags=(("owner", source.choice(OWNERS)), ("stage", source.choice(STAGES))),
        )
