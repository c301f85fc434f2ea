"""Runs put into a store as they were elsewhere, many in one transaction."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import msgspec

from quire.domain.entities import Metric, Run
from quire.domain.errors import AlreadyExists
from quire.domain.redaction import redact
from quire.store.sql.bulk import SqlBulk
from quire.store.sql.inputs import add_dataset
from quire.store.sql.session import Session
from quire.store.sql.statement import Statement
from quire.store.sql.texts import split

_FIND = Statement(
    """SELECT run_id, id, experiment_id, start_time, status FROM runs WHERE run_id = ANY(:names) ORDER BY run_id
    FOR NO KEY UPDATE"""
)
_ADD = Statement(
    """INSERT INTO runs (run_id, experiment_id, run_name, user_id, status, start_time, end_time, artifact_uri,
    deleted_time) VALUES (:run, :experiment, :name, :user, :status, :start, :end, :uri, :deleted) RETURNING id"""
)
_END = Statement("UPDATE runs SET status = :status, end_time = :end WHERE id = :id")
_ADD_TEXT = {
    table: Statement(
        """INSERT INTO $table (run_id, key_id, head, rest, experiment_id, start_time)
        VALUES (:run, :key, :head, :rest, :experiment, :start) ON CONFLICT DO NOTHING""",
        table=table,
    )
    for table in ("params", "tags")
}
_LAST_SEQ = Statement("SELECT coalesce(max(seq), 0) FROM metrics WHERE run_id = :run")
_STORED = Statement("SELECT key_id, step, timestamp, value FROM metrics WHERE run_id = :run")
_ADD_METRIC = Statement(
    """INSERT INTO metrics (run_id, seq, key_id, step, timestamp, value)
    VALUES (:run, :seq, :key, :step, :timestamp, :value)"""
)
_SET_LATEST = Statement(
    """INSERT INTO latest_metrics (run_id, key_id, step, timestamp, value, experiment_id, start_time, settled)
    VALUES (:run, :key, :step, :timestamp, :value, :experiment, :start, 1)
    ON CONFLICT (run_id, key_id) DO UPDATE
    SET step = excluded.step, timestamp = excluded.timestamp, value = excluded.value, settled = 1
    WHERE (excluded.step, excluded.timestamp, coalesce(excluded.value, 0.0))
    > (latest_metrics.step, latest_metrics.timestamp, coalesce(latest_metrics.value, 0.0))"""
)
_ADD_MODEL_USE = Statement(
    """INSERT INTO run_models (run_id, is_output, model_id, step) VALUES (:run, :is_output, :model, :step)
    ON CONFLICT DO NOTHING"""
)
_KNOWN = Statement("SELECT run_id, status FROM runs WHERE run_id = ANY(:names)")
_COUNTS = {
    table: Statement(
        """SELECT runs.run_id, count(*) FROM runs JOIN $table ON $table.run_id = runs.id WHERE runs.run_id = ANY(:names)
        GROUP BY runs.run_id""",
        table=table,
    )
    for table in ("metrics", "params", "tags")
}
_UNFINISHED = ("RUNNING", "SCHEDULED")
_VALUES_AT_ONCE = 10_000


class RunCounts(msgspec.Struct, frozen=True):
    """A run's status, and how many metric values, params and tags it has."""

    status: str
    metric_values: int
    params: int
    tags: int

    def fewer_than(self, other: RunCounts) -> bool:
        """Whether there is less of anything."""
        return self.metric_values < other.metric_values or self.params < other.params or self.tags < other.tags

    @property
    def shown(self) -> str:
        """The counts in words."""
        return f"{self.metric_values:,} metric values, {self.params:,} params and {self.tags:,} tags"


class NewRun(msgspec.Struct, frozen=True, kw_only=True):
    """A run as it was elsewhere.

    ``run.data`` holds the latest value of each metric; ``history`` gives every value, in slices, whenever it is called.
    ``deleted_time`` is when it was deleted, if it was and somebody knows (milliseconds).
    """

    run: Run
    history: Callable[[], Iterable[Sequence[Metric]]]
    deleted_time: int | None = None


class _Placed(msgspec.Struct, frozen=True, kw_only=True):
    """A run that has its row: the row's number and what the rows about the run repeat of it."""

    given: NewRun
    number: int
    experiment: int
    start: int
    known: bool


