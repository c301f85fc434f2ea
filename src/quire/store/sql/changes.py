"""What changed since a time, in SQL: each question is a range of an index, newest first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from quire.domain.alias_events import PREFIX as MOVED
from quire.domain.alias_events import alias_events
from quire.domain.changes import AliasMoved, FailedTrace, RunLine, RunsChanged, Spent
from quire.domain.names import check_experiment_id
from quire.domain.promotions import PREFIX as PROMOTED
from quire.domain.promotions import promotions_in
from quire.domain.prompt_tags import IS_PROMPT
from quire.store.sql.base import SqlPart
from quire.store.sql.session import Session
from quire.store.sql.statement import Statement

_LONGEST_MESSAGE = 300
_STARTED = "FROM runs WHERE experiment_id = ANY(:ids) AND start_time >= :since AND start_time < :until"
_COUNTS = Statement(f"SELECT status, count(*) {_STARTED} AND deleted_time IS NULL GROUP BY status")
_LINE = "SELECT run_id, run_name, experiment_id, user_id, status, start_time, end_time"
_NEWEST = Statement(f"{_LINE} {_STARTED} AND deleted_time IS NULL ORDER BY start_time DESC, run_id LIMIT :most")
_FAILED = Statement(
    f"{_LINE} {_STARTED} AND deleted_time IS NULL AND status = 'FAILED' ORDER BY start_time DESC, run_id LIMIT :most"
)
_SUMS = """count(*), sum(CASE WHEN status = 'ERROR' THEN 1 ELSE 0 END), coalesce(sum(total_tokens), 0), sum(cost)
    FROM traces WHERE experiment_id = ANY(:ids) AND timestamp_ms >= :since AND timestamp_ms < :until"""
_SPENT = Statement(f"SELECT (timestamp_ms - :from) / :size AS bucket, {_SUMS} GROUP BY 1 ORDER BY 1")
_SPENT_AT_ONCE = Statement(f"SELECT {_SUMS}")
_FAILED_TRACES = Statement(
    """SELECT id, trace_id, experiment_id, name, timestamp_ms FROM traces
    WHERE experiment_id = ANY(:ids) AND status = 'ERROR' AND timestamp_ms >= :since AND timestamp_ms < :until
    ORDER BY timestamp_ms DESC, id DESC LIMIT :most"""
)
_FAILED_SPANS = Statement(
    """SELECT trace_id, content FROM spans WHERE trace_id = ANY(:ids) AND status = 'ERROR'
    ORDER BY trace_id, start_time_ns"""
)
# Keys end in a time of 13 digits, a dash and 8 random digits.
_MOVES = Statement(
    """SELECT registered_models.name, registered_model_tags.key, registered_model_tags.value,
    EXISTS (SELECT 1 FROM registered_model_tags AS own
        WHERE own.registered_model_id = registered_models.id AND own.key = :prompt)
    FROM registered_model_tags JOIN registered_models ON registered_models.id = registered_model_id
    WHERE ((key >= :moved AND key < :moved_end) OR (key >= :promoted AND key < :promoted_end))
    AND length(key) > 30 AND substr(key, length(key) - 21, 13) >= :since
    AND substr(key, length(key) - 21, 13) < :until"""
)
# CROSS JOIN, else SQLite begins with the runs, which are many; those of the key are few.
_TAGGED = Statement(
    """SELECT runs.run_id FROM tags CROSS JOIN runs
    WHERE runs.id = tags.run_id AND tags.experiment_id = ANY(:ids) AND tags.key_id = :key AND runs.status = 'RUNNING'
    AND runs.deleted_time IS NULL ORDER BY runs.start_time DESC LIMIT :most"""
)
_ANYTHING = tuple(
    Statement("SELECT 1 FROM $table LIMIT 1", table=table) for table in ("runs", "traces", "registered_models")
)


class SqlChanges(SqlPart):
    """The part of a store that tells what changed."""

    def runs_changed(self, experiment_ids: Sequence[str], since: int, until: int, most: int) -> RunsChanged:
        """Runs that were started; at most so many lines of each kind."""
        ids = _numbers(experiment_ids)
        if not ids:
            return RunsChanged(total=0, by_status={}, newest=[], failed=[])
        with self._database.read() as session:
            where = (session.listed(ids), since, until)
            counts: dict[str, int] = dict(session.rows(_COUNTS, where))
            newest = session.rows(_NEWEST, (*where, most))
            failed = session.rows(_FAILED, (*where, most)) if counts.get("FAILED") else []
        return RunsChanged(
            total=sum(counts.values()),
            by_status=counts,
            newest=[_run_line(row) for row in newest],
            failed=[_run_line(row) for row in failed],
        )

    def spent(self, experiment_ids: Sequence[str], since: int, until: int, bucket_ms: int) -> list[Spent]:
        """What traces used in each ``bucket_ms`` from ``since`` on that had any, oldest first."""
        ids = _numbers(experiment_ids)
        if not ids:
            return []
        with self._database.read() as session:
            rows = _spent_rows(session, session.listed(ids), since, until, bucket_ms)
        return [
            Spent(
                at=since + int(bucket) * bucket_ms,
                traces=count,
                errors=int(errors),
                tokens=int(tokens),
                cost=None if cost is None else float(cost),
            )
            for bucket, count, errors, tokens, cost in rows
        ]

    def failed_traces(self, experiment_ids: Sequence[str], since: int, until: int, most: int) -> list[FailedTrace]:
        """The newest traces that failed."""
        ids = _numbers(experiment_ids)
        if not ids:
            return []
        with self._database.read() as session:
            rows = session.rows(_FAILED_TRACES, (session.listed(ids), since, until, most))
            said = _messages(session, [row[0] for row in rows])
        return [
            FailedTrace(trace_id, str(experiment), name or "", at, said.get(number, ""))
            for number, trace_id, experiment, name, at in rows
        ]

    def aliases_moved(self, since: int, until: int) -> list[AliasMoved]:
        """Moves of aliases that were recorded, of prompts and registered models, newest first."""
        ends = [part for prefix in (MOVED, PROMOTED) for part in (prefix, f"{prefix[:-1]}/")]
        with self._database.read() as session:
            rows = session.rows(_MOVES, (IS_PROMPT, *ends, f"{since:013d}", f"{until:013d}"))
        found = [move for name, key, value, prompt in rows for move in _moves(name, key, value, bool(prompt))]
        return sorted(found, key=lambda move: -move.at)

    def open_runs_tagged(self, experiment_ids: Sequence[str], key: str, most: int) -> list[str]:
        """Ids of runs that have a tag of that key and have not ended, newest first."""
        ids = _numbers(experiment_ids)
        with self._database.read() as session:
            number = self._keys.find(session, key)
            if not ids:
                return []
            return [run_id for (run_id,) in session.rows(_TAGGED, (session.listed(ids), number, most))]

    def holds_anything(self) -> bool:
        """Whether there is any run, trace or registered model."""
        with self._database.read() as session:
            return any(session.row(statement) is not None for statement in _ANYTHING)


def _numbers(experiment_ids: Sequence[str]) -> list[int]:
    return sorted({check_experiment_id(item) for item in experiment_ids})


def _spent_rows(session: Session, ids: object, since: int, until: int, bucket_ms: int) -> Sequence[tuple[Any, ...]]:
    """Sums by the number of their bucket. Where grouping sorts all rows, each bucket is a range of the index."""
    if not session.sorts_to_group:
        return session.rows(_SPENT, (since, bucket_ms, ids, since, until))
    starts = range(since, until, bucket_ms)
    found = [session.rows(_SPENT_AT_ONCE, (ids, start, min(start + bucket_ms, until)))[0] for start in starts]
    return [(number, *row) for number, row in enumerate(found) if row[0]]


def _run_line(row: tuple[Any, ...]) -> RunLine:
    run_id, name, experiment, user, status, start, end = row
    return RunLine(
        run_id=run_id,
        run_name=name,
        experiment_id=str(experiment),
        user_id=user,
        status=status,
        start_time=start,
        end_time=end,
    )


def _messages(session: Session, numbers: Sequence[int]) -> dict[int, str]:
    """What the first failed span of each trace said."""
    if not numbers:
        return {}
    from quire.domain.otlp.failures import failure_message

    said: dict[int, str] = {}
    for number, content in session.rows_of(_FAILED_SPANS, numbers):
        if not said.get(number):
            said[number] = failure_message(bytes(content))[:_LONGEST_MESSAGE]
    return said


def _moves(name: str, key: str, value: str, is_prompt: bool) -> list[AliasMoved]:
    moved = [
        AliasMoved(
            name=name,
            is_prompt=is_prompt,
            alias=event.alias,
            kind=event.kind,
            old=None if event.old is None else str(event.old),
            new=None if event.new is None else str(event.new),
            at=event.at,
            by=event.by,
            reason=event.reason,
        )
        for event in alias_events({key: value}).values()
    ]
    promoted = [
        AliasMoved(
            name=name,
            is_prompt=is_prompt,
            alias=event.alias,
            kind=event.kind,
            old=event.old,
            new=event.new,
            at=event.at,
            by=event.by,
            reason=event.reason,
            forced=event.forced,
        )
        for event in promotions_in({key: value})
    ]
    return moved + promoted
