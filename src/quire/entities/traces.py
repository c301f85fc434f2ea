"""Traces as stores give them back: read only, under MLflow's names."""

from __future__ import annotations

import re
from functools import cached_property
from typing import Any, Literal

import msgspec

from quire.domain import traces as domain
from quire.domain.errors import InvalidInput
from quire.domain.times import format_duration
from quire.domain.traces import COST, TOKEN_USAGE, json_object
from quire.entities.assessments import Assessment
from quire.entities.spans import Span

COLUMNS = (
    "trace_id",
    "trace",
    "client_request_id",
    "state",
    "request_time",
    "execution_duration",
    "request",
    "response",
    "trace_metadata",
    "tags",
    "spans",
    "assessments",
)
"""The columns of a table of traces."""


class TraceInfo:
    """Everything about a trace but its spans. Times are milliseconds (``request_time`` since the epoch)."""

    def __init__(self, stored: domain.TraceInfo) -> None:
        self._stored = stored

    @property
    def stored(self) -> domain.TraceInfo:
        """The same as it travels."""
        return self._stored

    @property
    def trace_id(self) -> str:
        """``tr-`` and 32 hexadecimal digits."""
        return self._stored.trace_id

    request_id = trace_id

    @property
    def experiment_id(self) -> str:
        """The experiment that it belongs to."""
        return self._stored.experiment_id

    @property
    def trace_location(self) -> domain.TraceLocation:
        """Where it belongs."""
        return self._stored.trace_location

    @property
    def client_request_id(self) -> str | None:
        """The id that the program gave it."""
        return self._stored.client_request_id or None

    @property
    def request_time(self) -> int:
        """When it began."""
        return self._stored.timestamp_ms

    timestamp_ms = request_time

    @property
    def execution_duration(self) -> int | None:
        """How long it took; None while it runs."""
        return self._stored.execution_time_ms

    execution_time_ms = execution_duration

    @property
    def state(self) -> str:
        """How it went: see :class:`TraceState`."""
        return self._stored.state

    status = state

    @property
    def request_preview(self) -> str | None:
        """The beginning of what went in."""
        return self._stored.request_preview

    @property
    def response_preview(self) -> str | None:
        """The beginning of what came out."""
        return self._stored.response_preview

    @property
    def trace_metadata(self) -> dict[str, str]:
        """What was said of it when it was made."""
        return self._stored.trace_metadata

    request_metadata = trace_metadata

    @property
    def tags(self) -> dict[str, str]:
        """What may be said of it at any time."""
        return self._stored.tags

    @cached_property
    def assessments(self) -> list[Assessment]:
        """What is judged of it."""
        return [Assessment.from_stored(item) for item in self._stored.assessments]

    @property
    def token_usage(self) -> dict[str, int] | None:
        """Tokens of all its spans by kind; None if none were counted."""
        return json_object(self._stored.trace_metadata.get(TOKEN_USAGE)) or None

    @property
    def cost(self) -> dict[str, float] | None:
        """US dollars of all its spans by kind; None if no price is known."""
        return json_object(self._stored.trace_metadata.get(COST)) or None

    def to_dict(self) -> dict[str, Any]:
        """As MLflow's trace files hold it."""
        made: dict[str, Any] = msgspec.to_builtins(self._stored)
        duration = self.execution_duration
        made.pop("execution_duration", None)
        if duration is not None:
            made["execution_duration_ms"] = duration
        return made

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> TraceInfo:
        """What :meth:`to_dict` has written. InvalidInput for something else."""
        fields = dict(data)
        duration = fields.pop("execution_duration_ms", None)
        if duration is not None:
            fields["execution_duration"] = format_duration(int(duration))
        try:
            return cls(msgspec.convert(fields, domain.TraceInfo))
        except msgspec.ValidationError as error:
            raise InvalidInput(f"This is not what is said of a trace: {error}.") from None

    def __repr__(self) -> str:
        return f"TraceInfo(trace_id={self.trace_id!r}, experiment_id={self.experiment_id!r}, state={self.state})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, TraceInfo) and other._stored == self._stored

    __hash__ = object.__hash__


