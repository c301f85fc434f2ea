"""What tracing loads: little in the program's thread, the rest in the background."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

HEAVY = ("alembic", "asyncio", "genai_prices", "google.protobuf", "numpy", "openai", "pandas", "pydantic", "sqlalchemy")


def loaded_after(code: str, folder: Path) -> set[str]:
    """Which of the heavy modules a fresh interpreter has loaded after ``code``."""
    text = f"{code}\nimport json, sys; print(json.dumps([name for name in {HEAVY!r} if name in sys.modules]))"
    done = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, check=True, cwd=folder)
    return set(json.loads(done.stdout))


def test_the_names_of_tracing_load_nothing_heavy(tmp_path: Path) -> None:
    assert (
        loaded_after("import quire\nquire.trace, quire.start_span, quire.search_traces, quire.tracing", tmp_path)
        == set()
    )


def test_a_trace_loads_the_store_in_the_background_alone(tmp_path: Path) -> None:
    code = """
import quire
from quire.tracking.outbox import Outbox
Outbox._start = lambda self: None
with quire.start_span("s") as span:
    span.set_inputs({"a": 1})
"""
    assert loaded_after(code, tmp_path) == set()
