"""Runs of the OpenAI Agents SDK as traces: its traces and spans, seen through its own processor interface.

A trace of the SDK is a root span here; agents, turns, tools, handoffs and guardrails are spans below it. A model call
is the span of the request that the OpenAI SDK makes for it, so that nothing is told twice and tokens are counted once;
a model that asks otherwise (another library, a socket) gets a span from what the Agents SDK says of it. Task and turn
repeat the sum of their model calls, which is not counted again.

Nothing here is sent to OpenAI, and the program's other processors are left alone.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Mapping
from contextvars import Token
from datetime import datetime
from typing import Any

from opentelemetry import trace as otel
from opentelemetry.context import Context

from quire.domain.traces import SESSION, SOURCE_RUN
from quire.openai.autologging.agent_data import CHAINED, described, ended, model_span, said_of_model
from quire.openai.autologging.around import ModelCall, model_call
from quire.openai.autologging.options import options as autolog_options
from quire.tracing import Span, activate, begin, deactivate, is_enabled
from quire.tracing.markers import SHAPES_ONLY
from quire.tracing.values import to_json

log = logging.getLogger("quire")
_MODELS = frozenset({"response", "generation"})


class _Open:
    """A span or trace of the Agents SDK that is under way: ``span`` is ours, or for a model call the one around it."""

    __slots__ = ("call", "call_token", "failure", "kind", "parent", "span", "token", "trace_id")

    def __init__(self, kind: str, span: Span | None, parent: _Open | None, trace_id: str) -> None:
        self.kind = kind
        self.span = span
        self.parent = parent
        self.trace_id = trace_id
        self.token: Token[Context] | None = None
        self.call: ModelCall | None = None
        self.call_token: Token[ModelCall | None] | None = None
        self.failure = sys.exc_info()[1]

    @property
    def is_own(self) -> bool:
        """Whether it has a span of its own."""
        return self.token is not None


class AgentTraces:
    """A tracing processor of the Agents SDK. Nothing that goes wrong in here reaches the program."""

    def __init__(self) -> None:
        self._open: dict[str, _Open] = {}
        self._closed = False

    # -- what the Agents SDK calls -------------------------------------------------------------------

    def on_trace_start(self, trace: Any) -> None:
        """A run began, or a trace of the program's own."""
        if self._closed or not is_enabled():
            return
        try:
            span = _begun(trace.name, "AGENT", attributes={"openai.agents.trace_id": trace.trace_id})
            span.set_attributes(getattr(trace, "metadata", None) or {})
            if getattr(trace, "group_id", None):
                span.live_trace.metadata[SESSION] = str(trace.group_id)
            self._enter(trace.trace_id, _Open("trace", span, None, trace.trace_id))
        except Exception:
            log.warning("A run of agents could not be recorded", exc_info=True)

    def on_trace_end(self, trace: Any) -> None:
        """It ended."""
        try:
            opened = self._open.pop(trace.trace_id, None)
            if opened is None:
                return
            for name in [name for name, one in list(self._open.items()) if one.trace_id == trace.trace_id]:
                left = self._open.pop(name, None)
                if left is not None:
                    self._leave(left, None)
            self._leave(opened, None)
        except Exception:
            log.warning("A run of agents could not be recorded", exc_info=True)

    def on_span_start(self, span: Any) -> None:
        """A step began."""
        if self._closed or not is_enabled():
            return
        try:
            self._begin(span)
        except Exception:
            log.warning("A step of an agent could not be recorded", exc_info=True)

    def on_span_end(self, span: Any) -> None:
        """It ended."""
        try:
            opened = self._open.pop(span.span_id, None)
            if opened is None:
                return
            if opened.call is not None:
                self._end_model_call(opened, span)
            self._leave(opened, span)
        except Exception:
            log.warning("A step of an agent could not be recorded", exc_info=True)

    def shutdown(self, timeout: float | None = None) -> None:
        """Record nothing that begins from now on."""
        self._closed = True

    def force_flush(self) -> None:
        """Nothing waits here: what ended is in the exporter's hands."""

    # -- spans ---------------------------------------------------------------------------------------

    def _begin(self, span: Any) -> None:
        data = span.span_data
        parent = self._open.get(span.parent_id or "") or self._open.get(span.trace_id)
        above = None if parent is None else parent.span
        if data.type in _MODELS:
            opened = _Open(data.type, above, parent, span.trace_id)
            opened.call = ModelCall()
            opened.call_token = model_call.set(opened.call)
            self._open[span.span_id] = opened
        elif (
            data.type == "task" and parent is not None and parent.kind == "trace" and above and above.name == data.name
        ):
            self._open[span.span_id] = _Open(data.type, above, parent, span.trace_id)  # the trace's name, over again
        else:
            name, span_type, inputs = described(data)
            made = _begun(name, span_type, parent=above, inputs=None if inputs is None else to_json(inputs))
            self._enter(span.span_id, _Open(data.type, made, parent, span.trace_id))

    def _enter(self, name: str, opened: _Open) -> None:
        assert opened.span is not None
        opened.token = activate(opened.span)
        self._open[name] = opened

    def _leave(self, opened: _Open, span: Any) -> None:
        """End a span of ours, with what is known at its end."""
        error = _raised(opened)
        if opened.span is None or not opened.is_own:
            if span is not None and span.error and opened.kind == "task" and opened.span is not None:
                _note_error(opened.span, span.error)
            return
        if opened.token is not None and otel.get_current_span() is opened.span:
            deactivate(opened.token)
        if span is not None:
            inputs, outputs, attributes = ended(span.span_data)
            if inputs is not None:
                opened.span.set_inputs(inputs)
            if outputs is not None:
                opened.span.set_outputs(outputs)
            opened.span.set_attributes(attributes)
            if span.error and error is None:
                _note_error(opened.span, span.error)
        opened.span.finish(error=error, end_time_ns=None if span is None else _nanoseconds(span.ended_at))

    def _end_model_call(self, opened: _Open, span: Any) -> None:
        """Tell what went in and came out to the agents around, and make a span if the request made none."""
        call, token = opened.call, opened.call_token
        try:
            if token is not None:
                model_call.reset(token)
        except ValueError:
            log.debug("a model call ended in another context than it began in")
        inputs, outputs = said_of_model(span.span_data)
        around = opened.parent
        while around is not None:
            if around.is_own and around.span is not None:
                if inputs is not None and around.span.inputs is None:
                    around.span.set_inputs(inputs)
                if outputs is not None:
                    around.span.set_outputs(outputs)
            if around.kind not in CHAINED:
                break
            around = around.parent
        if call is not None and not call.requests:
            self._make_model_span(opened, span)

    def _make_model_span(self, opened: _Open, span: Any) -> None:
        name, inputs, outputs, attributes = model_span(span.span_data)
        made = _begun(
            name,
            "CHAT_MODEL",
            parent=opened.span,
            inputs=None if inputs is None else to_json(inputs),
            attributes=attributes,
            start_ns=_nanoseconds(span.started_at),
        )
        error = _raised(opened)
        if span.error and error is None:
            _note_error(made, span.error)
        made.finish(
            outputs=None if outputs is None else to_json(outputs),
            error=error,
            end_time_ns=_nanoseconds(span.ended_at),
        )


