"""Traces of a program: what it did, step by step, stored in the background.

Spans are OpenTelemetry's; the names are MLflow's. See docs/decisions/0200-tracing.md for how they are made.
"""

from __future__ import annotations

from quire.tracing.around import carry, context, link_prompt
from quire.tracing.beginning import activate, begin, deactivate
from quire.tracing.configuring import configure, disable, enable, is_enabled, reset, set_destination
from quire.tracing.decorator import trace
from quire.tracing.exporter import dropped, flush, flush_trace_async_logging
from quire.tracing.fluent import (
    get_active_trace_id,
    get_current_active_span,
    get_last_active_trace_id,
    start_span,
    start_span_no_context,
    update_current_trace,
)
from quire.tracing.propagation import (
    get_tracing_context_headers_for_http_request,
    inject,
    set_tracing_context_from_http_request_headers,
)
from quire.tracing.sampling import Sampling
from quire.tracing.span import Span
from quire.tracing.stored import (
    delete_assessment,
    delete_trace_tag,
    delete_traces,
    get_assessment,
    get_trace,
    log_assessment,
    log_expectation,
    log_feedback,
    override_feedback,
    search_traces,
    set_trace_tag,
    update_assessment,
)

__all__ = [
    "Sampling",
    "Span",
    "activate",
    "begin",
    "carry",
    "configure",
    "context",
    "deactivate",
    "delete_assessment",
    "delete_trace_tag",
    "delete_traces",
    "disable",
    "dropped",
    "enable",
    "flush",
    "flush_trace_async_logging",
    "get_active_trace_id",
    "get_assessment",
    "get_current_active_span",
    "get_last_active_trace_id",
    "get_trace",
    "get_tracing_context_headers_for_http_request",
    "inject",
    "is_enabled",
    "link_prompt",
    "log_assessment",
    "log_expectation",
    "log_feedback",
    "override_feedback",
    "reset",
    "search_traces",
    "set_destination",
    "set_trace_tag",
    "set_tracing_context_from_http_request_headers",
    "start_span",
    "start_span_no_context",
    "trace",
    "update_assessment",
    "update_current_trace",
]
