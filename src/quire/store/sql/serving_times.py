"""Outcomes of a trial by the time at which they came, in SQL: summed in the database, by part of the time.

PostgreSQL groups millions of rows as it reads them. SQLite sorts them first, which takes most of the time; there they
are read as they come and summed here. Where all are 0 or 1 each is read as one letter that says where it belongs, and
letters are counted: that takes a third of sorting.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from quire.domain.names import check_integer
from quire.domain.trials import Tally
from quire.store.sql.serving_feedback import SqlFeedback
from quire.store.sql.serving_trials import trial_row
from quire.store.sql.session import Rows, Session
from quire.store.sql.statement import Statement

_PART = "CASE WHEN at < :start THEN 0 WHEN at >= :end THEN :last ELSE (at - :begin) / :width END"
_OF_TRIAL = "FROM trial_outcomes WHERE trial = :trial AND metric_id = ANY(:ids) AND value IS NOT NULL"
_SUMS = Statement(
    f"""SELECT {_PART} AS part, metric_id, arm_id, phase, COUNT(*), SUM(value), SUM(value * value)
    {_OF_TRIAL} GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4"""
)
_PLACE = f"""({_PART} + :parts * (metric_id - :metric + :metrics * (arm_id - :arm + :arms * phase)))"""
_EACH = Statement(f"SELECT {_PLACE}, value {_OF_TRIAL}")
_LETTERS = Statement(f"SELECT group_concat(char(:letter + 2 * {_PLACE} + value), '') {_OF_TRIAL} AND value IN (0, 1)")
_PLACES = Statement(
    """SELECT min(metric_id), max(metric_id), min(arm_id), max(arm_id), max(phase), sum(n),
    min(total = squares) FROM trial_tallies WHERE trial = :trial AND metric_id = ANY(:ids) AND n > 0"""
)
_FIRST_LETTER, _LETTERS_AT_ALL = 0xE000, 0x110000 - 0xE000
_MOST_LETTERS = 50_000_000
"""Of three or four bytes, held in memory at once."""
_Place = tuple[int, int, int, int]
_Sums = dict[_Place, tuple[int, float, float]]


class _Time(NamedTuple):
    start: int
    width: int
    parts: int

    @property
    def given(self) -> tuple[int, ...]:
        """The parameters of _PART."""
        return (self.start, self.start + self.width * self.parts, self.parts - 1, self.start, self.width)


class _Places(NamedTuple):
    """Which metrics, arms and phases outcomes belong to: numbers from a first one on (phases from 0).

    ``outcomes`` is how many there are; ``binary`` says that their sums are those of 0 and 1.
    """

    metric: int
    metrics: int
    arm: int
    arms: int
    phases: int
    outcomes: int
    binary: bool

    def have_letters(self, time: _Time) -> bool:
        """Whether each place and value may be a letter."""
        needed = 2 * time.parts * self.metrics * self.arms * self.phases
        return self.binary and needed <= _LETTERS_AT_ALL and self.outcomes <= _MOST_LETTERS

    def given(self, time: _Time) -> tuple[int, ...]:
        """The parameters of _PLACE."""
        return (*time.given, time.parts, self.metric, self.metrics, self.arm, self.arms)

    def read(self, place: int, time: _Time) -> _Place:
        """The part, metric, arm and phase that a place stands for."""
        rest, part = divmod(place, time.parts)
        rest, metric = divmod(rest, self.metrics)
        phase, arm = divmod(rest, self.arms)
        return part, self.metric + metric, self.arm + arm, phase


class SqlTimes(SqlFeedback):
    """The part of a store that tells when outcomes were counted."""

    def tallies_over_time(
        self, trial_id: str, metrics: Sequence[str], *, start_ms: int, width_ms: int, parts: int
    ) -> list[tuple[int, Tally]]:
        """What was counted of these metrics in each part of the time, with the part's number; NotFound.

        Parts are ``width_ms`` long, the first begins at ``start_ms``; what came before counts in the first, what came
        after all of them in the last. Reads every outcome of the trial.
        """
        time = _Time(check_integer(start_ms, "start_ms"), check_integer(width_ms, "width_ms"), parts)
        with self._database.read() as session:
            trial, _ = trial_row(session, trial_id)
            ids = sorted({self._keys.find(session, name) for name in metrics})
            rows = _summed(session, trial, ids, time)
            names = self._keys.names(session, {number for row in rows for number in row[1:3]})
        return [(int(row[0]), _tally(row[1:], names)) for row in rows]


def _summed(session: Session, trial: int, ids: Sequence[int], time: _Time) -> Rows:
    """Part, metric, arm, phase, count, sum and sum of squares, in this order."""
    of_trial = (trial, session.listed(ids))
    if not session.sorts_to_group:
        return session.rows(_SUMS, (*time.given, *of_trial))
    found = session.row(_PLACES, of_trial)
    if found is None or found[0] is None:
        return []
    places = _places(*found)
    sums = _lettered(session, of_trial, places, time) if places.have_letters(time) else None
    if sums is None:
        sums = _each(session, of_trial, places, time)
    return [(*place, *sums[place]) for place in sorted(sums)]


def _places(metric: int, last_metric: int, arm: int, last_arm: int, phase: int, outcomes: int, binary: int) -> _Places:
    return _Places(metric, last_metric - metric + 1, arm, last_arm - arm + 1, phase + 1, outcomes, bool(binary))


def _lettered(session: Session, of_trial: tuple[object, ...], places: _Places, time: _Time) -> _Sums | None:
    """Sums of outcomes that are all 0 or 1; None if any is not."""
    written = session.rows(_LETTERS, (_FIRST_LETTER, *places.given(time), *of_trial))[0][0] or ""
    if len(written) != places.outcomes:
        return None
    sums: _Sums = {}
    for letter, n in Counter(written).items():
        number, value = divmod(ord(letter) - _FIRST_LETTER, 2)
        place = places.read(number, time)
        before, ones, _ = sums.get(place, (0, 0.0, 0.0))
        sums[place] = (before + n, ones + n * value, ones + n * value)
    return sums


def _each(session: Session, of_trial: tuple[object, ...], places: _Places, time: _Time) -> _Sums:
    """Sums of any outcomes, read one by one."""
    counts: dict[int, int] = {}
    totals: dict[int, float] = {}
    squares: dict[int, float] = {}
    for number, value in session.stream(_EACH, (*places.given(time), *of_trial)):
        if number in counts:
            counts[number] += 1
            totals[number] += value
            squares[number] += value * value
        else:
            counts[number], totals[number], squares[number] = 1, value, value * value
    return {places.read(number, time): (n, totals[number], squares[number]) for number, n in counts.items()}


def _tally(row: Sequence[Any], names: Mapping[int, str]) -> Tally:
    metric, arm, phase, n, total, squares = row
    return Tally(metric=names[metric], arm=names[arm], phase=phase, n=n, total=total, squares=squares)
