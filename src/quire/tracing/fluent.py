"""Spans and traces as a script makes and finds them, under MLflow's names."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from contextlib import ContextDecorator
from contextvars import Token
from typing import Any

from opentelemetry import trace as otel
from opentelemetry.context import Context

from quire.domain.errors import InvalidInput
from quire.domain.span_names import MODEL_ID
from quire.domain.traces import SESSION, USER, check_labels
from quire.tracing import beginning, state
from quire.tracing.destination import experiment_at
from quire.tracing.finished import FinishedLink
from quire.tracing.levels import said_of_span
from quire.tracing.links import add_links, checked
from quire.tracing.span import NO_SPAN, Span
from quire.tracing.values import to_json

log = logging.getLogger("quire")


class SpanBlock(ContextDecorator):
    """A span around a block: it begins with it, is the current one inside of it, and ends with it."""

    __slots__ = ("_attributes", "_experiment_id", "_links", "_name", "_run_id", "_span", "_token", "_type")

    def __init__(
        self,
        name: str,
        span_type: str,
        attributes: Mapping[str, Any] | None,
        experiment_id: str | None,
        run_id: str | None,
        links: Sequence[FinishedLink],
    ) -> None:
        self._name = name
        self._type = span_type
        self._attributes = attributes
        self._experiment_id = experiment_id
        self._run_id = run_id
        self._links = links
        self._span: Span = NO_SPAN
        self._token: Token[Context] | None = None

    def _recreate_cm(self) -> SpanBlock:
        """For the use as a decorator, where each call is a span."""
        return SpanBlock(self._name, self._type, self._attributes, self._experiment_id, self._run_id, self._links)

    def __enter__(self) -> Span:
        if not state.is_on():
            return NO_SPAN
        try:
            span = beginning.begin(self._name, self._type, experiment_id=self._experiment_id, run_id=self._run_id)
            if self._attributes:
                span.set_attributes(self._attributes)
            for link in self._links:
                span.add_link(link)
            if self._experiment_id or self._run_id:
                beginning.say_not_root(span, trace_destination=self._experiment_id, run_id=self._run_id)
            self._token = beginning.activate(span)
            self._span = span
        except Exception as failed:
            log.error("A span could not be begun: %r", failed)
            return NO_SPAN
        return span

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: Any) -> None:
        if self._token is not None:
            beginning.deactivate(self._token)
            self._span.finish(error=None if isinstance(error, GeneratorExit) else error)
            self._token = None
            self._span = NO_SPAN


def start_span(
    name: str = "span",
    span_type: str | None = "UNKNOWN",
    attributes: Mapping[str, Any] | None = None,
    trace_destination: Any = None,
    log_level: Any = None,
    run_id: str | None = None,
    links: Sequence[Any] | None = None,
    description: str | None = None,
    *,
    experiment_id: str | None = None,
) -> SpanBlock:
    """A span around a block: ``with quire.start_span("name") as span:``. It is the current one inside of it.

    An error that leaves the block is recorded and goes on. A span that begins below no other is the root of a trace,
    which belongs to the run and experiment that are active now, or to those that are given: ``trace_destination`` is a
    :class:`quire.entities.MlflowExperimentLocation` (``experiment_id`` is the same, shorter), ``run_id`` a run, in
    whose experiment it then is.

    ``log_level`` is a :class:`quire.entities.SpanLogLevel` or its name. ``links`` are :class:`quire.entities.Link` to
    other spans that it has to do with; one that names no span is left out, and the log says so. ``description`` says
    what it is for. Raises InvalidInput for a level or destination that is none.
    """
    said = {**(attributes or {}), **said_of_span(log_level, description)}
    experiment = experiment_at(trace_destination) or experiment_id
    return SpanBlock(name, span_type or "UNKNOWN", said, experiment, run_id, checked(links))


def start_span_no_context(
    name: str,
    span_type: str = "UNKNOWN",
    parent_span: Span | None = None,
    inputs: Any = None,
    attributes: Mapping[str, Any] | None = None,
    tags: Mapping[str, str] | None = None,
    metadata: Mapping[str, str] | None = None,
    experiment_id: str | None = None,
    start_time_ns: int | None = None,
    log_level: Any = None,
    links: Sequence[Any] | None = None,
    description: str | None = None,
) -> Span:
    """Begin a span that is current nowhere; end it with ``span.end()``. Without a parent it is the root of a trace.

    ``tags``, ``metadata`` and ``experiment_id`` are those of the trace, ``start_time_ns`` is nanoseconds since the
    epoch; the others are as in :func:`start_span`. Raises InvalidInput for a level that is none.
    """
    said = said_of_span(log_level, description)
    if not state.is_on() or parent_span is NO_SPAN:
        return NO_SPAN
    try:
        span = beginning.begin(
            name,
            span_type,
            inputs=None if inputs is None else to_json(inputs),
            parent=otel.INVALID_SPAN if parent_span is None else parent_span,
            experiment_id=experiment_id,
            start_ns=start_time_ns,
        )
        span.set_attributes({**(attributes or {}), **said})
        add_links(span, links)
        if parent_span is None and span is not NO_SPAN:
            span.live_trace.tags.update({str(key): str(value) for key, value in (tags or {}).items()})
            span.live_trace.metadata.update({str(key): str(value) for key, value in (metadata or {}).items()})
    except Exception as failed:
        log.error("A span could not be begun: %r", failed)
        return NO_SPAN
    return span


def get_current_active_span() -> Span | None:
    """The span that is current here; None outside of any."""
    span = otel.get_current_span()
    return span if isinstance(span, Span) else None


def get_active_trace_id() -> str | None:
    """The id of the trace that is being made here; None outside of any."""
    span = get_current_active_span()
    return None if span is None else span.trace_id


def get_last_active_trace_id(thread_local: bool = False) -> str | None:
    """The id of the trace whose root ended last, in this process or (``thread_local``) in this context."""
    return state.last_trace_id(here=thread_local)


def update_current_trace(
    tags: Mapping[str, str] | None = None,
    metadata: Mapping[str, str] | None = None,
    client_request_id: str | None = None,
    request_preview: str | None = None,
    response_preview: str | None = None,
    state: str | None = None,
    model_id: str | None = None,
    session_id: str | None = None,
    user: str | None = None,
) -> None:
    """Say something of the trace that is being made here, which is stored with it.

    ``state`` is ``"OK"`` or ``"ERROR"``; the previews are shown in lists of traces instead of the beginnings of what
    went in and came out. Outside of any trace nothing happens, and the log says so. Raises InvalidInput for a state
    that is none, previews that are no text, and tags and metadata that cannot be kept.
    """
    said = {key: str(value) for key, value in (metadata or {}).items()}
    extra = {SESSION: session_id, USER: user, MODEL_ID: model_id}
    said.update({key: value for key, value in extra.items() if value is not None})
    given = {key: str(value) for key, value in (tags or {}).items()}
    check_labels(given, "tag")
    check_labels(said, "metadata")
    overrides = _overrides(request_preview, response_preview, state)
    span = get_current_active_span()
    if span is None:
        _say_outside()
        return
    trace = span.live_trace
    trace.tags.update(given)
    trace.metadata.update(said)
    trace.overrides.update(overrides)
    if client_request_id is not None:
        trace.client_request_id = str(client_request_id)


def _overrides(request_preview: Any, response_preview: Any, said_state: Any) -> dict[str, str]:
    """What is said of a trace in place of what follows from its spans."""
    previews = {"request": request_preview, "response": response_preview}
    for name, text in previews.items():
        if text is not None and not isinstance(text, str):
            raise InvalidInput(f"The {name}_preview is a {type(text).__name__}; expected text.")
    made = {name: text for name, text in previews.items() if text is not None}
    if said_state is not None:
        word = str(getattr(said_state, "value", said_state)).upper()
        if word not in ("OK", "ERROR"):
            raise InvalidInput(
                f"The state {str(said_state)[:60]!r} of a trace cannot be set; expected 'OK' or 'ERROR'."
            )
        made["state"] = word
    return made


def _say_outside() -> None:
    if state.is_on():
        log.warning(
            "No trace is being made here, so nothing is said of one; call quire.update_current_trace() inside of "
            "`with quire.start_span():` or of a traced function."
        )
