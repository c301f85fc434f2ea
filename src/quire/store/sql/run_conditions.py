"""Conditions on runs: each comparison of a filter as SQL on a row of ``runs``."""

from __future__ import annotations

import sqlalchemy as sa

from quire.domain.filters import Comparison
from quire.store.sql import tables
from quire.store.sql.database import Session
from quire.store.sql.keys import Keys
from quire.store.sql.listing import Condition, condition

_CONTEXT_TAG = "mlflow.data.context"
TABLES: dict[str, sa.Table] = {"metric": tables.latest_metrics, "param": tables.params, "tag": tables.tags}


def run_condition(session: Session, keys: Keys, item: Comparison) -> Condition:
    """The condition that a comparison puts on a run."""
    runs = tables.runs
    if item.kind == "attribute":
        return condition(runs.c[item.key], item)
    if item.kind == "dataset":
        return _dataset_condition(item)
    table = TABLES[item.kind].alias()
    exists = sa.exists().where(table.c.run_id == runs.c.id, table.c.key_id == keys.find(session, item.key))
    if item.op == "IS NULL":
        return ~exists
    if item.op == "IS NOT NULL":
        return exists
    return exists.where(value_condition(table.c.value, item))


def value_condition(column: sa.ColumnElement[object], item: Comparison) -> Condition:
    """The condition on a stored value. What is not a number (NULL) differs from every number, and only that."""
    wanted = condition(column, item)
    return sa.or_(wanted, column.is_(None)) if item.kind == "metric" and item.op == "!=" else wanted


def _dataset_condition(item: Comparison) -> Condition:
    runs, used, datasets, tagged = tables.runs, tables.run_datasets, tables.datasets, tables.run_dataset_tags
    if item.key == "context":
        return sa.exists().where(
            tagged.c.run_id == runs.c.id, tagged.c.key == _CONTEXT_TAG, condition(tagged.c.value, item)
        )
    return sa.exists().where(
        used.c.run_id == runs.c.id, datasets.c.id == used.c.dataset_id, condition(datasets.c[item.key], item)
    )
