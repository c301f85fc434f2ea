"""Traces that are stored, and what is judged of them, as a script finds them in the current store."""

from __future__ import annotations

import importlib.util
import logging
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from quire.domain.assessments import AssessmentError, AssessmentSource
from quire.domain.errors import InvalidInput, NotFound
from quire.entities.assessments import DEFAULT_NAME, Assessment
from quire.entities.traces import COLUMNS, Trace
from quire.tracking.client import Client
from quire.tracking.experiments import collect, current_experiment_id
from quire.tracking.frames import checked_format
from quire.tracking.tables import to_pandas

log = logging.getLogger("quire")


def get_trace(trace_id: str, silent: bool = False, flush: bool = False) -> Trace | None:
    """A trace with its spans; None (and a warning, unless ``silent``) if there is none.

    What this process has recorded is stored before it is looked for; ``flush`` is MLflow's, and not needed.
    """
    try:
        return Client().get_trace(trace_id)
    except (NotFound, InvalidInput) as error:
        if not silent:
            log.warning("%s", error.message)
        return None


def search_traces(
    experiment_ids: Sequence[str] | None = None,
    filter_string: str | None = None,
    max_results: int | None = None,
    order_by: Sequence[str] | None = None,
    extract_fields: Sequence[str] | None = None,
    run_id: str | None = None,
    return_type: Literal["pandas", "list"] | None = None,
    model_id: str | None = None,
    sql_warehouse_id: str | None = None,
    include_spans: bool = True,
    locations: Sequence[str] | None = None,
    flush: bool = False,
) -> Any:
    """Traces that match, newest first, of the active experiment or of those given: a dataframe, or a list.

    The filter is MLflow's, such as ``"trace.status = 'ERROR' AND span.type = 'LLM'"``. The dataframe has a column for
    each of ``trace_id``, ``trace``, ``client_request_id``, ``state``, ``request_time``, ``execution_duration``,
    ``request``, ``response``, ``trace_metadata``, ``tags``, ``spans`` and ``assessments``; it is what is returned where
    pandas is installed, unless ``return_type="list"``.

    Raises InvalidInput for a malformed filter, and for ``extract_fields``, which MLflow has given up.
    """
    if extract_fields or sql_warehouse_id:
        raise InvalidInput(
            "extract_fields and sql_warehouse_id are not supported; read trace.search_spans(...) instead."
        )
    if return_type is None:
        return_type = "pandas" if importlib.util.find_spec("pandas") else "list"
    checked_format(return_type, ("pandas", "list"))
    client = Client()
    ids = [str(item) for item in (locations or experiment_ids or [current_experiment_id()])]
    traces: list[Trace] = collect(
        lambda size, token: client.search_traces(
            ids,
            filter_string,
            size,
            order_by,
            token,
            run_id=run_id,
            model_id=model_id,
            include_spans=include_spans,
        ),
        max_results,
        size=100,
    )
    return traces if return_type == "list" else _frame(traces)


def _frame(traces: Sequence[Trace]) -> Any:
    rows = [trace.to_row() for trace in traces]
    return to_pandas({name: [row[name] for row in rows] for name in COLUMNS}, "search_traces")


def delete_traces(
    experiment_id: str,
    max_timestamp_millis: int | None = None,
    max_traces: int | None = None,
    trace_ids: Sequence[str] | None = None,
) -> int:
    """Delete traces of an experiment: these, or those not newer than a time, oldest first. How many there were."""
    return Client().delete_traces(experiment_id, max_timestamp_millis, max_traces, trace_ids)


def set_trace_tag(trace_id: str, key: str, value: Any) -> None:
    """Set or replace a tag of a trace, one that is being made or is stored."""
    Client().set_trace_tag(trace_id, key, value)


def delete_trace_tag(trace_id: str, key: str) -> None:
    """Remove a tag of a trace; NotFound if it is not set."""
    Client().delete_trace_tag(trace_id, key)


def log_assessment(trace_id: str, assessment: Assessment) -> Assessment:
    """Store a :class:`quire.entities.Feedback` or ``Expectation`` of a trace; it is returned with its id."""
    return Client().log_assessment(trace_id, assessment)


def log_feedback(
    *,
    trace_id: str,
    name: str = DEFAULT_NAME,
    value: Any = None,
    source: AssessmentSource | None = None,
    error: BaseException | AssessmentError | str | None = None,
    rationale: str | None = None,
    metadata: Mapping[str, Any] | None = None,
    span_id: str | None = None,
) -> Assessment:
    """Store a judgement of a trace: a value, or the error that stood in its way. The source is code by default."""
    return Client().log_feedback(
        trace_id=trace_id,
        name=name,
        value=value,
        source=source,
        error=error,
        rationale=rationale,
        metadata=metadata,
        span_id=span_id,
    )


def log_expectation(
    *,
    trace_id: str,
    name: str,
    value: Any,
    source: AssessmentSource | None = None,
    metadata: Mapping[str, Any] | None = None,
    span_id: str | None = None,
) -> Assessment:
    """Store a known right answer for a trace: any JSON value. The source is a person by default."""
    return Client().log_expectation(
        trace_id=trace_id, name=name, value=value, source=source, metadata=metadata, span_id=span_id
    )


def get_assessment(trace_id: str, assessment_id: str) -> Assessment:
    """One assessment of a trace; NotFound if there is none."""
    return Client().get_assessment(trace_id, assessment_id)


def update_assessment(trace_id: str, assessment_id: str, assessment: Assessment) -> Assessment:
    """Change an assessment to what is set in ``assessment``, which is of its kind; metadata is added to."""
    return Client().update_assessment(trace_id, assessment_id, assessment)


def override_feedback(
    *,
    trace_id: str,
    assessment_id: str,
    value: Any,
    rationale: str | None = None,
    source: AssessmentSource | None = None,
    metadata: Mapping[str, Any] | None = None,
) -> Assessment:
    """Store a judgement instead of another, which stays and is no longer valid."""
    return Client().override_feedback(
        trace_id=trace_id,
        assessment_id=assessment_id,
        value=value,
        rationale=rationale,
        source=source,
        metadata=metadata,
    )


def delete_assessment(trace_id: str, assessment_id: str) -> None:
    """Delete an assessment; one that it overrode is valid again."""
    Client().delete_assessment(trace_id, assessment_id)
