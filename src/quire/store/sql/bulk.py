"""Things put into a store as they were elsewhere, with their ids and times: what imports do.

What is there already is kept, whoever wrote it; only what is missing is added. So an import that was interrupted, or
whose source went on, is run again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from quire.domain.entities import Experiment, Metric, Run
from quire.domain.errors import AlreadyExists
from quire.domain.redaction import redact
from quire.store.sql.base import SqlPart
from quire.store.sql.inputs import add_dataset
from quire.store.sql.session import Session
from quire.store.sql.statement import Statement
from quire.store.sql.texts import split

_EXPERIMENT = Statement("SELECT id, name FROM experiments WHERE id = :id")
_EXPERIMENT_NAMED = Statement("SELECT id, name FROM experiments WHERE name = :name")
_IN_USE = Statement("SELECT 1 FROM runs WHERE experiment_id = :id LIMIT 1")
_ADD_EXPERIMENT = Statement(
    """INSERT INTO experiments (id, name, artifact_location, deleted, creation_time, last_update_time)
    VALUES (:id, :name, :location, 0, :created, :updated)"""
)
_REPLACE_EXPERIMENT = Statement(
    """UPDATE experiments SET name = :name, artifact_location = :location, creation_time = :created,
    last_update_time = :updated WHERE id = :id"""
)
_ADD_EXPERIMENT_TAG = Statement(
    """INSERT INTO experiment_tags (experiment_id, key, value) VALUES (:id, :key, :value)
    ON CONFLICT DO NOTHING"""
)
_SET_DELETED = Statement("UPDATE experiments SET deleted = :deleted WHERE id = :id")
_FIND_RUN = Statement("SELECT id, experiment_id, start_time, status FROM runs WHERE run_id = :run FOR NO KEY UPDATE")
_ADD_RUN = Statement(
    """INSERT INTO runs (run_id, experiment_id, run_name, user_id, status, start_time, end_time, artifact_uri,
    deleted_time) VALUES (:run, :experiment, :name, :user, :status, :start, :end, :uri, :deleted) RETURNING id"""
)
_END_RUN = Statement("UPDATE runs SET status = :status, end_time = :end WHERE id = :id")
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
_COUNTS = {
    table: Statement(
        """SELECT runs.run_id, count(*) FROM runs JOIN $table ON $table.run_id = runs.id WHERE runs.run_id = ANY(:names)
        GROUP BY runs.run_id""",
        table=table,
    )
    for table in ("metrics", "params", "tags")
}
_KNOWN_RUNS = Statement("SELECT run_id, status FROM runs WHERE run_id = ANY(:names)")


class SqlBulk(SqlPart):
    """Puts experiments and runs into a store as they were elsewhere."""

    def put_experiment(self, experiment: Experiment) -> bool:
        """Add an experiment under its id, active; whether it is new.

        One of the same id and name is the same one. The ``Default`` of a store in which it holds no run gives way.
        AlreadyExists if the id or the name is another's.
        """
        number, name = int(experiment.experiment_id), experiment.name
        values = (name, experiment.artifact_location, experiment.creation_time or 0, experiment.last_update_time or 0)
        with self._database.write() as session:
            session.take_turns("experiments")
            found = session.row(_EXPERIMENT, (number,)) or session.row(_EXPERIMENT_NAMED, (name,))
            if found is None:
                session.run(_ADD_EXPERIMENT, (number, *values))
            elif tuple(found) != (number, name):
                self._give_way(session, found, number, values)
            tags = [(number, tag.key, redact(tag.value)) for tag in experiment.tag_list]
            session.insert(_ADD_EXPERIMENT_TAG, sorted(tags))
        return found is None

    def _give_way(self, session: Session, found: Sequence[Any], number: int, values: tuple[str, str, int, int]) -> None:
        if found[0] == 0 and number == 0 and session.row(_IN_USE, (0,)) is None:
            session.run(_REPLACE_EXPERIMENT, (*values, 0))
            return
        raise AlreadyExists(
            f"The experiment {number} {values[0]!r} cannot keep its id and name: the store has the experiment "
            f"{found[0]} {found[1]!r}. Import into a new database, such as --tracking-uri sqlite:///imported.db."
        )

    def set_deleted(self, experiment_id: str, *, deleted: bool) -> None:
        """Say whether an experiment is deleted; its runs are left as they are."""
        with self._database.write() as session:
            session.run(_SET_DELETED, (int(deleted), int(experiment_id)))

    def run_counts(self, run_ids: Sequence[str]) -> dict[str, tuple[str, int, int, int]]:
        """Of those of these runs that there are: status, and how many metric values, params and tags they have."""
        with self._database.read() as session:
            known: dict[str, str] = dict(session.rows_of(_KNOWN_RUNS, run_ids))
            counts: dict[str, dict[str, int]] = {
                table: dict(session.rows_of(statement, run_ids)) for table, statement in _COUNTS.items()
            }
        metrics, params, tags = (counts[table] for table in ("metrics", "params", "tags"))
        return {run: (known[run], metrics.get(run, 0), params.get(run, 0), tags.get(run, 0)) for run in known}

    def put_run(self, run: Run, history: Iterable[Sequence[Metric]], *, deleted_time: int | None = None) -> bool:
        """Add a run under its id, with every value that its metrics had, in slices; whether it is new.

        ``run.data`` holds the latest value of each metric. A run that is there and still RUNNING ends if this one
        has. AlreadyExists if the run belongs to another experiment.
        """
        with self._database.write() as session:
            found = session.row(_FIND_RUN, (run.info.run_id,))
            number = self._add_run(session, run, deleted_time) if found is None else int(found[0])
            if found is not None:
                self._refuse_other(found, run)
                if found[3] in ("RUNNING", "SCHEDULED") and run.info.status != found[3]:
                    session.run(_END_RUN, (run.info.status, run.info.end_time, number))
            place = (int(run.info.experiment_id), run.info.start_time if found is None else found[2])
            self._put_texts(session, number, place, "params", {p.key: p.value for p in run.data.param_list})
            self._put_texts(session, number, place, "tags", {t.key: t.value for t in run.data.tag_list})
            self._put_history(session, number, history, known=found is not None)
            self._put_latest(session, number, place, run.data.metric_list)
            self._put_uses(session, number, place[0], run)
        return found is None

    @staticmethod
    def _add_run(session: Session, run: Run, deleted_time: int | None) -> int:
        info = run.info
        deleted = None if info.lifecycle_stage == "active" else deleted_time or info.end_time or info.start_time
        row = session.row(
            _ADD_RUN,
            (
                info.run_id,
                int(info.experiment_id),
                redact(info.run_name),
                info.user_id,
                info.status,
                info.start_time,
                info.end_time,
                info.artifact_uri,
                deleted,
            ),
        )
        assert row is not None
        return int(row[0])

    @staticmethod
    def _refuse_other(found: Sequence[Any], run: Run) -> None:
        if found[1] != int(run.info.experiment_id):
            raise AlreadyExists(
                f"The run {run.info.run_id} is in experiment {run.info.experiment_id} there and in experiment "
                f"{found[1]} here. Import into a new database."
            )

    def _put_texts(
        self, session: Session, run: int, place: tuple[int, int], table: str, values: Mapping[str, str]
    ) -> None:
        numbers = self._keys.obtain(session, values)
        rows = [(run, numbers[key], *split(redact(value)), *place) for key, value in sorted(values.items())]
        session.insert(_ADD_TEXT[table], rows)

    def _put_history(self, session: Session, run: int, history: Iterable[Sequence[Metric]], *, known: bool) -> None:
        stored = {tuple(row) for row in session.rows(_STORED, (run,))} if known else set()
        ((last,),) = session.rows(_LAST_SEQ, (run,))
        for metrics in history:
            numbers = self._keys.obtain(session, sorted({metric.key for metric in metrics}))
            rows = [(numbers[m.key], m.step, m.timestamp, _storable(m.value)) for m in metrics]
            if stored:
                rows = [row for row in rows if row not in stored]
            session.insert(_ADD_METRIC, [(run, seq, *row) for seq, row in enumerate(rows, last + 1)])
            last += len(rows)

    def _put_latest(self, session: Session, run: int, place: tuple[int, int], metrics: Sequence[Metric]) -> None:
        numbers = self._keys.obtain(session, [metric.key for metric in metrics])
        rows = [(run, numbers[m.key], m.step, m.timestamp, _storable(m.value), *place) for m in metrics]
        session.insert(_SET_LATEST, rows)

    @staticmethod
    def _put_uses(session: Session, run: int, experiment: int, given: Run) -> None:
        for item in given.inputs.dataset_inputs:
            add_dataset(session, run, experiment, item)
        uses = [(run, 0, item.model_id, 0) for item in given.inputs.model_inputs]
        uses += [(run, 1, item.model_id, item.step) for item in given.outputs.model_outputs]
        session.insert(_ADD_MODEL_USE, uses)


def _storable(value: float) -> float | None:
    return value if value == value else None
