"""Conditions on runs: each comparison of a filter as SQL on a row of ``runs``."""

from __future__ import annotations

from quire.domain.filters import Comparison
from quire.store.sql import tables
from quire.store.sql.keys import Keys
from quire.store.sql.pieces import Piece, all_of, compared, no, there_is
from quire.store.sql.session import Session
from quire.store.sql.texts import HEAD, split

_CONTEXT_TAG = "mlflow.data.context"
# The table that holds the values of a kind of field.
TABLES = {"metric": "latest_metrics", "param": "params", "tag": "tags"}


def run_condition(session: Session, keys: Keys, item: Comparison, run: str = "runs.id") -> Piece:
    """The condition that a comparison puts on the run whose row number is ``run``.

    Where that is a column of a table that is read before ``runs``, a run that does not match is not looked up.
    """
    if item.kind == "attribute":
        return compared(run_column(item.key), item)
    if item.kind == "dataset":
        return _dataset_condition(item, run)
    source = f"{TABLES[item.kind]} AS held"
    here = Piece(f"held.run_id = {run} AND held.key_id = :v", (keys.find(session, item.key),))
    if item.op == "IS NULL":
        return no(there_is(source, here))
    if item.op == "IS NOT NULL":
        return there_is(source, here)
    return there_is(source, all_of((here, value_condition("held", item))))


def run_column(name: str) -> str:
    """A column of ``runs`` in SQL. KeyError if there is none of that name, so that no other text gets into SQL."""
    return f"runs.{tables.runs.c[name].name}"


def value_condition(table: str, item: Comparison) -> Piece:
    """The condition on the value in a row of ``table``.

    A metric that is not a number (NULL) differs from every number, and only that.
    """
    if item.kind != "metric":
        return _text_condition(table, item)
    wanted = compared(f"{table}.value", item)
    return Piece(f"({wanted.sql} OR {table}.value IS NULL)", wanted.values) if item.op == "!=" else wanted


def text_equals(table: str, text: str) -> Piece:
    """That a row of ``table`` holds this text. For a short text the index alone decides."""
    head, rest = split(text)
    if len(text) < HEAD:
        return Piece(f"{table}.head = :v", (head,))
    if rest is None:
        return Piece(f"{table}.head = :v AND {table}.rest IS NULL", (head,))
    return Piece(f"{table}.head = :v AND {table}.rest = :v", (head, rest))


def _text_condition(table: str, item: Comparison) -> Piece:
    if item.op == "=":
        return text_equals(table, str(item.value))
    return compared(f"({table}.head || coalesce({table}.rest, ''))", item)


def _dataset_condition(item: Comparison, run: str) -> Piece:
    if item.key == "context":
        tagged = Piece(f"tagged.run_id = {run} AND tagged.key = :v", (_CONTEXT_TAG,))
        return there_is("run_dataset_tags AS tagged", all_of((tagged, compared("tagged.value", item))))
    column = f"datasets.{tables.datasets.c[item.key].name}"
    used = Piece(f"used.run_id = {run} AND datasets.id = used.dataset_id")
    return there_is("run_datasets AS used, datasets", all_of((used, compared(column, item))))
