"""Spans as stores give them back: read only, under MLflow's names."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

import msgspec

from quire.domain.errors import InvalidInput
from quire.domain.span_names import DESCRIPTION, INPUTS, LOG_LEVEL, OUTPUTS
from quire.domain.traces import SpanRecord
from quire.entities.words import SpanLogLevel

if TYPE_CHECKING:
    from opentelemetry.proto.trace.v1.trace_pb2 import Span as Message

_OWN = ("mlflow.spanType", "mlflow.traceRequestId")
_INPUTS = (INPUTS, "gen_ai.input.messages", "input.value", "traceloop.entity.input")
_OUTPUTS = (OUTPUTS, "gen_ai.output.messages", "output.value", "traceloop.entity.output")


class SpanStatus(msgspec.Struct, frozen=True):
    """How a span went: ``status_code`` is ``UNSET``, ``OK`` or ``ERROR``; ``description`` says why."""

    status_code: str
    description: str = ""


class SpanEvent(msgspec.Struct, frozen=True, kw_only=True):
    """Something that happened while a span ran; ``timestamp`` in nanoseconds since the epoch."""

    name: str
    timestamp: int = 0
    attributes: dict[str, Any] = {}


class Link(msgspec.Struct, frozen=True):
    """Another span that this one has to do with: ``trace_id`` (``tr-…``), ``span_id``, and how, if that was said."""

    trace_id: str
    span_id: str
    attributes: dict[str, Any] | None = None

    def to_dict(self) -> dict[str, Any]:
        """As MLflow's trace files hold it."""
        return msgspec.structs.asdict(self)

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Link:
        """What :meth:`to_dict`, or MLflow's, has written. InvalidInput for something else."""
        try:
            return msgspec.convert(data, cls)
        except msgspec.ValidationError as error:
            raise InvalidInput(f"This is no link of a span: {error}.") from None


class Span:
    """One step of a trace. What it holds is read from its OpenTelemetry message when it is asked for."""

    def __init__(self, record: SpanRecord) -> None:
        self._record = record

    @classmethod
    def from_dict(cls, data: dict[str, Any], trace_id: str | None = None) -> Span:
        """The span that :meth:`to_dict`, or MLflow's, has written. InvalidInput for something else."""
        from quire.domain.otlp import read_mlflow_span

        given = (data.get("attributes") or {}).get("mlflow.traceRequestId")
        known = trace_id or (msgspec.json.decode(given) if isinstance(given, str) else None)
        if not isinstance(known, str):
            raise InvalidInput("The span does not say its trace (the attribute mlflow.traceRequestId).")
        return cls(read_mlflow_span(data, known))

    @property
    def record(self) -> SpanRecord:
        """The span as stores keep it."""
        return self._record

    @property
    def trace_id(self) -> str:
        """The id of its trace."""
        return self._record.trace_id

    request_id = trace_id

    @property
    def span_id(self) -> str:
        """16 hexadecimal digits."""
        return self._record.span_id

    @property
    def parent_id(self) -> str | None:
        """The id of the span that it is part of; None for a root."""
        return self._record.parent_id

    @cached_property
    def name(self) -> str:
        """What it is called."""
        return self._message.name

    @property
    def span_type(self) -> str:
        """The kind of work: see :class:`SpanType`."""
        return self._record.type

    @property
    def start_time_ns(self) -> int:
        """When it began, in nanoseconds since the epoch."""
        return self._record.start_time_ns

    @property
    def end_time_ns(self) -> int | None:
        """When it ended, in nanoseconds since the epoch; None if it has not."""
        return self._record.end_time_ns

    @property
    def status(self) -> SpanStatus:
        """How it went, and why."""
        return SpanStatus(self._record.status, self._message.status.message)

    @property
    def model_name(self) -> str | None:
        """The model that was called."""
        return self._record.model

    @property
    def token_usage(self) -> dict[str, int] | None:
        """Tokens by kind, if they were counted."""
        return None if self._record.usage is None else dict(self._record.usage)

    @property
    def llm_cost(self) -> dict[str, float] | None:
        """US dollars by kind, if the price is known."""
        return None if self._record.cost is None else dict(self._record.cost)

    @property
    def log_level(self) -> SpanLogLevel | None:
        """How much it matters; None if that was not said."""
        level = self.attributes.get(LOG_LEVEL)
        return SpanLogLevel(level) if level in tuple(SpanLogLevel) else None

    @property
    def description(self) -> str | None:
        """What it is for, in words; None if that was not said."""
        text = self.attributes.get(DESCRIPTION)
        return None if text is None else str(text)

    @property
    def inputs(self) -> Any:
        """What went in, as plain data."""
        return _first(self.attributes, _INPUTS)

    @property
    def outputs(self) -> Any:
        """What came out, as plain data."""
        return _first(self.attributes, _OUTPUTS)

    @cached_property
    def attributes(self) -> dict[str, Any]:
        """All that was said of it, its inputs and outputs among that, as plain data."""
        from quire.domain.otlp import plain_attributes

        found = plain_attributes(self._message.attributes)
        if any(str(found.get(key)).startswith('"') for key in _OWN):
            found = {key: _unwrapped(value) for key, value in found.items()}
        return {"mlflow.traceRequestId": self.trace_id, "mlflow.spanType": self.span_type} | found

    def get_attribute(self, key: str) -> Any:
        """One attribute; None if it is not set."""
        return self.attributes.get(key)

    @cached_property
    def events(self) -> list[SpanEvent]:
        """What happened while it ran, an error among it."""
        from quire.domain.otlp import plain_attributes

        return [
            SpanEvent(name=item.name, timestamp=item.time_unix_nano, attributes=plain_attributes(item.attributes))
            for item in self._message.events
        ]

    @cached_property
    def links(self) -> list[Link]:
        """Spans that it has to do with."""
        from quire.domain.otlp import plain_attributes

        return [
            Link(
                trace_id=f"tr-{item.trace_id.hex()}",
                span_id=item.span_id.hex(),
                attributes=plain_attributes(item.attributes) or None,
            )
            for item in self._message.links
        ]

    def to_dict(self) -> dict[str, Any]:
        """The span as MLflow's trace files hold it: ids in base64, attribute values as JSON text."""
        from quire.domain.otlp import mlflow_span

        return mlflow_span(self._record)

    @cached_property
    def _message(self) -> Message:
        from opentelemetry.proto.trace.v1.trace_pb2 import Span as Message

        return Message.FromString(self._record.content)

    def __repr__(self) -> str:
        return (
            f"Span(name={self.name!r}, trace_id={self.trace_id!r}, span_id={self.span_id!r}, "
            f"parent_id={self.parent_id!r}, span_type={self.span_type!r}, status={self._record.status})"
        )

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Span) and other.to_dict() == self.to_dict()

    __hash__ = object.__hash__


def _first(attributes: dict[str, Any], names: tuple[str, ...]) -> Any:
    return next((attributes[name] for name in names if attributes.get(name) is not None), None)


def _unwrapped(value: Any) -> Any:
    """MLflow's attributes are JSON text where exporters of OpenTelemetry have sent them as they are in the program."""
    if not isinstance(value, str):
        return value
    try:
        return msgspec.json.decode(value)
    except msgspec.DecodeError:
        return value
