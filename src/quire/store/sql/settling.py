"""The search index of metrics, kept lazily.

Each new value of a metric would move an entry of the index to another place; with many runs that costs more
than all the rest of a batch. So a run that is being written is left out of the index ("unsettled") and searched
by itself, until it ends or too many others of its experiment are unsettled too.
"""

from __future__ import annotations

from quire.domain.ids import now_ms
from quire.store.sql.session import Session
from quire.store.sql.statement import Statement

# A search looks at every unsettled run of an experiment, so they are kept few. Taken in several at once, their entries
# share pages of the index.
MOST_UNSETTLED = 256
TAKEN_IN_AT_ONCE = 32
_MARK = Statement("UPDATE runs SET unsettled = :since WHERE id = :id")
_COUNT = Statement("SELECT count(*) FROM runs WHERE experiment_id = :experiment AND unsettled IS NOT NULL")
_OLDEST = Statement(
    """SELECT id FROM runs WHERE experiment_id = :experiment AND unsettled IS NOT NULL
    ORDER BY unsettled, id LIMIT :count FOR NO KEY UPDATE SKIP LOCKED"""
)
_INDEX = Statement("UPDATE latest_metrics SET settled = 1 WHERE run_id = :id AND settled = 0")


def unsettle(session: Session, run: int, experiment: int) -> None:
    """Leave a run that is about to be written out of the index, and take in the oldest when they grow too many."""
    row = session.row(_COUNT, (experiment,))
    if row is not None and row[0] >= MOST_UNSETTLED:
        for (oldest,) in session.rows(_OLDEST, (experiment, row[0] - MOST_UNSETTLED + TAKEN_IN_AT_ONCE)):
            settle(session, oldest)
    session.run(_MARK, (now_ms(), run))


def settle(session: Session, run: int) -> None:
    """Bring a run's metrics into the index."""
    session.run(_INDEX, (run,))
    session.run(_MARK, (None, run))
