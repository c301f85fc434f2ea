"""A SQLite store in a file, and programs that use one from processes of their own."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from quire.store import Store, open_store

Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def uri(tmp_path: Path) -> str:
    """The URI of a file that does not exist yet."""
    return f"sqlite:///{tmp_path}/quire.db"


@pytest.fixture
def store(uri: str) -> Iterator[Store]:
    """A store in a file of its own."""
    opened = open_store(uri)
    yield opened
    opened.close()


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts Python programs; what they print is read by the test. Those still running at the end are killed."""
    processes: list[subprocess.Popen[str]] = []

    def begin(program: str, *arguments: object) -> subprocess.Popen[str]:
        command = [sys.executable, "-c", textwrap.dedent(program), *map(str, arguments)]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        processes.append(process)
        return process

    yield begin
    for process in processes:
        if process.poll() is None:
            process.kill()
        process.communicate()
