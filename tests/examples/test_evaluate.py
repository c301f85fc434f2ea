"""``examples/evaluate.py`` runs without a key, and says what it found."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from quire.testing.environment import VARIABLES

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "evaluate.py"


def test_it_compares_ranks_and_reports(tmp_path: Path) -> None:
    foreign = (*VARIABLES, "QUIRE_TRACKING_URI", "MLFLOW_TRACKING_URI")
    kept = {name: value for name, value in os.environ.items() if name not in foreign}
    environment = {**kept, "COLUMNS": "100", "NO_COLOR": "1", "QUIRE_CACHE_DIR": str(tmp_path / "cache")}
    done = subprocess.run(
        [sys.executable, EXAMPLE], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    printed = " ".join(done.stdout.split())
    assert "No OPENAI_API_KEY: the simulator answers." in printed
    assert "tickets.jsonl: 40 records" in printed
    assert "9/2/29" in printed
    assert "right_label, against plain" in printed
    assert (tmp_path / "evaluated" / "report.html").read_text(encoding="utf-8").startswith("<!doctype html>")
