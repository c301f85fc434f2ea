"""Searching runs: a plan that reads little more than the page it gives, however many runs there are.

In turn, what applies first:

1. a condition that few runs meet: those runs are found by its index, then filtered and sorted;
2. an order by a metric, param or tag: its index is walked in that order until the page is full, first the runs
   that have a value, then those whose value is not a number, then those that have none;
3. newest first: an index is walked in that order (that of an equality on a param or tag if there is one);
4. any other order: all runs of the experiments are filtered and sorted.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from quire.domain.entities import Run, ViewType
from quire.domain.filters import RUNS, Comparison, OrderBy, parse_filter, parse_order_by
from quire.domain.names import check_experiment_id, check_page_size, check_view
from quire.domain.paging import Page, decode_token, encode_token
from quire.store.sql.keys import Keys
from quire.store.sql.pieces import Piece, all_of, fetch, one_of
from quire.store.sql.reading import read_runs
from quire.store.sql.registry import SqlRegistry
from quire.store.sql.run_conditions import TABLES, run_condition, text_equals, value_condition
from quire.store.sql.run_order import MISSING, NAN, PRESENT, RunOrder, SortKey, after, run_order, sorted_column, ties
from quire.store.sql.run_probe import Probe
from quire.store.sql.session import Rows, Session
from quire.store.sql.statement import Statement

MAX_PAGE = 50_000
# Each experiment is walked by itself and the walks are merged; beyond this many, one pass over all is better.
MOST_WALKS = 32
# What the table whose index is walked is called.
_WALKED = "walked"
# As a page size: whatever is found is wanted.
_ALL = 2**31
_UNSETTLED = Statement("SELECT 1 FROM runs WHERE experiment_id = :experiment AND unsettled IS NOT NULL LIMIT 1")


class SqlRunSearch(SqlRegistry):
    """The part of a store that searches runs."""

    def search_runs(
        self,
        experiment_ids: Sequence[str],
        *,
        filter_string: str = "",
        view: ViewType = "ACTIVE_ONLY",
        order_by: Sequence[str] = (),
        max_results: int = 1000,
        page_token: str | None = None,
    ) -> Page[Run]:
        """Runs of these experiments that match; newest start first unless ordered otherwise."""
        check_page_size(max_results, MAX_PAGE)
        check_view(view)
        experiments = sorted({check_experiment_id(item) for item in experiment_ids})
        conditions = parse_filter(filter_string, RUNS)
        orders = parse_order_by(order_by, RUNS)
        scope = ["runs", experiments, filter_string, view, list(order_by)]
        position = decode_token(page_token, scope) if page_token else None
        if not experiments:
            return Page()
        with self._database.read() as session:
            search = RunSearch(session, self._keys, experiments, conditions, orders, view)
            rows = search.rows(position, max_results + 1)
            page = rows[:max_results]
            runs = read_runs(session, self._keys, [row[0] for row in page])
        return Page(runs, encode_token(page[-1][1:], scope) if len(rows) > max_results else None)


class RunSearch:
    """One search. Its rows are (row number of the run, sort key values…), in order."""

    def __init__(
        self,
        session: Session,
        keys: Keys,
        experiments: Sequence[int],
        conditions: Sequence[Comparison],
        orders: Sequence[OrderBy],
        view: ViewType,
    ) -> None:
        self._session, self._keys = session, keys
        self._experiments, self._conditions, self._orders = experiments, conditions, orders
        self._view = view

    def rows(self, position: Sequence[Any] | None, count: int) -> Rows:
        """The first ``count`` rows after ``position``."""
        first = self._orders[0] if self._orders else None
        probed = [item for item in self._conditions if first is None or not _same_field(item, first)]
        few = Probe(self._session, self._keys, self._experiments, count).few(probed)
        if few is not None:
            return self._sorted_few(few, position, count)
        if len(self._experiments) > MOST_WALKS:
            return self._sorted_all(position, count)
        if first is not None and first.kind != "attribute":
            return self._walk_values(first, position, count)
        if first is None or first.key == "start_time":
            return self._walk_newest(position, count)
        return self._sorted_all(position, count)

    def all_numbers(self) -> Iterator[int]:
        """The row numbers of all runs that match, in order."""
        few = Probe(self._session, self._keys, self._experiments, _ALL).few(self._conditions)
        order = run_order(self._session, self._keys, self._orders, "runs")
        where = self._where(self._conditions)
        if few is None:
            where.append(one_of("runs.experiment_id", self._experiments))
        else:
            where.append(Piece("runs.id = ANY(:ids)", (self._session.listed(few),)))
        wanted, ordered = all_of(where), _ordered(order)
        query = f"SELECT runs.id FROM {order.source.sql} WHERE {wanted.sql} ORDER BY {ordered}"  # noqa: S608
        rows = fetch(self._session, Piece(query, (*order.source.values, *wanted.values)))
        return (row[0] for row in rows)

    def _where(self, conditions: Sequence[Comparison], run: str = "runs.id") -> list[Piece]:
        made = [run_condition(self._session, self._keys, item, run) for item in conditions]
        if self._view == "ACTIVE_ONLY":
            made.append(Piece("runs.deleted_time IS NULL"))
        elif self._view == "DELETED_ONLY":
            made.append(Piece("runs.deleted_time IS NOT NULL"))
        return made

    def _sorted_few(self, few: Sequence[int], position: Sequence[Any] | None, count: int) -> Rows:
        if not few:
            return []
        order = run_order(self._session, self._keys, self._orders, "runs")
        these = Piece("runs.id = ANY(:ids)", (self._session.listed(few),))
        return fetch(self._session, _select(order, [*self._where(self._conditions), these], position, count))

    def _sorted_all(self, position: Sequence[Any] | None, count: int) -> Rows:
        order = run_order(self._session, self._keys, self._orders, "runs")
        where = [*self._where(self._conditions), one_of("runs.experiment_id", self._experiments)]
        return fetch(self._session, _select(order, where, position, count))

    def _walk_newest(self, position: Sequence[Any] | None, count: int) -> Rows:
        equal = None if self._orders else self._equality()
        queries = []
        for experiment in self._experiments:
            if equal is None:
                order = run_order(self._session, self._keys, self._orders, "runs")
                where = [*self._where(self._conditions), _of(experiment)]
            else:
                order = RunOrder(tuple(ties((), f"{_WALKED}.start_time")), Piece(_walked(equal.kind)))
                rest = [item for item in self._conditions if item is not equal]
                wanted = self._values_of(equal.kind, equal.key, experiment)
                where = [*self._where(rest, f"{_WALKED}.run_id"), *wanted, text_equals(_WALKED, str(equal.value))]
            queries.append(_select(order, where, position, count))
        return self._merged(queries, order.keys, count)

    def _equality(self) -> Comparison | None:
        """An equality on a param or tag, whose index gives its runs newest first."""
        equal = (item for item in self._conditions if item.op == "=" and item.kind in ("param", "tag"))
        return next(equal, None)

    def _walk_values(self, first: OrderBy, position: Sequence[Any] | None, count: int) -> Rows:
        about = [item for item in self._conditions if _same_field(item, first)]
        rest = [item for item in self._conditions if item not in about]
        rows: Rows = []
        begin = position[0] if position else PRESENT
        for rank in (PRESENT, NAN, MISSING):
            if rank < begin or len(rows) >= count or (rank == NAN and first.kind != "metric"):
                continue
            beyond = position[1:] if position and rank == begin else None
            wanted = count - len(rows)
            if rank == MISSING:
                found = self._missing(first, about, rest, beyond, wanted)
            else:
                found = self._having(first, about, rest, rank, beyond, wanted)
            rows += [(row[0], rank, *row[1:]) for row in found]
        return rows

    def _having(
        self,
        first: OrderBy,
        about: Sequence[Comparison],
        rest: Sequence[Comparison],
        rank: int,
        position: Sequence[Any] | None,
        count: int,
    ) -> Rows:
        """Runs that have a value of the field that leads the order, walked along its index."""
        if any(item.op == "IS NULL" for item in about):
            return []
        queries = []
        for experiment in self._experiments:
            for settled in (True, False) if first.kind == "metric" and self._has_unsettled(experiment) else (True,):
                where = self._values_of(first.kind, first.key, experiment, settled=settled)
                where += [value_condition(_WALKED, item) for item in about if item.op != "IS NOT NULL"]
                where += self._where(rest, f"{_WALKED}.run_id")
                others = run_order(self._session, self._keys, self._orders[1:], _walked(first.kind))
                decided = ties(self._orders, f"{_WALKED}.start_time")
                named = others.keys[: len(others.keys) - len(decided)]
                order = RunOrder((_value_key(first, rank), *named, *decided), others.source)
                if first.kind == "metric":
                    where.append(Piece(f"{_WALKED}.value {'IS NULL' if rank == NAN else 'IS NOT NULL'}"))
                if position and rank == PRESENT:
                    where.append(_seek(first, position[0]))
                queries.append(_select(order, where, position, count))
        return self._merged(queries, order.keys, count)

    def _has_unsettled(self, experiment: int) -> bool:
        return self._session.row(_UNSETTLED, (experiment,)) is not None

    def _missing(
        self,
        first: OrderBy,
        about: Sequence[Comparison],
        rest: Sequence[Comparison],
        position: Sequence[Any] | None,
        count: int,
    ) -> Rows:
        """Runs that have no value of the field that leads the order."""
        if any(item.op != "IS NULL" for item in about):
            return []
        absent = run_condition(self._session, self._keys, Comparison(first.kind, first.key, "IS NULL"))
        queries = []
        for experiment in self._experiments:
            others = run_order(self._session, self._keys, self._orders[1:], "runs")
            order = RunOrder((_NOTHING, *others.keys), others.source)
            where = [*self._where(rest), absent, _of(experiment)]
            queries.append(_select(order, where, position, count))
        return self._merged(queries, order.keys, count)

    def _values_of(self, kind: str, key: str, experiment: int, *, settled: bool = True) -> list[Piece]:
        """The conditions that find a field's values in one experiment."""
        where = [Piece(f"{_WALKED}.key_id = :v", (self._keys.find(self._session, key),))]
        if settled:
            where.append(Piece(f"{_WALKED}.experiment_id = :v", (experiment,)))
        if kind == "metric":
            where.append(Piece(f"{_WALKED}.settled = {int(settled)}"))
        if not settled:
            where += [_of(experiment), Piece("runs.unsettled IS NOT NULL")]
        return where

    def _merged(self, queries: Sequence[Piece], keys: Sequence[SortKey], count: int) -> Rows:
        rows = fetch(self._session, queries[0])
        for query in queries[1:]:
            rows += fetch(self._session, query)
        if len(queries) > 1:
            _sort(rows, keys)
        return rows[:count]


