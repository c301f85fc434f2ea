"""Traces and assessments over MLflow's REST protocol; spans over OpenTelemetry's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import msgspec

from quire.domain import protojson
from quire.domain.assessments import Assessment, AssessmentError, Expectation, Feedback, check_assessment
from quire.domain.names import check_experiment_id, check_integer, check_page_size
from quire.domain.paging import Page
from quire.domain.redaction import redact
from quire.domain.traces import (
    PromptVersionRef,
    SpanRecord,
    Trace,
    TraceInfo,
    TraceState,
    check_deletion,
    check_labels,
    check_state,
    check_trace_id,
)
from quire.store.rest.base import encode, segment
from quire.store.rest.client import Call
from quire.store.rest.registry import RestRegistry
from quire.store.rest.wire.common import Empty, GivenTag
from quire.store.rest.wire.traces import (
    AssessmentResponse,
    BatchGetTraces,
    BeginTrace,
    CreateAssessment,
    DeleteTraces,
    DeleteTracesResponse,
    DeleteTraceTag,
    EndTrace,
    LinkPromptsToTrace,
    LinkTracesToRun,
    OfAssessment,
    OfTrace,
    SearchTraces,
    SearchTracesResponse,
    SetTraceTag,
    StartTrace,
    TraceInfosResponse,
    TraceInfoV2Response,
    TraceMessage,
    TraceResponse,
    TracesResponse,
    UpdateAssessment,
    experiment_place,
)

API3 = "/api/3.0/mlflow"
MAX_PAGE = 500
_READ_AT_ONCE = 100
_LOOK = "Look with get_trace_info before you repeat it."
_AT_ONCE = 8
"""Assessments that are sent together: MLflow's protocol takes one in a request."""


def _same(one: Assessment) -> tuple[str, ...]:
    """What an assessment is known by among those of a trace; an expectation is the same whichever run says it."""
    run = one.run_id if one.kind == "feedback" else None
    return one.kind, one.assessment_name, one.source.source_type, one.source.source_id, run or ""


