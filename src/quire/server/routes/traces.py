"""Traces: ``/api/3.0/mlflow/traces/…``."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Any

from quire.domain import protojson
from quire.domain.errors import InvalidInput, NotFound
from quire.domain.traces import Trace
from quire.server.calls import Calls
from quire.server.context import Context
from quire.server.http import Request, Send, json_reply, send_reply
from quire.store.rest.wire.common import Empty
from quire.store.rest.wire.traces import (
    BatchGetTraces,
    DeleteTraces,
    DeleteTracesResponse,
    DeleteTraceTag,
    GetTrace,
    GetTraceData,
    LinkPromptsToTrace,
    LinkTracesToRun,
    OfTrace,
    SearchTraces,
    SearchTracesResponse,
    SetTraceTag,
    StartTrace,
    TraceInfosResponse,
    TraceMessage,
    TraceResponse,
    TracesResponse,
)

calls = Calls("3.0", "mlflow", tag="Traces")
MAX_BATCH = 500
# How long a trace whose spans have not all come is waited for, and how often it is looked at (seconds).
PATIENCE = 3.0
_PAUSE = 0.1
_OPENAPI: dict[str, Any] = {
    "parameters": [
        {"name": "trace_id", "in": "query", "required": True, "schema": {"type": "string"}},
        {"name": "allow_partial", "in": "query", "required": False, "schema": {"type": "boolean"}},
    ],
    "responses": {"200": {"description": "OK", "content": {"application/json": {"schema": {"type": "object"}}}}},
}


def _both(path: str) -> tuple[str, str, str]:
    """A path in versions 3.0 and 2.0 of the protocol, which have the same call."""
    return path, f"/api/2.0/mlflow/{path}", f"/ajax-api/2.0/mlflow/{path}"


@calls.write("POST", "traces")
def start_trace(context: Context, request: StartTrace) -> TraceResponse:
    """Store what is said of a trace, before or after its spans."""
    info = context.store.start_trace(request.trace.trace_info)
    return TraceResponse(trace=TraceMessage(trace_info=info))


@calls.stream("GET", "traces/get", openapi=_OPENAPI)
async def get_trace(context: Context, request: Request, send: Send) -> None:
    """A trace with its spans. One whose spans have not all come is waited for, unless it may be partial."""
    message = protojson.decode_query(request.query, GetTrace)
    for _ in range(int(PATIENCE / _PAUSE)):
        found = await context.run_look(partial(context.store.get_traces, [message.trace_id]))
        if not found:
            raise NotFound(f"Trace with ID '{message.trace_id}' not found.")
        if found[0].complete or message.allow_partial:
            made = await context.run_read(partial(_with_spans, found[0]))
            await send_reply(send, json_reply(TraceResponse(trace=made)))
            return
        await asyncio.sleep(_PAUSE)
    raise NotFound(
        f"Trace with ID {message.trace_id} is not fully exported yet, please try again later, or set allow_partial to "
        "be given the spans that have come."
    )


def _with_spans(trace: Trace) -> TraceMessage:
    from quire.domain.otlp import otlp_span

    return TraceMessage(trace_info=trace.info, spans=[otlp_span(span) for span in trace.spans])


@calls.read("GET", "traces/batchGet")
def batch_get_traces(context: Context, request: BatchGetTraces) -> TracesResponse:
    """Traces with their spans, in the order asked for; those that there are not are left out."""
    _check_batch(request)
    found = context.store.get_traces(request.trace_ids)
    wanted = [trace for trace in found if _is_wanted(trace.info.experiment_id, request)]
    return TracesResponse(traces=[_with_spans(trace) for trace in wanted])


@calls.read("POST", "traces/batchGetInfos")
def batch_get_trace_infos(context: Context, request: BatchGetTraces) -> TraceInfosResponse:
    """Traces without their spans, in the order asked for; those that there are not are left out."""
    _check_batch(request)
    found = context.store.get_trace_infos(request.trace_ids)
    return TraceInfosResponse(trace_infos=[info for info in found if _is_wanted(info.experiment_id, request)])


def _check_batch(request: BatchGetTraces) -> None:
    if not request.trace_ids:
        raise InvalidInput("Missing value for required parameter 'trace_ids'.")
    if len(request.trace_ids) > MAX_BATCH:
        raise InvalidInput(
            f"trace_ids holds {len(request.trace_ids)} ids; at most {MAX_BATCH} are allowed. Ask in several calls."
        )


def _is_wanted(experiment_id: str, request: BatchGetTraces) -> bool:
    return request.experiment_ids is None or experiment_id in request.experiment_ids


@calls.read("POST", "traces/search")
def search_traces(context: Context, request: SearchTraces) -> SearchTracesResponse:
    """A page of the traces of some experiments that match a filter; newest first unless ordered otherwise."""
    places = [place.mlflow_experiment.experiment_id for place in request.locations if place.mlflow_experiment]
    if not request.locations:
        raise InvalidInput("Missing value for required parameter 'locations'. Name at least one experiment.")
    page = context.store.search_traces(
        places,
        filter_string=request.filter,
        order_by=request.order_by,
        max_results=request.max_results,
        page_token=request.page_token or None,
    )
    return SearchTracesResponse(traces=list(page), next_page_token=page.token)


@calls.read("GET", "traces/{trace_id}", reads="point")
def get_trace_info(context: Context, request: OfTrace) -> TraceResponse:
    """What is said of a trace."""
    return TraceResponse(trace=TraceMessage(trace_info=context.store.get_trace_info(request.trace_id)))


@calls.write("PATCH", *_both("traces/{trace_id}/tags"))
def set_trace_tag(context: Context, request: SetTraceTag) -> Empty:
    """Set or replace a tag of a trace."""
    context.store.set_trace_tag(request.trace_id, request.key, request.value)
    return Empty()


@calls.write("DELETE", *_both("traces/{trace_id}/tags"))
def delete_trace_tag(context: Context, request: DeleteTraceTag) -> Empty:
    """Remove a tag of a trace."""
    context.store.delete_trace_tag(request.trace_id, request.key)
    return Empty()


@calls.write("POST", *_both("traces/delete-traces"))
def delete_traces(context: Context, request: DeleteTraces) -> DeleteTracesResponse:
    """Delete traces of an experiment by id, or by age."""
    deleted = context.store.delete_traces(
        request.experiment_id,
        trace_ids=request.request_ids,
        max_timestamp_ms=request.max_timestamp_millis,
        max_traces=request.max_traces,
    )
    return DeleteTracesResponse(traces_deleted=deleted)


@calls.write("POST", *_both("traces/link-to-run"))
def link_traces_to_run(context: Context, request: LinkTracesToRun) -> Empty:
    """Make traces found by the run that they belong to."""
    context.store.link_traces_to_run(request.trace_ids, request.run_id)
    return Empty()


@calls.write("POST", *_both("traces/link-prompts"))
def link_prompts_to_trace(context: Context, request: LinkPromptsToTrace) -> Empty:
    """Make a trace found by the prompt versions that it used."""
    context.store.link_prompts_to_trace(request.trace_id, request.prompt_versions)
    return Empty()


@calls.read("GET", *(f"/ajax-api/{version}/mlflow/get-trace-artifact" for version in ("2.0", "3.0")))
def get_trace_data(context: Context, request: GetTraceData) -> dict[str, Any]:
    """The spans of a trace as MLflow's file of them (``traces.json``)."""
    from quire.domain.otlp import mlflow_span

    found = context.store.get_traces([request.request_id])
    if not found or not found[0].spans:
        raise NotFound(f"The store keeps no spans of the trace {request.request_id[:120]!r}.")
    return {"spans": [mlflow_span(span) for span in found[0].spans]}
