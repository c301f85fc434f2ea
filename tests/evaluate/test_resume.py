"""An evaluation that was killed goes on, and no answer that it had is asked for again."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

import quire
from quire.testing import Simulator
from tests.evaluate.conftest import MakeModel
from tests.evaluate.helpers import words

PROGRAM = """
import sys, quire
data = [{"inputs": {"word": f"w{n}"}, "expectations": {"expected_response": f"w{n}"}} for n in range(400)]
options = {} if sys.argv[3] == "cache" else {"cache": False, "resume": "evaluation.journal"}
quire.evaluate(
    data, {"a": sys.argv[1], "b": sys.argv[2]}, [quire.scorers.ExactMatch()], run_name="killed", max_concurrency=8,
    **options,
)
"""


@pytest.mark.slow
@pytest.mark.parametrize("kept", ["cache", "journal"])
def test_after_kill_9_nothing_that_was_there_is_asked_again(
    echo: Simulator, make_model: MakeModel, workspace: Path, kept: str
) -> None:
    echo.behave(latency_ms=5)
    folders = [str(make_model(text)._loaded.folder.root) for text in ("Say {word}", "Repeat {word}")]  # type: ignore[attr-defined]
    command = [sys.executable, "-c", PROGRAM, *folders, kept]
    with subprocess.Popen(command, stderr=subprocess.PIPE) as process:
        while len(echo.requests) < 300 and process.poll() is None:
            time.sleep(0.01)
        assert process.poll() is None, process.stderr.read().decode() if process.stderr else ""
        os.kill(process.pid, signal.SIGKILL)
    asked_before = [_question(request) for request in echo.requests]
    time.sleep(0.1)
    echo.reset()
    (killed,) = quire.search_runs(filter_string="tags.mlflow.runName = 'killed'", output_format="list")
    assert killed.info.status == "RUNNING"

    options: dict[str, Any] = (
        {"resume": killed.info.run_id} if kept == "cache" else {"cache": False, "resume": "evaluation.journal"}
    )
    result = quire.evaluate(
        words(400), {"a": folders[0], "b": folders[1]}, [quire.scorers.ExactMatch()], max_concurrency=8, **options
    )

    again = {_question(request) for request in echo.requests} & set(asked_before)
    assert len(again) <= 8, "only what was in flight when it was killed may be asked again"
    assert len(echo.requests) == 800 - (len(asked_before) - len(again))
    assert [row.index for row in result.rows("b")] == list(range(400))
    assert result.aggregates["a"]["failed"] == 0
    if kept == "cache":
        assert result.run_id == killed.info.run_id
        assert quire.get_run(result.run_id).info.status == "FINISHED"
        assert all(quire.get_run(run_id).info.status == "FINISHED" for run_id in result.run_ids.values())


def _question(request: Any) -> str:
    return str(request.body["messages"][0]["content"])


def test_an_evaluation_that_is_interrupted_keeps_what_finished(echo: Simulator, make_model: MakeModel) -> None:
    seen: list[str] = []

    @quire.scorer
    def interrupts(outputs: str) -> bool:
        seen.append(outputs)
        if len(seen) == 5:
            raise KeyboardInterrupt
        return True

    with pytest.raises(KeyboardInterrupt) as stopped:
        quire.evaluate(words(20), {"a": make_model()}, [interrupts])
    (run,) = quire.search_runs(filter_string="tags.`quire.evaluation.role` = 'evaluation'", output_format="list")
    assert run.info.status == "KILLED"
    assert run.info.run_id in stopped.value.__notes__[0]
    assert len(list(quire.load_evaluation(run.info.run_id).rows("a"))) == 4
    assert quire.active_run() is None
