"""The upstream that both sides of a benchmark call: one simulator, in a process of its own."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

from quire.simulator import Behaviour
from quire.testing import SimulatorProcess


@contextlib.contextmanager
def upstream(**behaviour: Any) -> Iterator[dict[str, str]]:
    """Start a simulator; gives the environment variables that point an OpenAI client at it."""
    with SimulatorProcess(Behaviour(**behaviour)) as simulator:
        yield dict(simulator.environment)
