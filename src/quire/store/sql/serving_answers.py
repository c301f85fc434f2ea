"""Answers that were given, in SQL: found by their own id or by their trace's."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from quire.domain.errors import NotFound
from quire.domain.outcome_checks import check_many, check_served
from quire.domain.trials import Served
from quire.store.sql.serving_trials import SqlTrials
from quire.store.sql.statement import Statement

SERVED_COLUMNS = "response_id, trace_id, endpoint, experiment, at, trial_id, arm, phase, unit"
_ADD = Statement(
    """INSERT INTO served ($columns)
    VALUES (:response, :trace, :endpoint, :experiment, :at, :trial, :arm, :phase, :unit) ON CONFLICT DO NOTHING""",
    columns=SERVED_COLUMNS,
)
_BY_RESPONSE = Statement(
    "SELECT $columns FROM served WHERE response_id = :response ORDER BY at, id LIMIT 1", columns=SERVED_COLUMNS
)
_BY_TRACE = Statement(
    "SELECT $columns FROM served WHERE trace_id = :trace ORDER BY at, id LIMIT 1", columns=SERVED_COLUMNS
)


class SqlServedAnswers(SqlTrials):
    """The part of a store that keeps which answers were given."""

    def record_served(self, served: Sequence[Served]) -> None:
        """Note answers that were given; one noted before stays as it is. May be repeated.

        A cached answer is given again under its old id, in another trace: by that id the first one is found.
        """
        check_many(len(served), "answers")
        for one in served:
            check_served(one)
        # In one order, so that two servers that note the same answers do not wait for each other.
        rows = sorted((_row(one) for one in served), key=lambda row: row[:2])
        with self._database.write() as session:
            session.insert(_ADD, rows)

    def get_served(self, response_or_trace_id: str) -> Served:
        """An answer by its own id or its trace's. NotFound."""
        name = response_or_trace_id
        if name and "\0" not in name:
            with self._database.read() as session:
                row = session.row(_BY_RESPONSE, (name,)) or session.row(_BY_TRACE, (name,))
            if row is not None:
                return read_served(row)
        raise NotFound(
            f"No answer with the id {name!r:.120} is known, nor one of that trace. Answers are noted within seconds "
            "of being given: try again, or check that the id is that of an answer by an endpoint."
        )


def _row(one: Served) -> tuple[Any, ...]:
    texts = (one.response_id, one.trace_id, one.endpoint, one.experiment)
    return (*texts, one.at, one.trial_id, one.arm, one.phase, one.unit)


def read_served(row: tuple[Any, ...]) -> Served:
    """An answer as it is stored."""
    response_id, trace_id, endpoint, experiment, at, trial_id, arm, phase, unit = row
    return Served(
        response_id=response_id,
        trace_id=trace_id,
        endpoint=endpoint,
        experiment=experiment,
        at=at,
        trial_id=trial_id,
        arm=arm,
        phase=phase,
        unit=unit,
    )
