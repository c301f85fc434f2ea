"""Traces: what identifies one, what is said of it, and its spans as stores keep them.

Names and shapes are those of MLflow's protocol (version 3), where times are RFC 3339 text and durations text such as
``0.104s``; properties give them as milliseconds. Inside, every span is an OpenTelemetry protobuf message.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import msgspec

from quire.domain.assessments import Assessment
from quire.domain.entities import Entity
from quire.domain.errors import InvalidInput
from quire.domain.names import MAX_KEY, MAX_TEXT, check_text
from quire.domain.times import format_duration, format_time, parse_duration, parse_time

TraceState = Literal["STATE_UNSPECIFIED", "OK", "ERROR", "IN_PROGRESS"]
SpanStatus = Literal["UNSET", "OK", "ERROR"]
TRACE_STATES: tuple[TraceState, ...] = ("STATE_UNSPECIFIED", "OK", "ERROR", "IN_PROGRESS")

NAME_TAG = "mlflow.traceName"
ARTIFACT_LOCATION_TAG = "mlflow.artifactLocation"
SPANS_LOCATION_TAG = "mlflow.trace.spansLocation"
LINKED_PROMPTS_TAG = "mlflow.linkedPrompts"
IN_STORE = "TRACKING_STORE"
SOURCE_RUN = "mlflow.sourceRun"
FINALIZED = "mlflow.trace.infoFinalized"
TOKEN_USAGE = "mlflow.trace.tokenUsage"  # noqa: S105 - a key of metadata
COST = "mlflow.trace.cost"
SIZE_STATS = "mlflow.trace.sizeStats"
SIZE_BYTES = "mlflow.trace.sizeBytes"
TRACE_INPUTS = "mlflow.traceInputs"
TRACE_OUTPUTS = "mlflow.traceOutputs"
SCHEMA_VERSION = "mlflow.trace_schema.version"
SESSION = "mlflow.trace.session"
USER = "mlflow.trace.user"
MAX_TRACE_ID = 100
MAX_PREVIEW = 1000
# What MLflow's client may not set, because stores do.
FIXED_TAGS = frozenset({ARTIFACT_LOCATION_TAG, SPANS_LOCATION_TAG})

_TRACE_ID = re.compile(r"[\w.:/\-]+")


class ExperimentLocation(Entity, frozen=True):
    """The experiment that a trace belongs to."""

    experiment_id: str = ""


class TraceLocation(Entity, frozen=True, kw_only=True, omit_defaults=False):
    """Where a trace belongs; an experiment is the one place that there is."""

    type: str = "MLFLOW_EXPERIMENT"
    mlflow_experiment: ExperimentLocation | None = None


class TraceInfo(Entity, frozen=True, kw_only=True):
    """Everything about a trace but its spans."""

    trace_id: str
    client_request_id: str = ""
    trace_location: TraceLocation = msgspec.field(default_factory=TraceLocation)
    request_preview: str | None = None
    response_preview: str | None = None
    request_time: str = ""
    execution_duration: str | None = None
    state: TraceState = "STATE_UNSPECIFIED"
    trace_metadata: dict[str, str] = msgspec.field(default_factory=dict)
    assessments: list[Assessment] = msgspec.field(default_factory=list)
    tags: dict[str, str] = msgspec.field(default_factory=dict)

    @property
    def experiment_id(self) -> str:
        """The experiment that it belongs to."""
        place = self.trace_location.mlflow_experiment
        return place.experiment_id if place else ""

    @property
    def timestamp_ms(self) -> int:
        """When it began, in milliseconds since the epoch."""
        return parse_time(self.request_time, "request_time") if self.request_time else 0

    @property
    def execution_time_ms(self) -> int | None:
        """How long it took, in milliseconds; None while it runs."""
        return parse_duration(self.execution_duration, "execution_duration") if self.execution_duration else None


def trace_info(
    trace_id: str,
    experiment_id: str,
    *,
    timestamp_ms: int,
    execution_time_ms: int | None = None,
    **fields: Any,
) -> TraceInfo:
    """A trace info from numbers."""
    return TraceInfo(
        trace_id=trace_id,
        trace_location=TraceLocation(mlflow_experiment=ExperimentLocation(experiment_id=experiment_id)),
        request_time=format_time(timestamp_ms),
        execution_duration=None if execution_time_ms is None else format_duration(execution_time_ms),
        **fields,
    )


class TraceFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What a span says of its whole trace: only a root says how it looks, any may say whose it is."""

    request_preview: str | None = None
    response_preview: str | None = None
    tags: Mapping[str, str] = msgspec.field(default_factory=dict)
    metadata: Mapping[str, str] = msgspec.field(default_factory=dict)


class SpanRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One span as stores keep it: what is searched and summed, and the whole of it.

    ``content`` is an ``opentelemetry.proto.trace.v1.Span`` message; :mod:`quire.domain.otlp` makes and reads it.
    Times are nanoseconds since the epoch. ``usage`` counts tokens, ``cost`` is in US dollars.
    """

    trace_id: str
    span_id: str
    parent_id: str | None
    name: str
    type: str
    status: SpanStatus
    start_time_ns: int
    end_time_ns: int | None
    content: bytes
    model: str | None = None
    usage: Mapping[str, int] | None = None
    cost: Mapping[str, float] | None = None
    facts: TraceFacts | None = None


class Trace(msgspec.Struct, frozen=True):
    """A trace with its spans: roots first, then by start."""

    info: TraceInfo
    spans: list[SpanRecord] = msgspec.field(default_factory=list)

    @property
    def complete(self) -> bool:
        """Whether every span that the trace's info counts is there."""
        return len(self.spans) >= span_count(self.info.trace_metadata)


class PromptVersionRef(msgspec.Struct, frozen=True):
    """A version of a prompt, which a trace used."""

    name: str
    version: str


def span_count(metadata: Mapping[str, str]) -> int:
    """How many spans a trace has, by its metadata; 0 if that does not say."""
    stats = json_object(metadata.get(SIZE_STATS))
    count = stats.get("num_spans")
    return count if isinstance(count, int) else 0


def json_object(text: str | None) -> dict[str, Any]:
    """The JSON object in a text; empty if there is none."""
    if not text:
        return {}
    try:
        value = msgspec.json.decode(text)
    except msgspec.DecodeError:
        return {}
    return value if isinstance(value, dict) else {}


def check_trace_id(trace_id: object) -> str:
    """A trace's id: 1 to 100 letters, digits and ``- _ . : /``."""
    if not isinstance(trace_id, str) or not 0 < len(trace_id) <= MAX_TRACE_ID or not _TRACE_ID.fullmatch(trace_id):
        raise InvalidInput(
            f"Invalid trace id {str(trace_id)[:120]!r}: expected 'tr-' and the 32 hexadecimal digits of an "
            "OpenTelemetry trace id."
        )
    return trace_id


def check_labels(labels: Mapping[str, str], what: str) -> None:
    """Refuse tags or metadata of a trace with keys or values that cannot be kept."""
    for key, value in labels.items():
        if not key:
            raise InvalidInput(f"A {what} of the trace has no key.")
        check_text(key, f"The key of a trace's {what}", MAX_KEY)
        check_text(value, f"The trace's {what} {key!r}", MAX_TEXT)


def check_state(state: object) -> TraceState:
    """A state that a trace can be in."""
    if state not in TRACE_STATES:
        raise InvalidInput(f"Invalid state {str(state)[:60]!r} of a trace; expected {', '.join(TRACE_STATES)}.")
    return state


def check_deletion(trace_ids: Sequence[str], max_timestamp_ms: int | None, max_traces: int | None) -> None:
    """Refuse a deletion that names neither traces nor an age, or both."""
    if bool(trace_ids) == (max_timestamp_ms is not None):
        raise InvalidInput(
            "Name the traces to delete by their ids, or by age (max_timestamp_millis): one of the two is needed, and "
            "not both."
        )
    if max_traces is not None and (trace_ids or max_traces < 1):
        raise InvalidInput(
            f"max_traces is {max_traces}; it limits a deletion by age, to a whole number of traces from 1."
        )
