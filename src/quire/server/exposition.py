"""Prometheus' text format: families of samples, histograms, and what every process tells of itself.

https://prometheus.io/docs/instrumenting/exposition_formats/
"""

from __future__ import annotations

import os
import resource
from bisect import bisect_left
from collections.abc import Iterable, Mapping
from typing import Literal

CONTENT_TYPE = (b"content-type", b"text/plain; version=0.0.4; charset=utf-8")
SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Upper bounds of durations, in seconds."""
Kind = Literal["counter", "gauge", "histogram"]
Labels = Mapping[str, object]
_ESCAPES = str.maketrans({"\\": r"\\", '"': r"\"", "\n": r"\n"})


class Histogram:
    """Durations in seconds, counted by upper bounds. Written by one thread."""

    __slots__ = ("_bounds", "_counts", "_sum")

    def __init__(self, bounds: tuple[float, ...] = SECONDS) -> None:
        self._bounds = bounds
        self._counts = [0] * (len(bounds) + 1)
        self._sum = 0.0

    def add(self, seconds: float) -> None:
        """Count one."""
        self._counts[bisect_left(self._bounds, seconds)] += 1
        self._sum += seconds

    @property
    def count(self) -> int:
        """How many were counted."""
        return sum(self._counts)

    def lines(self, name: str, labels: Labels) -> list[str]:
        """Its samples."""
        total, lines = 0, []
        for bound, count in zip((*map(str, self._bounds), "+Inf"), self._counts, strict=True):
            total += count
            lines.append(sample(f"{name}_bucket", {**labels, "le": bound}, total))
        lines.append(f"{name}_sum{_labels(labels)} {self._sum:.6f}")
        lines.append(sample(f"{name}_count", labels, total))
        return lines


def head(name: str, kind: Kind, meaning: str) -> list[str]:
    """What begins a family."""
    return [f"# HELP {name} {meaning}", f"# TYPE {name} {kind}"]


def family(name: str, kind: Kind, meaning: str, samples: Iterable[tuple[Labels, float]]) -> list[str]:
    """A family of counters or gauges; nothing where it has no samples."""
    lines = [sample(name, labels, value) for labels, value in samples]
    return [*head(name, kind, meaning), *lines] if lines else []


def histograms(name: str, meaning: str, parts: Iterable[tuple[Labels, Histogram]]) -> list[str]:
    """A family of histograms; those in which nothing was counted are left out."""
    lines = [line for labels, part in parts if part.count for line in part.lines(name, labels)]
    return [*head(name, "histogram", meaning), *lines] if lines else []


def sample(name: str, labels: Labels, value: float) -> str:
    """One line."""
    return f"{name}{_labels(labels)} {value:.15g}"


def _labels(labels: Labels) -> str:
    if not labels:
        return ""
    return "{" + ",".join(f'{key}="{str(value).translate(_ESCAPES)}"' for key, value in labels.items()) + "}"


def process_lines(started: float) -> list[str]:
    """Processor time, memory and start (``started``, seconds since the epoch) of this process."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return [
        *head("process_cpu_seconds_total", "counter", "Processor time."),
        f"process_cpu_seconds_total {used.ru_utime + used.ru_stime:.3f}",
        *head("process_resident_memory_bytes", "gauge", "Memory in use."),
        f"process_resident_memory_bytes {_resident(used.ru_maxrss)}",
        *head("process_start_time_seconds", "gauge", "When the process started."),
        f"process_start_time_seconds {started:.3f}",
    ]


def _resident(most_kib: int) -> int:
    """Bytes of memory in use; where the system does not tell, the most that ever was."""
    try:
        with open("/proc/self/statm") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return most_kib * 1024
