"""Assessments of traces as scripts make and read them, under MLflow's names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from quire.domain import assessments as domain
from quire.domain.assessments import AssessmentError, AssessmentSource
from quire.domain.errors import InvalidInput
from quire.domain.times import format_time, parse_time

DEFAULT_NAME = "feedback"


class Assessment(msgspec.Struct, kw_only=True):
    """One assessment: a :class:`Feedback` or an :class:`Expectation`. Times are milliseconds since the epoch."""

    name: str
    source: AssessmentSource
    value: Any = None
    trace_id: str | None = None
    span_id: str | None = None
    assessment_id: str | None = None
    rationale: str | None = None
    metadata: dict[str, str] | None = None
    error: AssessmentError | None = None
    overrides: str | None = None
    valid: bool | None = None
    create_time_ms: int | None = None
    last_update_time_ms: int | None = None

    @property
    def kind(self) -> str:
        """``feedback``, ``expectation`` or ``issue``."""
        return type(self).__name__.lower()

    @property
    def run_id(self) -> str | None:
        """The run that made it."""
        return (self.metadata or {}).get(domain.SOURCE_RUN)

    @property
    def error_code(self) -> str | None:
        """Why there is no judgement, in a word."""
        return self.error.error_code if self.error else None

    @property
    def error_message(self) -> str | None:
        """Why there is no judgement."""
        return self.error.error_message if self.error else None

    @staticmethod
    def from_stored(stored: domain.Assessment) -> Assessment:
        """An assessment as a store has given it."""
        kinds = {"feedback": Feedback, "expectation": Expectation, "issue": Issue}
        return kinds[stored.kind](
            name=stored.assessment_name,
            source=stored.source,
            value=stored.value,
            trace_id=stored.trace_id or None,
            span_id=stored.span_id or None,
            assessment_id=stored.assessment_id or None,
            rationale=stored.rationale or None,
            metadata=dict(stored.metadata) or None,
            error=stored.error or (stored.feedback.error if stored.feedback else None),
            overrides=stored.overrides or None,
            valid=stored.valid,
            create_time_ms=_milliseconds(stored.create_time),
            last_update_time_ms=_milliseconds(stored.last_update_time),
        )

    def to_stored(self, trace_id: str) -> domain.Assessment:
        """It as stores take it, for that trace."""
        return domain.Assessment(
            assessment_id=self.assessment_id or "",
            assessment_name=self.name,
            trace_id=trace_id,
            span_id=self.span_id or "",
            source=self.source,
            create_time=_time(self.create_time_ms),
            last_update_time=_time(self.last_update_time_ms),
            rationale=self.rationale or "",
            metadata={str(key): str(value) for key, value in (self.metadata or {}).items()},
            overrides=self.overrides or "",
            valid=self.valid,
            **self._content(),
        )

    def _content(self) -> dict[str, Any]:
        raise InvalidInput("Give a Feedback or an Expectation; an Assessment alone is neither.")

    def to_dictionary(self) -> dict[str, Any]:
        """It as MLflow writes it, without what is not set."""
        made: dict[str, Any] = msgspec.to_builtins(self.to_stored(self.trace_id or ""))
        return {key: value for key, value in made.items() if value not in ("", None, {})}


class Feedback(Assessment, kw_only=True):
    """A judgement: a number, a truth value, text, a list or a mapping of those; or the error that stood in its way."""

    name: str = DEFAULT_NAME
    source: AssessmentSource = AssessmentSource(source_type="CODE", source_id="default")

    def _content(self) -> dict[str, Any]:
        return {"feedback": domain.Feedback(value=self.value, error=self.error)}


class Expectation(Assessment, kw_only=True):
    """A known right answer: any JSON value."""

    source: AssessmentSource = AssessmentSource(source_type="HUMAN", source_id="default")

    def _content(self) -> dict[str, Any]:
        return {"expectation": domain.expectation_of(self.value)}


class Issue(Assessment, kw_only=True):
    """A problem that the trace is an example of."""

    def _content(self) -> dict[str, Any]:
        return {"issue": domain.IssueReference(issue_name=self.name)}


def error_of(given: BaseException | AssessmentError | str | None) -> AssessmentError | None:
    """Why there is no judgement, from an exception, its text, or as it is."""
    if given is None or isinstance(given, AssessmentError):
        return given
    if isinstance(given, BaseException):
        return AssessmentError(error_code=type(given).__name__, error_message=str(given))
    return AssessmentError(error_code="ASSESSMENT_ERROR", error_message=str(given))


def source_of(given: AssessmentSource | Mapping[str, str] | None, default: str) -> AssessmentSource:
    """Who judged. InvalidInput for something else."""
    if given is None:
        return AssessmentSource(source_type=default, source_id="default")
    if isinstance(given, AssessmentSource):
        return given
    if isinstance(given, Mapping):
        return msgspec.convert(dict(given), AssessmentSource)
    raise InvalidInput(f"source is a {type(given).__name__}; expected an AssessmentSource(source_type=, source_id=).")


def _milliseconds(time: str) -> int | None:
    return parse_time(time, "time") if time else None


def _time(milliseconds: int | None) -> str:
    return format_time(milliseconds) if milliseconds is not None else ""
