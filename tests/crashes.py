"""A process of the test session that dies says where: xdist tells only which test it was at.

What it was doing, in all threads, is written to ``build/crashes`` and shown with the summary, where it is found.
"""

from __future__ import annotations

import faulthandler
import os
import shutil
import signal
from pathlib import Path
from typing import IO, Any

import pytest

_FOLDER = Path(__file__).resolve().parent.parent / "build" / "crashes"
_file = pytest.StashKey[IO[str]]()


@pytest.hookimpl(trylast=True)
def pytest_configure(config: pytest.Config) -> None:
    """Write there from now on; after pytest's own plugin, which writes to standard error."""
    worker: str | None = getattr(config, "workerinput", {}).get("workerid")
    if worker is None:
        shutil.rmtree(_FOLDER, ignore_errors=True)
    _FOLDER.mkdir(parents=True, exist_ok=True)
    file = config.stash[_file] = (_FOLDER / f"{worker or 'main'}.txt").open("a")
    faulthandler.enable(file)
    faulthandler.register(signal.SIGTERM, file, chain=True)
    os.register_at_fork(after_in_child=_be_silent)


def _be_silent() -> None:
    """Children of forks are ended by tests, and by what starts them."""
    faulthandler.disable()
    faulthandler.unregister(signal.SIGTERM)


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Show what was written."""
    for path in sorted(_FOLDER.glob("*.txt")):
        if text := path.read_text(errors="replace"):
            terminalreporter.section(f"where {path.stem} died")
            terminalreporter.write_line(text)
