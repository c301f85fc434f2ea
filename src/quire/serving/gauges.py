"""What is read from the parts of a server when metrics are asked for: lines, breakers, what waits, what was dropped."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from quire.serving.live import Live
from quire.serving.metrics import PASSED, Metrics, Samples
from quire.serving.sender.breaking import BreakerState
from quire.serving.sender.sender import EndpointSender
from quire.serving.tracing import Tracer

_OPEN: dict[BreakerState, float] = {"closed": 0.0, "half-open": 0.5, "open": 1.0}


def watch_senders(metrics: Metrics, live: Live) -> None:
    """Show what the senders of the endpoints say of themselves."""

    def of_each(read: Callable[[EndpointSender], float]) -> Callable[[], Samples]:
        return lambda: [({"endpoint": name}, read(sender)) for name, sender in _senders(live)]

    prefix = "quire_serving"
    metrics.add_gauge(f"{prefix}_running", "gauge", "Requests under way.", of_each(lambda sender: sender.running))
    metrics.add_gauge(f"{prefix}_queue", "gauge", "Requests in line.", of_each(lambda sender: sender.waiting))
    metrics.add_gauge(
        f"{prefix}_hedges_total", "counter", "Requests that were sent twice.", of_each(lambda sender: sender.hedged)
    )
    metrics.add_gauge(
        f"{prefix}_cache_bytes", "gauge", "What kept answers take.", of_each(lambda sender: sender.kept_bytes)
    )
    metrics.add_gauge(
        f"{prefix}_breaker_open",
        "gauge",
        "1 while an upstream is left alone, 0.5 while one request tries it.",
        lambda: [
            ({"endpoint": name, "upstream": upstream}, _OPEN[state])
            for name, sender in _senders(live)
            for upstream, state in sender.breakers.items()
        ],
    )


def watch_traces(metrics: Metrics, tracer: Tracer) -> None:
    """Show what waits to become spans, and what found no room."""
    metrics.add_gauge(
        "quire_serving_spans_waiting", "gauge", "Requests that wait to become spans.", lambda: [({}, tracer.waiting)]
    )
    metrics.add_gauge(
        "quire_serving_spans_dropped_total",
        "counter",
        "Requests and traces that found no room.",
        lambda: [({}, tracer.dropped)],
    )


def watch_shadows(metrics: Metrics, dropped: Callable[[], int]) -> None:
    """Show how many requests of shadows found no room."""
    metrics.add_gauge(
        "quire_serving_shadows_dropped_total",
        "counter",
        "Requests of shadows that found no room.",
        lambda: [({}, dropped())],
    )


def _senders(live: Live) -> Iterator[tuple[str, EndpointSender]]:
    table = live.table
    for name, endpoint in sorted(table.endpoints.items()):
        yield name, endpoint.sender
    if table.passed is not None:
        yield PASSED, table.passed.sender
