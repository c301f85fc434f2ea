"""Traces across processes: W3C Trace Context (``traceparent``, ``tracestate``) in the headers of HTTP requests."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, MutableMapping
from contextlib import contextmanager

from opentelemetry import trace as otel
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from quire.tracing import beginning

_propagator = TraceContextTextMapPropagator()
log = logging.getLogger("quire")


def get_tracing_context_headers_for_http_request() -> dict[str, str]:
    """The headers that hand the current span on to another service; empty outside of any.

    The spans that the service makes while it answers are then part of the same trace.
    """
    headers: dict[str, str] = {}
    inject(headers)
    return headers


def inject(headers: MutableMapping[str, str]) -> None:
    """Add to ``headers`` what hands the current span on."""
    _propagator.inject(headers)


@contextmanager
def set_tracing_context_from_http_request_headers(headers: Mapping[str, str]) -> Iterator[None]:
    """Inside of the block, spans continue the trace that the headers of a request name.

    Names of headers count in any case. Headers that name no trace, or a malformed one, change nothing: traces begin
    here then.
    """
    known = {}
    for key, value in headers.items():
        name = str(key).lower()
        if name in ("traceparent", "tracestate"):
            known[name] = str(value)
    span = otel.get_current_span(_propagator.extract(known)) if known else otel.INVALID_SPAN
    if not span.get_span_context().is_valid:
        log.debug("the request's headers name no trace")
        yield
        return
    token = beginning.activate(span)
    try:
        yield
    finally:
        beginning.deactivate(token)