class TraceData:
    """The spans of a trace: roots first, then by start."""

    def __init__(self, spans: list[Span] | None = None) -> None:
        self.spans = spans or []

    @property
    def request(self) -> str | None:
        """What went into the root, as JSON text."""
        return self._of_root("inputs")

    @property
    def response(self) -> str | None:
        """What came out of the root, as JSON text."""
        return self._of_root("outputs")

    def _of_root(self, what: str) -> str | None:
        root = next((span for span in self.spans if span.parent_id is None), None)
        value = None if root is None else getattr(root, what)
        return None if value is None else msgspec.json.encode(value).decode()

    def to_dict(self) -> dict[str, Any]:
        """As MLflow's trace files hold it."""
        return {"spans": [span.to_dict() for span in self.spans]}

    def __repr__(self) -> str:
        return f"TraceData(spans={self.spans!r})"


class Trace:
    """One request and its steps."""

    def __init__(self, info: TraceInfo, data: TraceData) -> None:
        self.info = info
        self.data = data

    @classmethod
    def from_stored(cls, stored: domain.Trace) -> Trace:
        """A trace as a store has given it."""
        return cls(TraceInfo(stored.info), TraceData([Span(record) for record in stored.spans]))

    @property
    def trace_id(self) -> str:
        """``tr-`` and 32 hexadecimal digits."""
        return self.info.trace_id

    def search_spans(
        self, span_type: str | None = None, name: str | re.Pattern[str] | None = None, span_id: str | None = None
    ) -> list[Span]:
        """Spans of that kind, of that name (or whose name has the pattern in it), of that id; all without conditions.

        Raises InvalidInput for a name that is neither.
        """
        if name is not None and not isinstance(name, str | re.Pattern):
            raise InvalidInput(f"name is a {type(name).__name__}; expected text or a compiled regular expression.")
        return [
            span
            for span in self.data.spans
            if (span_type is None or span.span_type == span_type)
            and (span_id is None or span.span_id == span_id)
            and (name is None or (span.name == name if isinstance(name, str) else name.search(span.name)))
        ]

    def search_assessments(
        self,
        name: str | None = None,
        *,
        span_id: str | None = None,
        all: bool = False,
        type: Literal["expectation", "feedback"] | None = None,
    ) -> list[Assessment]:
        """Assessments of that name, span and kind; those that were overridden only with ``all=True``."""
        return [
            item
            for item in self.info.assessments
            if (all or item.valid is not False)
            and (name is None or item.name == name)
            and (span_id is None or item.span_id == span_id)
            and (type is None or item.kind == type)
        ]

    def to_dict(self) -> dict[str, Any]:
        """As MLflow's trace files hold it."""
        return {"info": self.info.to_dict(), "data": self.data.to_dict()}

    def to_json(self, pretty: bool = False) -> str:
        """:meth:`to_dict` as JSON text."""
        text = msgspec.json.encode(self.to_dict())
        return (msgspec.json.format(text, indent=2) if pretty else text).decode()

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Trace:
        """What :meth:`to_dict`, or MLflow's, has written. InvalidInput for something else."""
        try:
            info, spans = data["info"], data["data"]["spans"]
        except (KeyError, TypeError):
            raise InvalidInput("This is no trace; expected a mapping with `info` and `data.spans`.") from None
        known = TraceInfo.from_dict(info)
        return cls(known, TraceData([Span.from_dict(span, known.trace_id) for span in spans]))

    @classmethod
    def from_json(cls, text: str) -> Trace:
        """What :meth:`to_json`, or MLflow's, has written. InvalidInput for something else."""
        try:
            return cls.from_dict(msgspec.json.decode(text))
        except msgspec.DecodeError as error:
            raise InvalidInput(f"This is no trace; it is not even JSON: {error}.") from None

    def to_row(self) -> dict[str, Any]:
        """The trace as a row of a table: see ``COLUMNS``."""
        info = self.info
        return {
            "trace_id": info.trace_id,
            "trace": self.to_json(),
            "client_request_id": info.client_request_id,
            "state": info.state,
            "request_time": info.request_time,
            "execution_duration": info.execution_duration,
            "request": _decoded(self.data.request),
            "response": _decoded(self.data.response),
            "trace_metadata": info.trace_metadata,
            "tags": info.tags,
            "spans": [span.to_dict() for span in self.data.spans],
            "assessments": [item.to_dictionary() for item in info.assessments],
        }

    def __repr__(self) -> str:
        return f"Trace(trace_id={self.trace_id!r}, state={self.info.state}, spans={len(self.data.spans)})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Trace) and other.info == self.info and other.data.spans == self.data.spans

    __hash__ = object.__hash__


def _decoded(text: str | None) -> Any:
    return None if text is None else msgspec.json.decode(text)
