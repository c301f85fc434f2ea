"""Scorers of a real MLflow are asked as our own."""

from __future__ import annotations

import inspect
import json
import subprocess
import sysconfig
from pathlib import Path

import pytest

from quire.judges import make_judge

pytestmark = [pytest.mark.mlflow, pytest.mark.slow]
PROGRAM = Path(__file__).with_name("mlflow_scorers.py")
SOURCE = Path(__file__).resolve().parents[2] / "src"


def test_mlflows_scorers_say_what_they_say_there(mlflow_python):
    command = [mlflow_python, PROGRAM, SOURCE, sysconfig.get_path("purelib")]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=SOURCE.parent)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    assert found["is_short"] == [["is_short", False, None, ""]]
    ((name, value, error, _rationale),) = found["broken"]
    assert (name, value) == ("broken", None)
    assert "no luck" in error
    assert found["words"] == [["words", True, None, "counted"], ["first", "two", None, ""]]
    assert found["fingerprints"] == 3
    assert found["asks"] == [["outputs"], ["outputs", "expectations"]]
    ours = list(inspect.signature(make_judge).parameters)
    assert ours[:8] == found["make_judge"][:8]