class SqlBulkRuns(SqlBulk):
    """Puts runs into a store as they were elsewhere."""

    def run_counts(self, run_ids: Sequence[str]) -> dict[str, RunCounts]:
        """What those of these runs have that there are."""
        with self._database.read() as session:
            known: dict[str, str] = dict(session.rows_of(_KNOWN, run_ids))
            found: list[dict[str, int]] = [dict(session.rows_of(counts, run_ids)) for counts in _COUNTS.values()]
        metrics, params, tags = found
        return {
            run: RunCounts(status, metrics.get(run, 0), params.get(run, 0), tags.get(run, 0))
            for run, status in known.items()
        }

    def put_runs(self, given: Sequence[NewRun]) -> None:
        """Add runs under their ids, with every value that their metrics had; all or none.

        A run that is there gets what it lacks, and ends if it is unfinished and this one is not. AlreadyExists if it
        belongs to another experiment.
        """
        with self._database.write() as session:
            ids = [item.run.info.run_id for item in given]
            found = {row[0]: row[1:] for row in session.rows_of(_FIND, ids)}
            placed = [_placed(session, item, found.get(item.run.info.run_id)) for item in given]
            params = [(item, param.key, param.value) for item in placed for param in item.given.run.data.param_list]
            tags = [(item, tag.key, tag.value) for item in placed for tag in item.given.run.data.tag_list]
            self._put_texts(session, "params", params)
            self._put_texts(session, "tags", tags)
            self._put_history(session, placed)
            self._put_latest(session, placed)
            for item in placed:
                _put_uses(session, item)

    def _put_texts(self, session: Session, table: str, texts: Sequence[tuple[_Placed, str, str]]) -> None:
        numbers = self._keys.obtain(session, {key for _, key, _ in texts})
        rows = [
            (item.number, numbers[key], *split(redact(text)), item.experiment, item.start) for item, key, text in texts
        ]
        session.insert(_ADD_TEXT[table], rows)

    def _put_history(self, session: Session, placed: Sequence[_Placed]) -> None:
        waiting: list[tuple[Any, ...]] = []
        for item in placed:
            stored, last = _stored(session, item.number) if item.known else (frozenset(), 0)
            for metrics in item.given.history():
                numbers = self._keys.obtain(session, {metric.key for metric in metrics})
                rows = [(numbers[m.key], m.step, m.timestamp, _storable(m.value)) for m in metrics]
                new = [row for row in rows if row not in stored] if stored else rows
                waiting += [(item.number, seq, *row) for seq, row in enumerate(new, last + 1)]
                last += len(new)
                if len(waiting) >= _VALUES_AT_ONCE:
                    session.insert(_ADD_METRIC, waiting)
                    waiting = []
        session.insert(_ADD_METRIC, waiting)

    def _put_latest(self, session: Session, placed: Sequence[_Placed]) -> None:
        latest = [(item, metric) for item in placed for metric in item.given.run.data.metric_list]
        numbers = self._keys.obtain(session, {metric.key for _, metric in latest})
        rows = [
            (item.number, numbers[m.key], m.step, m.timestamp, _storable(m.value), item.experiment, item.start)
            for item, m in latest
        ]
        session.insert(_SET_LATEST, rows)


def _placed(session: Session, given: NewRun, found: Sequence[Any] | None) -> _Placed:
    info = given.run.info
    experiment, known = int(info.experiment_id), found is not None
    if found is None:
        return _Placed(
            given=given, number=_add(session, given), experiment=experiment, start=info.start_time, known=known
        )
    number, place, start, status = found
    if place != experiment:
        raise AlreadyExists(
            f"The run {info.run_id} is in experiment {experiment} there and in experiment {place} here. Import into a "
            "new database."
        )
    if status in _UNFINISHED and info.status != status:
        session.run(_END, (info.status, info.end_time, number))
    return _Placed(given=given, number=number, experiment=experiment, start=start, known=known)


def _add(session: Session, given: NewRun) -> int:
    info = given.run.info
    deleted = given.deleted_time or info.end_time or info.start_time
    values = (
        info.run_id,
        int(info.experiment_id),
        redact(info.run_name),
        info.user_id,
        info.status,
        info.start_time,
        info.end_time,
        info.artifact_uri,
        deleted if info.lifecycle_stage == "deleted" else None,
    )
    row = session.row(_ADD, values)
    assert row is not None
    return int(row[0])


def _stored(session: Session, run: int) -> tuple[frozenset[tuple[Any, ...]], int]:
    """The metric values that a run has, and the number of the last."""
    ((last,),) = session.rows(_LAST_SEQ, (run,))
    return frozenset(tuple(row) for row in session.rows(_STORED, (run,))), last


def _put_uses(session: Session, item: _Placed) -> None:
    """Record the datasets and models that a run read and made."""
    run = item.given.run
    for dataset in run.inputs.dataset_inputs:
        add_dataset(session, item.number, item.experiment, dataset)
    uses = [(item.number, 0, model.model_id, 0) for model in run.inputs.model_inputs]
    uses += [(item.number, 1, model.model_id, model.step) for model in run.outputs.model_outputs]
    session.insert(_ADD_MODEL_USE, uses)


def _storable(value: float) -> float | None:
    return value if value == value else None
