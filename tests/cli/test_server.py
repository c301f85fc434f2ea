"""``quire server``: options and environment variables as ``mlflow server`` has them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest


def start(command: str, *options: str, **environment: str) -> subprocess.Popen[str]:
    given = {name: value for name, value in os.environ.items() if not name.startswith(("QUIRE_", "MLFLOW_"))}
    return subprocess.Popen(
        [sys.executable, "-m", "quire", command, "--json", *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**given, **environment},
    )


def address(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    text = ""
    while not text.rstrip().endswith("\n}"):
        line = process.stdout.readline()
        assert line, process.communicate()
        text += line
    found: str = json.loads(text)["address"]
    return found


def end(process: subprocess.Popen[str], number: int) -> int:
    process.send_signal(number)
    process.communicate(timeout=30)
    return process.returncode


@pytest.mark.parametrize("prefix", ["QUIRE_", "MLFLOW_"])
def test_options_come_from_the_environment(prefix: str, tmp_path: Path) -> None:
    place = {f"{prefix}BACKEND_STORE_URI": f"sqlite:///{tmp_path}/a.db", f"{prefix}PORT": "0"}
    process = start("server", **place, **{f"{prefix}STATIC_PREFIX": "/below"})
    assert address(process).endswith("/below")
    assert (tmp_path / "a.db").exists()
    assert end(process, signal.SIGTERM) == 0


def test_an_interrupt_ends_it_with_the_code_for_that(tmp_path: Path) -> None:
    process = start("server", "--backend-store-uri", f"sqlite:///{tmp_path}/a.db", "--port", "0")
    assert address(process).startswith("http://127.0.0.1:")
    assert end(process, signal.SIGINT) == 130


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--static-prefix", "x/"], "--static-prefix"),
        (["--backend-store-uri", "mysql://x"], "mysql"),
        (["--backend-store-uri", "sqlite:////no/such/folder/a.db"], "/no/such/folder"),
        (["--host", "0.0.0.0"], "auth"),
        (["--host", "nowhere.invalid"], "nowhere.invalid"),
    ],
)
def test_what_cannot_be_served_is_said_in_one_line(options: list[str], words: str, tmp_path: Path) -> None:
    process = start("server", "--port", "0", *options, QUIRE_BACKEND_STORE_URI=f"sqlite:///{tmp_path}/a.db")
    _, said = process.communicate(timeout=60)
    assert process.returncode == 1
    assert said.startswith("Error: ")
    assert words in said
    assert said.count("\n") == 1
