"""What changed in a store since a time: what its first page tells. Times are in ms since the epoch."""

from __future__ import annotations

from typing import Literal

import msgspec

from quire.domain.entities import Entity, RunStatus

HOUR_MS = 3_600_000
DAY_MS = 86_400_000
_FINE_MS = 2 * DAY_MS


class RunLine(Entity, frozen=True, kw_only=True):
    """A run, in a line."""

    run_id: str
    run_name: str
    experiment_id: str
    user_id: str = ""
    status: RunStatus
    start_time: int
    end_time: int | None = None


class RunsChanged(Entity, frozen=True, kw_only=True):
    """Runs that were started: how many by status, the newest, and the newest of those that failed."""

    total: int
    by_status: dict[str, int]
    newest: list[RunLine]
    failed: list[RunLine]


MoveKind = Literal["promotion", "rollback", "set", "delete"]


class AliasMoved(Entity, frozen=True, kw_only=True):
    """An alias of a prompt or registered model that was moved: from where, to where, by whom and why."""

    name: str
    is_prompt: bool = False
    alias: str
    kind: MoveKind
    old: str | None = None
    new: str | None = None
    at: int
    by: str = ""
    reason: str = ""
    forced: bool = False


class Spent(Entity, frozen=True, kw_only=True):
    """What traces used that began in a time. ``cost`` is in US dollars, None if no trace told it."""

    at: int = 0
    traces: int = 0
    errors: int = 0
    tokens: int = 0
    cost: float | None = None


class UsageChanged(Entity, frozen=True, kw_only=True):
    """What traces used since the time, in as long before it, and in each ``bucket_ms`` since.

    ``before`` is None where that was not looked at, because there are too many traces.
    """

    now: Spent
    before: Spent
    bucket_ms: int
    buckets: list[Spent]


class ErrorGroup(Entity, frozen=True, kw_only=True):
    """Traces that failed alike: their name, what the failed step said, and the newest of them.

    Traces are grouped by what the newest of them said; ``counted`` are those that were looked at.
    """

    name: str
    message: str
    counted: int
    newest: int
    trace_id: str
    experiment_id: str


class ErrorsChanged(Entity, frozen=True, kw_only=True):
    """Traces that failed: how many, and groups of the newest ``looked_at`` of them."""

    total: int
    looked_at: int
    groups: list[ErrorGroup] = msgspec.field(default_factory=list)


class FailedTrace(msgspec.Struct, frozen=True):
    """A trace that failed, and what its first failed span said."""

    trace_id: str
    experiment_id: str
    name: str
    at: int
    message: str


def bucket_of(since: int, until: int) -> int:
    """How long the pieces are in which usage is shown (ms): hours of up to two days, days of what is longer."""
    return HOUR_MS if until - since <= _FINE_MS else DAY_MS


def error_groups(traces: list[FailedTrace], most: int) -> list[ErrorGroup]:
    """Failed traces, newest first, by name and message; the largest groups first, of equal ones the newest."""
    held: dict[tuple[str, str], list[FailedTrace]] = {}
    for trace in traces:
        held.setdefault((trace.name, trace.message), []).append(trace)
    groups = [
        ErrorGroup(
            name=name,
            message=message,
            counted=len(found),
            newest=found[0].at,
            trace_id=found[0].trace_id,
            experiment_id=found[0].experiment_id,
        )
        for (name, message), found in held.items()
    ]
    return sorted(groups, key=lambda group: (-group.counted, -group.newest))[:most]


def without_echoes(moves: list[AliasMoved]) -> list[AliasMoved]:
    """Moves without those that a promotion tells already: of a prompt both are recorded."""
    told = {(move.name, move.alias, move.old, move.new) for move in moves if move.kind in ("promotion", "rollback")}
    return [move for move in moves if move.kind != "set" or (move.name, move.alias, move.old, move.new) not in told]
