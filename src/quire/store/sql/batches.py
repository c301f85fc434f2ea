"""What is logged to runs: batches of metrics, params and tags; metric histories."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from quire.domain.entities import Metric, Param, Tag
from quire.domain.errors import InvalidInput, NotFound
from quire.domain.names import MAX_RUN_NAME, check_batch, check_page_size, check_text
from quire.domain.paging import Page, decode_token, encode_token
from quire.domain.redaction import redact
from quire.store.sql.reading import number
from quire.store.sql.runs import RUN_NAME_TAG, SqlRuns
from quire.store.sql.session import Session
from quire.store.sql.settling import unsettle
from quire.store.sql.statement import Statement
from quire.store.sql.texts import join, split

_LAST_SEQ = Statement("SELECT coalesce(max(seq), 0) FROM metrics WHERE run_id = :run_id")
_ADD_METRIC = Statement(
    """INSERT INTO metrics (run_id, seq, key_id, step, timestamp, value)
    VALUES (:run_id, :seq, :key_id, :step, :timestamp, :value)"""
)
_SET_LATEST = Statement(
    """INSERT INTO latest_metrics (run_id, key_id, step, timestamp, value, experiment_id, start_time, settled)
    VALUES (:run_id, :key_id, :step, :timestamp, :value, :experiment_id, :start_time, 0)
    ON CONFLICT (run_id, key_id) DO UPDATE
    SET step = excluded.step, timestamp = excluded.timestamp, value = excluded.value, settled = 0
    WHERE (excluded.step, excluded.timestamp, coalesce(excluded.value, 0.0))
    > (latest_metrics.step, latest_metrics.timestamp, coalesce(latest_metrics.value, 0.0))"""
)
_PARAMS = Statement("SELECT key_id, head, rest FROM params WHERE run_id = :run_id")
_ADD_PARAM = Statement(
    """INSERT INTO params (run_id, key_id, head, rest, experiment_id, start_time)
    VALUES (:run_id, :key_id, :head, :rest, :experiment_id, :start_time)"""
)
_RENAME = Statement("UPDATE runs SET run_name = :run_name WHERE id = :id")
_MODEL = Statement("SELECT id FROM logged_models WHERE model_id = :model_id AND deleted = 0")
_ADD_MODEL_METRIC = Statement(
    """INSERT INTO logged_model_metrics
    (logged_model_id, key, timestamp, step, run_id, value, dataset_name, dataset_digest)
    VALUES (:model, :key, :timestamp, :step, :run_id, :value, :dataset_name, :dataset_digest) ON CONFLICT DO NOTHING"""
)
_HISTORY = Statement(
    """SELECT step, timestamp, value, min(seq) FROM metrics WHERE run_id = :run_id AND key_id = :key_id
    GROUP BY step, timestamp, value ORDER BY step, timestamp, min(seq)"""
)
_HISTORY_PAGE = Statement(
    """SELECT step, timestamp, value, min(seq) FROM metrics WHERE run_id = :run_id AND key_id = :key_id
    AND step >= :step GROUP BY step, timestamp, value HAVING (step, timestamp, min(seq)) > (:step, :timestamp, :seq)
    ORDER BY step, timestamp, min(seq) LIMIT :count"""
)
_BEFORE_ALL = -(2**63)
MAX_HISTORY_PAGE = 50_000


class SqlBatches(SqlRuns):
    """The part of a store that keeps what is logged to runs."""

    def log_batch(
        self,
        run_id: str,
        *,
        metrics: Sequence[Metric] = (),
        params: Sequence[Param] = (),
        tags: Sequence[Tag] = (),
    ) -> None:
        """Log all or nothing. A param logged again with another value is InvalidInput."""
        check_batch(metrics, params, tags)
        values = _unique_params(params)
        with self._database.write() as session:
            run = self._active_run(session, run_id)
            if values:
                self._add_params(session, run, values)
            if metrics:
                self._add_metrics(session, run, metrics)
            if tags:
                self._log_tags(session, run, tags)

    def _add_params(self, session: Session, run: Sequence[Any], values: Mapping[str, str]) -> None:
        numbers = self._keys.obtain(session, values)
        logged = {key: join(head, rest) for key, head, rest in session.rows(_PARAMS, (run[0],))}
        changed = [
            f"{key!r} is {_shown(logged[numbers[key]])} and was given as {_shown(value)}"
            for key, value in values.items()
            if logged.get(numbers[key], value) != value
        ]
        if changed:
            raise InvalidInput(
                f"A param cannot change once it is logged. In the run {run[1]}: {'; '.join(changed)}. Log the new "
                "value under another key or in a new (nested) run. Nothing of this batch was stored."
            )
        rows = [
            (run[0], numbers[key], *split(value), run[2], run[6])
            for key, value in values.items()
            if numbers[key] not in logged
        ]
        session.insert(_ADD_PARAM, rows)

    def _add_metrics(self, session: Session, run: Sequence[Any], metrics: Sequence[Metric]) -> None:
        row, experiment, started = run[0], run[2], run[6]
        numbers = self._keys.obtain(session, [metric.key for metric in metrics])
        last = session.row(_LAST_SEQ, (row,))
        assert last is not None
        history = []
        latest: dict[int, tuple[Any, ...]] = {}
        for seq, metric in enumerate(metrics, last[0] + 1):
            key, step, timestamp, value = numbers[metric.key], metric.step, metric.timestamp, metric.value
            stored = _storable(value)
            history.append((row, seq, key, step, timestamp, stored))
            before = latest.get(key)
            if before is None or (step, timestamp, stored or 0.0) > (before[2], before[3], before[4] or 0.0):
                latest[key] = (row, key, step, timestamp, stored, experiment, started)
        session.insert(_ADD_METRIC, history)
        session.insert(_SET_LATEST, list(latest.values()))
        if run[10] is None:
            unsettle(session, row, experiment)
        self._add_model_metrics(session, row, metrics)

    def _add_model_metrics(self, session: Session, run: int, metrics: Iterable[Metric]) -> None:
        models: dict[str, int] = {}
        rows = []
        for metric in metrics:
            if metric.model_id is None:
                continue
            if metric.model_id not in models:
                found = session.row(_MODEL, (metric.model_id,))
                if found is None:
                    raise NotFound(f"No logged model has the id {metric.model_id!r}, named by metric {metric.key!r}.")
                models[metric.model_id] = found[0]
            value = _storable(metric.value)
            rows.append(
                (
                    models[metric.model_id],
                    metric.key,
                    metric.timestamp,
                    metric.step,
                    run,
                    value,
                    metric.dataset_name,
                    metric.dataset_digest,
                )
            )
        session.insert(_ADD_MODEL_METRIC, rows)

    def _log_tags(self, session: Session, run: Sequence[Any], tags: Sequence[Tag]) -> None:
        values = {tag.key: redact(tag.value) for tag in tags}
        if RUN_NAME_TAG in values:
            name = check_text(values[RUN_NAME_TAG], "The run name", MAX_RUN_NAME)
            session.run(_RENAME, (name, run[0]))
        self._set_tags(session, run[0], run[2], run[6], values)

    def get_metric_history(
        self, run_id: str, key: str, *, max_results: int | None = None, page_token: str | None = None
    ) -> Page[Metric]:
        """Every logged value of a metric, in order of step, then timestamp, then logging; equal ones once."""
        if max_results is not None:
            check_page_size(max_results, MAX_HISTORY_PAGE)
        size = max_results or (MAX_HISTORY_PAGE if page_token else None)
        scope = ["metric history", run_id, key]
        position = decode_token(page_token, scope) if page_token else [_BEFORE_ALL, _BEFORE_ALL, 0]
        with self._database.read() as session:
            run = self._run_row(session, run_id)[0]
            number_of_key = self._keys.find(session, key)
            if size is None:
                rows = session.rows(_HISTORY, (run, number_of_key))
            else:
                step, timestamp, seq = position
                rows = session.rows(_HISTORY_PAGE, (run, number_of_key, step, step, timestamp, seq, size + 1))
        token = None
        if size is not None and len(rows) > size:
            rows = rows[:size]
            token = encode_token([rows[-1][0], rows[-1][1], rows[-1][3]], scope)
        return Page([Metric(key, number(row[2]), row[1], row[0]) for row in rows], token)


def _unique_params(params: Sequence[Param]) -> dict[str, str]:
    values: dict[str, str] = {}
    for param in params:
        value = redact(param.value)
        if values.setdefault(param.key, value) != value:
            raise InvalidInput(
                f"The param {param.key!r} is given twice with different values, {_shown(values[param.key])} and "
                f"{_shown(value)}. Give each param once."
            )
    return values


def _storable(value: float) -> float | None:
    return float(value) if value == value else None


def _shown(value: str) -> str:
    return repr(value) if len(value) <= 100 else f"{value[:100]!r}…"
