"""Traces, their spans and assessments, and evaluation datasets of an MLflow database, as entities."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from quire.domain.assessments import (
    SOURCE_RUN,
    Assessment,
    AssessmentError,
    AssessmentSource,
    Feedback,
    IssueReference,
    expectation_of,
)
from quire.domain.datasets import DatasetRecord, EvaluationDataset, RecordSource
from quire.domain.errors import InvalidInput
from quire.domain.otlp import read_mlflow_span
from quire.domain.times import format_time
from quire.domain.traces import (
    ARTIFACT_LOCATION_TAG,
    COST,
    NAME_TAG,
    SESSION,
    TOKEN_USAGE,
    SpanRecord,
    Trace,
    TraceInfo,
    trace_info,
)
from quire.importing.database import MlflowDatabase, Row
from quire.importing.places import Places

_AT_ONCE = 100
_STATES = {"OK": "OK", "ERROR": "ERROR", "IN_PROGRESS": "IN_PROGRESS"}
_TRACES = """SELECT trace_info.* FROM trace_info
    JOIN experiments ON experiments.experiment_id = trace_info.experiment_id
    WHERE {workspace} AND trace_info.request_id > :after ORDER BY trace_info.request_id LIMIT :count"""
_WRAPPED = "mlflow_wrapped"
_FILE = "traces.json"


class SourceTrace(msgspec.Struct, frozen=True, kw_only=True):
    """A trace's info with its assessments, its spans, and the runs that it is linked to.

    ``lost_spans`` says that its spans are in a file that was not found.
    """

    info: TraceInfo
    spans: list[SpanRecord]
    run_ids: list[str]
    lost_spans: bool

    def missing_in(self, there: Trace | None) -> str:
        """What a trace of a store lacks of this one; empty if nothing."""
        if there is None:
            return "is not here"
        if len(there.spans) < len(self.spans):
            return f"has {len(self.spans)} spans there and {len(there.spans)} here"
        known = {item.assessment_id for item in there.info.assessments}
        lacking = [item.assessment_id for item in self.info.assessments if item.assessment_id not in known]
        if lacking:
            return f"lacks the assessments {', '.join(lacking)}"
        ended = there.info.state == "IN_PROGRESS" != self.info.state
        return f"is {self.info.state} there and not ended here" if ended else ""


def count_traces(source: MlflowDatabase) -> int:
    """How many traces the workspace has."""
    if not source.has("trace_info"):
        return 0
    sql = f"""SELECT count(*) FROM trace_info JOIN experiments ON experiments.experiment_id = trace_info.experiment_id
        WHERE {source.in_workspace("experiments")}"""  # noqa: S608 - a condition of our own
    return int(source.value(sql))


def traces(source: MlflowDatabase, places: Places) -> Iterator[list[SourceTrace]]:
    """Every trace of the workspace, some at a time. Spans that are files are read where their folder is known."""
    if not source.has("trace_info"):
        return
    sql, after = _TRACES.format(workspace=source.in_workspace("experiments")), ""
    while rows := source.rows(sql, after=after, count=_AT_ONCE):
        after = rows[-1]["request_id"]
        yield _Batch(source, rows, places).traces()


class _Batch:
    """Some traces, and what belongs to them, in one query a table."""

    def __init__(self, source: MlflowDatabase, rows: Sequence[Row], places: Places) -> None:
        self._source, self._rows, self._places = source, rows, places
        self._ids = [row["request_id"] for row in rows]

    def traces(self) -> list[SourceTrace]:
        """The traces in their order."""
        tags = self._of_traces("trace_tags", "request_id")
        metadata = self._of_traces("trace_request_metadata", "request_id")
        assessments = self._of_traces("assessments", "trace_id", "created_timestamp, assessment_id")
        spans = self._of_traces("spans", "trace_id", "start_time_unix_nano")
        links = self._links()
        return [
            self._trace(row, tags[row["request_id"]], metadata[row["request_id"]], assessments, spans, links)
            for row in self._rows
        ]

    def _trace(
        self,
        row: Row,
        tags: list[Row],
        metadata: list[Row],
        assessments: dict[str, list[Row]],
        spans: dict[str, list[Row]],
        links: dict[str, list[str]],
    ) -> SourceTrace:
        key = row["request_id"]
        labels = _texts(tags)
        info = _info(row, labels, _texts(metadata), assessments[key])
        location = labels.get(ARTIFACT_LOCATION_TAG)
        kept = [_span(item["content"], key) for item in spans[key]] or self._spans_of_file(key, location)
        return SourceTrace(info=info, spans=kept, run_ids=links[key], lost_spans=not kept and location is not None)

    def _of_traces(self, table: str, column: str, order: str = "key") -> dict[str, list[Row]]:
        found: dict[str, list[Row]] = defaultdict(list)
        if self._source.has(table):
            sql = f"SELECT * FROM {table} WHERE {column} IN :traces ORDER BY {order}"  # noqa: S608 - names of our own
            for row in self._source.rows(sql, traces=self._ids):
                found[row[column]].append(row)
        return found

    def _links(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = defaultdict(list)
        if self._source.has("entity_associations"):
            sql = """SELECT source_id, destination_id FROM entity_associations WHERE source_type = 'trace'
                AND destination_type = 'run' AND source_id IN :traces ORDER BY destination_id"""
            for row in self._source.rows(sql, traces=self._ids):
                found[row["source_id"]].append(row["destination_id"])
        return found

    def _spans_of_file(self, trace_id: str, location: str | None) -> list[SpanRecord]:
        folder = self._places.readable(location) if location else None
        path = None if folder is None else (folder / _FILE).resolve()
        if folder is None or path is None or not path.is_file() or not path.is_relative_to(folder):
            return []
        try:
            data = json.loads(path.read_text(encoding="utf-8"))
        except ValueError as error:
            raise InvalidInput(f"The file {path} is not JSON ({error}). Mend or remove it.") from None
        return [read_mlflow_span(item, trace_id) for item in data.get("spans", [])] if isinstance(data, dict) else []


def _texts(rows: Sequence[Row]) -> dict[str, str]:
    return {row["key"]: row["value"] or "" for row in rows}


def _span(content: str, trace_id: str) -> SpanRecord:
    return read_mlflow_span(json.loads(content), trace_id)


def _info(row: Row, tags: dict[str, str], metadata: dict[str, str], assessments: Sequence[Row]) -> TraceInfo:
    if row.get("trace_name"):
        tags.setdefault(NAME_TAG, row["trace_name"])
    if row.get("session_id"):
        metadata.setdefault(SESSION, row["session_id"])
    _restore(metadata, TOKEN_USAGE, {name: row.get(name) for name in ("input_tokens", "output_tokens", "total_tokens")})
    _restore(metadata, COST, {name: row.get(name) for name in ("input_cost", "output_cost", "total_cost")})
    return trace_info(
        row["request_id"],
        str(row["experiment_id"]),
        timestamp_ms=row["timestamp_ms"],
        execution_time_ms=row["execution_time_ms"],
        client_request_id=row.get("client_request_id") or "",
        request_preview=row.get("request_preview") or metadata.get("mlflow.traceInputs"),
        response_preview=row.get("response_preview") or metadata.get("mlflow.traceOutputs"),
        state=_STATES.get(row["status"], "STATE_UNSPECIFIED"),
        trace_metadata=metadata,
        tags=tags,
        assessments=[_assessment(item) for item in assessments],
    )


def _restore(metadata: dict[str, str], key: str, values: dict[str, Any]) -> None:
    """Newer schemas keep some metadata in columns of their own."""
    known = {name: value for name, value in values.items() if value is not None}
    if known and key not in metadata:
        metadata[key] = json.dumps(known)


def _assessment(row: Row) -> Assessment:
    value = None if row["value"] is None else json.loads(row["value"])
    error = None if not row["error"] else msgspec.convert(json.loads(row["error"]), AssessmentError, strict=False)
    metadata = {key: str(item) for key, item in (json.loads(row["assessment_metadata"] or "{}") or {}).items()}
    if row["run_id"]:
        metadata.setdefault(SOURCE_RUN, row["run_id"])
    kind = row["assessment_type"]
    return Assessment(
        assessment_id=row["assessment_id"],
        assessment_name=row["name"],
        trace_id=row["trace_id"],
        span_id=row["span_id"] or "",
        source=AssessmentSource(source_type=row["source_type"], source_id=row["source_id"] or ""),
        create_time=format_time(row["created_timestamp"]),
        last_update_time=format_time(row["last_updated_timestamp"]),
        feedback=Feedback(value=value, error=error) if kind == "feedback" else None,
        expectation=expectation_of(value) if kind == "expectation" else None,
        issue=IssueReference(issue_name=str(value or row["name"])) if kind == "issue" else None,
        rationale=row["rationale"] or "",
        metadata=metadata,
        overrides=row["overrides"] or "",
        valid=bool(row["valid"]),
    )


def datasets(source: MlflowDatabase) -> Iterator[tuple[EvaluationDataset, list[DatasetRecord]]]:
    """Every evaluation dataset of the workspace with its records."""
    if not source.has("evaluation_datasets"):
        return
    where = source.in_workspace("evaluation_datasets")
    for row in source.rows(f"SELECT * FROM evaluation_datasets WHERE {where} ORDER BY dataset_id"):  # noqa: S608
        key = row["dataset_id"]
        tags = source.rows("SELECT key, value FROM evaluation_dataset_tags WHERE dataset_id = :id ORDER BY key", id=key)
        places = source.rows(
            """SELECT destination_id FROM entity_associations WHERE source_type = 'evaluation_dataset'
            AND source_id = :id AND destination_type = 'experiment'""",
            id=key,
        )
        records = source.rows(
            "SELECT * FROM evaluation_dataset_records WHERE dataset_id = :id ORDER BY created_time, dataset_record_id",
            id=key,
        )
        dataset = EvaluationDataset(
            dataset_id=key,
            name=row["name"],
            tags={item["key"]: item["value"] or "" for item in tags},
            schema=row["schema"],
            created_time=row["created_time"] or 0,
            last_update_time=row["last_update_time"] or 0,
            created_by=row["created_by"],
            last_updated_by=row["last_updated_by"],
            experiment_ids=[item["destination_id"] for item in places],
        )
        yield dataset, [_record(item) for item in records]


def _record(row: Row) -> DatasetRecord:
    outputs = _json(row.get("outputs"))
    if isinstance(outputs, dict) and set(outputs) == {_WRAPPED}:
        outputs = outputs[_WRAPPED]
    source = _json(row["source"])
    return DatasetRecord(
        dataset_record_id=row["dataset_record_id"],
        dataset_id=row["dataset_id"],
        inputs=_json(row["inputs"]) or {},
        outputs=outputs or None,
        expectations=_json(row["expectations"]),
        tags=_json(row["tags"]),
        source=None if not source else RecordSource(source.get("source_type", ""), source.get("source_data") or {}),
        created_time=row["created_time"] or 0,
        last_update_time=row["last_update_time"] or 0,
        created_by=row["created_by"],
        last_updated_by=row["last_updated_by"],
    )


def _json(value: Any) -> Any:
    """A JSON column, which one driver gives as text and the other decoded."""
    return json.loads(value) if isinstance(value, str) else value
