"""Runs a program under an interpreter that has MLflow, and reads what it found."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any


def environment_of(url: str, **more: str) -> dict[str, str]:
    """The variables of a process whose MLflow speaks to a server, and to nobody else."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("MLFLOW_", "QUIRE_"))}
    return kept | {
        "MLFLOW_TRACKING_URI": url,
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "DO_NOT_TRACK": "true",
        "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
        "GIT_PYTHON_REFRESH": "quiet",
        **more,
    }


def answers_of(python: Path, program: Path, url: str, *arguments: str, seconds: float = 280, **more: str) -> Any:
    """The JSON that the program prints behind the word FOUND; ``more`` are variables of its environment."""
    command = [str(python), "-W", "ignore", str(program), *arguments]
    environment = environment_of(url, **more)
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=seconds, check=False)
    line = next((line for line in done.stdout.splitlines() if line.startswith("FOUND ")), None)
    assert line, done.stdout[-3000:] + done.stderr[-3000:]
    return json.loads(line.removeprefix("FOUND "))
