"""A program that ends right after its only trace: the trace is in the store, and nothing went wrong on the way."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import quire

PROGRAM = """
import sys, quire
quire.set_tracking_uri(sys.argv[1])
with quire.start_span("only"):
    pass
"""


def test_the_only_trace_of_a_program_is_stored_before_it_ends(tmp_path: Path) -> None:
    """What stores traces is loaded while the program ends; some modules cannot be loaded then."""
    uri = f"sqlite:///{tmp_path / 'quire.db'}"
    environment = {**os.environ, "QUIRE_CACHE_DIR": str(tmp_path / "cache")}
    ran = subprocess.run(
        [sys.executable, "-c", PROGRAM, uri], capture_output=True, text=True, env=environment, cwd=tmp_path, check=True
    )
    assert ran.stderr == ""
    quire.set_tracking_uri(uri)
    (trace,) = quire.search_traces(return_type="list")
    assert [span.name for span in trace.data.spans] == ["only"]
