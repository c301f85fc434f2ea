"""Runs in SQL: their life, from create_run to delete_run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from quire.domain.entities import Run, RunData, RunInfo, RunStatus, Tag
from quire.domain.errors import InvalidInput, NotFound
from quire.domain.ids import new_run_id, now_ms
from quire.domain.names import MAX_RUN_NAME, check_integer, check_tags, check_text
from quire.domain.redaction import redact
from quire.domain.run_names import random_name
from quire.domain.uris import join_uri
from quire.store.sql.experiments import SqlExperiments
from quire.store.sql.reading import RUN_COLUMNS, read_run, run_info
from quire.store.sql.session import Session
from quire.store.sql.settling import settle
from quire.store.sql.statement import Statement
from quire.store.sql.texts import split

RUN_NAME_TAG = "mlflow.runName"
_STATUSES = ("RUNNING", "SCHEDULED", "FINISHED", "FAILED", "KILLED")
_ENDED = ("FINISHED", "FAILED", "KILLED")

_ADD = Statement(
    """INSERT INTO runs (run_id, experiment_id, run_name, user_id, status, start_time, artifact_uri)
    VALUES (:run_id, :experiment_id, :run_name, :user_id, 'RUNNING', :start_time, :artifact_uri) RETURNING id"""
)
_FIND = Statement("SELECT $columns FROM runs WHERE run_id = :run_id", columns=RUN_COLUMNS)
_TO_CHANGE = Statement("$find FOR NO KEY UPDATE", find=_FIND.sql)
_UPDATE = Statement(
    "UPDATE runs SET status = :status, end_time = :end_time, run_name = :run_name WHERE id = :id RETURNING $columns",
    columns=RUN_COLUMNS,
)
_MARK = Statement("UPDATE runs SET deleted_time = :deleted_time WHERE id = :id")
SET_TAG = Statement(
    """INSERT INTO tags (run_id, key_id, head, rest, experiment_id, start_time)
    VALUES (:run_id, :key_id, :head, :rest, :experiment_id, :start_time)
    ON CONFLICT (run_id, key_id) DO UPDATE SET head = excluded.head, rest = excluded.rest"""
)
_DELETE_TAG = Statement("DELETE FROM tags WHERE run_id = :run_id AND key_id = :key_id")


class SqlRuns(SqlExperiments):
    """The part of a store that keeps runs."""

    def create_run(
        self,
        experiment_id: str,
        *,
        run_name: str | None = None,
        user_id: str = "",
        start_time: int | None = None,
        tags: Sequence[Tag] = (),
    ) -> Run:
        """Start a run in an active experiment."""
        check_tags(tags, "run")
        values = {tag.key: redact(tag.value) for tag in tags}
        name = _chosen_name(run_name, values)
        values[RUN_NAME_TAG] = name
        started = now_ms() if start_time is None else check_integer(start_time, "start_time")
        run_id = new_run_id()
        user = check_text(user_id or "", "user_id", MAX_RUN_NAME)
        with self._database.write() as session:
            experiment = self._active_experiment(session, experiment_id)
            uri = join_uri(experiment[2], run_id, "artifacts")
            row = session.row(_ADD, (run_id, experiment[0], name, user, started, uri))
            assert row is not None
            self._set_tags(session, row[0], experiment[0], started, values)
        info = RunInfo(
            run_id=run_id,
            experiment_id=str(experiment[0]),
            run_name=name,
            user_id=user,
            status="RUNNING",
            start_time=started,
            artifact_uri=uri,
        )
        return Run(info=info, data=RunData(tag_list=[Tag(key, values[key]) for key in sorted(values)]))

    def _set_tags(self, session: Session, run: int, experiment: int, started: int, values: dict[str, str]) -> None:
        numbers = self._keys.obtain(session, values)
        rows = [(run, numbers[key], *split(value), experiment, started) for key, value in values.items()]
        session.insert(SET_TAG, rows)

    def get_run(self, run_id: str) -> Run:
        """The run with its latest metrics, params, tags, inputs and outputs."""
        with self._database.glance() as session:
            found = self._run(session, run_id)
        if found is None:
            raise _no_run(run_id)
        return found

    def _run(self, session: Session, run_id: object) -> Run | None:
        return read_run(session, self._keys, run_id) if isinstance(run_id, str) else None

    def _run_row(self, session: Session, run_id: object, find: Statement = _FIND) -> tuple[Any, ...]:
        row = session.row(find, (run_id,)) if isinstance(run_id, str) else None
        if row is None:
            raise _no_run(run_id)
        return row

    def _active_run(self, session: Session, run_id: str) -> tuple[Any, ...]:
        row = self._run_row(session, run_id, _TO_CHANGE)
        if row[9] is not None:
            raise InvalidInput(
                f"The run {run_id} is deleted, so nothing can be logged or changed. Restore it with "
                f"restore_run({run_id!r})."
            )
        return row

    def update_run(
        self,
        run_id: str,
        *,
        status: RunStatus | None = None,
        end_time: int | None = None,
        run_name: str | None = None,
    ) -> RunInfo:
        """Change a run's state or name."""
        if status is not None and status not in _STATUSES:
            raise InvalidInput(f"Invalid run status {status!r}; expected one of {', '.join(_STATUSES)}.")
        ended = None if end_time is None else check_integer(end_time, "end_time")
        name = redact(check_text(run_name, "The run name", MAX_RUN_NAME)) if run_name else None
        with self._database.write() as session:
            row = self._active_run(session, run_id)
            if name is not None:
                self._set_tags(session, row[0], row[2], row[6], {RUN_NAME_TAG: name})
            if status in _ENDED and row[10] is not None:
                settle(session, row[0])
            changed = session.row(
                _UPDATE, (status or row[5], row[7] if ended is None else ended, name or row[3], row[0])
            )
            assert changed is not None
            return run_info(changed)

    def delete_run(self, run_id: str) -> None:
        """Mark a run as deleted."""
        with self._database.write() as session:
            session.run(_MARK, (now_ms(), self._run_row(session, run_id)[0]))

    def restore_run(self, run_id: str) -> None:
        """Undo delete_run."""
        with self._database.write() as session:
            session.run(_MARK, (None, self._run_row(session, run_id)[0]))

    def delete_tag(self, run_id: str, key: str) -> None:
        """Remove a run's tag; NotFound if it is not set."""
        with self._database.write() as session:
            row = self._active_run(session, run_id)
            if not session.run(_DELETE_TAG, (row[0], self._keys.find(session, key))):
                raise NotFound(f"The run {run_id} has no tag {key!r}.")


def _no_run(run_id: object) -> NotFound:
    return NotFound(f"No run has the id {run_id!r}. List runs with search_runs.")


def _chosen_name(run_name: str | None, tags: dict[str, str]) -> str:
    tagged = tags.get(RUN_NAME_TAG)
    if run_name and tagged and redact(run_name) != tagged:
        raise InvalidInput(
            f"The run is named {run_name!r}, and its tag {RUN_NAME_TAG!r} says {tagged!r}. Give one of "
            "them, or the same."
        )
    return redact(check_text(run_name or tagged or random_name(), "The run name", MAX_RUN_NAME))
