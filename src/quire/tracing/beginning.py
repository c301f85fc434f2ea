"""Beginning spans: below the one that is current here, or as the root of a trace that goes where it began."""

from __future__ import annotations

import logging
import os
import random
from collections.abc import Mapping
from contextvars import ContextVar, Token
from typing import Any

from opentelemetry import context as otel_context
from opentelemetry import trace as otel
from opentelemetry.context import Context

from quire.domain.traces import SESSION, SOURCE_RUN, USER
from quire.store.current import absolute_uri, get_tracking_uri
from quire.tracing import state
from quire.tracing.exporter import deliver_to
from quire.tracing.live import LiveTrace
from quire.tracing.span import Span
from quire.tracking import context as runs
from quire.tracking.experiments import DEFAULT_EXPERIMENT_ID, current_experiment_id
from quire.tracking.origin import origin_tags

_SPAN_KEY = "current-span"
log = logging.getLogger("quire")

_random = random.Random()  # noqa: S311 - ids, not secrets; apart from the program's own, which may be seeded
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_random.seed)

SAID: ContextVar[tuple[tuple[str, str], ...]] = ContextVar("quire_trace_metadata", default=())
"""Metadata that traces which begin here get: the session, the user, the model."""


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
) -> Span:
    """Begin a span below ``parent``, else below the current one. It is not made current; ``inputs`` is JSON text.

    A root belongs to what is active here, unless ``experiment_id`` or ``uri``, a store's, say otherwise.
    """
    above = otel.get_current_span() if parent is None else parent
    if isinstance(above, Span):
        trace, parent_id = above.live_trace, above.span_number.to_bytes(8, "big")
    else:
        trace, parent_id = _begin_trace(above.get_span_context(), experiment_id, uri)
    span = Span(trace, _new_id(64), parent_id, name, span_type, inputs, attributes, start_ns)
    if not parent_id:
        state.note_root(span)
        _link(span, above.get_span_context())
    return span


def _new_id(bits: int) -> int:
    return _random.getrandbits(bits) or 1


def _begin_trace(above: otel.SpanContext, experiment_id: str | None, wanted_uri: str | None) -> tuple[LiveTrace, bytes]:
    """A trace of its own, or the one that another process has begun and handed on."""
    settings = state.settings()
    uri, experiment, run_id = _destination()
    if wanted_uri is not None and wanted_uri != uri:
        uri, experiment, run_id = wanted_uri, DEFAULT_EXPERIMENT_ID, None
    metadata = {**_origin(), **settings.metadata, **dict(SAID.get())}
    if run_id is not None:
        metadata[SOURCE_RUN] = run_id
    continued = above.is_valid and above.is_remote
    trace = LiveTrace(
        above.trace_id if continued else _new_id(128),
        experiment_id or experiment,
        deliver_to(uri),
        metadata=metadata,
        sampling=None if continued else settings.sampling,
        has_root_here=not continued,
    )
    return trace, above.span_id.to_bytes(8, "big") if continued else b""


def _link(span: Span, above: otel.SpanContext) -> None:
    """A span of another instrumentation around a root is not a parent that the store would have; it is a link."""
    if above.is_valid:
        span.add_link(above)


def _destination() -> tuple[str, str, str | None]:
    """The store, experiment and run that are active here."""
    run = runs.innermost()
    if run is not None:
        return run.uri, run.run.info.experiment_id, run.run_id
    try:
        experiment = current_experiment_id()
    except Exception as error:
        log.warning("Traces go to the default experiment: %s", error)
        experiment = DEFAULT_EXPERIMENT_ID
    return absolute_uri(get_tracking_uri()), experiment, None


def _origin() -> dict[str, str]:
    try:
        return origin_tags()
    except Exception:
        return {}


def activate(span: otel.Span) -> Token[Context]:
    """Make a span the current one here."""
    return otel_context.attach(otel.set_span_in_context(span))


def deactivate(token: Token[Context]) -> None:
    """Make current what was so before; from another context, where that cannot be, nothing happens."""
    try:
        otel_context._RUNTIME_CONTEXT.detach(token)
    except ValueError:
        log.debug("a span was ended in another context than it began in")


def said(**metadata: str | None) -> Token[tuple[tuple[str, str], ...]]:
    """Give traces that begin here this metadata too: ``session``, ``user``, or any key."""
    names = {"session": SESSION, "user": USER}
    pairs = [(names.get(key, key), value) for key, value in metadata.items() if value]
    return SAID.set((*SAID.get(), *pairs))
