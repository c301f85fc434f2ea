"""One page of metrics for several worker processes: each leaves its own in a folder, and whoever is asked adds them up.

Prometheus asks an address and meets one worker or another; counters of one alone would seem to go back and forth.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import time
from collections.abc import Mapping
from pathlib import Path

from quire.serving.metrics import Metrics

EVERY_S = 1.0
_GONE_S = 10.0
"""Seconds after which a page that is not renewed is that of a worker that ended: what it counted stays counted."""
_OF_PROCESS = "process_"


class Gathering:
    """The pages of a folder. Used in one event loop."""

    def __init__(self, folder: Path, metrics: Metrics) -> None:
        self._metrics = metrics
        self._folder = folder
        self._own = folder / f"{os.getpid()}.prom"
        self._next: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """Leave a page now, and each second."""
        self._leave(self._metrics.render())
        self._next = asyncio.get_running_loop().call_later(EVERY_S, self.start)

    def close(self) -> None:
        """Leave a last page."""
        if self._next is not None:
            self._next.cancel()
        self._leave(self._metrics.render())

    def render(self) -> str:
        """All workers' counters added up, this one's as they are now, the others' as of a second ago."""
        own = self._metrics.render()
        pages, present = {self._own.stem: own}, {self._own.stem}
        for path in sorted(self._folder.glob("*.prom")):
            if path != self._own:
                with contextlib.suppress(OSError):
                    pages[path.stem] = path.read_text()
                    if time.time() - path.stat().st_mtime < _GONE_S:
                        present.add(path.stem)
        return merged(pages, present)

    def _leave(self, page: str) -> None:
        """Replace the page at once: a reader sees the old one or the new one. A full disk costs nothing but this."""
        new = self._own.with_suffix(".new")
        with contextlib.suppress(OSError):
            new.write_text(page)
            new.replace(self._own)


def merged(pages: Mapping[str, str], present: set[str]) -> str:
    """Pages by their worker, as one: samples of a name and labels are added up.

    What a worker is at this moment (gauges, its process) counts while it is ``present``; processes are told apart.
    """
    heads: dict[str, list[str]] = {}
    samples: dict[str, dict[str, float]] = {}
    for worker, page in sorted(pages.items()):
        family, is_gauge = "", False
        for line in page.splitlines():
            if line.startswith("# "):
                _, what, family, *rest = line.split(" ", 3)
                is_gauge = rest == ["gauge"] if what == "TYPE" else is_gauge
                lines = heads.setdefault(family, [])
                if line not in lines:
                    lines.append(line)
            elif (worker in present) or not (is_gauge or family.startswith(_OF_PROCESS)):
                _add(samples.setdefault(family, {}), worker, family, line)
    lines = []
    for family, head in heads.items():
        if samples.get(family):
            lines += [*head, *(f"{name} {value:.15g}" for name, value in samples[family].items())]
    return "\n".join([*lines, ""])


def _add(samples: dict[str, float], worker: str, family: str, line: str) -> None:
    name, _, value = line.rpartition(" ")
    if family.startswith(_OF_PROCESS):
        name = f'{name}{{worker="{worker}"}}'
    samples[name] = samples.get(name, 0.0) + float(value)
