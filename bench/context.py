"""What a benchmark is given: where to write, what to run with, how much to do; and how rounds alternate."""

from __future__ import annotations

import contextlib
import functools
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.figures import Figure
from bench.worker import REPOSITORY, Worker

MLFLOW_PYTHON = REPOSITORY / ".cache" / "mlflow" / "bin" / "python"
FASTTRACKML_PYTHON = REPOSITORY / ".cache" / "fasttrackml" / "bin" / "python"
OPENINFERENCE_PYTHON = REPOSITORY / ".cache" / "openinference" / "bin" / "python"
PHOENIX_PYTHON = REPOSITORY / ".cache" / "phoenix" / "bin" / "python"
LITELLM_PYTHON = REPOSITORY / ".cache" / "litellm" / "bin" / "python"
SHARED = REPOSITORY.parent / "shared"


@dataclass(frozen=True)
class Context:
    """One run of the benchmarks. ``folder`` is new and empty; ``quick`` asks for a fraction of the work."""

    folder: Path
    quick: bool
    say: Callable[[str], None]

    @property
    def libraries(self) -> list[str]:
        """Quire, and MLflow if its environment is there."""
        return ["quire", "mlflow"] if MLFLOW_PYTHON.exists() else ["quire"]

    def choose(self, full: int, quick: int) -> int:
        """How much to do."""
        return quick if self.quick else full

    def worker(self, library: str, side: str, *arguments: str, environment: Mapping[str, str] | None = None) -> Worker:
        """A measured process in a library's own environment, with a folder and a tracking database of its own."""
        folder = Path(tempfile.mkdtemp(prefix=f"{side}-{library}-", dir=self.folder))
        tracking = f"sqlite:///{folder / 'tracking.db'}"
        variables = {"QUIRE_TRACKING_URI": tracking, "MLFLOW_TRACKING_URI": tracking, **(environment or {})}
        return Worker(python_of(library), side, library, *arguments, folder=folder, environment=variables)

    @contextlib.contextmanager
    def workers(
        self, libraries: Iterable[str], side: str, *arguments: str, environment: Mapping[str, str] | None = None
    ) -> Iterator[dict[str, Worker]]:
        """One measured process a library, all ended at the end."""
        with contextlib.ExitStack() as stack:
            yield {
                library: stack.enter_context(self.worker(library, side, *arguments, environment=environment))
                for library in libraries
            }


@dataclass(frozen=True)
class Benchmark:
    """A benchmark's name on the command line, its title in the table, and how it is measured."""

    name: str
    title: str
    run: Callable[[Context], list[Figure]]


def python_of(library: str) -> Path:
    """The interpreter that has a library."""
    others = {"mlflow": MLFLOW_PYTHON, "fasttrackml": FASTTRACKML_PYTHON, "openinference": OPENINFERENCE_PYTHON}
    return others.get(library, Path(sys.executable))


def in_turn(workers: Mapping[str, Worker], rounds: int, command: str, **arguments: Any) -> dict[str, list[Any]]:
    """Have every worker carry out a command ``rounds`` times, one after another; the answers by worker."""
    sides = {name: functools.partial(worker.ask, command, **arguments) for name, worker in workers.items()}
    return alternate(sides, rounds)


def alternate(sides: Mapping[str, Callable[[], Any]], rounds: int) -> dict[str, list[Any]]:
    """Run every side ``rounds`` times in turn, the order reversed each round, and collect what each gives."""
    results: dict[str, list[Any]] = {name: [] for name in sides}
    for turn in range(rounds):
        for name in list(sides) if turn % 2 == 0 else list(reversed(list(sides))):
            results[name].append(sides[name]())
    return results
