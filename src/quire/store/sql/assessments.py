"""Assessments of traces in SQL."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from quire.domain.assessments import (
    Assessment,
    AssessmentError,
    Expectation,
    Feedback,
    check_assessment,
    number_of,
)
from quire.domain.errors import AlreadyExists, InvalidInput, NotFound
from quire.domain.ids import new_assessment_id, now_ms
from quire.domain.times import format_time
from quire.store.sql.run_search import SqlRunSearch
from quire.store.sql.session import Session
from quire.store.sql.statement import Statement
from quire.store.sql.texts import split
from quire.store.sql.trace_reading import TRACE_COLUMNS

_FIND = Statement(
    "SELECT id, content FROM assessments WHERE assessment_id = :assessment AND trace_id = :trace FOR UPDATE"
)
_LOOK = Statement("SELECT id, content FROM assessments WHERE assessment_id = :assessment AND trace_id = :trace")
_NUMBERS = Statement("SELECT trace_id, id FROM traces WHERE trace_id = ANY(:names)")
_ADD = Statement(
    """INSERT INTO assessments (assessment_id, trace_id, kind, name, valid, head, rest, number, content)
    VALUES (:assessment, :trace, :kind, :name, :valid, :head, :rest, :number, :content)
    ON CONFLICT DO NOTHING RETURNING id"""
)
_UPDATE = Statement(
    """UPDATE assessments SET kind = :kind, name = :name, valid = :valid, head = :head, rest = :rest,
    number = :number, content = :content WHERE id = :id"""
)
_LOOK_AT_TRACE = Statement("SELECT $columns FROM traces WHERE trace_id = :trace", columns=TRACE_COLUMNS)
_LOCK_TRACE = Statement("SELECT $columns FROM traces WHERE trace_id = :trace FOR UPDATE", columns=TRACE_COLUMNS)
_DELETE = Statement("DELETE FROM assessments WHERE id = :id")
_decoder = msgspec.json.Decoder(Assessment)
MUTABLE = ("assessment_name", "feedback", "expectation", "rationale", "metadata", "error", "valid")


class SqlAssessments(SqlRunSearch):
    """The part of a store that keeps assessments."""

    def create_assessment(self, assessment: Assessment) -> Assessment:
        """Add an assessment to a trace; the id is the store's. The one that it overrides is no longer valid."""
        check_assessment(assessment)
        with self._database.write() as session:
            trace = self._trace_row(session, assessment.trace_id)[0]
            now = format_time(now_ms())
            made = msgspec.structs.replace(
                assessment.hidden(),
                assessment_id=new_assessment_id(),
                create_time=assessment.create_time or now,
                last_update_time=assessment.last_update_time or now,
                valid=True if assessment.valid is None else assessment.valid,
            )
            if made.overrides:
                self._set_valid(session, trace, assessment.trace_id, made.overrides, valid=False)
            session.row(_ADD, (made.assessment_id, trace, *_columns(made)))
            self._assessed(session, made)
            return made

    def log_assessments(self, assessments: Sequence[Assessment]) -> set[str]:
        """Add many assessments, with one commit; one whose id is known is replaced. Returns traces that are lacking."""
        for one in assessments:
            check_assessment(one)
        wanted = list(dict.fromkeys(one.trace_id for one in assessments))
        if not wanted:
            return set()
        with self._database.write() as session:
            numbers: dict[str, int] = dict(session.rows_of(_NUMBERS, wanted))
            for one in assessments:
                if one.trace_id in numbers:
                    self._add_given(session, numbers[one.trace_id], one.trace_id, one)
        return set(wanted) - numbers.keys()

    def _assessed(self, session: Session, assessment: Assessment) -> None:
        """What else becomes of an assessment that is added, in the same transaction: a whole store counts it."""
        return

    def _trace_row(self, session: Session, trace_id: object, *, lock: bool = False) -> tuple[Any, ...]:
        row = session.row(_LOCK_TRACE if lock else _LOOK_AT_TRACE, (trace_id,)) if isinstance(trace_id, str) else None
        if row is None:
            raise NotFound(f"No trace has the id {str(trace_id)[:120]!r}. List traces with search_traces.")
        return row

    def _add_given(self, session: Session, trace: int, trace_id: str, assessment: Assessment) -> None:
        """Store an assessment that came with its trace; one whose id is known is replaced."""
        check_assessment(assessment)
        now = format_time(now_ms())
        made = msgspec.structs.replace(
            assessment.hidden(),
            trace_id=trace_id,
            assessment_id=assessment.assessment_id or new_assessment_id(),
            create_time=assessment.create_time or now,
            last_update_time=assessment.last_update_time or now,
            valid=True if assessment.valid is None else assessment.valid,
        )
        if session.row(_ADD, (made.assessment_id, trace, *_columns(made))) is None:
            row = session.row(_FIND, (made.assessment_id, trace))
            if row is None:
                raise AlreadyExists(f"The assessment id {made.assessment_id!r} belongs to another trace.")
            session.run(_UPDATE, (*_columns(made), row[0]))
            return
        self._assessed(session, made)

    def get_assessment(self, trace_id: str, assessment_id: str) -> Assessment:
        """One assessment of a trace."""
        with self._database.read() as session:
            trace = self._trace_row(session, trace_id)[0]
            return _decoder.decode(self._assessment_row(session, trace, trace_id, assessment_id)[1])

    def _assessment_row(
        self, session: Session, trace: int, trace_id: str, assessment_id: str, *, lock: bool = False
    ) -> tuple[Any, ...]:
        row = session.row(_FIND if lock else _LOOK, (assessment_id, trace))
        if row is None:
            raise NotFound(f"The trace {trace_id} has no assessment with the id {assessment_id[:120]!r}.")
        return row

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
        with self._database.write() as session:
            trace = self._trace_row(session, trace_id)[0]
            row = self._assessment_row(session, trace, trace_id, assessment_id, lock=True)
            before = _decoder.decode(row[1])
            _refuse_other_kind(before, feedback, expectation)
            changes: dict[str, Any] = {"assessment_name": name, "feedback": feedback, "expectation": expectation}
            changes |= {"rationale": rationale, "error": error, "valid": valid}
            if metadata is not None:
                changes["metadata"] = {**before.metadata, **metadata}
            given = {key: value for key, value in changes.items() if value is not None}
            made = msgspec.structs.replace(before, last_update_time=format_time(now_ms()), **given).hidden()
            check_assessment(made)
            session.run(_UPDATE, (*_columns(made), row[0]))
            return made

    def delete_assessment(self, trace_id: str, assessment_id: str) -> None:
        """Delete an assessment; one that it overrode is valid again. No error if there is none."""
        with self._database.write() as session:
            trace = self._trace_row(session, trace_id)[0]
            row = session.row(_FIND, (assessment_id, trace))
            if row is None:
                return
            overrides = _decoder.decode(row[1]).overrides
            session.run(_DELETE, (row[0],))
            if overrides and session.row(_LOOK, (overrides, trace)) is not None:
                self._set_valid(session, trace, trace_id, overrides, valid=True)

    def _set_valid(self, session: Session, trace: int, trace_id: str, assessment_id: str, *, valid: bool) -> None:
        row = self._assessment_row(session, trace, trace_id, assessment_id, lock=True)
        made = msgspec.structs.replace(_decoder.decode(row[1]), valid=valid)
        session.run(_UPDATE, (*_columns(made), row[0]))


def _refuse_other_kind(before: Assessment, feedback: Feedback | None, expectation: Expectation | None) -> None:
    given = [kind for kind, value in (("feedback", feedback), ("expectation", expectation)) if value is not None]
    if any(kind != before.kind for kind in given):
        raise InvalidInput(
            f"The assessment {before.assessment_id} is {before.kind} and cannot become {' and '.join(given)}. Create "
            "another assessment for that."
        )


def _columns(assessment: Assessment) -> tuple[Any, ...]:
    value = assessment.value
    text = value if isinstance(value, str) else msgspec.json.encode(value).decode()
    content = msgspec.json.encode(assessment).decode()
    valid = int(assessment.valid is not False)
    name = assessment.issue.issue_name if assessment.issue is not None else assessment.assessment_name
    return (assessment.kind, name, valid, *split(text.replace("\0", "")), number_of(value), content)
