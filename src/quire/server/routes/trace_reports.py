"""What Quire does with traces beyond MLflow's protocol: ``/api/quire/v1/traces/…``."""

from __future__ import annotations

import msgspec

from quire.domain.errors import InvalidInput
from quire.domain.traces import SpanRecord, Trace, TraceFacts, TraceInfo, check_trace_id
from quire.server.calls import Calls
from quire.server.context import Context
from quire.store.pruning import prune_part
from quire.store.rest.wire.common import Empty
from quire.store.rest.wire.trace_reports import (
    LoggedTrace,
    LogTraces,
    PlanPruning,
    PrunedResponse,
    PruneTraces,
    PruningResponse,
    TraceUsageRequest,
    TraceUsageResponse,
)

calls = Calls("quire", "v1", tag="Traces")
_TRACES = "/api/quire/v1/traces"


@calls.write("POST", f"{_TRACES}/log")
def log_traces(context: Context, request: LogTraces) -> Empty:
    """Store traces of one experiment with their spans, all or none. May be repeated."""
    context.store.log_traces([_trace(item, request.experiment_id) for item in request.traces])
    return Empty()


def _trace(given: LoggedTrace, experiment_id: str) -> Trace:
    from quire.domain.otlp import read_span

    info = given.info
    check_trace_id(info.trace_id)
    if info.experiment_id != experiment_id or not given.spans:
        raise InvalidInput(
            f"The trace {info.trace_id} belongs to the experiment {info.experiment_id!r} and has {len(given.spans)} "
            f"spans; expected the experiment {experiment_id!r} and at least one span."
        )
    spans = [read_span(content) for content in given.spans]
    others = {span.trace_id for span in spans} - {info.trace_id}
    if others:
        raise InvalidInput(f"A span of the trace {info.trace_id} names another trace, {others.pop()}.")
    return Trace(info, _told(spans, info))


def _told(spans: list[SpanRecord], info: TraceInfo) -> list[SpanRecord]:
    """Spans of which the root, or else the first, says what is said of the trace."""
    teller = next((place for place, span in enumerate(spans) if span.parent_id is None), 0)
    facts = TraceFacts(
        request_preview=info.request_preview,
        response_preview=info.response_preview,
        tags=info.tags,
        metadata=info.trace_metadata,
    )
    spans[teller] = msgspec.structs.replace(spans[teller], facts=facts)
    return spans


@calls.read("POST", f"{_TRACES}/usage")
def trace_usage(context: Context, request: TraceUsageRequest) -> TraceUsageResponse:
    """What traces used: tokens, cost, errors, durations; by model, experiment, run, session, user, prompt or day."""
    found = context.store.trace_usage(
        request.experiment_ids,
        by=request.by,
        filter_string=request.filter,
        start_ms=request.start_ms,
        end_ms=request.end_ms,
        max_results=request.max_results,
    )
    return TraceUsageResponse(usage=found)


@calls.read("POST", f"{_TRACES}/plan-pruning")
def plan_pruning(context: Context, request: PlanPruning) -> PruningResponse:
    """What is older than a time, and what goes beyond so many bytes when the newest traces are kept."""
    found = context.store.plan_pruning(
        request.experiment_ids, older_than_ms=request.older_than_ms, keep_bytes=request.keep_bytes
    )
    return PruningResponse(pruning=found)


@calls.write("POST", f"{_TRACES}/prune")
def prune_traces(context: Context, request: PruneTraces) -> PrunedResponse:
    """Delete old traces, and the notes of served answers as old, for good: a few hundred at a time.

    Ask again with the ``after`` of the answer while there is more.
    """
    part = prune_part(context.store, request.experiment_ids, before_ms=request.before_ms, after=request.after)
    more = part.after is not None
    return PrunedResponse(traces=part.traces, notes=part.notes, more=more, after=part.after or 0)
