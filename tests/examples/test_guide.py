"""The scripts of examples/guide: each runs against the simulator, and prints the same under a real MLflow.

All run in one process, one after another: a process for each would spend most of its time on imports.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from quire.testing import Simulator

GUIDE = Path(__file__).resolve().parents[2] / "examples" / "guide"
SCRIPTS = sorted(path.name for path in GUIDE.glob("*.py"))
QUIRE_ONLY = {"responses.py", "parameter_bounds.py"}
"""Scripts of what MLflow does not have."""

PRINTED = {
    "azure.py": "Suggest a rhyme for silver.",
    "completions.py": "Review: The soup was cold.\nMood of the review:",
    "embeddings.py": "2 vectors\n[0.1, 0.2, 0.3]",
    "inference_parameters.py": "Name a boat for a captain who likes opera.",
    "names.py": "Spell stressed backwards.",
    "no_variables.py": '{"role": "user", "content": "Where does the path end?"}',
    "parameter_bounds.py": "Parameter 'temperature' is 1.5; expected a float from 0 to 1",
    "responses.py": "What do you carry in your bag on a Friday?",
    "several_messages.py": "You translate into Welsh.",
    "several_variables.py": "Explain yeast to a poet in two sentences.",
    "single_variable.py": "Write one sentence in praise of celery.",
    "tasks.py": "chat.completions\nchat.completions\nchat.completions\nchat.completions\n",
}
RUN_ALL = """
import contextlib, io, json, os, runpy, sys, traceback, warnings
warnings.filterwarnings("ignore")
printed = {}
for script, variables in json.load(sys.stdin).items():
    os.environ.update(variables)
    with contextlib.redirect_stdout(io.StringIO()) as out:
        try:
            runpy.run_path(script, run_name="__main__")
        except Exception:
            traceback.print_exc(file=out)
    for name in variables:
        os.environ.pop(name)
    printed[os.path.basename(script)] = out.getvalue()
print(json.dumps(printed))
"""
MLFLOW_PRELUDE = """
import logging, mlflow.models
logging.disable(logging.WARNING)
mlflow.models.infer_pip_requirements = lambda *given, fallback=None, **more: fallback
"""
"""Loading each model in another process to learn its requirements takes seconds and is not what is compared."""


def environment_of(script: str, simulator: Simulator) -> dict[str, str]:
    if script == "azure.py":
        return {**simulator.azure_environment, "OPENAI_DEPLOYMENT_NAME": "deployment"}
    return simulator.environment


def run(python: Path | str, program: str, work: dict[str, dict[str, str]], folder: Path, store: str) -> dict[str, str]:
    environment = {name: value for name, value in os.environ.items() if "OPENAI" not in name}
    done = subprocess.run(
        [python, "-c", program],
        input=json.dumps(work),
        capture_output=True,
        text=True,
        cwd=folder,
        env={**environment, "GIT_PYTHON_REFRESH": "quiet", "QUIRE_TRACKING_URI": store, "MLFLOW_TRACKING_URI": store},
    )
    assert done.returncode == 0, done.stderr[-3000:]
    printed: dict[str, str] = json.loads(done.stdout.splitlines()[-1])
    return printed


def test_every_script_is_expected_and_listed() -> None:
    assert set(SCRIPTS) == PRINTED.keys()
    assert set(re.findall(r"`(\w+\.py)`", (GUIDE / "README.md").read_text())) == set(SCRIPTS)


@pytest.fixture(scope="module")
def simulator() -> Iterator[Simulator]:
    """One that repeats what it is asked, for all scripts."""
    with Simulator(echo=True) as running:
        yield running


def in_order(scripts: Iterable[str]) -> list[str]:
    return sorted(scripts, key=lambda name: (name == "azure.py", name))  # the SDK keeps what this one sets


@pytest.fixture(scope="module")
def printed(simulator: Simulator, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What each script prints; the error of one that fails."""
    folder = tmp_path_factory.mktemp("guide")
    work = {str(GUIDE / script): environment_of(script, simulator) for script in in_order(SCRIPTS)}
    return run(sys.executable, RUN_ALL, work, folder, f"sqlite:///{folder / 'quire.db'}")


@pytest.mark.parametrize("script", SCRIPTS)
def test_a_script_runs_against_the_simulator(script: str, printed: dict[str, str]) -> None:
    assert PRINTED[script] in printed[script]
    assert "Traceback" not in printed[script]


@pytest.mark.mlflow
@pytest.mark.slow
def test_the_scripts_print_the_same_when_quire_is_replaced_by_mlflow(
    mlflow_python: Path, tmp_path: Path, simulator: Simulator, printed: dict[str, str]
) -> None:
    replaced = {}
    for script in in_order(set(SCRIPTS) - QUIRE_ONLY):
        (tmp_path / script).write_text(re.sub(r"\bquire\b", "mlflow", (GUIDE / script).read_text()))
        replaced[str(tmp_path / script)] = environment_of(script, simulator)
    theirs = run(mlflow_python, MLFLOW_PRELUDE + RUN_ALL, replaced, tmp_path, f"sqlite:///{tmp_path / 'm.db'}")
    assert theirs == {script: printed[script] for script in theirs}
    assert set(theirs) == set(SCRIPTS) - QUIRE_ONLY
