"""The progress bar: shown where a person looks, says what is waited for, and leaves the terminal as it was."""

from __future__ import annotations

import os
import pty
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from quire.caller import Caller, ServiceSettings
from quire.caller.progress import BarProgress, NoProgress, make_progress
from quire.domain.calls import Call
from quire.domain.errors import MissingExtra

SHOW_CURSOR = "\x1b[?25h"


class Terminal:
    """A pseudo-terminal for standard error, and what was written to it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._ours, theirs = pty.openpty()
        self.file = os.fdopen(theirs, "w")
        self.written = ""
        self._monkeypatch = monkeypatch
        monkeypatch.setenv("TERM", "xterm")
        monkeypatch.setenv("COLUMNS", "120")
        monkeypatch.delenv("QUIRE_PROGRESS", raising=False)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def attach(self) -> None:
        """Standard error goes there from now on; to be called in the test, for pytest sets it anew before one."""
        self._monkeypatch.setattr(sys, "stderr", self.file)

    def _read(self) -> None:
        while True:
            try:
                self.written += os.read(self._ours, 65536).decode(errors="replace")
            except OSError:
                return

    def shows(self, text: str) -> bool:
        deadline = time.monotonic() + 5
        while text not in self.written:
            if time.monotonic() > deadline:
                return False
            time.sleep(0.02)
        return True

    def close(self) -> None:
        self.file.close()
        self._reader.join(timeout=2)
        os.close(self._ours)


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Iterator[Terminal]:
    opened = Terminal(monkeypatch)
    yield opened
    opened.close()


def test_a_bar_counts_rows_and_failures_and_goes_away(terminal: Terminal) -> None:
    terminal.attach()
    bar = make_progress(None, 10)
    bar.update(4, 0)
    assert terminal.shows(" 4/10")
    bar.update(7, 2)
    assert terminal.shows("2 failed")
    bar.close()
    assert terminal.shows(SHOW_CURSOR)


def test_the_note_is_drawn_anew_while_nothing_finishes(terminal: Terminal) -> None:
    terminal.attach()
    seconds = iter(range(1000))
    bar = make_progress(None, 10)
    bar.watch(lambda: f"[{next(seconds)} s]")
    assert terminal.shows("[5 s]")
    bar.close()


def test_a_batch_says_that_the_service_asked_to_wait(
    terminal: Terminal, upstream: Any, caller_at: Callable[..., Caller], calls: Callable[..., list[Call]]
) -> None:
    terminal.attach()

    async def closed_at_first(exchange: Any) -> None:
        if exchange.number < 16:
            await exchange.refuse(429, retry_after="2")
        else:
            await exchange.answer()

    list(caller_at(upstream(closed_at_first)).iterate(calls(16), progress=make_progress(None, 16)))
    assert terminal.shows("the service asked to wait, 2 s left")
    assert terminal.shows(SHOW_CURSOR)


def test_the_terminal_is_left_as_it_was_when_the_batch_cannot_begin(
    terminal: Terminal, upstream: Any, calls: Callable[..., list[Call]], monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal.attach()
    monkeypatch.setitem(sys.modules, "azure.identity.aio", None)
    settings = ServiceSettings(api_type="azure_ad", base_url="http://127.0.0.1:9", api_version="2024-10-21")
    with pytest.raises(MissingExtra, match=r"pip install 'quire\[azure\]'"):
        list(Caller(settings).iterate(calls(1), progress=make_progress(None, 1)))
    assert terminal.shows(SHOW_CURSOR)


def test_nothing_is_shown_where_nobody_looks_or_it_is_not_wanted(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal.attach()
    assert isinstance(make_progress(False, 1), NoProgress)
    monkeypatch.setenv("QUIRE_PROGRESS", "0")
    assert isinstance(make_progress(None, 1), NoProgress)
    monkeypatch.delenv("QUIRE_PROGRESS")
    with open(os.devnull, "w") as nowhere:
        monkeypatch.setattr(sys, "stderr", nowhere)
        assert isinstance(make_progress(None, 1), NoProgress)
        wanted = make_progress(True, 1)
        assert isinstance(wanted, BarProgress)
        wanted.close()
