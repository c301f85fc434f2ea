"""Showing how far a batch is: a bar on a terminal and in a notebook, nothing elsewhere."""

from __future__ import annotations

import os
import sys
from typing import Any, Protocol


class Progress(Protocol):
    """Told of every few finished calls."""

    def update(self, rows: int, failed: int, note: str) -> None:
        """``rows`` finished in all, ``failed`` of them; ``note`` is what is being waited for, or empty."""

    def close(self) -> None:
        """The batch ended."""


class NoProgress:
    """Shows nothing."""

    def update(self, rows: int, failed: int, note: str) -> None:
        """Nothing to show."""

    def close(self) -> None:
        """Nothing to end."""


class BarProgress:
    """A Rich progress bar on standard error."""

    def __init__(self, total: int | None) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
        from rich.progress import Progress as RichProgress

        self._bar: Any = RichProgress(
            TextColumn("predict"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            TextColumn("{task.description}"),
            console=Console(stderr=True),
            transient=True,
        )
        self._bar.start()
        self._task = self._bar.add_task("", total=total)

    def update(self, rows: int, failed: int, note: str) -> None:
        """Move the bar."""
        words = [f"[red]{failed} failed[/]"] if failed else []
        self._bar.update(self._task, completed=rows, description="  ".join([*words, note]))

    def close(self) -> None:
        """Remove the bar."""
        self._bar.stop()


def make_progress(wanted: bool | None, total: int | None) -> Progress:
    """The progress display: as asked, else a bar where a person looks and ``QUIRE_PROGRESS`` is not 0."""
    if wanted is None:
        wanted = os.environ.get("QUIRE_PROGRESS", "1") != "0" and _someone_looks()
    if not wanted:
        return NoProgress()
    from rich.errors import LiveError

    try:
        return BarProgress(total)
    except LiveError:  # another bar is on the screen; one at a time
        return NoProgress()


def _someone_looks() -> bool:
    return sys.stderr.isatty() or "ipykernel" in sys.modules
