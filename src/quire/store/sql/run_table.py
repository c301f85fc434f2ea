"""The table of runs in SQL.

A page deep in a list costs the database all that stands before it. So a list is put in order once, as row numbers that
this process remembers (8 bytes a run); a page is then a slice of them and a few look-ups, wherever it is. What the
rows hold is read anew each time.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from quire.domain.entities import ViewType
from quire.domain.errors import InvalidInput
from quire.domain.filters import RUNS, parse_filter, parse_order_by
from quire.domain.names import check_experiment_id, check_page_size, check_view
from quire.domain.run_table import SHOWN, RunColumn, RunColumns, RunRow, RunRows
from quire.store.sql.base import SqlPart
from quire.store.sql.database import Database
from quire.store.sql.keys import Keys
from quire.store.sql.pieces import Piece, all_of, fetch, one_of
from quire.store.sql.reading import RUN_COLUMNS, number, run_info
from quire.store.sql.run_conditions import TABLES
from quire.store.sql.run_orders import Ordered, RunOrders
from quire.store.sql.run_search import RunSearch
from quire.store.sql.session import Session
from quire.store.sql.statement import Statement
from quire.store.sql.texts import join

MAX_ROWS = 1000
_RUNS = Statement("SELECT $columns FROM runs WHERE id = ANY(:ids)", columns=RUN_COLUMNS)
# The keys of a table one after the other, each found by a look at the index: never through the runs that have it.
_KEYS = """WITH RECURSIVE found(key_id) AS (
SELECT min(key_id) FROM $table WHERE experiment_id = :first $more
UNION ALL SELECT (SELECT min(key_id) FROM $table WHERE experiment_id = :next AND key_id > found.key_id $more)
FROM found WHERE found.key_id IS NOT NULL) SELECT key_id FROM found WHERE key_id IS NOT NULL"""
_METRIC_KEYS = Statement(_KEYS, table="latest_metrics", more="AND settled = 1")
_PARAM_KEYS = Statement(_KEYS, table="params", more="")
_TAG_KEYS = Statement(_KEYS, table="tags", more="")
_UNSETTLED_KEYS = Statement(
    """SELECT DISTINCT held.key_id FROM runs JOIN latest_metrics AS held ON held.run_id = runs.id AND held.settled = 0
    WHERE runs.experiment_id = :experiment AND runs.unsettled IS NOT NULL"""
)
_TABLES = {"metrics": TABLES["metric"], "params": TABLES["param"], "tags": TABLES["tag"]}

_Question = tuple[tuple[int, ...], str, ViewType, tuple[str, ...]]


class SqlRunTable(SqlPart):
    """Rows of runs by their place, in the database of what is tracked."""

    def __init__(self, database: Database, keys: Keys, root: str) -> None:
        super().__init__(database, keys, root)
        self._orders = RunOrders()

    def first_rows(
        self,
        experiment_ids: Sequence[str],
        *,
        filter_string: str = "",
        view: ViewType = "ACTIVE_ONLY",
        order_by: Sequence[str] = (),
        columns: Sequence[RunColumn] = (),
        limit: int = 100,
    ) -> RunRows:
        """The first rows, found without looking at the others. The total is known if there are no more."""
        question = _asked(experiment_ids, filter_string, view, order_by, limit)
        with self._database.read() as session:
            found = self._search(session, question).rows(None, limit + 1) if question[0] else []
            rows = self._rows(session, [row[0] for row in found[:limit]], columns)
        return RunRows(rows=rows, total=len(rows) if len(found) <= limit else None)

    def rows(
        self,
        experiment_ids: Sequence[str],
        *,
        filter_string: str = "",
        view: ViewType = "ACTIVE_ONLY",
        order_by: Sequence[str] = (),
        columns: Sequence[RunColumn] = (),
        offset: int = 0,
        limit: int = 100,
        order: str = "",
        fresh: bool = False,
    ) -> RunRows:
        """Rows from ``offset`` on, with the total."""
        question = _asked(experiment_ids, filter_string, view, order_by, limit)
        if offset < 0:
            raise InvalidInput(f"offset is {offset}; give 0 or more.")
        with self._database.read() as session:
            listed = self._orders.named(question, order) or (None if fresh else self._orders.recent(question))
            if listed is None:
                listed = self._put_in_order(session, question)
            rows = self._rows(session, listed.numbers[offset : offset + limit], columns)
        return RunRows(rows=rows, total=len(listed.numbers), order=listed.name)

    def columns(self, experiment_ids: Sequence[str]) -> RunColumns:
        """The keys of metrics, params and tags that runs of these experiments have."""
        experiments = sorted({check_experiment_id(item) for item in experiment_ids})
        with self._database.read() as session:
            metrics, params, tags = set[int](), set[int](), set[int]()
            for one in experiments:
                metrics |= {row[0] for row in session.rows(_METRIC_KEYS, (one, one))}
                metrics |= {row[0] for row in session.rows(_UNSETTLED_KEYS, (one,))}
                params |= {row[0] for row in session.rows(_PARAM_KEYS, (one, one))}
                tags |= {row[0] for row in session.rows(_TAG_KEYS, (one, one))}
            names = self._keys.names(session, metrics | params | tags)
        return RunColumns(
            metrics=sorted(names[key] for key in metrics),
            params=sorted(names[key] for key in params),
            tags=sorted(names[key] for key in tags),
        )

    def _search(self, session: Session, question: _Question) -> RunSearch:
        experiments, filter_string, view, order_by = question
        conditions, orders = parse_filter(filter_string, RUNS), parse_order_by(order_by, RUNS)
        return RunSearch(session, self._keys, experiments, conditions, orders, view)

    def _put_in_order(self, session: Session, question: _Question) -> Ordered:
        began = time.monotonic()
        numbers = self._search(session, question).all_numbers() if question[0] else []
        return self._orders.keep(question, numbers, seconds=time.monotonic() - began)

    def _rows(self, session: Session, numbers: Sequence[int], columns: Sequence[RunColumn]) -> list[RunRow]:
        """The rows of these runs in their order; one that is there no more is left out."""
        if not numbers:
            return []
        ids = [*numbers]
        runs = {row[0]: row for row in session.rows_of(_RUNS, ids)}
        values: dict[int, list[float | str | None]] = {each: [None] * len(columns) for each in runs}
        for kind in _TABLES:
            places: dict[int, list[int]] = defaultdict(list)
            for place, column in enumerate(columns):
                if column.kind == kind:
                    places[self._keys.find(session, column.key)].append(place)
            for run, key, value in self._values(session, kind, ids, [*places]):
                for place in places[key]:
                    values[run][place] = value
        return [_row(runs[each], values[each]) for each in ids if each in runs]

    def _values(
        self, session: Session, kind: str, ids: Sequence[int], keys: Sequence[int]
    ) -> list[tuple[int, int, float | str]]:
        if not keys:
            return []
        of_runs = Piece("run_id = ANY(:ids)", (session.listed(ids),))
        wanted = all_of([of_runs, one_of("key_id", keys)])
        columns = "value, NULL" if kind == "metrics" else "head, rest"
        query = f"SELECT run_id, key_id, {columns} FROM {_TABLES[kind]} WHERE {wanted.sql}"  # noqa: S608
        found = fetch(session, Piece(query, wanted.values))
        if kind == "metrics":
            return [(run, key, number(value)) for run, key, value, _ in found]
        return [(run, key, _short(head, rest)) for run, key, head, rest in found]


def _asked(
    experiment_ids: Sequence[str], filter_string: str, view: ViewType, order_by: Sequence[str], limit: int
) -> _Question:
    if limit:
        check_page_size(limit, MAX_ROWS)
    check_view(view)
    parse_filter(filter_string, RUNS)
    parse_order_by(order_by, RUNS)
    experiments = sorted({check_experiment_id(item) for item in experiment_ids})
    return tuple(experiments), filter_string, view, tuple(order_by)


def _short(head: str, rest: str | None) -> str:
    text = head if rest is None else join(head, rest)
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}…"


def _row(row: Sequence[Any], values: list[float | str | None]) -> RunRow:
    info = run_info(row)
    return RunRow(
        run_id=info.run_id,
        experiment_id=info.experiment_id,
        run_name=info.run_name[:SHOWN],
        user_id=info.user_id,
        status=info.status,
        start_time=info.start_time,
        end_time=info.end_time,
        deleted=info.lifecycle_stage == "deleted",
        values=values,
    )
