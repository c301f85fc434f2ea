"""Searching traces: a plan that reads little more than the page it gives, however many traces there are.

In turn, what applies first:

1. a condition that few traces meet: those are found by its index, then filtered and sorted;
2. any order: each experiment is walked by itself, along an index where one has that order (newest first, by duration,
   newest of a state first), and the walks are merged.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from quire.domain.filters import TRACES, Comparison, OrderBy, parse_filter, parse_order_by
from quire.domain.names import check_experiment_id, check_page_size
from quire.domain.paging import Page, decode_token, encode_token
from quire.domain.traces import NAME_TAG, SOURCE_RUN, TraceInfo
from quire.store.sql.expressions import any_of, walked
from quire.store.sql.keys import Keys
from quire.store.sql.listing import Condition, SortKey, after, condition
from quire.store.sql.session import Rows, Session
from quire.store.sql.spans import SqlSpans
from quire.store.sql.statement import Statement
from quire.store.sql.texts import text_equals
from quire.store.sql.trace_conditions import END_TIME, NUMBERS, trace_conditions, value_condition
from quire.store.sql.trace_labels import METADATA, NO_KEY, PROMPT, RUN, TAG, UNINDEXED
from quire.store.sql.trace_reading import read_infos
from quire.store.sql.trace_tables import assessments, spans, trace_labels, traces
from quire.store.sql.trace_text import traces_with_text

MAX_PAGE = 500
MOST_WALKS = 32
# Looking at a trace on a walk costs about a fifth of finding and sorting one of few.
_WALK_TO_SORT = 0.2
_LEAST, _MOST = 500, 20_000
# What the index of texts narrows, and to how many traces it must.
_TEXTS = (("attribute", "text"), ("span", "content"), ("span", "attributes"))
_MOST_WITH_TEXT = 5000
_LAST = Statement("SELECT coalesce(max(id), 0) FROM traces")
_FIND = Statement("SELECT id FROM traces WHERE trace_id = ANY(:names)")


class SqlTraceSearch(SqlSpans):
    """The part of a store that searches traces."""

    def search_traces(
        self,
        experiment_ids: Sequence[str],
        *,
        filter_string: str = "",
        order_by: Sequence[str] = (),
        max_results: int = 100,
        page_token: str | None = None,
    ) -> Page[TraceInfo]:
        """Traces of these experiments that match; newest first unless ordered otherwise."""
        check_page_size(max_results, MAX_PAGE)
        experiments = sorted({check_experiment_id(item) for item in experiment_ids})
        conditions = parse_filter(filter_string, TRACES)
        orders = parse_order_by(order_by, TRACES)
        scope = ["traces", experiments, filter_string, list(order_by)]
        position = decode_token(page_token, scope) if page_token else None
        if not experiments:
            return Page()
        with self._database.read() as session:
            search = _Search(session, self._keys, experiments, conditions, orders)
            rows = search.rows(position, max_results + 1)
            page = rows[:max_results]
            infos = read_infos(session, [row[0] for row in page])
        return Page(infos, encode_token(page[-1][1:], scope) if len(rows) > max_results else None)


def few_traces(
    session: Session, keys: Keys, experiments: Sequence[int], conditions: Sequence[Comparison], page_size: int
) -> list[int] | None:
    """Row numbers of the traces that meet what few do of these conditions; None if each is met by many."""
    return _Search(session, keys, experiments, conditions, ()).few(page_size)


class _Search:
    """One search. Its rows are (row number of the trace, sort key values…), in order."""

    def __init__(
        self,
        session: Session,
        keys: Keys,
        experiments: Sequence[int],
        conditions: Sequence[Comparison],
        orders: Sequence[OrderBy],
    ) -> None:
        self._session, self._keys = session, keys
        self._experiments, self._conditions = experiments, conditions
        self._sort_keys = _sort_keys(session, keys, orders)

    def rows(self, position: Sequence[Any] | None, count: int) -> Rows:
        """The first ``count`` rows after ``position``."""
        where = trace_conditions(self._session, self._keys, self._conditions)
        few = self.few(count)
        if few is not None:
            where = [*where, walked(traces.c.experiment_id).in_(self._experiments), any_of(traces.c.id, few)]
            return self._select(where, position, count) if few else []
        of_these: Condition = traces.c.experiment_id.in_(self._experiments)
        if len(self._experiments) > MOST_WALKS:
            return self._select([*where, of_these], position, count)
        rows: Rows = []
        for experiment in self._experiments:
            rows += self._select([*where, traces.c.experiment_id == experiment], position, count)
        if len(self._experiments) > 1:
            _sort(rows, self._sort_keys)
        return rows[:count]

    def _select(self, where: Sequence[Condition], position: Sequence[Any] | None, count: int) -> Rows:
        columns = [key.expression.label(f"k{index}") for index, key in enumerate(self._sort_keys)]
        query = sa.select(traces.c.id, *columns).where(*where)
        if position:
            query = query.where(after(self._sort_keys, position))
            first = self._sort_keys[0]
            if not first.nullable and position[0] is not None:  # implied, said so that an index is entered there
                bound = first.expression >= position[0] if first.ascending else first.expression <= position[0]
                query = query.where(bound)
        return self._session.select(query.order_by(*map(_clause, self._sort_keys)).limit(count))

    def few(self, page_size: int) -> list[int] | None:
        """Row numbers of the traces that meet the narrow conditions; None if none is narrow."""
        last = self._session.row(_LAST)
        number = last[0] if last else 0
        self._most = min(_MOST, max(_LEAST, math.isqrt(int(number * page_size * _WALK_TO_SORT))))
        found: set[int] | None = None
        for item in self._conditions:
            numbers = self._matching(item)
            if numbers is not None:
                found = numbers if found is None else found & numbers
        return None if found is None else sorted(found)

    def _matching(self, item: Comparison) -> set[int] | None:
        if item.kind == "attribute" and item.key == "trace_id" and item.op in ("=", "IN"):
            wanted = list(item.value) if isinstance(item.value, tuple) else [str(item.value)]
            return {row[0] for row in self._session.rows_of(_FIND, wanted)}
        if item.op in ("LIKE", "ILIKE") and (item.kind, item.key.partition(".")[0]) in _TEXTS:
            most = max(self._most, _MOST_WITH_TEXT)
            return traces_with_text(self._session, str(item.value), ignore_case=item.op == "ILIKE", most=most)
        if item.kind == "attribute" and item.key in NUMBERS and item.op != "!=":
            of_these = traces.c.experiment_id.in_(self._experiments)
            return self._limited(sa.select(traces.c.id).where(of_these, condition(traces.c[item.key], item)))
        if item.op != "=":
            return None
        match item.kind, item.key:
            case ("attribute", "run_id") | ("metadata", "mlflow.sourceRun"):
                return self._labelled(RUN, NO_KEY, item)
            case "attribute", "prompt":
                return self._labelled(PROMPT, NO_KEY, item)
            case "attribute", "name":
                return self._labelled(TAG, self._keys.find(self._session, NAME_TAG), item)
            case "tag", key:
                return self._labelled(TAG, self._keys.find(self._session, key), item)
            case "metadata", key if key not in UNINDEXED:
                return self._labelled(METADATA, self._keys.find(self._session, key), item)
            case "span", ("name" | "model") as column:
                return self._limited(sa.select(spans.c.trace_id).where(spans.c[column] == str(item.value)))
            case ("feedback" | "expectation") as kind, name if isinstance(item.value, str):
                own = (assessments.c.name == name, assessments.c.kind == kind, value_condition(item))
                return self._limited(sa.select(assessments.c.trace_id).where(*own))
        return None

    def _labelled(self, kind: int, key: int, item: Comparison) -> set[int] | None:
        own = (trace_labels.c.kind == kind, trace_labels.c.key_id == key)
        query = sa.select(trace_labels.c.trace_id).where(
            trace_labels.c.experiment_id.in_(self._experiments), *own, *text_equals(trace_labels, str(item.value))
        )
        return self._limited(query)

    def _limited(self, query: sa.Select[tuple[int]]) -> set[int] | None:
        rows = self._session.select(query.limit(self._most + 1))
        return {row[0] for row in rows} if len(rows) <= self._most else None


def _sort_keys(session: Session, keys: Keys, orders: Sequence[OrderBy]) -> list[SortKey]:
    made = [_sort_key(session, keys, order) for order in orders]
    named = {order.key for order in orders if order.kind == "attribute"}
    if "timestamp_ms" not in named:
        made.append(SortKey(traces.c.timestamp_ms, ascending=False))
    if "trace_id" not in named:
        made.append(SortKey(traces.c.trace_id, ascending=True))
    return made


def _sort_key(session: Session, keys: Keys, order: OrderBy) -> SortKey:
    if order.kind == "attribute" and order.key == "end_time_ms":
        return SortKey(END_TIME, order.ascending)
    if order.kind == "attribute" and order.key == "run_id":
        return _label_key(METADATA, keys.find(session, SOURCE_RUN), order)
    if order.kind == "tag" and order.key == NAME_TAG:
        return SortKey(traces.c.name, order.ascending, nullable=True)
    if order.kind == "attribute":
        column: sa.ColumnElement[Any] = traces.c[order.key]
        return SortKey(column, order.ascending, nullable=bool(traces.c[order.key].nullable))
    return _label_key(TAG if order.kind == "tag" else METADATA, keys.find(session, order.key), order)


def _label_key(kind: int, key: int, order: OrderBy) -> SortKey:
    """Tags and metadata are sorted by their first characters, which the labels hold."""
    label = trace_labels.alias()
    own = (label.c.trace_id == traces.c.id, label.c.kind == kind, label.c.key_id == key)
    value = sa.select(sa.func.min(label.c.head)).where(*own).scalar_subquery()
    return SortKey(value, order.ascending, nullable=True)


def _clause(key: SortKey) -> sa.ColumnElement[Any]:
    clause = key.expression.asc() if key.ascending else key.expression.desc()
    return clause.nulls_last() if key.nullable else clause


def _sort(rows: Rows, keys: Sequence[SortKey]) -> None:
    """Sort rows (row number, key values…) as the database does: what is missing comes last."""
    for index in range(len(keys), 0, -1):
        rows.sort(key=lambda row: () if row[index] is None else (row[index],), reverse=not keys[index - 1].ascending)
        rows.sort(key=lambda row: row[index] is None)
