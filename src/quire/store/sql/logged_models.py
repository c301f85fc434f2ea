"""Logged models in SQL."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any, Literal

import msgspec
import sqlalchemy as sa

from quire.domain.entities import Metric, Param, Tag
from quire.domain.errors import InvalidInput, NotFound
from quire.domain.filters import LOGGED_MODELS, Comparison, OrderBy, parse_filter
from quire.domain.ids import new_model_id, now_ms
from quire.domain.metric_orders import parse_metric_orders
from quire.domain.names import (
    MAX_EXPERIMENT_NAME,
    check_experiment_id,
    check_logged_model_name,
    check_page_size,
    check_params,
    check_tags,
    check_text,
)
from quire.domain.paging import Page
from quire.domain.redaction import redact
from quire.domain.registry import (
    LoggedModel,
    LoggedModelData,
    LoggedModelInfo,
    LoggedModelStatus,
    MetricDataset,
    MetricOrder,
)
from quire.domain.run_names import random_name
from quire.domain.uris import join_uri
from quire.store.sql import tables
from quire.store.sql.failures import value_of_another_kind
from quire.store.sql.inputs import SqlInputs
from quire.store.sql.listing import Condition, Listing, condition, tag_condition
from quire.store.sql.reading import number
from quire.store.sql.session import Session
from quire.store.sql.statement import Statement
from quire.store.sql.tags import Tags

_COLUMNS = (
    "id, model_id, experiment_id, name, artifact_location, creation_timestamp_ms, last_updated_timestamp_ms, status, "
    "model_type, source_run_id, deleted"
)
_FIND = Statement(
    "SELECT $columns FROM logged_models WHERE model_id = :model_id AND deleted = 0",
    columns=_COLUMNS,
)
_TO_CHANGE = Statement("$find FOR NO KEY UPDATE", find=_FIND.sql)
_ADD = Statement(
    """INSERT INTO logged_models (model_id, experiment_id, name, artifact_location, creation_timestamp_ms,
    last_updated_timestamp_ms, status, model_type, source_run_id, deleted)
    VALUES (:model_id, :experiment, :name, :location, :created, :updated, 'PENDING', :type, :run, 0)
    RETURNING $columns""",
    columns=_COLUMNS,
)
_FINALIZE = Statement(
    """UPDATE logged_models SET status = :status, last_updated_timestamp_ms = :now WHERE id = :id
    RETURNING $columns""",
    columns=_COLUMNS,
)
_TOUCH = Statement("UPDATE logged_models SET last_updated_timestamp_ms = :now WHERE id = :id")
_DELETE = Statement("UPDATE logged_models SET deleted = 1, last_updated_timestamp_ms = :now WHERE id = :id")
_SET_PARAM = Statement("INSERT INTO logged_model_params (logged_model_id, key, value) VALUES (:id, :key, :value)")
_PARAMS = Statement("SELECT logged_model_id, key, value FROM logged_model_params WHERE logged_model_id = ANY(:ids)")
_METRICS = Statement(
    """SELECT logged_model_id, key, value, logged_model_metrics.timestamp, step, runs.run_id, dataset_name,
    dataset_digest FROM logged_model_metrics JOIN runs ON runs.id = logged_model_metrics.run_id
    WHERE logged_model_id = ANY(:ids) ORDER BY logged_model_id, key, logged_model_metrics.timestamp, step"""
)
_METRIC = tables.logged_model_metrics.c
_tags = Tags[int](tables.logged_model_tags)
MAX_PAGE = 50_000
_WIRE_STATUS: dict[str, Literal["LOGGED_MODEL_PENDING", "LOGGED_MODEL_READY", "LOGGED_MODEL_UPLOAD_FAILED"]] = {
    "PENDING": "LOGGED_MODEL_PENDING",
    "READY": "LOGGED_MODEL_READY",
    "FAILED": "LOGGED_MODEL_UPLOAD_FAILED",
}


class SqlLoggedModels(SqlInputs):
    """The part of a store that keeps logged models."""

    def create_logged_model(
        self,
        experiment_id: str,
        *,
        name: str | None = None,
        source_run_id: str | None = None,
        model_type: str | None = None,
        params: Sequence[Param] = (),
        tags: Sequence[Tag] = (),
    ) -> LoggedModel:
        """Reserve an id and a place for a model's files; its status is PENDING."""
        chosen = random_name() if name is None else check_logged_model_name(name)
        check_params(params)
        check_tags(tags, "model")
        kind = None if model_type is None else check_text(model_type, "model_type", MAX_EXPERIMENT_NAME)
        run = None if source_run_id is None else check_text(source_run_id, "source_run_id", MAX_EXPERIMENT_NAME)
        model_id, now = new_model_id(), now_ms()
        with self._database.write() as session:
            experiment = self._active_experiment(session, experiment_id)
            location = join_uri(experiment[2], "models", model_id, "artifacts")
            row = session.row(_ADD, (model_id, experiment[0], chosen, location, now, now, kind, run))
            assert row is not None
            self._add_model_params(session, row[0], model_id, params)
            _tags.set(session, row[0], tags)
            return self._models(session, [row])[0]

    def _add_model_params(self, session: Session, row: int, model_id: str, params: Sequence[Param]) -> None:
        logged = {key: value for _, key, value in session.rows_of(_PARAMS, [row])}
        added: dict[str, str] = {}
        for param in params:
            value = redact(param.value)
            before = logged.get(param.key, added.setdefault(param.key, value))
            if before != value:
                raise InvalidInput(
                    f"A param cannot change once it is logged. The param {param.key!r} of the model {model_id} is "
                    f"{before!r} and was given as {value!r}."
                )
        session.insert(_SET_PARAM, [(row, key, value) for key, value in added.items() if key not in logged])

    def get_logged_model(self, model_id: str) -> LoggedModel:
        """The logged model of that id."""
        with self._database.read() as session:
            return self._models(session, [self._model_row(session, model_id)])[0]

    def _model_row(self, session: Session, model_id: str, find: Statement = _FIND) -> tuple[Any, ...]:
        if not isinstance(model_id, str):
            raise value_of_another_kind(f"the model id {model_id!r}")
        row = session.row(find, (model_id,))
        if row is None:
            raise NotFound(f"No logged model has the id {model_id!r}. List them with search_logged_models.")
        return row

    def finalize_logged_model(self, model_id: str, status: LoggedModelStatus) -> LoggedModel:
        """Say that the files are complete (READY) or that writing them failed (FAILED)."""
        if status not in _WIRE_STATUS:
            raise InvalidInput(f"Invalid status {status!r} of a logged model; expected {', '.join(_WIRE_STATUS)}.")
        with self._database.write() as session:
            row = session.row(_FINALIZE, (status, now_ms(), self._model_row(session, model_id, _TO_CHANGE)[0]))
            assert row is not None
            return self._models(session, [row])[0]

    def delete_logged_model(self, model_id: str) -> None:
        """Delete a logged model's record."""
        with self._database.write() as session:
            session.run(_DELETE, (now_ms(), self._model_row(session, model_id, _TO_CHANGE)[0]))

    def log_model_params(self, model_id: str, params: Sequence[Param]) -> None:
        """Add params to a logged model. InvalidInput if one is logged with another value."""
        check_params(params)
        with self._database.write() as session:
            self._add_model_params(session, self._model_row(session, model_id, _TO_CHANGE)[0], model_id, params)

    def set_logged_model_tags(self, model_id: str, tags: Sequence[Tag]) -> None:
        """Set or replace tags."""
        check_tags(tags, "model")
        with self._database.write() as session:
            row = self._model_row(session, model_id, _TO_CHANGE)
            _tags.set(session, row[0], tags)
            session.run(_TOUCH, (now_ms(), row[0]))

    def delete_logged_model_tag(self, model_id: str, key: str) -> None:
        """Remove a tag; NotFound if it is not set."""
        with self._database.write() as session:
            row = self._model_row(session, model_id, _TO_CHANGE)
            if not _tags.delete(session, row[0], key):
                raise NotFound(f"The logged model {model_id} has no tag {key!r}.")

    def search_logged_models(
        self,
        experiment_ids: Sequence[str],
        *,
        filter_string: str = "",
        datasets: Sequence[MetricDataset] = (),
        order_by: Sequence[str | MetricOrder] = (),
        max_results: int = 100,
        page_token: str | None = None,
    ) -> Page[LoggedModel]:
        """Logged models of these experiments that match; newest first unless ordered otherwise.

        With ``datasets``, those that were measured on one of them, and metrics of the filter are those measured there.
        """
        check_page_size(max_results, MAX_PAGE)
        experiments = sorted({check_experiment_id(item) for item in experiment_ids})
        table = tables.logged_models
        scope = msgspec.to_builtins([experiments, filter_string, datasets, order_by])
        listing = Listing(table, "logged models", scope)
        listing.where(table.c.experiment_id.in_(experiments))
        listing.where(table.c.deleted == 0)
        comparisons = parse_filter(filter_string, LOGGED_MODELS)
        for item in comparisons:
            listing.where(_condition(item, datasets))
        if datasets and not any(item.kind == "metric" for item in comparisons):
            listing.where(sa.exists().where(_METRIC.logged_model_id == table.c.id, _on(datasets)))
        for order, dataset in parse_metric_orders(order_by):
            _order(listing, order, dataset)
        listing.tie(table.c.creation_timestamp_ms, ascending=False)
        listing.tie(table.c.model_id, ascending=True)
        with self._database.read() as session:
            rows = listing.page(session, max_results, page_token)
            return Page(self._models(session, rows), rows.token)

    def _models(self, session: Session, rows: Sequence[tuple[Any, ...]]) -> list[LoggedModel]:
        ids = [row[0] for row in rows]
        tags = _tags.read(session, ids)
        params: dict[int, list[Param]] = defaultdict(list)
        for owner, key, value in session.rows_of(_PARAMS, ids):
            params[owner].append(Param(key, value))
        metrics: dict[int, list[Metric]] = defaultdict(list)
        for owner, key, value, timestamp, step, run_id, name, digest in session.rows_of(_METRICS, ids):
            metrics[owner].append(
                Metric(
                    key,
                    number(value),
                    timestamp,
                    step,
                    dataset_name=name,
                    dataset_digest=digest,
                    run_id=run_id,
                )
            )
        return [_model(row, tags[row[0]], params[row[0]], metrics[row[0]]) for row in rows]


