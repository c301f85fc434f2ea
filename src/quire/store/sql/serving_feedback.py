"""Feedback on traces, counted in SQL where a trial gave their answers, whichever of the two is stored first."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from quire.domain.assessments import Assessment
from quire.domain.trials import Served
from quire.store.counting import Tolerant, judged
from quire.store.sql.database import Database
from quire.store.sql.keys import Keys
from quire.store.sql.serving_answers import SERVED_COLUMNS, read_served
from quire.store.sql.serving_pruning import SqlNotePruning
from quire.store.sql.session import Session
from quire.store.sql.statement import Statement

# Where there is no trial, the answers are not looked at.
_IN_TRIALS = Statement(
    """SELECT $columns FROM served WHERE trace_id = :trace AND trial_id IS NOT NULL
    AND EXISTS (SELECT 1 FROM trials) ORDER BY at, id LIMIT 1000""",
    columns=SERVED_COLUMNS,
)
_WAITING = Statement(
    """SELECT assessments.content FROM traces JOIN assessments ON assessments.trace_id = traces.id
    WHERE traces.trace_id = ANY(:names) AND assessments.kind = 'feedback' ORDER BY assessments.id"""
)
_decoder = msgspec.json.Decoder(Assessment)


class SqlFeedback(SqlNotePruning):
    """The part of a store that counts feedback on traces."""

    def __init__(self, database: Database, keys: Keys, root: str) -> None:
        super().__init__(database, keys, root)
        self._tolerant = Tolerant()

    def count_assessment(self, session: Session, assessment: Assessment) -> None:
        """Count an assessment that is being stored, if it is feedback on an answer that a trial gave."""
        if assessment.feedback is None or assessment.feedback.value is None:
            return
        rows = session.rows(_IN_TRIALS, (assessment.trace_id,))
        for answer in judged(map(read_served, rows), assessment):
            self._tolerant.count(self, answer, assessment)

    def record_served(self, served: Sequence[Served]) -> None:
        """Note answers that were given, and count the feedback that was faster than the note. May be repeated."""
        in_trials = sorted({one.trace_id for one in served if one.trial_id and one.trace_id})
        if not in_trials:
            super().record_served(served)
            return
        with self._database.write() as session:
            super().record_served(served)
            for (content,) in session.rows_of(_WAITING, in_trials):
                self.count_assessment(session, _decoder.decode(content))
