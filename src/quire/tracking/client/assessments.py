"""Assessments of traces, by id."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from quire.domain import assessments as domain
from quire.domain.assessments import AssessmentError, AssessmentSource
from quire.domain.errors import InvalidInput, InvalidState
from quire.entities.assessments import DEFAULT_NAME, Assessment, Expectation, Feedback, error_of, source_of
from quire.tracking.client.traces import TraceCalls


class AssessmentCalls(TraceCalls):
    """What a client does with assessments."""

    def log_assessment(self, trace_id: str, assessment: Assessment) -> Assessment:
        """Store a :class:`Feedback` or an :class:`Expectation` of a trace; it is returned with its id."""
        if not isinstance(assessment, Assessment):
            raise InvalidInput(
                f"assessment is a {type(assessment).__name__}; expected quire.entities.Feedback or Expectation."
            )
        self._bring_pending()
        self._announce(trace_id)
        return Assessment.from_stored(self.store.create_assessment(assessment.to_stored(trace_id)))

    def log_feedback(
        self,
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
        if value is None and error is None:
            raise InvalidInput(f"The feedback {name!r} has neither a value nor an error; give one of them.")
        feedback = Feedback(
            name=name,
            value=value,
            source=source_of(source, "CODE"),
            error=error_of(error),
            rationale=rationale,
            metadata=_texts(metadata),
            span_id=span_id,
        )
        return self.log_assessment(trace_id, feedback)

    def log_expectation(
        self,
        *,
        trace_id: str,
        name: str,
        value: Any,
        source: AssessmentSource | None = None,
        metadata: Mapping[str, Any] | None = None,
        span_id: str | None = None,
    ) -> Assessment:
        """Store a known right answer for a trace: any JSON value. The source is a person by default."""
        if value is None:
            raise InvalidInput(f"The expectation {name!r} has no value.")
        expectation = Expectation(
            name=name, value=value, source=source_of(source, "HUMAN"), metadata=_texts(metadata), span_id=span_id
        )
        return self.log_assessment(trace_id, expectation)

    def get_assessment(self, trace_id: str, assessment_id: str) -> Assessment:
        """One assessment; NotFound if there is none."""
        return Assessment.from_stored(self.store.get_assessment(trace_id, assessment_id))

    def update_assessment(self, trace_id: str, assessment_id: str, assessment: Assessment) -> Assessment:
        """Change an assessment to what is set in ``assessment``, which is of its kind; metadata is added to."""
        given = assessment.to_stored(trace_id)
        stored = self.store.update_assessment(
            trace_id,
            assessment_id,
            name=assessment.name or None,
            feedback=given.feedback,
            expectation=given.expectation,
            rationale=assessment.rationale,
            metadata=_texts(assessment.metadata),
            valid=assessment.valid,
        )
        return Assessment.from_stored(stored)

    def override_feedback(
        self,
        *,
        trace_id: str,
        assessment_id: str,
        value: Any,
        rationale: str | None = None,
        source: AssessmentSource | None = None,
        metadata: Mapping[str, Any] | None = None,
    ) -> Assessment:
        """Store a judgement instead of another, which stays and is no longer valid. InvalidState for an expectation."""
        old = self.store.get_assessment(trace_id, assessment_id)
        if old.kind != "feedback":
            raise InvalidState(
                f"The assessment {assessment_id} is no feedback but an {old.kind}; change it with update_assessment."
            )
        feedback = domain.Assessment(
            assessment_name=old.assessment_name,
            trace_id=trace_id,
            span_id=old.span_id,
            source=source_of(source, "CODE"),
            feedback=domain.Feedback(value=value),
            rationale=rationale or "",
            metadata=_texts(metadata) or {},
            overrides=assessment_id,
        )
        return Assessment.from_stored(self.store.create_assessment(feedback))

    def delete_assessment(self, trace_id: str, assessment_id: str) -> None:
        """Delete an assessment; one that it overrode is valid again."""
        self.store.delete_assessment(trace_id, assessment_id)


def _texts(metadata: Mapping[str, Any] | None) -> dict[str, str] | None:
    return None if metadata is None else {str(key): str(value) for key, value in metadata.items()}
