"""``make demo``: what it prints and what it leaves behind, without a key and with one, once and again."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from quire.store import open_store
from quire.testing.environment import VARIABLES

DEMO = Path(__file__).resolve().parents[2] / "examples" / "demo.py"


def run_demo(folder: Path, **variables: str) -> str:
    """The demo's output in a new process at 80 columns, with no variables set but these."""
    foreign = (*VARIABLES, "QUIRE_TRACKING_URI", "MLFLOW_TRACKING_URI")
    kept = {name: value for name, value in os.environ.items() if name not in foreign}
    environment = {**kept, "COLUMNS": "80", "NO_COLOR": "1", **variables}
    done = subprocess.run(
        [sys.executable, DEMO], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return done.stdout


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    """The folder in which the demo ran once, and what it printed. A test that changes the folder makes a copy."""
    folder = tmp_path_factory.mktemp("demo")
    return folder, run_demo(folder)


def flat(text: str) -> str:
    return " ".join(text.split())


def test_without_a_key_it_compares_both_variants_and_says_that_answers_are_simulated(done):
    _folder, printed = done

    assert "No OPENAI_API_KEY: the simulator answers." in flat(printed)
    assert "(simulated answers)" in printed
    assert "│ accuracy     │       75.0% │        92.5% │     +17.5% │" in printed
    assert "the challenger alone is right on 9, the champion alone on 2" in flat(printed)
    assert "p = 0.065" in flat(printed)
    assert max(len(line.rstrip()) for line in printed.splitlines() if "quire " not in line) <= 80


def test_it_leaves_two_runs_two_versions_and_two_aliases(done):
    folder, _printed = done

    store = open_store(f"sqlite:///{folder}/demo/quire.db")
    experiment = store.get_experiment_by_name("support-tickets")
    runs = store.search_runs([experiment.experiment_id], order_by=["metrics.accuracy DESC"])
    assert [(run.info.run_name, run.data.metrics["accuracy"]) for run in runs] == [
        ("challenger", 0.925),
        ("champion", 0.75),
    ]
    assert all(run.data.metrics["cost_usd"] > 0 and run.data.metrics["latency_s"] > 0 for run in runs)
    assert store.get_registered_model("ticket-router").aliases == {"champion": "1", "challenger": "2"}
    assert sorted(path.name for path in folder.iterdir()) == ["demo"]


def test_the_commands_that_it_names_work(done, tmp_path):
    folder, printed = shutil.copytree(done[0], tmp_path / "here"), done[1]

    commands = [line.strip() for line in printed.splitlines() if line.startswith("  quire ")]
    assert len(commands) == 5
    environment = {**os.environ, "QUIRE_TRACKING_URI": "sqlite:///demo/quire.db"}
    environment["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    for command in commands:
        subprocess.run(["bash", "-c", command], cwd=folder, env=environment, check=True, capture_output=True)


def test_running_it_again_adds_versions_and_moves_the_aliases(done, tmp_path):
    folder = shutil.copytree(done[0], tmp_path / "again")
    run_demo(folder)

    store = open_store(f"sqlite:///{folder}/demo/quire.db")
    assert store.get_registered_model("ticket-router").aliases == {"champion": "3", "challenger": "4"}


def test_with_a_key_it_says_what_the_real_service_will_cost(tmp_path, simulator):
    printed = run_demo(tmp_path, **simulator.environment)

    assert "OPENAI_API_KEY is set: the real service answers." in flat(printed)
    assert "80 short requests, about $0.0" in flat(printed)
    assert "simulated" not in printed
    assert len(simulator.requests) == 80


@pytest.fixture(scope="module")
def demo():
    spec = importlib.util.spec_from_file_location("demo", DEMO)
    module = importlib.util.module_from_spec(spec)
    sys.modules["demo"] = module
    spec.loader.exec_module(module)
    yield module
    del sys.modules["demo"]


@pytest.mark.parametrize(
    ("wins", "losses", "p"),
    [(0, 0, 1.0), (5, 5, 1.0), (9, 2, 134 / 2048), (2, 9, 134 / 2048), (6, 0, 2 / 64), (10, 0, 2 / 1024)],
)
def test_the_p_value_is_that_of_the_exact_two_sided_sign_test(demo, wins, losses, p):
    assert demo.exact_p(wins, losses) == pytest.approx(p)


def test_an_answer_is_right_only_if_it_is_the_label_and_nothing_else(demo):
    ticket = {"text": "…", "label": "returns"}
    assert demo.is_correct("Returns.", ticket)
    assert not demo.is_correct("Returns. The customer wants to return a jacket.", ticket)
    assert not demo.is_correct("return", ticket)


def test_it_says_how_to_look_at_it_in_a_browser(done):
    _folder, printed = done

    assert "quire ui --tracking-uri sqlite:///demo/quire.db" in printed
    assert "http://127.0.0.1:5000/" in flat(printed)