def _model(row: Sequence[Any], tags: list[Tag], params: list[Param], metrics: list[Metric]) -> LoggedModel:
    info = LoggedModelInfo(
        model_id=row[1],
        experiment_id=str(row[2]),
        name=row[3],
        artifact_uri=row[4],
        creation_timestamp_ms=row[5],
        last_updated_timestamp_ms=row[6],
        status=_WIRE_STATUS[row[7]],
        model_type=row[8],
        source_run_id=row[9],
        tag_list=tags,
    )
    of_model = [
        Metric(m.key, m.value, m.timestamp, m.step, row[1], m.dataset_name, m.dataset_digest, m.run_id) for m in metrics
    ]
    return LoggedModel(info=info, data=LoggedModelData(param_list=params, metric_list=of_model))


def _on(datasets: Sequence[MetricDataset]) -> Condition:
    """That a metric was measured on one of these datasets."""
    named = [_METRIC.dataset_name == each.name for each in datasets]
    digests = [sa.true() if each.digest is None else _METRIC.dataset_digest == each.digest for each in datasets]
    return sa.or_(*(sa.and_(*both) for both in zip(named, digests, strict=True)))


def _condition(item: Comparison, datasets: Sequence[MetricDataset]) -> Condition:
    table = tables.logged_models
    if item.kind == "tag":
        return tag_condition(tables.logged_model_tags, table.c.id, item)
    if item.kind == "param":
        return tag_condition(tables.logged_model_params, table.c.id, item)
    if item.kind == "metric":
        measured = sa.exists().where(
            _METRIC.logged_model_id == table.c.id, _METRIC.key == item.key, condition(_METRIC.value, item)
        )
        return measured.where(_on(datasets)) if datasets else measured
    if item.key == "experiment_id":
        numbers = [check_experiment_id(value) for value in _values(item)]
        return table.c.experiment_id.in_(numbers) if item.op in ("=", "IN") else table.c.experiment_id.not_in(numbers)
    return condition(table.c[item.key], item)


def _values(item: Comparison) -> Sequence[object]:
    return item.value if isinstance(item.value, tuple) else [item.value]


def _order(listing: Listing, order: OrderBy, dataset: MetricDataset | None) -> None:
    if order.kind == "attribute":
        column = tables.logged_models.c[order.key]
        listing.order(column, ascending=order.ascending, nullable=bool(column.nullable))
        return
    values = sa.select(_METRIC.value).where(
        _METRIC.logged_model_id == tables.logged_models.c.id, _METRIC.key == order.key
    )
    if dataset:
        values = values.where(_on([dataset]))
    newest = values.order_by(_METRIC.timestamp.desc(), _METRIC.step.desc(), _METRIC.run_id).limit(1)
    listing.order(newest.scalar_subquery(), ascending=order.ascending, nullable=True)
