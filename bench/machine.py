"""The machine in one line: what decides the figures, nothing that names it."""

from __future__ import annotations

import os
import platform
import sqlite3
import subprocess
from pathlib import Path

from bench.context import FASTTRACKML_PYTHON, MLFLOW_PYTHON, python_of


def describe() -> str:
    """Processor, cores, memory, system, and the versions that were measured."""
    parts = [
        f"{_processor()}, {os.cpu_count()} cores, {_memory()}",
        f"{platform.system()} {platform.machine()}",
        f"Python {platform.python_version()}",
        f"SQLite {sqlite3.sqlite_version}",
        f"Quire {_version('quire', 'quire')}, openai {_version('quire', 'openai')}",
    ]
    if MLFLOW_PYTHON.exists():
        parts.append(f"MLflow {_version('mlflow', 'mlflow')} with openai {_version('mlflow', 'openai')}")
    if FASTTRACKML_PYTHON.exists():
        parts.append(f"FastTrackML {_version('fasttrackml', 'fasttrackml')}")
    return "; ".join(parts)


def _version(library: str, package: str) -> str:
    code = f"from importlib.metadata import version; print(version({package!r}))"
    found = subprocess.run([python_of(library), "-c", code], capture_output=True, text=True, check=False)
    return found.stdout.strip() or "(unknown)"


def _processor() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def _memory() -> str:
    pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return f"{pages / 2**30:.0f} GiB"
