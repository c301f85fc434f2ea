"""Waiting for what servers do in their own time."""

from __future__ import annotations

import time
from collections.abc import Callable


def eventually(what: Callable[[], bool], seconds: float = 60) -> None:
    """Wait until something holds; fail after so many seconds."""
    until = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < until
        time.sleep(0.02)