# The value of what has none: NaN or missing.
_NOTHING = SortKey("NULL", ascending=True, constant=True)


def _sort(rows: Rows, keys: Sequence[SortKey]) -> None:
    """Sort rows (row number, key values…) as the database does. A missing value follows its rank, so it ties."""
    for index in range(len(keys), 0, -1):
        rows.sort(key=lambda row: (row[index] is None, row[index]), reverse=not keys[index - 1].ascending)


def _same_field(item: Comparison, order: OrderBy) -> bool:
    """Whether a condition is on the field that leads the order: it then only bounds the walk."""
    return order.kind != "attribute" and (item.kind, item.key) == (order.kind, order.key)


def _of(experiment: int) -> Piece:
    return Piece("runs.experiment_id = :v", (experiment,))


def _walked(kind: str) -> str:
    return f"{TABLES[kind]} AS {_WALKED} JOIN runs ON runs.id = {_WALKED}.run_id"


def _value_key(first: OrderBy, rank: int) -> SortKey:
    return _NOTHING if rank == NAN else SortKey(sorted_column(_WALKED, first.kind), first.ascending)


def _seek(first: OrderBy, value: Any) -> Piece:
    """Where in the index a page begins; implied by the position, said so that the index is entered there."""
    return Piece(f"{sorted_column(_WALKED, first.kind)} {'>=' if first.ascending else '<='} :v", (value,))


def _select(order: RunOrder, where: Sequence[Piece], position: Sequence[Any] | None, count: int) -> Piece:
    columns = ", ".join(["runs.id", *(f"{key.sql} AS k{index}" for index, key in enumerate(order.keys))])
    wanted = all_of([*where, after(order.keys, position)] if position else where)
    ordered = _ordered(order)
    return Piece(  # pieces of our own statements, their values bound
        f"SELECT {columns} FROM {order.source.sql} WHERE {wanted.sql} ORDER BY {ordered} LIMIT :v",  # noqa: S608
        (*order.source.values, *wanted.values, count),
    )


def _ordered(order: RunOrder) -> str:
    return ", ".join([f"{key.sql} {'ASC' if key.ascending else 'DESC'}" for key in order.keys if not key.constant])
