"""Every code block of the README and the guides runs, and prints what the document shows."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs.blocks import matches, read_blocks

REPOSITORY = Path(__file__).resolve().parents[2]
DOCUMENTS = [REPOSITORY / "README.md", *sorted((REPOSITORY / "docs").glob("*.md"))]
# Those that start the command dozens of times, ten seconds and more of a processor; the command's own tests are fast.
SLOW = ("auth.md", "cli.md", "prompts-in-git.md", "serving.md")


CASES = [pytest.param(path, id=path.name, marks=[pytest.mark.slow] if path.name in SLOW else []) for path in DOCUMENTS]


@pytest.mark.parametrize("document", CASES)
def test_a_document_runs_as_written(document, simulator, tmp_path):
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith(("MLFLOW_", "QUIRE_"))},
        **simulator.environment,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(REPOSITORY),
        "COLUMNS": "100",
        "NO_COLOR": "1",
        "QUIRE_CACHE_DIR": str(tmp_path / "answers"),
    }
    command = [sys.executable, "-m", "tests.docs.blocks", json.dumps([str(document)])]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_shown_output_may_leave_parts_out_and_nothing_else():
    assert matches("1 row\n...\ndone", "1 row\n2 rows\ndone\n")
    assert matches("a    b", "a b\n")
    assert not matches("1 row", "2 rows")
    assert not matches("1 row", "1 row and more")


def test_a_block_marked_as_not_run_is_left_out():
    text = "```python\na = 1\n```\n\n<!-- not run: needs a key -->\n```python\nb = 2\n```\n"
    assert [(block.code, block.line) for block in read_blocks(text)] == [("a = 1\n", 1)]