class RestTraces(RestRegistry):
    """The part of a store that keeps traces."""

    def _read3(self, path: str, message: msgspec.Struct, kind: type[Any]) -> Any:
        return self._client.decode(Call(method="GET", path=API3 + path, query=protojson.encode_query(message)), kind)

    def _ask3(self, method: str, path: str, message: Any, kind: type[Any], **how: Any) -> Any:
        return self._client.decode(Call(method=method, path=API3 + path, body=encode(message), **how), kind)

    def start_trace(self, info: TraceInfo) -> TraceInfo:
        """Store what is said of a trace, before or after its spans; said again, it is merged into what is there."""
        check_trace_id(info.trace_id)
        check_state(info.state)
        check_experiment_id(info.experiment_id)
        hidden = msgspec.structs.replace(
            info,
            tags=_clean(info.tags, "tag"),
            trace_metadata=_clean(info.trace_metadata, "metadata"),
            request_preview=None if info.request_preview is None else redact(info.request_preview),
            response_preview=None if info.response_preview is None else redact(info.response_preview),
        )
        message = StartTrace(trace=TraceMessage(trace_info=hidden))
        found: TraceInfo = self._ask3("POST", "/traces", message, TraceResponse).trace.trace_info
        return found

    def begin_trace(
        self,
        experiment_id: str,
        *,
        timestamp_ms: int,
        metadata: Mapping[str, str] | None = None,
        tags: Mapping[str, str] | None = None,
    ) -> TraceInfo:
        """Start a trace whose id the store chooses, as clients before version 3 do; its state is IN_PROGRESS."""
        check_experiment_id(experiment_id)
        message = BeginTrace(
            experiment_id=experiment_id,
            timestamp_ms=check_integer(timestamp_ms, "timestamp_ms"),
            request_metadata=_pairs(_clean(metadata or {}, "metadata")),
            tags=_pairs(_clean(tags or {}, "tag")),
        )
        begun = self._ask("POST", "/traces", message, TraceInfoV2Response, repeatable=False)
        return self.get_trace_info(begun.trace_info.request_id)

    def end_trace(
        self,
        trace_id: str,
        *,
        timestamp_ms: int,
        status: TraceState,
        metadata: Mapping[str, str] | None = None,
        tags: Mapping[str, str] | None = None,
    ) -> TraceInfo:
        """End a trace that was begun with begin_trace; metadata and tags are merged into those it has."""
        message = EndTrace(
            request_id=check_trace_id(trace_id),
            timestamp_ms=check_integer(timestamp_ms, "timestamp_ms"),
            status=check_state(status),
            request_metadata=_pairs(_clean(metadata or {}, "metadata")),
            tags=_pairs(_clean(tags or {}, "tag")),
        )
        self._ask("PATCH", f"/traces/{segment(trace_id)}", message, TraceInfoV2Response)
        return self.get_trace_info(trace_id)

    def log_spans(self, experiment_id: str, spans: Sequence[SpanRecord]) -> None:
        """Store spans of any number of traces; a span stored again replaces the one of its id.

        A trace that is not there yet is made in the experiment, and follows from its spans until start_trace says more.
        """
        from quire.domain.otlp import write_protobuf

        check_experiment_id(experiment_id)
        if spans:
            headers = {"Content-Type": "application/x-protobuf", "x-mlflow-experiment-id": experiment_id}
            self._client.call(Call(method="POST", path="/v1/traces", body=write_protobuf(spans), headers=headers))

    def log_traces(self, traces: Sequence[Trace]) -> None:
        """Store traces of one experiment with spans that have ended, and what is said of them. May be repeated.

        MLflow's protocol has a request for each trace, and one for all the spans.
        """
        if not traces:
            return
        self.log_spans(traces[0].info.experiment_id, [span for trace in traces for span in trace.spans])
        for trace in traces:
            if trace.info.state != "IN_PROGRESS":
                self.start_trace(trace.info)

    def get_trace_info(self, trace_id: str) -> TraceInfo:
        """What is said of a trace."""
        path = f"/traces/{segment(check_trace_id(trace_id))}"
        found: TraceInfo = self._read3(path, OfTrace(trace_id=trace_id), TraceResponse).trace.trace_info
        return found

    def get_trace_infos(self, trace_ids: Sequence[str]) -> list[TraceInfo]:
        """What is said of these traces, in this order; those that there are not are left out."""
        found: list[TraceInfo] = []
        for some in _parts(trace_ids):
            message = BatchGetTraces(trace_ids=some)
            found += self._ask3("POST", "/traces/batchGetInfos", message, TraceInfosResponse).trace_infos
        return found

    def get_traces(self, trace_ids: Sequence[str]) -> list[Trace]:
        """These traces with their spans, in this order; those that there are not are left out."""
        from quire.domain.otlp import read_wire_span

        found: list[Trace] = []
        for some in _parts(trace_ids):
            page: TracesResponse = self._read3("/traces/batchGet", BatchGetTraces(trace_ids=some), TracesResponse)
            found += [Trace(item.trace_info, [read_wire_span(span) for span in item.spans]) for item in page.traces]
        return found

    def search_traces(
        self,
        experiment_ids: Sequence[str],
        *,
        filter_string: str = "",
        order_by: Sequence[str] = (),
        max_results: int = 100,
        page_token: str | None = None,
    ) -> Page[TraceInfo]:
        """Traces of these experiments that match; newest first unless ordered otherwise."""
        check_page_size(max_results, MAX_PAGE)
        for item in experiment_ids:
            check_experiment_id(item)
        if not experiment_ids:
            return Page()
        message = SearchTraces(
            locations=[experiment_place(item) for item in dict.fromkeys(experiment_ids)],
            filter=filter_string,
            order_by=list(order_by),
            max_results=max_results,
            page_token=page_token,
        )
        page: SearchTracesResponse = self._ask3("POST", "/traces/search", message, SearchTracesResponse)
        return Page(page.traces, page.next_page_token or None)

    def set_trace_tag(self, trace_id: str, key: str, value: str) -> None:
        """Set or replace a tag of a trace."""
        ((name, text),) = _clean({key: value}, "tag").items()
        message = SetTraceTag(trace_id=check_trace_id(trace_id), key=name, value=text)
        self._tell("PATCH", f"/traces/{segment(trace_id)}/tags", message)

    def delete_trace_tag(self, trace_id: str, key: str) -> None:
        """Remove a tag of a trace; NotFound if it is not set."""
        message = DeleteTraceTag(trace_id=check_trace_id(trace_id), key=key)
        self._tell("DELETE", f"/traces/{segment(trace_id)}/tags", message)

    def link_traces_to_run(self, trace_ids: Sequence[str], run_id: str) -> None:
        """Make traces found by ``run_id``; at most 100 in a call. Traces that there are not are left out."""
        self._tell("POST", "/traces/link-to-run", LinkTracesToRun(trace_ids=list(trace_ids), run_id=run_id))

    def link_prompts_to_trace(self, trace_id: str, versions: Sequence[PromptVersionRef]) -> None:
        """Make a trace found by the prompt versions that it used."""
        message = LinkPromptsToTrace(trace_id=check_trace_id(trace_id), prompt_versions=list(versions))
        self._tell("POST", "/traces/link-prompts", message)

    def delete_traces(
        self,
        experiment_id: str,
        *,
        trace_ids: Sequence[str] = (),
        max_timestamp_ms: int | None = None,
        max_traces: int | None = None,
    ) -> int:
        """Delete traces of an experiment with their spans: these, or those not newer, oldest first; how many."""
        check_deletion(trace_ids, max_timestamp_ms, max_traces)
        message = DeleteTraces(
            experiment_id=experiment_id,
            request_ids=[check_trace_id(item) for item in trace_ids],
            max_timestamp_millis=max_timestamp_ms,
            max_traces=max_traces,
        )
        return self._ask("POST", "/traces/delete-traces", message, DeleteTracesResponse).traces_deleted

    def create_assessment(self, assessment: Assessment) -> Assessment:
        """Add an assessment to a trace; the id is the store's. The one that it overrides is no longer valid."""
        check_assessment(assessment)
        path = f"/traces/{segment(check_trace_id(assessment.trace_id))}/assessments"
        message = CreateAssessment(trace_id=assessment.trace_id, assessment=assessment.hidden())
        how = {"repeatable": False, "look": _LOOK}
        made: Assessment = self._ask3("POST", path, message, AssessmentResponse, **how).assessment
        return made

    def log_assessments(self, assessments: Sequence[Assessment]) -> set[str]:
        """Add many assessments, several at once; what a trace has already is left. Returns traces that are lacking."""
        for one in assessments:
            check_assessment(one)
        wanted = list(dict.fromkeys(one.trace_id for one in assessments))
        there = {info.trace_id: {_same(item) for item in info.assessments} for info in self.get_trace_infos(wanted)}
        new = {(one.trace_id, _same(one)): one for one in assessments if one.trace_id in there}
        lacking = [one for (trace, same), one in new.items() if same not in there[trace]]
        with ThreadPoolExecutor(_AT_ONCE, "quire-assess") as pool:
            list(pool.map(self.create_assessment, lacking))
        return set(wanted) - there.keys()

    def get_assessment(self, trace_id: str, assessment_id: str) -> Assessment:
        """One assessment of a trace."""
        message = OfAssessment(trace_id=check_trace_id(trace_id), assessment_id=assessment_id)
        found: Assessment = self._read3(_assessment(trace_id, assessment_id), message, AssessmentResponse).assessment
        return found

    def update_assessment(
        self,
        trace_id: str,
        assessment_id: str,
        *,
        name: str | None = None,
        feedback: Feedback | None = None,
        expectation: Expectation | None = None,
        rationale: str | None = None,
        metadata: Mapping[str, str] | None = None,
        error: AssessmentError | None = None,
        valid: bool | None = None,
    ) -> Assessment:
        """Change an assessment, but not its kind; metadata are added key by key."""
        changes: dict[str, Any] = {
            "assessment_name": name,
            "feedback": feedback,
            "expectation": expectation,
            "rationale": rationale,
        }
        changes |= {"metadata": metadata, "error": error, "valid": valid}
        given = {key: value for key, value in changes.items() if value is not None}
        if not given:
            return self.get_assessment(trace_id, assessment_id)
        assessment = Assessment(assessment_id=assessment_id, trace_id=trace_id, **given).hidden()
        message = UpdateAssessment(
            trace_id=check_trace_id(trace_id),
            assessment_id=assessment_id,
            assessment=assessment,
            update_mask=",".join(_camel(key) for key in given),
        )
        made: Assessment = self._ask3(
            "PATCH", _assessment(trace_id, assessment_id), message, AssessmentResponse
        ).assessment
        return made

    def delete_assessment(self, trace_id: str, assessment_id: str) -> None:
        """Delete an assessment; one that it overrode is valid again. No error if there is none."""
        message = OfAssessment(trace_id=check_trace_id(trace_id), assessment_id=assessment_id)
        self._ask3("DELETE", _assessment(trace_id, assessment_id), message, Empty)


def _assessment(trace_id: str, assessment_id: str) -> str:
    return f"/traces/{segment(trace_id)}/assessments/{segment(assessment_id)}"


def _parts(trace_ids: Sequence[str]) -> list[list[str]]:
    wanted = list(dict.fromkeys(check_trace_id(item) for item in trace_ids))
    return [wanted[begin : begin + _READ_AT_ONCE] for begin in range(0, len(wanted), _READ_AT_ONCE)]


def _camel(name: str) -> str:
    """A field as protobuf's JSON writes it in a mask."""
    head, *rest = name.split("_")
    return head + "".join(word.capitalize() for word in rest)


def _pairs(labels: Mapping[str, str]) -> list[GivenTag]:
    return [GivenTag(key, value) for key, value in labels.items()]


def _clean(labels: Mapping[str, str], what: str) -> dict[str, str]:
    check_labels(labels, what)
    return {key: redact(value) for key, value in labels.items()}
