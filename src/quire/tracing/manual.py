"""Spans that are begun and ended by their ids, as MLflow's client does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from opentelemetry import trace as otel

from quire.domain.errors import InvalidState
from quire.tracing import beginning, state
from quire.tracing.links import add_links
from quire.tracing.span import NO_SPAN, Span
from quire.tracing.values import to_json

_open: dict[str, dict[str, Span]] = {}


def start_trace(
    name: str,
    span_type: str,
    *,
    inputs: Any,
    attributes: Mapping[str, Any] | None,
    tags: Mapping[str, str] | None,
    experiment_id: str | None,
    start_time_ns: int | None,
    run_id: str | None,
    links: Sequence[Any] | None,
    uri: str,
) -> Span:
    """Begin a trace in the store of ``uri``; what is returned is its root."""
    if not state.is_on():
        return NO_SPAN
    span = beginning.begin(
        name,
        span_type,
        inputs=None if inputs is None else to_json(inputs),
        parent=otel.INVALID_SPAN,
        experiment_id=experiment_id,
        start_ns=start_time_ns,
        uri=uri,
        run_id=run_id,
    )
    if span is NO_SPAN:
        return span
    span.set_attributes(attributes or {})
    add_links(span, links)
    span.live_trace.tags.update({str(key): str(value) for key, value in (tags or {}).items()})
    _open[span.trace_id] = {span.span_id: span}
    return span


def start_span(
    name: str,
    trace_id: str,
    parent_id: str,
    span_type: str,
    *,
    inputs: Any,
    attributes: Mapping[str, Any] | None,
    start_time_ns: int | None,
    links: Sequence[Any] | None,
) -> Span:
    """Begin a span below another of a trace that is open."""
    if trace_id == NO_SPAN.trace_id:
        return NO_SPAN
    span = beginning.begin(
        name,
        span_type,
        inputs=None if inputs is None else to_json(inputs),
        parent=_find(trace_id, parent_id),
        start_ns=start_time_ns,
    )
    if span is NO_SPAN:
        return span
    span.set_attributes(attributes or {})
    add_links(span, links)
    _open[trace_id][span.span_id] = span
    return span


def end_span(
    trace_id: str, span_id: str, outputs: Any, attributes: Mapping[str, Any] | None, status: Any, end_ns: int | None
) -> None:
    """End a span."""
    if trace_id == NO_SPAN.trace_id:
        return
    span = _find(trace_id, span_id)
    span.end(end_ns, outputs=outputs, attributes=attributes, status=status)
    if span.parent_id is not None:
        _open[trace_id].pop(span_id, None)


def end_trace(
    trace_id: str, outputs: Any, attributes: Mapping[str, Any] | None, status: Any, end_ns: int | None
) -> None:
    """End the root of a trace, and with it whatever of it is still open."""
    if trace_id == NO_SPAN.trace_id:
        return
    spans = _spans(trace_id)
    root = next(iter(spans.values()))
    for span in list(spans.values())[1:]:
        span.end(end_ns)
    root.end(end_ns, outputs=outputs, attributes=attributes, status=status)
    _open.pop(trace_id, None)


def _spans(trace_id: str) -> dict[str, Span]:
    if trace_id not in _open:
        raise InvalidState(f"No trace {trace_id!r} is open here. Begin one with Client().start_trace(name).")
    return _open[trace_id]


def _find(trace_id: str, span_id: str) -> Span:
    spans = _spans(trace_id)
    if span_id not in spans:
        raise InvalidState(f"The trace {trace_id} has no open span {span_id!r}; open ones are {', '.join(spans)}.")
    return spans[span_id]
