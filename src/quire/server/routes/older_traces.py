"""Traces as MLflow's clients before version 3 know them: ``/api/2.0/mlflow/traces/…``."""

from __future__ import annotations

from quire.domain.errors import InvalidInput
from quire.domain.traces import TraceState, check_state
from quire.server.calls import Calls
from quire.server.context import Context
from quire.store.rest.wire.traces import (
    BeginTrace,
    EndTrace,
    OfRequest,
    SearchTracesV2,
    SearchTracesV2Response,
    TraceInfoV2Response,
    older,
)

calls = Calls("2.0", "mlflow", tag="Traces")


@calls.write("POST", "traces")
def begin_trace(context: Context, request: BeginTrace) -> TraceInfoV2Response:
    """Start a trace; the server gives it an id."""
    info = context.store.begin_trace(
        request.experiment_id,
        timestamp_ms=request.timestamp_ms,
        metadata={item.key: item.value for item in request.request_metadata},
        tags={item.key: item.value for item in request.tags},
    )
    return TraceInfoV2Response(trace_info=older(info))


@calls.write("PATCH", "traces/{request_id}")
def end_trace(context: Context, request: EndTrace) -> TraceInfoV2Response:
    """End a trace."""
    info = context.store.end_trace(
        request.request_id,
        timestamp_ms=request.timestamp_ms,
        status=_state(request.status),
        metadata={item.key: item.value for item in request.request_metadata},
        tags={item.key: item.value for item in request.tags},
    )
    return TraceInfoV2Response(trace_info=older(info))


def _state(status: str) -> TraceState:
    return check_state("STATE_UNSPECIFIED" if status == "TRACE_STATUS_UNSPECIFIED" else status)


@calls.read("GET", "traces/{request_id}/info")
def get_older_trace_info(context: Context, request: OfRequest) -> TraceInfoV2Response:
    """What is said of a trace."""
    return TraceInfoV2Response(trace_info=older(context.store.get_trace_info(request.request_id)))


@calls.read("GET", "traces")
def search_older_traces(context: Context, request: SearchTracesV2) -> SearchTracesV2Response:
    """A page of the traces of some experiments that match a filter; newest first unless ordered otherwise."""
    if not request.experiment_ids:
        raise InvalidInput("Missing value for required parameter 'experiment_ids'. Name at least one experiment.")
    page = context.store.search_traces(
        request.experiment_ids,
        filter_string=request.filter,
        order_by=request.order_by,
        max_results=request.max_results,
        page_token=request.page_token or None,
    )
    return SearchTracesV2Response(traces=[older(info) for info in page], next_page_token=page.token)
