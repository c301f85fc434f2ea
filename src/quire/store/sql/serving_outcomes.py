"""Outcomes of trials in SQL: the first value of each unit and metric, and their sums, kept in one transaction.

Rows are written in one order (trial, unit, metric), then the sums in one order: writers wait for one another there and
never in a circle. Only rows that were added are summed, so that a value counts once, whoever says it how often.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from quire.domain.ids import now_ms
from quire.domain.outcome_checks import Countable, check_many, check_unit
from quire.domain.trials import Outcome, Tally
from quire.store.sql.database import Database
from quire.store.sql.keys import Keys
from quire.store.sql.serving_answers import SqlServedAnswers
from quire.store.sql.serving_trials import missing_trial, read_trial, trial_row
from quire.store.sql.session import Session
from quire.store.sql.statement import Statement

_REVISIONS = Statement("SELECT trial_id, id, revision FROM trials WHERE trial_id = ANY(:names)")
_CONTENTS = Statement("SELECT id, revision, content FROM trials WHERE id = ANY(:ids)")
_ADD = Statement(
    """INSERT INTO trial_outcomes (trial, unit, metric_id, arm_id, phase, value, at)
    VALUES (:trial, :unit, :metric, :arm, :phase, :value, :at)
    ON CONFLICT DO NOTHING RETURNING trial, metric_id, arm_id, phase, value"""
)
_COUNTED = Statement(
    """SELECT metric_id, arm_id, phase, value FROM trial_outcomes
    WHERE trial = :trial AND unit = :unit AND metric_id = ANY(:ids) AND value IS NOT NULL
    ORDER BY metric_id FOR UPDATE"""
)
_FORGET = Statement(
    """UPDATE trial_outcomes SET arm_id = NULL, phase = NULL, value = NULL, at = :now
    WHERE trial = :trial AND unit = :unit AND metric_id = ANY(:ids) AND value IS NOT NULL"""
)
_SUM = Statement(
    """INSERT INTO trial_tallies (trial, metric_id, arm_id, phase, n, total, squares)
    VALUES (:trial, :metric, :arm, :phase, :n, :total, :squares)
    ON CONFLICT (trial, metric_id, arm_id, phase) DO UPDATE SET n = trial_tallies.n + excluded.n,
    total = trial_tallies.total + excluded.total, squares = trial_tallies.squares + excluded.squares"""
)
# What is left of sums of nothing is rounding.
_EMPTY = Statement("UPDATE trial_tallies SET total = 0, squares = 0 WHERE trial = :trial AND n = 0")
_TALLIES = Statement(
    """SELECT metric_id, arm_id, phase, n, total, squares FROM trial_tallies WHERE trial = :trial AND n > 0
    ORDER BY metric_id, arm_id, phase"""
)
_MOST_KNOWN = 1000
Row = tuple[Any, ...]
Place = tuple[int, int, int, int]


class SqlOutcomes(SqlServedAnswers):
    """The part of a store that counts outcomes."""

    def __init__(self, database: Database, keys: Keys, root: str) -> None:
        super().__init__(database, keys, root)
        self._known: dict[int, tuple[int, Countable]] = {}

    def record_outcomes(self, outcomes: Sequence[Outcome]) -> int:
        """Count outcomes of which there is none yet for the unit, trial and metric; how many those were.

        May be repeated. Of several for one unit, trial and metric the first counts.
        """
        check_many(len(outcomes), "outcomes")
        if not outcomes:
            return 0
        with self._database.write() as session:
            numbers = self._checked(session, outcomes)
            added = session.insert_returning(_ADD, self._rows(session, outcomes, numbers))
            _sum_up(session, added, 1)
            return len(added)

    def _checked(self, session: Session, outcomes: Sequence[Outcome]) -> dict[str, int]:
        """The numbers of their trials. NotFound for one that is not there, InvalidInput for what it cannot count."""
        ids = sorted({one.trial_id for one in outcomes if one.trial_id.isprintable()})
        found = {trial_id: (number, revision) for trial_id, number, revision in session.rows_of(_REVISIONS, ids)}
        countable = self._countable(session, dict(found.values()))
        for one in outcomes:
            if one.trial_id not in found:
                raise missing_trial(one.trial_id)
            countable[found[one.trial_id][0]].check(one)
        return {trial_id: number for trial_id, (number, _) in found.items()}

    def _countable(self, session: Session, revisions: dict[int, int]) -> dict[int, Countable]:
        """What these trials can count. A trial is read again once it has changed: one with many phases is long."""
        known = {number: self._known[number] for number in revisions if number in self._known}
        stale = [number for number, revision in revisions.items() if number not in known or known[number][0] < revision]
        for number, revision, content in session.rows_of(_CONTENTS, stale):
            known[number] = (revision, Countable(read_trial(content)))
        fresh = {number: known[number] for number in stale}
        session.after_commit(lambda: self._remember(fresh))
        return {number: countable for number, (_, countable) in known.items()}

    def _remember(self, fresh: dict[int, tuple[int, Countable]]) -> None:
        if len(self._known) > _MOST_KNOWN:
            self._known = {}
        self._known.update(fresh)

    def _rows(self, session: Session, outcomes: Sequence[Outcome], numbers: dict[str, int]) -> list[Row]:
        """A row for the first outcome of each unit and metric, in the order in which all writers write."""
        keys = self._keys.obtain(session, {name for one in outcomes for name in (one.metric, one.arm)})
        rows: dict[tuple[int, str, int], Row] = {}
        for one in outcomes:
            place = (numbers[one.trial_id], one.unit, keys[one.metric])
            rows.setdefault(place, (*place, keys[one.arm], one.phase, float(one.value), one.at))
        return [rows[place] for place in sorted(rows)]

    def drop_outcomes(self, trial_id: str, unit: str, metrics: Sequence[str]) -> None:
        """Take a unit's outcomes of these metrics out again, and count none of them in future: its arm failed."""
        check_unit(unit)
        with self._database.write() as session:
            trial, found = trial_row(session, trial_id)
            Countable(found).check_metrics(metrics)
            keys = self._keys.obtain(session, set(metrics))
            ids = sorted({keys[metric] for metric in metrics})
            if not ids:
                return
            session.insert_returning(_ADD, [(trial, unit, metric, None, None, None, now_ms()) for metric in ids])
            counted = session.rows(_COUNTED, (trial, unit, session.listed(ids)))
            if not counted:
                return
            session.run(_FORGET, (now_ms(), trial, unit, session.listed(ids)))
            _sum_up(session, [(trial, *row) for row in counted], -1)
            session.run(_EMPTY, (trial,))

    def tallies(self, trial_id: str) -> list[Tally]:
        """What has been counted, by metric, arm and phase."""
        with self._database.read() as session:
            trial, _ = trial_row(session, trial_id)
            rows = session.rows(_TALLIES, (trial,))
            names = self._keys.names(session, {number for row in rows for number in row[:2]})
            found = [
                Tally(metric=names[metric], arm=names[arm], phase=phase, n=n, total=total, squares=squares)
                for metric, arm, phase, n, total, squares in rows
            ]
        return sorted(found, key=lambda tally: (tally.metric, tally.arm, tally.phase))


def _sum_up(session: Session, rows: Sequence[Row], sign: int) -> None:
    """Add rows of trial, metric, arm, phase and value to the sums, or take them out of them."""
    sums: dict[Place, tuple[int, float, float]] = {}
    for trial, metric, arm, phase, value in rows:
        n, total, squares = sums.get((trial, metric, arm, phase), (0, 0.0, 0.0))
        sums[trial, metric, arm, phase] = (n + sign, total + sign * value, squares + sign * value * value)
    session.insert(_SUM, [(*place, *sums[place]) for place in sorted(sums)])
