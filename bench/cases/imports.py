"""What it costs to import the library, and to log the first metric of a new process."""

from __future__ import annotations

import json
import subprocess
from functools import partial
from typing import Any

from bench.context import Benchmark, Context, alternate, python_of
from bench.figures import Bar, Figure, Sample
from bench.worker import clean_environment


def measure(context: Context) -> list[Figure]:
    """Fresh processes, alternately; the first of each only fills the byte-code cache."""
    imports = _rounds(context, "import")
    firsts = _rounds(context, "first-run")
    return [
        _figure("import", imports, "seconds", "s", Bar("≤ 1/20 of the time", times=20)),
        _figure("memory after import", imports, "memory", "B", Bar("≤ 1/4 of the memory", times=4)),
        _figure("import and log a first run", firsts, "seconds", "s", None),
    ]


def _rounds(context: Context, what: str) -> dict[str, list[dict[str, float]]]:
    sides = {library: partial(_fresh_process, context, library, what) for library in context.libraries}
    alternate(sides, 1)
    return alternate(sides, context.choose(9, 3))


def _fresh_process(context: Context, library: str, what: str) -> dict[str, float]:
    folder = context.folder / f"imports-{library}"
    folder.mkdir(exist_ok=True)
    tracking = f"sqlite:///{folder / 'tracking.db'}"
    environment = clean_environment({"QUIRE_TRACKING_URI": tracking, "MLFLOW_TRACKING_URI": tracking})
    command = [str(python_of(library)), "-m", "bench.sides.imports", library, what]
    done = subprocess.run(command, cwd=folder, env=environment, check=True, capture_output=True, text=True)
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def _figure(what: str, rounds: dict[str, list[dict[str, float]]], key: str, unit: Any, bar: Bar | None) -> Figure:
    samples = {library: Sample(unit, [found[key] for found in results]) for library, results in rounds.items()}
    return Figure(what=what, quire=samples["quire"], peer=samples.get("mlflow"), bar=bar)


BENCHMARK = Benchmark("import", "Import", measure)
