"""Messages about traces: ``/api/3.0/mlflow/traces/…``, and the calls of clients before version 3 under ``/api/2.0``."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from quire.domain.assessments import Assessment
from quire.domain.errors import InvalidInput
from quire.domain.protojson import Int64, Message, Required
from quire.domain.traces import ExperimentLocation, PromptVersionRef, TraceInfo, TraceState
from quire.store.rest.wire.common import GivenTag

_CAPITAL = re.compile(r"(?<=[a-z])([A-Z])")


class TraceMessage(Message, frozen=True, kw_only=True):
    """A trace; ``spans`` are OTLP spans in protobuf's JSON form, ids in base64."""

    trace_info: TraceInfo
    spans: list[dict[str, Any]] = msgspec.field(default_factory=list)


class StartTrace(Message, frozen=True, kw_only=True):
    """``POST traces``."""

    trace: TraceMessage


class TraceResponse(Message, frozen=True, kw_only=True):
    """A trace, with its spans where they were asked for."""

    trace: TraceMessage


class OfTrace(Message, frozen=True, kw_only=True):
    """A request about one trace, named by the path."""

    trace_id: Required


class GetTrace(OfTrace, frozen=True, kw_only=True):
    """``GET traces/get``. With ``allow_partial`` a trace is given whose spans have not all come yet."""

    allow_partial: bool = False


class BatchGetTraces(Message, frozen=True, kw_only=True):
    """``GET traces/batchGet`` and ``POST traces/batchGetInfos``; of ``experiment_ids`` only, if these are given."""

    trace_ids: list[str] = msgspec.field(default_factory=list)
    experiment_ids: list[str] | None = None


class TracesResponse(Message, frozen=True, kw_only=True):
    """Traces with their spans."""

    traces: list[TraceMessage] = msgspec.field(default_factory=list)


class TraceInfosResponse(Message, frozen=True, kw_only=True):
    """Traces without their spans."""

    trace_infos: list[TraceInfo] = msgspec.field(default_factory=list)


class SearchLocation(Message, frozen=True, kw_only=True):
    """A place to search; one that is no experiment holds nothing."""

    type: str = ""
    mlflow_experiment: ExperimentLocation | None = None


class SearchTraces(Message, frozen=True, kw_only=True):
    """``POST traces/search``."""

    locations: list[SearchLocation] = msgspec.field(default_factory=list)
    filter: str = ""
    max_results: Int64 = 100
    order_by: list[str] = msgspec.field(default_factory=list)
    page_token: str | None = None


class SearchTracesResponse(Message, frozen=True, kw_only=True):
    """A page of traces."""

    traces: list[TraceInfo] = msgspec.field(default_factory=list)
    next_page_token: str | None = None


class SetTraceTag(OfTrace, frozen=True, kw_only=True):
    """``PATCH traces/{trace_id}/tags``."""

    key: Required
    value: str = ""


class DeleteTraceTag(OfTrace, frozen=True, kw_only=True):
    """``DELETE traces/{trace_id}/tags``."""

    key: Required


class DeleteTraces(Message, frozen=True, kw_only=True):
    """``POST traces/delete-traces``: traces by id, or by age; ``reason`` is for the audit log, unknown to MLflow."""

    experiment_id: Required
    max_timestamp_millis: Int64 | None = None
    max_traces: Int64 | None = None
    request_ids: list[str] = msgspec.field(default_factory=list)
    reason: str = ""


class DeleteTracesResponse(Message, frozen=True, kw_only=True):
    """How many traces were deleted."""

    traces_deleted: int


class LinkTracesToRun(Message, frozen=True, kw_only=True):
    """``POST traces/link-to-run``."""

    trace_ids: list[str] = msgspec.field(default_factory=list)
    run_id: Required


class LinkPromptsToTrace(OfTrace, frozen=True, kw_only=True):
    """``POST traces/link-prompts``."""

    prompt_versions: list[PromptVersionRef] = msgspec.field(default_factory=list)


class GetTraceData(Message, frozen=True, kw_only=True):
    """``GET get-trace-artifact``: the spans of a trace as a file."""

    request_id: Required


