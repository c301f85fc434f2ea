"""Memory of a large evaluation: rows go to disk as they come, so that it grows by the numbers alone."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import quire
from quire.testing import SimulatorProcess

PROGRAM = """
import sys, quire
from bench.worker import peak_memory

def exact(outputs: str, expectations: dict) -> bool: return outputs == expectations["expected_response"]
def contains(outputs: str, expectations: dict) -> bool: return expectations["expected_response"] in outputs
def length(outputs: str) -> int: return len(outputs)
def lines(outputs: str) -> int: return outputs.count("\\n")

def evaluate(rows):
    data = [{"inputs": {"word": f"w{n}"}, "expectations": {"expected_response": f"w{n}"}} for n in range(rows)]
    result = quire.evaluate(
        data, dict(zip("abcd", sys.argv[1:])), [quire.scorer(each) for each in (exact, contains, length, lines)],
    )
    assert [result.aggregates[name]["length/missing"] for name in "abcd"] == [0] * 4
    return peak_memory()

print(evaluate(1_000), evaluate(10_000))
"""


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_four_variants_of_ten_thousand_rows_stay_below_500_mb(tmp_path: Path) -> None:
    folders = []
    for verb in ("Say", "Tell", "Write", "Repeat"):
        message = {"role": "user", "content": verb + " {word}"}
        quire.openai.save_model("gpt-4o-mini", "chat.completions", tmp_path / verb, messages=[message])
        folders.append(str(tmp_path / verb))
    with SimulatorProcess() as simulator:
        environment = {**os.environ, **simulator.environment, "PYTHONPATH": str(Path(__file__).parents[2])}
        command = [sys.executable, "-c", PROGRAM, *folders]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    small, large = map(int, done.stdout.split())
    print(f"\npeak: {small / 1e6:.0f} MB with 1,000 rows, {large / 1e6:.0f} MB with 10,000")
    assert large < 500e6
    assert large - small < 120e6
