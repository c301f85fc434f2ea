"""``examples/trial.py`` runs without a key: users judge, the challenger wins, the server promotes it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from quire.testing.environment import VARIABLES

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "trial.py"


@pytest.mark.slow
def test_the_challenger_is_promoted_and_rolled_back(tmp_path: Path) -> None:
    foreign = (*VARIABLES, "QUIRE_TRACKING_URI", "MLFLOW_TRACKING_URI")
    kept = {name: value for name, value in os.environ.items() if name not in foreign}
    environment = {**kept, "COLUMNS": "100", "NO_COLOR": "1", "QUIRE_OUTBOX": str(tmp_path / "outbox")}
    done = subprocess.run(
        [sys.executable, EXAMPLE], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    printed = " ".join(done.stdout.split())
    assert "No OPENAI_API_KEY: the simulator answers." in printed
    assert "Ended: careful is better than champion on thumb by +0." in printed
    assert "models:/router@champion: version 1 → version 2 (promoted by" in printed
    assert "Ratio of units: as shared out" in printed
