"""Assessments of traces: feedback (a judgement) and expectations (a known right answer).

Field names and shapes are those of MLflow's protocol; times are RFC 3339 text there, and milliseconds as properties.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from quire.domain.entities import Entity
from quire.domain.errors import InvalidInput
from quire.domain.names import check_text
from quire.domain.redaction import redact, redact_value
from quire.domain.times import parse_time

SourceType = Literal["SOURCE_TYPE_UNSPECIFIED", "HUMAN", "LLM_JUDGE", "CODE", "AI_JUDGE"]
AssessmentKind = Literal["feedback", "expectation", "issue"]
SOURCE_RUN = "mlflow.assessment.sourceRunId"
MAX_NAME = 250
MAX_VALUE = 1_000_000
_SOURCES = SourceType.__args__  # type: ignore[attr-defined]
_JSON_FORMAT = "JSON_FORMAT"


class AssessmentSource(Entity, frozen=True, kw_only=True):
    """Who judged: a person, a model or code, and which."""

    source_type: str = "SOURCE_TYPE_UNSPECIFIED"
    source_id: str = ""


class AssessmentError(Entity, frozen=True, kw_only=True):
    """Why a judgement could not be made."""

    error_code: str = ""
    error_message: str = ""
    stack_trace: str = ""


class Feedback(Entity, frozen=True, kw_only=True):
    """A judgement: any JSON value, or the error that stood in its way."""

    value: Any = None
    error: AssessmentError | None = None


class SerializedValue(Entity, frozen=True, kw_only=True):
    """A value as text; the one format is ``JSON_FORMAT``."""

    serialization_format: str = ""
    value: str = ""


class Expectation(Entity, frozen=True, kw_only=True):
    """A known right answer. Lists and mappings travel as JSON text in ``serialized_value``."""

    value: Any = None
    serialized_value: SerializedValue | None = None


class IssueReference(Entity, frozen=True, kw_only=True):
    """The problem that a trace is an example of."""

    issue_name: str = ""


class Assessment(Entity, frozen=True, kw_only=True):
    """One assessment of a trace, or of one of its spans.

    Exactly one of ``feedback``, ``expectation`` and ``issue`` is set. ``overrides`` is the id of the assessment that
    this one replaces, which is then no longer ``valid``.
    """

    assessment_id: str = ""
    assessment_name: str = ""
    trace_id: str = ""
    span_id: str = ""
    source: AssessmentSource = msgspec.field(default_factory=AssessmentSource)
    create_time: str = ""
    last_update_time: str = ""
    feedback: Feedback | None = None
    expectation: Expectation | None = None
    issue: IssueReference | None = None
    rationale: str = ""
    error: AssessmentError | None = None
    metadata: dict[str, str] = msgspec.field(default_factory=dict)
    overrides: str = ""
    valid: bool | None = None

    @property
    def kind(self) -> AssessmentKind:
        """Which of the three it is."""
        if self.feedback is not None:
            return "feedback"
        return "expectation" if self.expectation is not None else "issue"

    @property
    def value(self) -> Any:
        """The judgement or the right answer, as a plain value."""
        if self.feedback is not None:
            return self.feedback.value
        return expected(self.expectation) if self.expectation is not None else None

    @property
    def run_id(self) -> str | None:
        """The run that made this assessment."""
        return self.metadata.get(SOURCE_RUN)

    def hidden(self) -> Assessment:
        """This assessment with the credentials in its texts replaced."""
        changes: dict[str, Any] = {
            "rationale": redact(self.rationale),
            "metadata": {key: redact(value) for key, value in self.metadata.items()},
        }
        if self.feedback is not None:
            changes["feedback"] = msgspec.structs.replace(self.feedback, value=redact_value(self.feedback.value))
        if self.expectation is not None:
            changes["expectation"] = expectation_of(redact_value(expected(self.expectation)))
        return msgspec.structs.replace(self, **changes)

    @property
    def create_time_ms(self) -> int | None:
        """When it was made, in milliseconds since the epoch."""
        return parse_time(self.create_time) if self.create_time else None


def expectation_of(value: Any) -> Expectation:
    """The expectation that holds a plain value."""
    if isinstance(value, list | dict):
        text = msgspec.json.encode(value).decode()
        return Expectation(serialized_value=SerializedValue(serialization_format=_JSON_FORMAT, value=text))
    return Expectation(value=value)


def expected(expectation: Expectation) -> Any:
    """The plain value in an expectation. InvalidInput if its text is not JSON."""
    serialized = expectation.serialized_value
    if serialized is None:
        return expectation.value
    if serialized.serialization_format != _JSON_FORMAT:
        raise InvalidInput(
            f"The expectation has the serialization_format {serialized.serialization_format!r}; expected JSON_FORMAT."
        )
    try:
        return msgspec.json.decode(serialized.value)
    except msgspec.DecodeError as error:
        raise InvalidInput(f"The expectation's serialized_value is not JSON ({error}).") from None


def number_of(value: Any) -> float | None:
    """The number that a value is compared by: itself, or 1 and 0 for true and false."""
    return float(value) if isinstance(value, bool | int | float) else None


def check_assessment(assessment: Assessment) -> None:
    """Refuse an assessment that is none, is two at once, or has no name."""
    given = [name for name in ("feedback", "expectation", "issue") if getattr(assessment, name) is not None]
    if len(given) != 1:
        raise InvalidInput(
            f"An assessment holds exactly one of feedback, expectation and issue; got {' and '.join(given) or 'none'}."
        )
    if not assessment.assessment_name:
        raise InvalidInput("An assessment needs a name (assessment_name), such as 'correctness'.")
    check_text(assessment.assessment_name, "assessment_name", MAX_NAME)
    check_text(assessment.rationale, "The rationale", MAX_VALUE)
    check_text(assessment.source.source_id, "source_id", MAX_NAME)
    check_text(assessment.span_id, "span_id", MAX_NAME)
    if assessment.source.source_type not in _SOURCES:
        raise InvalidInput(
            f"Invalid source_type {assessment.source.source_type!r}; expected one of {', '.join(_SOURCES)}."
        )
    for key, value in assessment.metadata.items():
        check_text(key, "A key of the assessment's metadata", MAX_NAME)
        check_text(value, f"The assessment's metadata {key!r}", MAX_VALUE)
    size = len(msgspec.json.encode(assessment.value))
    if size > MAX_VALUE:
        raise InvalidInput(
            f"The value of the assessment {assessment.assessment_name!r} has {size:,} bytes; at most {MAX_VALUE:,} "
            "are allowed."
        )
