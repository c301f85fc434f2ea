"""Which traces to prune: those older than a time, or all but the newest so many bytes."""

from __future__ import annotations

from collections.abc import Sequence

from quire.domain.names import check_experiment_id
from quire.domain.trace_usage import Pruning, check_pruning
from quire.store.sql.serving_pruning import count_unplaced
from quire.store.sql.session import Session
from quire.store.sql.statement import Statement
from quire.store.sql.trace_usage import SqlTraceUsage

# A row, its place in the indexes and its labels take about this much beside what is counted (bytes).
_BESIDE = 400
_SIZES = """SELECT timestamp_ms, traces.id, $beside
    + coalesce((SELECT sum(length(content)) FROM spans WHERE spans.trace_id = traces.id), 0)
    + coalesce((SELECT length(tags) + length(metadata) + coalesce(length(request_preview), 0)
        + coalesce(length(response_preview), 0) FROM trace_details WHERE trace_details.id = traces.id), 0) AS size
    FROM traces WHERE experiment_id = ANY(:ids)"""
_CUT = Statement(
    f"""SELECT max(timestamp_ms) FROM (
        SELECT timestamp_ms, sum(size) OVER (ORDER BY timestamp_ms DESC, id DESC) AS total FROM ({_SIZES}) AS sized
    ) AS summed WHERE total > :keep""",  # noqa: S608 - constants
    beside=str(_BESIDE),
)
_VOLUME = Statement(
    f"SELECT count(*), coalesce(sum(size), 0) FROM ({_SIZES} AND timestamp_ms <= :before) AS sized",  # noqa: S608
    beside=str(_BESIDE),
)


class SqlTracePruning(SqlTraceUsage):
    """The part of a store that says what pruning would delete."""

    def plan_pruning(
        self, experiment_ids: Sequence[str], *, older_than_ms: int | None = None, keep_bytes: int | None = None
    ) -> Pruning:
        """What is older than a time, and what goes beyond so many bytes when the newest traces are kept.

        Sizes are those of all these experiments together. :func:`quire.store.pruning.prune` deletes it.
        """
        check_pruning(older_than_ms, keep_bytes)
        experiments = sorted({check_experiment_id(item) for item in experiment_ids})
        with self._database.read() as session:
            session.take_time()
            cuts = [None if older_than_ms is None else older_than_ms - 1]
            if keep_bytes is not None:
                cuts.append(self._cut(session, experiments, keep_bytes))
            before = max((cut for cut in cuts if cut is not None), default=None)
            if before is None or not experiments:
                return Pruning(before_ms=None, traces=0, bytes=0)
            row = session.row(_VOLUME, (session.listed(experiments), before))
            notes = count_unplaced(session, experiments, before)
        assert row is not None
        anything = row[0] or notes
        return Pruning(before_ms=before if anything else None, traces=row[0], bytes=int(row[1]), notes=notes)

    @staticmethod
    def _cut(session: Session, experiments: Sequence[int], keep_bytes: int) -> int | None:
        row = session.row(_CUT, (session.listed(experiments), keep_bytes))
        return None if row is None else row[0]
