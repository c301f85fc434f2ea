"""Counters of what a server did, in Prometheus' text format (https://prometheus.io/docs/instrumenting/exposition_formats/).

Written in the event loop alone, so they need no lock.
"""

from __future__ import annotations

import os
import resource
import time
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Sequence

_BOUNDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class Meter:
    """Requests by call and status, and how long they took."""

    def __init__(self) -> None:
        self._started = time.time()
        self._requests: defaultdict[tuple[str, str, int], int] = defaultdict(int)
        self._buckets: defaultdict[str, list[int]] = defaultdict(lambda: [0] * (len(_BOUNDS) + 1))
        self._seconds: defaultdict[str, float] = defaultdict(float)
        self.in_flight = 0

    def count(self, call: str, method: str, status: int, seconds: float) -> None:
        """Note one request that was answered."""
        self._requests[call, method, status] += 1
        self._buckets[call][bisect_left(_BOUNDS, seconds)] += 1
        self._seconds[call] += seconds

    def render(self, store: Sequence[tuple[str, str, str, float]] = ()) -> str:
        """All counters as text, and those of the store: each a name, its kind, what it means and its value."""
        lines = [
            "# HELP quire_http_requests_total Requests by call, method and status.",
            "# TYPE quire_http_requests_total counter",
            *(
                f'quire_http_requests_total{{call="{call}",method="{method}",status="{status}"}} {count}'
                for (call, method, status), count in sorted(self._requests.items())
            ),
            "# HELP quire_http_request_seconds How long requests took.",
            "# TYPE quire_http_request_seconds histogram",
        ]
        for call in sorted(self._buckets):
            lines += self._histogram(call)
        for name, kind, meaning, value in store:
            lines += [f"# HELP {name} {meaning}", f"# TYPE {name} {kind}", f"{name} {value:.15g}"]
        return "\n".join([*lines, *self._process(), ""])

    def _histogram(self, call: str) -> list[str]:
        total = 0
        lines = []
        for bound, count in zip((*map(str, _BOUNDS), "+Inf"), self._buckets[call], strict=True):
            total += count
            lines.append(f'quire_http_request_seconds_bucket{{call="{call}",le="{bound}"}} {total}')
        lines.append(f'quire_http_request_seconds_sum{{call="{call}"}} {self._seconds[call]:.6f}')
        lines.append(f'quire_http_request_seconds_count{{call="{call}"}} {total}')
        return lines

    def _process(self) -> list[str]:
        used = resource.getrusage(resource.RUSAGE_SELF)
        return [
            "# HELP quire_http_requests_in_flight Requests that are being answered.",
            "# TYPE quire_http_requests_in_flight gauge",
            f"quire_http_requests_in_flight {self.in_flight}",
            "# HELP process_cpu_seconds_total Processor time.",
            "# TYPE process_cpu_seconds_total counter",
            f"process_cpu_seconds_total {used.ru_utime + used.ru_stime:.3f}",
            "# HELP process_resident_memory_bytes Memory in use.",
            "# TYPE process_resident_memory_bytes gauge",
            f"process_resident_memory_bytes {_resident(used.ru_maxrss)}",
            "# HELP process_start_time_seconds When the process started.",
            "# TYPE process_start_time_seconds gauge",
            f"process_start_time_seconds {self._started:.3f}",
        ]


def _resident(most_kib: int) -> int:
    """Bytes of memory in use; where the system does not tell, the most that ever was."""
    try:
        with open("/proc/self/statm") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return most_kib * 1024
