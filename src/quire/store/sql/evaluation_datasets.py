"""Evaluation datasets in SQL."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import sqlalchemy as sa

from quire.domain.datasets import USER_TAG, EvaluationDataset, check_dataset_name, checked_tags
from quire.domain.entities import Tag
from quire.domain.errors import NotFound
from quire.domain.filters import EVALUATION_DATASETS, Comparison, parse_filter, parse_order_by
from quire.domain.ids import new_dataset_id, now_ms
from quire.domain.names import check_experiment_id, check_page_size
from quire.domain.paging import Page
from quire.store.sql.listing import Condition, Listing, condition, tag_condition
from quire.store.sql.session import Session
from quire.store.sql.statement import Statement
from quire.store.sql.tags import Tags
from quire.store.sql.trace_pruning import SqlTracePruning
from quire.store.sql.trace_tables import (
    evaluation_dataset_experiments,
    evaluation_dataset_tags,
    evaluation_datasets,
)

MAX_PAGE = 50_000
_COLUMNS = (
    "id, dataset_id, name, digest, records, created_time, last_update_time, created_by, last_updated_by, schema, "
    "versions, changed"
)
_FIND = Statement("SELECT $columns FROM evaluation_datasets WHERE dataset_id = :dataset FOR UPDATE", columns=_COLUMNS)
_LOOK = Statement("SELECT $columns FROM evaluation_datasets WHERE dataset_id = :dataset", columns=_COLUMNS)
_ADD = Statement(
    """INSERT INTO evaluation_datasets (dataset_id, name, digest, records, created_time, last_update_time, created_by,
    last_updated_by) VALUES (:dataset, :name, '00000000000000000000000000000000', 0, :created, :updated, :by, :last_by)
    RETURNING $columns""",
    columns=_COLUMNS,
)
_TOUCH = Statement("UPDATE evaluation_datasets SET last_update_time = :now WHERE id = :id")
_DELETE = Statement("DELETE FROM evaluation_datasets WHERE id = :id")
_ADD_EXPERIMENT = Statement(
    """INSERT INTO evaluation_dataset_experiments (experiment_id, dataset_id) VALUES (:experiment, :dataset)
    ON CONFLICT DO NOTHING"""
)
_REMOVE_EXPERIMENT = Statement(
    "DELETE FROM evaluation_dataset_experiments WHERE experiment_id = :experiment AND dataset_id = :dataset"
)
_EXPERIMENTS = Statement(
    """SELECT dataset_id, experiment_id FROM evaluation_dataset_experiments WHERE dataset_id = ANY(:ids)
    ORDER BY dataset_id, experiment_id"""
)
_tags = Tags[int](evaluation_dataset_tags)
_used = evaluation_dataset_experiments.c


class SqlEvaluationDatasets(SqlTracePruning):
    """The part of a store that keeps evaluation datasets, without their records."""

    def create_dataset(
        self, name: str, *, experiment_ids: Sequence[str] = (), tags: Mapping[str, str] | None = None
    ) -> EvaluationDataset:
        """Make an empty dataset, seen in these experiments. Names need not be unique; ids are."""
        check_dataset_name(name)
        checked = checked_tags(tags or {})
        user = checked.get(USER_TAG)
        with self._database.write() as session:
            now = now_ms()
            row = session.row(_ADD, (new_dataset_id(), name, now, now, user, user))
            assert row is not None
            self._add_experiments(session, row[0], experiment_ids)
            _tags.set(session, row[0], [Tag(*item) for item in checked.items()])
            return _datasets(session, [row])[0]

    def _add_experiments(self, session: Session, dataset: int, experiment_ids: Sequence[str]) -> None:
        numbers = [self._experiment_row(session, item)[0] for item in experiment_ids]
        session.insert(_ADD_EXPERIMENT, [(number, dataset) for number in sorted(set(numbers))])

    def get_dataset(self, dataset_id: str) -> EvaluationDataset:
        """A dataset without its records."""
        with self._database.read() as session:
            return _datasets(session, [self._dataset_row(session, dataset_id)])[0]

    def _dataset_row(self, session: Session, dataset_id: object, *, lock: bool = False) -> tuple[Any, ...]:
        row = session.row(_FIND if lock else _LOOK, (dataset_id,)) if isinstance(dataset_id, str) else None
        if row is None:
            raise NotFound(
                f"No evaluation dataset has the id {str(dataset_id)[:120]!r}. List them with search_datasets."
            )
        return row

    def delete_dataset(self, dataset_id: str) -> None:
        """Delete a dataset with its records. No error if there is none."""
        with self._database.write() as session:
            row = session.row(_FIND, (dataset_id,))
            if row is not None:
                session.run(_DELETE, (row[0],))

    def search_datasets(
        self,
        *,
        experiment_ids: Sequence[str] = (),
        filter_string: str = "",
        order_by: Sequence[str] = (),
        max_results: int = 1000,
        page_token: str | None = None,
    ) -> Page[EvaluationDataset]:
        """Datasets that match, of these experiments if some are named; newest first unless ordered otherwise."""
        check_page_size(max_results, MAX_PAGE)
        table = evaluation_datasets
        experiments = sorted({check_experiment_id(item) for item in experiment_ids})
        listing = Listing(table, "evaluation datasets", [experiments, filter_string, list(order_by)])
        for item in parse_filter(filter_string, EVALUATION_DATASETS):
            if item.kind == "tag":
                listing.where(tag_condition(evaluation_dataset_tags, table.c.id, item))
            elif item.key == "experiment_id":
                listing.where(_used_in(item))
            else:
                listing.where(condition(table.c[item.key], item))
        if experiments:
            listing.where(_use(_used.experiment_id.in_(experiments)))
        for order in parse_order_by(order_by, EVALUATION_DATASETS):
            listing.order(table.c[order.key], ascending=order.ascending)
        listing.tie(table.c.created_time, ascending=False)
        listing.tie(table.c.dataset_id, ascending=False)
        with self._database.read() as session:
            rows = listing.page(session, max_results, page_token)
            return Page(_datasets(session, rows), rows.token)

    def set_dataset_tags(self, dataset_id: str, tags: Mapping[str, str | None]) -> None:
        """Set or replace tags; one whose value is None stays as it is."""
        checked = checked_tags({key: value for key, value in tags.items() if value is not None})
        with self._database.write() as session:
            row = self._dataset_row(session, dataset_id)
            _tags.set(session, row[0], [Tag(*item) for item in checked.items()])

    def delete_dataset_tag(self, dataset_id: str, key: str) -> None:
        """Remove a tag; no error if it is not set, or there is no such dataset."""
        with self._database.write() as session:
            row = session.row(_LOOK, (dataset_id,))
            if row is not None:
                _tags.delete(session, row[0], key)

    def add_dataset_to_experiments(self, dataset_id: str, experiment_ids: Sequence[str]) -> EvaluationDataset:
        """Let a dataset be seen in more experiments."""
        with self._database.write() as session:
            row = self._dataset_row(session, dataset_id, lock=True)
            self._add_experiments(session, row[0], experiment_ids)
            return self._touched(session, row)

    def remove_dataset_from_experiments(self, dataset_id: str, experiment_ids: Sequence[str]) -> EvaluationDataset:
        """Let a dataset no longer be seen in these experiments; no error for those that it is not seen in."""
        numbers = [check_experiment_id(item) for item in experiment_ids]
        with self._database.write() as session:
            row = self._dataset_row(session, dataset_id, lock=True)
            for number in numbers:
                session.run(_REMOVE_EXPERIMENT, (number, row[0]))
            return self._touched(session, row)

    def _touched(self, session: Session, row: Sequence[Any]) -> EvaluationDataset:
        session.run(_TOUCH, (now_ms(), row[0]))
        return _datasets(session, [self._dataset_row(session, row[1])])[0]


def _use(*wanted: Condition) -> Condition:
    """The condition that a dataset is used in an experiment, of which this holds."""
    return sa.exists().where(_used.dataset_id == evaluation_datasets.c.id, *wanted)


def _used_in(item: Comparison) -> Condition:
    values = item.value if isinstance(item.value, tuple) else (str(item.value),)
    numbers = [check_experiment_id(value) for value in values]
    if item.op == "IN":
        return _use(_used.experiment_id.in_(numbers))
    return sa.or_(_use(_used.experiment_id.not_in(numbers)), ~_use())


def _datasets(session: Session, rows: Sequence[tuple[Any, ...]]) -> list[EvaluationDataset]:
    ids = [row[0] for row in rows]
    tags = _tags.read(session, ids)
    experiments: dict[int, list[str]] = defaultdict(list)
    for dataset, experiment in session.rows_of(_EXPERIMENTS, ids):
        experiments[dataset].append(str(experiment))
    return [
        EvaluationDataset(
            dataset_id=row[1],
            name=row[2],
            digest=row[3],
            profile=msgspec.json.encode({"num_records": row[4]}).decode() if row[4] else None,
            created_time=row[5],
            last_update_time=row[6],
            created_by=row[7],
            last_updated_by=row[8],
            schema=row[9],
            tags={tag.key: tag.value for tag in tags[row[0]]},
            experiment_ids=experiments[row[0]],
        )
        for row in rows
    ]