def _begun(name: str, span_type: str, *, attributes: Mapping[str, Any] | None = None, **options: Any) -> Span:
    """A span, as autologging was told to make them."""
    told = autolog_options()
    said = dict(attributes or {})
    if not told.capture_content:
        said[SHAPES_ONLY] = True
    span = begin(name, span_type, attributes=said, **options)
    if told.exclusive and span.parent_id is None:
        span.live_trace.metadata.pop(SOURCE_RUN, None)
    return span


def _repeats(parent: _Open | None, name: str) -> bool:
    """Whether a span says no more than the trace that it is all of."""
    return parent is not None and parent.kind == "trace" and parent.span is not None and parent.span.name == name


def _raised(opened: _Open) -> BaseException | None:
    """The error that leaves the block of a span, in which its end is called; None if it leaves in peace."""
    error = sys.exc_info()[1]
    if error is opened.failure or isinstance(error, GeneratorExit):
        return None
    return error


def _note_error(span: Span, error: Mapping[str, Any]) -> None:
    """What the Agents SDK says went wrong, which need not have ended anything."""
    message, details = str(error.get("message", "")), error.get("data")
    said = {"exception.message": message, **({"exception.data": details} if details else {})}
    span.add_event("exception", said)
    span.set_status("ERROR", message if not details else f"{message}: {to_json(details).decode()}")


def _nanoseconds(moment: str | None) -> int | None:
    """A time of the Agents SDK (ISO 8601) as nanoseconds since the epoch."""
    if not moment:
        return None
    parsed = datetime.fromisoformat(moment)
    return int(parsed.timestamp()) * 1_000_000_000 + parsed.microsecond * 1000
