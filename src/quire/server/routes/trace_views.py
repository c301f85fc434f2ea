"""Traces for looking at: ``/api/quire/v1/traces/…``, and traces as records of a dataset."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from quire.domain.errors import InvalidInput
from quire.domain.span_names import INPUTS, OUTPUTS
from quire.domain.trace_views import EventView, LinkView, SpanView
from quire.server.calls import Calls
from quire.server.context import Context
from quire.store.rest.wire.trace_views import (
    AddedTracesResponse,
    AddTraces,
    OfSpan,
    OfTraceOutline,
    SpanResponse,
    TraceModels,
    TraceModelsResponse,
    TraceOutlineResponse,
    TraceSeriesRequest,
    TraceSeriesResponse,
)
from quire.store.trace_views import trace_views_of

if TYPE_CHECKING:
    from quire.entities.spans import Span

calls = Calls("quire", "v1", tag="Traces")
_API = "/api/quire/v1"
_TRACES = f"{_API}/traces"
_NS_OF_US = 1000
MOST_TRACES = 500


@calls.read("GET", f"{_TRACES}/{{trace_id}}/outline")
def get_trace_outline(context: Context, request: OfTraceOutline) -> TraceOutlineResponse:
    """A trace with its spans, without what they hold; also one that has not ended yet."""
    return TraceOutlineResponse(trace=trace_views_of(context.store).outline_trace(request.trace_id))


@calls.read("GET", f"{_TRACES}/{{trace_id}}/spans/{{span_id}}")
def get_span(context: Context, request: OfSpan) -> SpanResponse:
    """All that one span holds."""
    from quire.entities.spans import Span

    return SpanResponse(span=_view(Span(trace_views_of(context.store).get_span(request.trace_id, request.span_id))))


def _view(span: Span) -> SpanView:
    return SpanView(
        span_id=span.span_id,
        name=span.name,
        type=span.span_type,
        status=span.record.status,
        message=span.status.description,
        inputs=_json(span.inputs),
        outputs=_json(span.outputs),
        attributes={key: _written(value) for key, value in span.attributes.items() if key not in (INPUTS, OUTPUTS)},
        events=[
            EventView(
                name=item.name,
                offset_us=(item.timestamp - span.start_time_ns) // _NS_OF_US,
                attributes=item.attributes,
            )
            for item in span.events
        ],
        links=[
            LinkView(trace_id=item.trace_id, span_id=item.span_id, attributes=item.attributes or {})
            for item in span.links
        ],
    )


def _json(value: Any) -> str | None:
    return None if value is None else _written(value)


def _written(value: Any) -> str:
    return msgspec.json.encode(value).decode()


@calls.read("POST", f"{_TRACES}/models")
def get_trace_models(context: Context, request: TraceModels) -> TraceModelsResponse:
    """The models that were called in some traces."""
    _check_most(request.trace_ids)
    return TraceModelsResponse(models=trace_views_of(context.store).trace_models(request.trace_ids))


@calls.read("POST", f"{_TRACES}/series")
def get_trace_series(context: Context, request: TraceSeriesRequest) -> TraceSeriesResponse:
    """Traces over time: how many began, how many failed, their durations, tokens and cost, by interval."""
    found = trace_views_of(context.store).trace_series(
        request.experiment_ids,
        filter_string=request.filter,
        start_ms=request.start_ms,
        end_ms=request.end_ms,
        points=request.points,
    )
    return TraceSeriesResponse(series=found)


@calls.write("POST", f"{_API}/datasets/{{dataset_id}}/traces")
def add_traces_to_dataset(context: Context, request: AddTraces) -> AddedTracesResponse:
    """Make records of traces and put them into a dataset: inputs and outputs of the root, and its expectations.

    A record whose inputs are there already is changed. The dataset as it then is becomes a version.
    """
    from quire.datasets.making import add_traces

    _check_most(request.trace_ids)
    version = add_traces(context.store, request.dataset_id, request.trace_ids)
    return AddedTracesResponse(records=version.records if version else 0, version=version.version if version else None)


def _check_most(trace_ids: list[str]) -> None:
    if not 0 < len(trace_ids) <= MOST_TRACES:
        raise InvalidInput(f"trace_ids names {len(trace_ids)} traces; name 1 to {MOST_TRACES}.")
