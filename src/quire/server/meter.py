"""Counters of what a server did. Written in the event loop alone, so they need no lock."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Sequence

from quire.server.exposition import Histogram, Kind, family, histograms, process_lines


class Meter:
    """Requests by call and status, and how long they took."""

    def __init__(self) -> None:
        self._started = time.time()
        self._requests: defaultdict[tuple[str, str, int], int] = defaultdict(int)
        self._seconds: defaultdict[str, Histogram] = defaultdict(Histogram)
        self.in_flight = 0

    def count(self, call: str, method: str, status: int, seconds: float) -> None:
        """Note one request that was answered."""
        self._requests[call, method, status] += 1
        self._seconds[call].add(seconds)

    def render(self, store: Sequence[tuple[str, Kind, str, float]] = ()) -> str:
        """All counters as text, and those of the store: each a name, its kind, what it means and its value."""
        requests = (
            ({"call": call, "method": method, "status": status}, count)
            for (call, method, status), count in sorted(self._requests.items())
        )
        seconds = (({"call": call}, histogram) for call, histogram in sorted(self._seconds.items()))
        lines = [
            *family("quire_http_requests_total", "counter", "Requests by call, method and status.", requests),
            *histograms("quire_http_request_seconds", "How long requests took.", seconds),
        ]
        for name, kind, meaning, value in store:
            lines += family(name, kind, meaning, [({}, value)])
        in_flight = "Requests that are being answered."
        lines += family("quire_http_requests_in_flight", "gauge", in_flight, [({}, self.in_flight)])
        return "\n".join([*lines, *process_lines(self._started), ""])
