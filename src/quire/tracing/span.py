"""A span while it is open: MLflow's face, and OpenTelemetry's, so that other instrumentation nests with it."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import msgspec
from opentelemetry import trace as otel

from quire.domain.span_names import DESCRIPTION, LOG_LEVEL
from quire.tracing import state
from quire.tracing.failures import stack_of, text_of
from quire.tracing.finished import FinishedEvent, FinishedLink, FinishedSpan
from quire.tracing.levels import said_of_span
from quire.tracing.links import link_of
from quire.tracing.live import LiveTrace
from quire.tracing.values import to_json

if TYPE_CHECKING:
    from quire.entities.spans import Link

UNSET, OK, ERROR = 0, 1, 2
_STATUS = {"UNSET": UNSET, "OK": OK, "ERROR": ERROR}
_NAMES = ("UNSET", "OK", "ERROR")
_SAMPLED, _NOT_SAMPLED = otel.TraceFlags(otel.TraceFlags.SAMPLED), otel.TraceFlags(otel.TraceFlags.DEFAULT)


log = logging.getLogger("quire")


class SpanState(msgspec.Struct, frozen=True):
    """How a span went: ``status_code`` is ``UNSET``, ``OK`` or ``ERROR``; ``description`` says why."""

    status_code: str
    description: str = ""


class Span(otel.Span):
    """A step of a trace that is under way. Made by :func:`quire.start_span`, :func:`quire.trace` and instrumentation.

    Nothing here raises for a value that cannot be kept, only for a link or a level that is none: what JSON has no form
    for is kept as its ``repr``. Inputs, outputs and attributes are those of the moment at which they are set; after the
    end nothing can be set any more. ``live_trace`` is the trace that it belongs to, ``span_number`` its id as a number
    of 64 bits.
    """

    __slots__ = (
        "_attributes",
        "_context",
        "_end_ns",
        "_events",
        "_inputs",
        "_links",
        "_message",
        "_name",
        "_outputs",
        "_parent",
        "_start_ns",
        "_status",
        "_type",
        "live_trace",
        "span_number",
    )

    def __init__(
        self,
        trace: LiveTrace,
        span_id: int,
        parent: bytes,
        name: str,
        span_type: str,
        inputs: bytes | None = None,
        attributes: Mapping[str, Any] | None = None,
        start_ns: int | None = None,
    ) -> None:
        self.live_trace = trace
        self.span_number = span_id
        self._parent = parent
        self._name = name
        self._type = span_type
        self._inputs = inputs
        self._outputs: bytes | None = None
        self._attributes: dict[str, Any] = dict(attributes) if attributes else {}
        self._events: list[FinishedEvent] = []
        self._links: list[FinishedLink] = []
        self._status = UNSET
        self._message = ""
        self._end_ns = 0
        self._context: otel.SpanContext | None = None
        self._start_ns = time.time_ns() if start_ns is None else start_ns

    # -- what it is --------------------------------------------------------------------------------

    @property
    def trace_id(self) -> str:
        """``tr-`` and 32 hexadecimal digits."""
        return f"tr-{self.live_trace.trace_id:032x}"

    request_id = trace_id

    @property
    def span_id(self) -> str:
        """16 hexadecimal digits."""
        return f"{self.span_number:016x}"

    @property
    def parent_id(self) -> str | None:
        """The id of the span that it is part of; None for the root of a trace."""
        return self._parent.hex() or None

    @property
    def name(self) -> str:
        """What it is called."""
        return self._name

    @property
    def span_type(self) -> str:
        """The kind of work: see :class:`quire.entities.SpanType`."""
        return self._type

    @property
    def inputs(self) -> Any:
        """What went in, as plain data; None if nothing was set."""
        return None if self._inputs is None else msgspec.json.decode(self._inputs)

    @property
    def outputs(self) -> Any:
        """What came out, as plain data; None if nothing was set."""
        return None if self._outputs is None else msgspec.json.decode(self._outputs)

    @property
    def attributes(self) -> dict[str, Any]:
        """What was said of it, as plain data."""
        return dict(self._attributes)

    def get_attribute(self, key: str) -> Any:
        """One attribute; None if it is not set."""
        return self._attributes.get(key)

    @property
    def status(self) -> SpanState:
        """How it went, and why."""
        return SpanState(_NAMES[self._status], self._message)

    @property
    def description(self) -> str | None:
        """What it is for, in words; None if that was not said."""
        return self._attributes.get(DESCRIPTION)

    @property
    def log_level(self) -> int | None:
        """How much it matters (:class:`quire.entities.SpanLogLevel`); None if that was not said."""
        return self._attributes.get(LOG_LEVEL)

    @property
    def links(self) -> list[Link]:
        """The spans that were said to have to do with it."""
        from quire.entities.spans import Link

        return [
            Link(f"tr-{link.trace_id.hex()}", link.span_id.hex(), msgspec.json.decode(link.attributes) or None)
            for link in self._links
        ]

    @property
    def start_time_ns(self) -> int:
        """When it began, in nanoseconds since the epoch."""
        return self._start_ns

    @property
    def end_time_ns(self) -> int | None:
        """When it ended, in nanoseconds since the epoch; None while it runs."""
        return self._end_ns or None

    @property
    def id_bytes(self) -> bytes:
        """Its id as 8 bytes."""
        return self.span_number.to_bytes(8, "big")

    # -- what is said of it ------------------------------------------------------------------------

    def set_inputs(self, inputs: Any) -> None:
        """Set what goes in."""
        if not self._end_ns:
            self._inputs = to_json(inputs)

    def set_outputs(self, outputs: Any) -> None:
        """Set what came out."""
        if not self._end_ns:
            self._outputs = to_json(outputs)

    def returned(self, outputs: Any) -> None:
        """Set what came out, unless that was said already."""
        if self._outputs is None:
            self.set_outputs(outputs)

    def set_span_type(self, span_type: str) -> None:
        """Set the kind of work."""
        if not self._end_ns:
            self._type = str(span_type)

    def set_description(self, description: str) -> None:
        """Say in words what it is for."""
        self.set_attributes(said_of_span(None, description))

    def set_log_level(self, level: Any) -> None:
        """Say how much it matters: a :class:`quire.entities.SpanLogLevel` or its name. InvalidInput for another."""
        self.set_attributes(said_of_span(level, None))

    def set_attribute(self, key: str, value: Any) -> None:
        """Set one attribute."""
        if self._end_ns:
            return
        simple = value is None or isinstance(value, str | bool | int | float)
        self._attributes[str(key)] = value if simple else msgspec.json.decode(to_json(value))

    def set_attributes(self, attributes: Mapping[str, Any]) -> None:
        """Set several attributes."""
        for key, value in attributes.items():
            self.set_attribute(key, value)

    def set_status(self, status: Any, description: str | None = None) -> None:
        """Say how it went: ``"OK"``, ``"ERROR"``, or a status object of MLflow's or OpenTelemetry's."""
        if self._end_ns:
            return
        code = getattr(status, "status_code", status)
        text = str(getattr(code, "name", code)).rpartition("_")[2].upper()
        self._status = _STATUS.get(text, UNSET)
        self._message = str(description or getattr(status, "description", "") or "")

    def add_event(self, name: Any, attributes: Mapping[str, Any] | None = None, timestamp: int | None = None) -> None:
        """Record that something happened; ``timestamp`` in nanoseconds. MLflow's SpanEvent is understood too."""
        if self._end_ns:
            return
        if not isinstance(name, str):
            name, attributes, timestamp = str(name.name), name.attributes, getattr(name, "timestamp", timestamp)
        moment = time.time_ns() if timestamp is None else int(timestamp)
        self._events.append(FinishedEvent(name, moment, to_json(dict(attributes or {}))))

    def record_exception(
        self,
        exception: BaseException | str,
        attributes: Mapping[str, Any] | None = None,
        timestamp: int | None = None,
        escaped: bool = False,
    ) -> None:
        """Record an error, and that it went wrong. The text is redacted before it is stored."""
        if self._end_ns:
            return
        if not isinstance(exception, BaseException):
            exception = RuntimeError(str(exception))  # MLflow takes the text of an error too
        kind = type(exception)
        details = {
            "exception.type": f"{kind.__module__}.{kind.__qualname__}",
            "exception.message": text_of(exception),
            "exception.stacktrace": stack_of(exception),
            **(attributes or {}),
        }
        self.add_event("exception", details, timestamp)
        self._status = ERROR
        self._message = f"{kind.__name__}: {text_of(exception)}"

    def add_link(self, context: Any, attributes: Mapping[str, Any] | None = None) -> None:
        """Say that another span has to do with it: by its OpenTelemetry context, or a :class:`quire.entities.Link`.

        Raises InvalidInput for what names no span.
        """
        link = link_of(context, attributes)
        if not self._end_ns:
            self._links.append(link)

    # -- OpenTelemetry -----------------------------------------------------------------------------

    def get_span_context(self) -> otel.SpanContext:
        """What OpenTelemetry passes on to other spans and services."""
        if self._context is None:
            trace = self.live_trace
            flags = _SAMPLED if trace.kept else _NOT_SAMPLED
            self._context = otel.SpanContext(trace.trace_id, self.span_number, is_remote=False, trace_flags=flags)
        return self._context

    def update_name(self, name: str) -> None:
        """Call it something else."""
        if not self._end_ns:
            self._name = str(name)

    def is_recording(self) -> bool:
        """Whether it has not ended."""
        return not self._end_ns

    # -- its end -----------------------------------------------------------------------------------

    def end(
        self,
        end_time_ns: int | None = None,
        *,
        outputs: Any = None,
        attributes: Mapping[str, Any] | None = None,
        status: Any = None,
    ) -> None:
        """End it. What comes later changes nothing, a second end neither."""
        if outputs is not None:
            self.set_outputs(outputs)
        if attributes:
            self.set_attributes(attributes)
        if status is not None:
            self.set_status(status)
        self.finish(end_time_ns=end_time_ns)

    def finish(
        self,
        *,
        outputs: bytes | None = None,
        error: BaseException | None = None,
        attributes: Mapping[str, Any] | None = None,
        end_time_ns: int | None = None,
    ) -> None:
        """End it, for instrumentation: ``outputs`` is JSON text, ``attributes`` plain data. Never raises."""
        try:
            if self._end_ns:
                return
            if error is not None:
                self.record_exception(error)
            elif self._status == UNSET:
                self._status = OK
            if outputs is not None:
                self._outputs = outputs
            if attributes:
                self._attributes.update(attributes)
            self._end_ns = end_time_ns or time.time_ns()
            trace = self.live_trace
            is_entry = self.span_number == trace.entry
            if is_entry:
                state.note_end(self)
            trace.add(self._finished(), is_entry=is_entry)
        except Exception as failed:
            self._end_ns = self._end_ns or 1
            log.error("A span could not be recorded: %r", failed)

    def _finished(self) -> FinishedSpan:
        return FinishedSpan(
            self.id_bytes,
            self._parent,
            self._name,
            self._type,
            self._start_ns,
            self._end_ns,
            self._status,
            self._message,
            self._inputs,
            self._outputs,
            self._attributes,
            self._events or (),
            self._links or (),
        )

    def __enter__(self) -> Span:
        return self

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        self.finish(error=error)

    def __del__(self) -> None:
        try:
            if not self._end_ns and self.live_trace.is_ours:
                self.finish(attributes={"quire.abandoned": True})
        except Exception:  # the interpreter is ending, or the span was never whole
            return


def _no_span() -> Span:
    span = Span(LiveTrace(0, "0", lambda _: None, metadata={}), 0, b"", "off", "UNKNOWN")
    span._end_ns = 1
    return span


NO_SPAN = _no_span()
"""What stands for a span where none is made: it takes everything and keeps nothing."""
