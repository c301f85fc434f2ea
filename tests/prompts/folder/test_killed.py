"""A pull or a push that is killed in the middle: no file is half written, and run again it does what was left."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

import quire
from quire.prompts.folder import pull, push
from quire.prompts.folder.disk import read_files

COUNT = 60


def killed_when(command: str, folder: Path, ready: Callable[[], bool]) -> None:
    """Run a program in a process of its own, and kill it as soon as something is so."""
    program = f"import sys; from quire.prompts.folder import pull, push; {command}"
    environment = {**os.environ, "QUIRE_TRACKING_URI": f"sqlite:///{folder.parent}/quire.db"}
    process = subprocess.Popen([sys.executable, "-c", program, str(folder)], env=environment, cwd=folder.parent)
    deadline = time.monotonic() + 60
    while process.poll() is None and not ready() and time.monotonic() < deadline:
        pass
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL, "the command ended before it could be killed"


@pytest.fixture
def prompts(workspace: Path) -> list[str]:
    quire.set_tracking_uri(f"sqlite:///{workspace}/quire.db")
    names = [f"p{number:03d}" for number in range(COUNT)]
    for name in names:
        quire.register_prompt(name, f"{name} {{{{x}}}} " + "long " * 5000)
    return names


@pytest.mark.slow
def test_a_pull_that_was_killed(prompts: list[str], folder: Path) -> None:
    killed_when("pull(sys.argv[1])", folder, lambda: (folder / f"{prompts[2]}.prompt").exists())
    found = read_files(folder)
    assert 0 < len(found) < COUNT
    report = pull(folder)
    assert report.in_step == len(found)
    assert {outcome.action for outcome in report.outcomes} == {"written"}
    assert pull(folder).in_step == COUNT


@pytest.mark.slow
def test_a_push_that_was_killed(prompts: list[str], folder: Path) -> None:
    pull(folder)
    for path in folder.glob("*.prompt"):
        path.write_text(path.read_text().replace("long", "short"))
    killed_when("push(sys.argv[1], message='m')", folder, lambda: "version: 2" in (folder / "p002.prompt").read_text())
    done = [name for name in prompts if quire.load_prompt(name).version == 2]
    assert 0 < len(done) < COUNT
    report = push(folder, message="m")
    assert report.in_step == len(done)
    assert [quire.load_prompt(name).version for name in prompts] == [2] * COUNT
    assert pull(folder).in_step == COUNT
