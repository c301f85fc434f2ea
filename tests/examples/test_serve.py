"""``examples/serve.py`` runs without a key: a server is asked in every way, and follows a promotion and a rollback."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from quire.testing.environment import VARIABLES

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "serve.py"


@pytest.mark.slow
def test_it_serves_promotes_and_rolls_back(tmp_path: Path) -> None:
    foreign = (*VARIABLES, "QUIRE_TRACKING_URI", "MLFLOW_TRACKING_URI")
    kept = {name: value for name, value in os.environ.items() if name not in foreign}
    environment = {**kept, "COLUMNS": "100", "NO_COLOR": "1", "QUIRE_OUTBOX": str(tmp_path / "outbox")}
    done = subprocess.run(
        [sys.executable, EXAMPLE], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    printed = " ".join(done.stdout.split())
    assert "No OPENAI_API_KEY: the simulator answers." in printed
    assert "Version 1 says: " in printed
    assert "Refused: parameter_not_allowed" in printed
    assert "40 tickets at once: " in printed
    assert "Promoted version 2 while the server runs. Version 2 says: " in printed
    assert printed.endswith("Rolled back to version 1.")
