"""Beginning spans: below the one that is current here, or as the root of a trace that goes where it began."""

from __future__ import annotations

import functools
import logging
import os
import random
from collections.abc import Mapping
from contextvars import Token
from typing import Any

from opentelemetry import context as otel_context
from opentelemetry import trace as otel
from opentelemetry.context import Context

from quire.domain.traces import SOURCE_RUN
from quire.tracing import destination, state
from quire.tracing.live import LiveTrace
from quire.tracing.sampling import Sampling
from quire.tracing.span import NO_SPAN, Span
from quire.tracking import context as runs

log = logging.getLogger("quire")

_random = random.Random()  # noqa: S311 - ids, not secrets; apart from the program's own, which may be seeded
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_random.seed)
_bits = _random.getrandbits
_NOT_SAMPLED = Sampling(rate=0.0)


def begin(
    name: str,
    span_type: str = "UNKNOWN",
    *,
    inputs: bytes | None = None,
    attributes: Mapping[str, Any] | None = None,
    parent: otel.Span | None = None,
    experiment_id: str | None = None,
    start_ns: int | None = None,
    uri: str | None = None,
    run_id: str | None = None,
    sample_rate: float | None = None,
) -> Span:
    """Begin a span below ``parent``, else below the current one. It is not made current; ``inputs`` is JSON text.

    A root belongs to what is active here, unless ``experiment_id``, ``run_id`` or ``uri``, a store's, say otherwise;
    ``sample_rate`` counts for it instead of what is configured.
    This never raises: where no span can be made, what is returned takes everything and keeps nothing.
    """
    try:
        return _begin(name, span_type, inputs, attributes, parent, experiment_id, start_ns, uri, run_id, sample_rate)
    except Exception as failed:
        log.error("A span could not be begun: %r", failed)
        return NO_SPAN


def _begin(
    name: str,
    span_type: str,
    inputs: bytes | None,
    attributes: Mapping[str, Any] | None,
    parent: otel.Span | None,
    experiment_id: str | None,
    start_ns: int | None,
    uri: str | None,
    run_id: str | None,
    sample_rate: float | None,
) -> Span:
    above = otel.get_current_span() if parent is None else parent
    if type(above) is Span and above is not NO_SPAN:
        return Span(above.live_trace, _bits(64) or 1, above.id_bytes, name, span_type, inputs, attributes, start_ns)
    around = above.get_span_context()
    trace = _begin_trace(around, experiment_id, run_id, uri, sample_rate)
    parent_id = around.span_id.to_bytes(8, "big") if around.is_valid and around.is_remote else b""
    number = _bits(64) or 1
    trace.entry = number
    span = Span(trace, number, parent_id, name, span_type, inputs, attributes, start_ns)
    state.note_root(span)
    if around.is_valid and not parent_id:
        span.add_link(around)  # a span of other instrumentation is no parent that the store would have
    return span


def _begin_trace(
    around: otel.SpanContext,
    experiment_id: str | None,
    run_id: str | None,
    uri: str | None,
    sample_rate: float | None,
) -> LiveTrace:
    """A trace of its own, or the part made here of one that another process has begun."""
    settings = state.settings()
    place, experiment, active_run = _place(uri)
    metadata = {**place.origin, **settings.metadata}
    surroundings = state.surroundings()
    if surroundings.metadata:
        metadata.update(surroundings.metadata)
    if run_id or active_run:
        metadata[SOURCE_RUN] = run_id or str(active_run)
    other_run = run_id if run_id != active_run else None
    experiment = destination.OF_RUN + other_run if other_run else state.experiment() or experiment
    sampling = settings.sampling
    if around.is_valid and around.is_remote:
        trace_id = around.trace_id
        if around.trace_flags & otel.TraceFlags.SAMPLED:
            sampling = None
        elif sampling is None:
            sampling = _NOT_SAMPLED
        else:
            sampling = Sampling(rate=0.0, slow_seconds=sampling.slow_seconds, rule=sampling.rule)
    else:
        trace_id = _bits(128) or 1
        if sample_rate is not None:
            before = sampling or Sampling()
            sampling = Sampling(rate=sample_rate, slow_seconds=before.slow_seconds, rule=before.rule)
    chosen = str(experiment_id) if experiment_id else experiment  # a number is an id too
    trace = LiveTrace(trace_id, chosen, place.deliver, metadata=metadata, sampling=sampling)
    if surroundings.tags:
        trace.tags.update(surroundings.tags)
    return trace


def _place(uri: str | None) -> tuple[destination.Destination, str, str | None]:
    """The store, experiment and run that are active here, or what is active in the store of ``uri``."""
    run = runs.innermost()
    if run is not None and (uri is None or uri == run.uri):
        return destination.of(run.uri), run.run.info.experiment_id, run.run_id
    place = destination.here() if uri is None else destination.of(uri)
    return place, place.experiment, None


def say_not_root(span: Span, **given: object) -> None:
    """Say in the log what was given for a trace but not used, because the span is a step of one; once for each name."""
    if span is not NO_SPAN and span.span_number != span.live_trace.entry:
        for what, value in given.items():
            if value is not None:
                _say_not_root(span.name, what)


@functools.lru_cache(maxsize=1024)
def _say_not_root(name: str, what: str) -> None:
    log.warning(
        "%s of the span %r is not used: it is a step of a trace, and only the root of one decides that.", what, name
    )


def activate(span: otel.Span) -> Token[Context]:
    """Make a span the current one here."""
    return otel_context.attach(otel.set_span_in_context(span))


def deactivate(token: Token[Context]) -> None:
    """Make current what was so before; from another context, where that cannot be, nothing happens."""
    try:
        otel_context._RUNTIME_CONTEXT.detach(token)
    except (ValueError, RuntimeError):
        log.debug("a span was ended in another context than it began in")
