"""Showing how far a batch is: a bar on a terminal and in a notebook, nothing elsewhere."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import Any, Protocol


class Progress(Protocol):
    """Told of every few finished calls."""

    def watch(self, note: Callable[[], str]) -> None:
        """The batch began; ``note`` tells at any time, from any thread, what it waits for, or nothing."""

    def update(self, rows: int, failed: int) -> None:
        """``rows`` finished in all, ``failed`` of them."""

    def close(self) -> None:
        """The batch ended."""


class NoProgress:
    """Shows nothing."""

    def watch(self, note: Callable[[], str]) -> None:
        """Nothing to show."""

    def update(self, rows: int, failed: int) -> None:
        """Nothing to show."""

    def close(self) -> None:
        """Nothing to end."""


class BarProgress:
    """A Rich progress bar on standard error. Rich draws it anew ten times a second, and asks for the note then."""

    def __init__(self, total: int | None) -> None:
        from rich import progress as rich
        from rich.console import Console

        self._failed = 0
        self._note: Callable[[], str] = str
        self._bar: Any = rich.Progress(
            rich.TextColumn("predict"),
            rich.BarColumn(),
            rich.MofNCompleteColumn(),
            rich.TimeElapsedColumn(),
            rich.TimeRemainingColumn(),
            rich.RenderableColumn(_Words(self._words)),
            console=Console(stderr=True),
            transient=True,
        )
        self._bar.start()
        self._task = self._bar.add_task("", total=total)

    def watch(self, note: Callable[[], str]) -> None:
        """Show the note beside the bar."""
        self._note = note

    def update(self, rows: int, failed: int) -> None:
        """Move the bar."""
        self._failed = failed
        self._bar.update(self._task, completed=rows)

    def _words(self) -> str:
        failed = f"[red]{self._failed} failed[/]  " if self._failed else ""
        return failed + self._note()

    def close(self) -> None:
        """Remove the bar."""
        self._bar.stop()


class _Words:
    """Text that is made anew each time it is drawn."""

    def __init__(self, words: Callable[[], str]) -> None:
        self._words = words

    def __rich__(self) -> str:
        return self._words()


Shown = bool | Callable[[int | None], Progress] | None
"""Whether to show progress (None: where a person looks), or what makes the display for so many rows."""


def make_progress(wanted: Shown, total: int | None) -> Progress:
    """The progress display: as asked, else a bar where a person looks and ``QUIRE_PROGRESS`` is not 0."""
    if callable(wanted):
        return wanted(total)
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
