"""Messages about traces that only Quire's servers know: ``/api/quire/v1/traces/…``."""

from __future__ import annotations

import msgspec

from quire.domain.protojson import Int64, Message, Required
from quire.domain.trace_usage import Pruning, TraceUsage, UsageBy
from quire.domain.traces import TraceInfo


class LoggedTrace(Message, frozen=True, kw_only=True):
    """A trace: what is said of it, and its spans, each an ``opentelemetry.proto.trace.v1.Span`` in base64."""

    info: TraceInfo
    spans: list[bytes] = msgspec.field(default_factory=list)


class LogTraces(Message, frozen=True, kw_only=True):
    """``POST traces/log``: traces of one experiment."""

    experiment_id: Required
    traces: list[LoggedTrace] = msgspec.field(default_factory=list)

    @property
    def trace_ids(self) -> list[str]:
        """The traces that are written to."""
        return [trace.info.trace_id for trace in self.traces]


class TraceUsageRequest(Message, frozen=True, kw_only=True):
    """``POST traces/usage``; times are milliseconds, ``start_ms`` included, ``end_ms`` not."""

    experiment_ids: list[str]
    by: UsageBy
    filter: str = ""
    start_ms: Int64 | None = None
    end_ms: Int64 | None = None
    max_results: Int64 = 1000


class TraceUsageResponse(Message, frozen=True, kw_only=True):
    """What was used, by group."""

    usage: list[TraceUsage] = msgspec.field(default_factory=list)


class PlanPruning(Message, frozen=True, kw_only=True):
    """``POST traces/plan-pruning``."""

    experiment_ids: list[str]
    older_than_ms: Int64 | None = None
    keep_bytes: Int64 | None = None


class PruningResponse(Message, frozen=True, kw_only=True):
    """What pruning would delete."""

    pruning: Pruning


class PruneTraces(Message, frozen=True, kw_only=True):
    """``POST traces/prune``: what began at ``before_ms`` or earlier. ``reason`` is kept in the audit log."""

    experiment_ids: list[str]
    before_ms: Int64
    after: Int64 = 0
    reason: str = ""


class PrunedResponse(msgspec.Struct, frozen=True, kw_only=True):
    """What one part of a pruning deleted, whether there is more, and the ``after`` to ask for it with."""

    traces: int
    notes: int
    more: bool
    after: int
