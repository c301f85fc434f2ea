"""Conditions on runs: each comparison of a filter as SQL on a row of ``runs``."""

from __future__ import annotations

import sqlalchemy as sa

from quire.domain.filters import Comparison
from quire.store.sql import tables
from quire.store.sql.expressions import there_is
from quire.store.sql.keys import Keys
from quire.store.sql.listing import Condition, condition
from quire.store.sql.session import Session
from quire.store.sql.texts import text_condition

_CONTEXT_TAG = "mlflow.data.context"
TABLES: dict[str, sa.Table] = {"metric": tables.latest_metrics, "param": tables.params, "tag": tables.tags}


def run_condition(
    session: Session, keys: Keys, item: Comparison, run: sa.ColumnElement[int] = tables.runs.c.id
) -> Condition:
    """The condition that a comparison puts on the run whose row number is ``run``.

    Where that is a column of a table that is read before ``runs``, a run that does not match is not looked up.
    """
    if item.kind == "attribute":
        return condition(tables.runs.c[item.key], item)
    if item.kind == "dataset":
        return _dataset_condition(item, run)
    table = TABLES[item.kind].alias()
    here = (table.c.run_id == run, table.c.key_id == keys.find(session, item.key))
    if item.op == "IS NULL":
        return ~there_is(*here)
    if item.op == "IS NOT NULL":
        return there_is(*here)
    return there_is(*here, value_condition(table, item))


def value_condition(table: sa.FromClause, item: Comparison) -> Condition:
    """The condition on the value in a row of ``table``.

    A metric that is not a number (NULL) differs from every number, and only that.
    """
    if item.kind != "metric":
        return text_condition(table, item)
    wanted = condition(table.c.value, item)
    return sa.or_(wanted, table.c.value.is_(None)) if item.op == "!=" else wanted


def _dataset_condition(item: Comparison, run: sa.ColumnElement[int]) -> Condition:
    used, datasets, tagged = tables.run_datasets, tables.datasets, tables.run_dataset_tags
    if item.key == "context":
        return there_is(tagged.c.run_id == run, tagged.c.key == _CONTEXT_TAG, condition(tagged.c.value, item))
    return there_is(used.c.run_id == run, datasets.c.id == used.c.dataset_id, condition(datasets.c[item.key], item))
