"""Assessments of traces: ``/api/3.0/mlflow/traces/{trace_id}/assessments/…``."""

from __future__ import annotations

from typing import Any

import msgspec

from quire.domain.assessments import Assessment, Expectation, Feedback
from quire.server.calls import Calls
from quire.server.context import Context
from quire.store.rest.wire.common import Empty
from quire.store.rest.wire.traces import AssessmentResponse, CreateAssessment, OfAssessment, UpdateAssessment

calls = Calls("3.0", "mlflow", tag="Assessments")


@calls.write("POST", "traces/{trace_id}/assessments")
def create_assessment(context: Context, request: CreateAssessment) -> AssessmentResponse:
    """Add an assessment to a trace; the server gives it an id."""
    assessment = msgspec.structs.replace(request.assessment, trace_id=request.trace_id)
    return AssessmentResponse(assessment=context.store.create_assessment(assessment))


@calls.read("GET", "traces/{trace_id}/assessments/{assessment_id}", reads="point")
def get_assessment(context: Context, request: OfAssessment) -> AssessmentResponse:
    """One assessment of a trace."""
    return AssessmentResponse(assessment=context.store.get_assessment(request.trace_id, request.assessment_id))


@calls.write("PATCH", "traces/{trace_id}/assessments/{assessment_id}")
def update_assessment(context: Context, request: UpdateAssessment) -> AssessmentResponse:
    """Change the fields of an assessment that a mask names."""
    changes = dict(_change(request.assessment, path) for path in request.paths)
    found = context.store.update_assessment(request.trace_id, request.assessment_id, **changes)
    return AssessmentResponse(assessment=found)


def _change(given: Assessment, path: str) -> tuple[str, Any]:
    match path:
        case "assessment_name":
            return "name", given.assessment_name
        case "feedback":
            return path, given.feedback or Feedback()
        case "expectation":
            return path, given.expectation or Expectation()
    return path, getattr(given, path)


@calls.write("DELETE", "traces/{trace_id}/assessments/{assessment_id}")
def delete_assessment(context: Context, request: OfAssessment) -> Empty:
    """Delete an assessment; one that it overrode is valid again."""
    context.store.delete_assessment(request.trace_id, request.assessment_id)
    return Empty()