class TraceInfoV2(Message, frozen=True, kw_only=True):
    """What is said of a trace, as clients before version 3 know it. Times are milliseconds."""

    request_id: str
    experiment_id: str = ""
    timestamp_ms: int = 0
    execution_time_ms: int | None = None
    status: str = ""
    request_metadata: list[GivenTag] = msgspec.field(default_factory=list)
    tags: list[GivenTag] = msgspec.field(default_factory=list)


class BeginTrace(Message, frozen=True, kw_only=True):
    """``POST /api/2.0/mlflow/traces``."""

    experiment_id: Required
    timestamp_ms: Int64 = 0
    request_metadata: list[GivenTag] = msgspec.field(default_factory=list)
    tags: list[GivenTag] = msgspec.field(default_factory=list)


class EndTrace(Message, frozen=True, kw_only=True):
    """``PATCH /api/2.0/mlflow/traces/{request_id}``."""

    request_id: Required
    timestamp_ms: Int64 = 0
    status: TraceState | str = "STATE_UNSPECIFIED"
    request_metadata: list[GivenTag] = msgspec.field(default_factory=list)
    tags: list[GivenTag] = msgspec.field(default_factory=list)


class OfRequest(Message, frozen=True, kw_only=True):
    """A request about one trace, by its older name; ``GET /api/2.0/mlflow/traces/{request_id}/info``."""

    request_id: Required


class TraceInfoV2Response(Message, frozen=True, kw_only=True):
    """What is said of a trace, as clients before version 3 know it."""

    trace_info: TraceInfoV2


class SearchTracesV2(Message, frozen=True, kw_only=True):
    """``GET /api/2.0/mlflow/traces``."""

    experiment_ids: list[str] = msgspec.field(default_factory=list)
    filter: str = ""
    max_results: Int64 = 100
    order_by: list[str] = msgspec.field(default_factory=list)
    page_token: str | None = None


class SearchTracesV2Response(Message, frozen=True, kw_only=True):
    """A page of traces, as clients before version 3 know them."""

    traces: list[TraceInfoV2] = msgspec.field(default_factory=list)
    next_page_token: str | None = None


class CreateAssessment(OfTrace, frozen=True, kw_only=True):
    """``POST traces/{trace_id}/assessments``."""

    assessment: Assessment


class OfAssessment(OfTrace, frozen=True, kw_only=True):
    """A request about one assessment; ``GET`` and ``DELETE traces/{trace_id}/assessments/{assessment_id}``."""

    assessment_id: Required


class UpdateAssessment(OfAssessment, frozen=True, kw_only=True):
    """``PATCH traces/{trace_id}/assessments/{assessment_id}``: only the fields that ``update_mask`` names change."""

    assessment: Assessment
    update_mask: Required

    @property
    def paths(self) -> list[str]:
        """The fields named by the mask. Raises InvalidInput for one that cannot change."""
        names = [_CAPITAL.sub(r"_\1", path.strip()).lower() for path in self.update_mask.split(",")]
        for name in names:
            if name not in MUTABLE:
                raise InvalidInput(f"update_mask names {name[:100]!r}; expected {', '.join(MUTABLE)}.")
        return names


MUTABLE = ("assessment_name", "feedback", "expectation", "rationale", "metadata", "error", "valid")


class AssessmentResponse(Message, frozen=True, kw_only=True):
    """An assessment."""

    assessment: Assessment


def experiment_place(experiment_id: str) -> SearchLocation:
    """An experiment as a place to search."""
    place = ExperimentLocation(experiment_id=experiment_id)
    return SearchLocation(type="MLFLOW_EXPERIMENT", mlflow_experiment=place)


def older(info: TraceInfo) -> TraceInfoV2:
    """What is said of a trace, as clients before version 3 know it."""
    return TraceInfoV2(
        request_id=info.trace_id,
        experiment_id=info.experiment_id,
        timestamp_ms=info.timestamp_ms,
        execution_time_ms=info.execution_time_ms,
        status=info.state if info.state != "STATE_UNSPECIFIED" else "TRACE_STATUS_UNSPECIFIED",
        request_metadata=[GivenTag(key, value) for key, value in info.trace_metadata.items()],
        tags=[GivenTag(key, value) for key, value in info.tags.items()],
    )
