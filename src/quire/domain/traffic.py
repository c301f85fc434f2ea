"""Traffic of an endpoint over time, as its traces tell it."""

from __future__ import annotations

from typing import Literal, get_args

from quire.domain.entities import Entity
from quire.domain.errors import InvalidInput

TrafficBy = Literal["version", "arm"]
MOST_PARTS = 500
MOST_TRACES = 200_000
"""Traces that are looked at, the newest of the time that is asked for."""


class Traffic(Entity, frozen=True, kw_only=True):
    """What one model version (or arm) answered in one part of the time, that begins at ``at`` (ms).

    Latencies are in ms, the smallest that so many percent do not exceed; cost in US dollars of those that told it.
    """

    at: int
    key: str
    requests: int
    errors: int
    input_tokens: int
    output_tokens: int
    cost: float | None = None
    p50_ms: int | None = None
    p95_ms: int | None = None


class TrafficQuery(Entity, frozen=True, kw_only=True):
    """Whose traffic, and when: ``parts`` of ``width_ms`` from ``start_ms`` on. ``endpoint`` is named where the
    experiment has traces of others too. Requests to these ``shadows`` are left out: nobody waited for those."""

    experiment_id: str
    start_ms: int
    width_ms: int
    parts: int
    by: TrafficBy = "version"
    endpoint: str | None = None
    shadows: list[str] = []  # noqa: RUF012 - copied by msgspec


def check_traffic(query: TrafficQuery) -> TrafficQuery:
    """Refuse parts of no length, or too many. InvalidInput."""
    if query.by not in get_args(TrafficBy):
        raise InvalidInput(f"Traffic cannot be told by {query.by!r:.60}; expected version or arm.")
    if query.width_ms < 1 or not 1 <= query.parts <= MOST_PARTS:
        raise InvalidInput(
            f"{query.parts} parts of {query.width_ms} ms were asked for; expected 1 to {MOST_PARTS} parts of 1 ms or "
            "more."
        )
    return query
