"""A measured process: answers, failures and its end, over the real pipe."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from bench.context import alternate
from bench.worker import Worker, clean_environment, peak_memory


def bare(tmp_path: Path) -> Worker:
    return Worker(Path(sys.executable), "log_batch", "bare", "10", folder=tmp_path)


def test_a_worker_answers_commands_until_it_is_closed(tmp_path):
    with bare(tmp_path) as worker:
        assert worker.ask("log", batches=3) > 0
        assert worker.ask("log", batches=1) > 0
    assert worker._process.returncode == 0


def test_a_failure_in_the_worker_is_raised_with_its_log(tmp_path):
    with bare(tmp_path) as worker, pytest.raises(RuntimeError, match="batches") as caught:
        worker.ask("log")
    assert "Traceback" in str(caught.value)


def test_a_worker_that_dies_is_named(tmp_path):
    worker = Worker(Path(sys.executable), "imports", "no_such_library", "import", folder=tmp_path)
    with worker, pytest.raises(RuntimeError, match="no_such_library"):
        worker.ask("log")


def test_variables_that_steer_a_library_do_not_reach_a_worker(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "kept-out")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "kept-out")
    monkeypatch.setenv("HOME", "kept")
    environment = clean_environment({"OPENAI_BASE_URL": "given"})
    assert "kept-out" not in environment.values()
    assert environment["OPENAI_BASE_URL"] == "given"
    assert environment["HOME"] == "kept"


def test_sides_alternate_and_the_order_is_reversed_each_round():
    seen: list[str] = []
    sides = {name: lambda name=name: seen.append(name) or len(seen) for name in ("a", "b")}
    assert alternate(sides, 3) == {"a": [1, 4, 5], "b": [2, 3, 6]}
    assert seen == ["a", "b", "b", "a", "a", "b"]


def test_peak_memory_grows_with_what_the_process_holds():
    before = peak_memory()
    held = bytearray(before + 50_000_000)
    held[::4096] = b"x" * len(held[::4096])
    assert peak_memory() > before + 40_000_000
