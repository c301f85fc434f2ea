"""``python -m bench``: measure Quire beside its peers, print the table, write ``docs/benchmarks.md``."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from pathlib import Path

import msgspec
from rich.console import Console

from bench.cases import (
    autolog,
    evaluate,
    gsm8k,
    imports,
    log_batch,
    memory,
    otlp,
    packaging,
    predict,
    prompts,
    search,
    server,
    server_files,
    server_search,
    server_start,
    serving,
    serving_following,
    serving_idle,
    serving_rates,
    trace_search,
    traced_calls,
    ui_evaluations,
    ui_runs,
    ui_traces,
    ui_trials,
    writers,
)
from bench.context import MLFLOW_PYTHON, Benchmark, Context
from bench.figures import Measured
from bench.machine import describe
from bench.report import print_table, read_record, record, render_documents

BENCHMARKS: tuple[Benchmark, ...] = (
    imports.BENCHMARK,
    packaging.BENCHMARK,
    predict.BENCHMARK,
    gsm8k.BENCHMARK,
    evaluate.BENCHMARK,
    writers.BENCHMARK,
    log_batch.BENCHMARK,
    search.BENCHMARK,
    memory.BENCHMARK,
    server_start.BENCHMARK,
    server.SQLITE,
    server.POSTGRESQL,
    server_search.SQLITE,
    server_search.POSTGRESQL,
    server_files.BENCHMARK,
    autolog.BENCHMARK,
    traced_calls.BENCHMARK,
    otlp.BENCHMARK,
    trace_search.BENCHMARK,
    prompts.BENCHMARK,
    serving.WHOLE,
    serving.STREAMS,
    serving_rates.BENCHMARK,
    serving_following.BENCHMARK,
    serving_idle.BENCHMARK,
    ui_runs.BENCHMARK,
    ui_traces.BENCHMARK,
    ui_evaluations.BENCHMARK,
    ui_trials.BENCHMARK,
)


def main() -> int:
    """Measure what was asked for. Returns 1 with ``--check`` if a bar is missed, else 0."""
    # An installer compiles the modules of each side; those of a checkout are compiled by whoever loads them first.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    arguments = _parse()
    console = Console(width=None if sys.stdout.isatty() else 140)
    if arguments.render:
        render_documents(read_record())
        return 0
    if not MLFLOW_PYTHON.exists():
        console.print("MLflow is not installed beside Quire: its columns stay empty. `make mlflow-venv` installs it.")
    measured: list[Measured] = []
    for benchmark in _chosen(arguments.only):
        measured.append(_measure(console, benchmark, arguments.quick))
        _keep(measured, arguments)  # now, so that what comes later can be stopped
    missed = [figure.what for one in measured for figure in one.figures if figure.met is False]
    if missed:
        console.print(f"Missed: {'; '.join(missed)}", style="red")
    return 1 if missed and arguments.check else 0


def _parse() -> argparse.Namespace:
    names = ", ".join(one.name for one in BENCHMARKS)
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument(
        "--only",
        action="append",
        metavar="NAME",
        default=[],
        help=f"measure only this one, or all that begin so: {names}",
    )
    parser.add_argument("--quick", action="store_true", help="a fraction of the work; nothing is written to docs/")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures to this file as well")
    parser.add_argument("--check", action="store_true", help="exit with 1 if a bar is missed")
    parser.add_argument("--render", action="store_true", help="measure nothing; rewrite the documents' tables")
    arguments = parser.parse_args()
    unknown = [only for only in arguments.only if not _chosen([only])]
    if unknown:
        parser.error(f"no benchmark is called {', '.join(sorted(unknown))}; there are {names}")
    return arguments


def _chosen(only: list[str]) -> list[Benchmark]:
    """Those named, and those whose name goes on with a dash where one of the names ends."""
    return [one for one in BENCHMARKS if not only or any(f"{one.name}-".startswith(f"{name}-") for name in only)]


def _measure(console: Console, benchmark: Benchmark, quick: bool) -> Measured:
    console.print(f"[bold]{benchmark.title}[/]")
    started = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="quire-bench-", ignore_cleanup_errors=True) as folder:
        context = Context(Path(folder), quick, lambda text: console.print(f"  {text}", style="dim"))
        figures = benchmark.run(context)
    print_table(console, f"{benchmark.title} ({time.perf_counter() - started:.0f} s)", figures)
    return Measured(name=benchmark.name, figures=figures, conditions=describe())


def _keep(measured: list[Measured], arguments: argparse.Namespace) -> None:
    if arguments.json:
        arguments.json.write_bytes(msgspec.json.format(msgspec.json.encode(measured), indent=1) + b"\n")
    if not arguments.quick:
        render_documents(record(measured))


if __name__ == "__main__":
    sys.exit(main())
