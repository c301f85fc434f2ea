"""Notes of answers that belong to no trace, in SQL: counted, and deleted by age, a part of the table at a time."""

from __future__ import annotations

from collections.abc import Sequence

from quire.domain.names import check_experiment_id, check_integer
from quire.domain.trials import PrunedNotes
from quire.store.sql.serving_traces import SqlExpectedTraces
from quire.store.sql.session import Session
from quire.store.sql.statement import Statement

_LOOKED_AT = 5_000
_DEFAULT = 0
# What names no experiment that there is belongs with the default one.
_UNPLACED = """at <= :before AND NOT EXISTS (SELECT 1 FROM traces WHERE traces.trace_id = served.trace_id)
    AND (experiment = ANY(:names) OR (:rest = 1
        AND NOT EXISTS (SELECT 1 FROM experiments WHERE experiments.name = served.experiment)))"""
_NAMES = Statement("SELECT name FROM experiments WHERE id = ANY(:ids)")
_COUNT = Statement("SELECT count(*) FROM served WHERE $unplaced", unplaced=_UNPLACED)
_LAST = Statement("SELECT max(id) FROM (SELECT id FROM served WHERE id > :after ORDER BY id LIMIT :count) AS following")
_DELETE = Statement("DELETE FROM served WHERE id > :after AND id <= :last AND $unplaced", unplaced=_UNPLACED)


class SqlNotePruning(SqlExpectedTraces):
    """The part of a store that deletes notes of answers which no trace takes along."""

    def prune_notes(self, experiment_ids: Sequence[str], *, before_ms: int, after: int = 0) -> PrunedNotes:
        """Delete notes without a trace, of answers that were given at ``before_ms`` or earlier: some thousands at most.

        Of these experiments; notes of none that there is go with the default experiment's. Call again with what it
        says in ``after``.
        """
        check_integer(before_ms, "before_ms")
        check_integer(after, "after")
        experiments = sorted({check_experiment_id(item) for item in experiment_ids})
        with self._database.write() as session:
            found = session.row(_LAST, (after, _LOOKED_AT)) if experiments else None
            if found is None or found[0] is None:
                return PrunedNotes()
            deleted = session.run(_DELETE, (after, found[0], before_ms, *_of(session, experiments)))
            return PrunedNotes(deleted=deleted, after=found[0])


def count_unplaced(session: Session, experiments: Sequence[int], before_ms: int) -> int:
    """How many notes :meth:`SqlNotePruning.prune_notes` would delete."""
    row = session.row(_COUNT, (before_ms, *_of(session, experiments)))
    assert row is not None
    return int(row[0])


def _of(session: Session, experiments: Sequence[int]) -> tuple[object, int]:
    names = [name for (name,) in session.rows_of(_NAMES, experiments)]
    return session.listed(names), int(_DEFAULT in experiments)
