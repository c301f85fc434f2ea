"""Finding out, by looking at a few index entries, whether a condition leaves only few runs."""

from __future__ import annotations

import math
from collections.abc import Sequence

import sqlalchemy as sa

from quire.domain.filters import Comparison
from quire.store.sql import tables
from quire.store.sql.keys import Keys
from quire.store.sql.run_conditions import TABLES, value_condition
from quire.store.sql.runs import RUN_NAME_TAG
from quire.store.sql.session import Session
from quire.store.sql.statement import Statement
from quire.store.sql.texts import text_equals

# A walk along an index looks at (page size × all runs ÷ matching runs) entries, at about a fifth of what it costs to
# filter and sort one of few runs: walking is the better plan beyond the square root of that.
_WALK_TO_SORT = 0.2
_LEAST, _MOST = 500, 20_000
_LAST = Statement("SELECT coalesce(max(id), 0) FROM runs")
_NAME = Statement("SELECT id, experiment_id FROM runs WHERE run_id = :run_id")


class Probe:
    """Looks for a condition that few runs meet, few enough for a page of ``page_size`` to be sorted out of them."""

    def __init__(self, session: Session, keys: Keys, experiments: Sequence[int], page_size: int) -> None:
        self._session, self._keys, self._experiments = session, keys, experiments
        last = session.row(_LAST)
        runs = last[0] if last else 0
        self._few = min(_MOST, max(_LEAST, math.isqrt(int(runs * page_size * _WALK_TO_SORT))))

    def few(self, conditions: Sequence[Comparison]) -> list[int] | None:
        """Row numbers of the runs that meet the narrow conditions; None if none is narrow."""
        found: set[int] | None = None
        for item in conditions:
            numbers = self._matching(item)
            if numbers is not None:
                found = numbers if found is None else found & numbers
        return None if found is None else sorted(found)

    def _matching(self, item: Comparison) -> set[int] | None:
        if item.kind == "attribute" and item.key == "run_id" and item.op in ("=", "IN"):
            return self._by_run_id(item)
        if item.kind == "attribute" and item.key == "run_name" and item.op == "=":
            return self._by_text(Comparison("tag", RUN_NAME_TAG, "=", item.value))
        if item.kind == "metric" and item.op != "!=":
            return self._by_metric(item)
        if item.kind in ("param", "tag") and item.op == "=":
            return self._by_text(item)
        return None

    def _by_run_id(self, item: Comparison) -> set[int]:
        wanted = item.value if isinstance(item.value, tuple) else (item.value,)
        rows = [self._session.row(_NAME, (name,)) for name in wanted]
        return {row[0] for row in rows if row is not None and row[1] in self._experiments}

    def _by_text(self, item: Comparison) -> set[int] | None:
        table = TABLES[item.kind]
        query = sa.select(table.c.run_id).where(
            table.c.experiment_id.in_(self._experiments),
            table.c.key_id == self._keys.find(self._session, item.key),
            *text_equals(table, str(item.value)),
        )
        return self._limited(query)

    def _by_metric(self, item: Comparison) -> set[int] | None:
        table, runs = tables.latest_metrics, tables.runs
        number, wanted = self._keys.find(self._session, item.key), value_condition(table, item)
        settled = sa.select(table.c.run_id).where(
            table.c.settled == sa.literal_column("1"),
            table.c.experiment_id.in_(self._experiments),
            table.c.key_id == number,
            wanted,
        )
        found = self._limited(settled)
        if found is None:
            return None
        unsettled = (
            sa.select(table.c.run_id)
            .select_from(runs.join(table, sa.and_(table.c.run_id == runs.c.id, table.c.key_id == number)))
            .where(
                runs.c.experiment_id.in_(self._experiments),
                runs.c.unsettled.is_not(None),
                table.c.settled == sa.literal_column("0"),
                wanted,
            )
        )
        more = self._limited(unsettled)
        return None if more is None else found | more

    def _limited(self, query: sa.Select[tuple[int]]) -> set[int] | None:
        first = query.limit(self._few + 1)
        ((count,),) = self._session.select(sa.select(sa.func.count()).select_from(first.subquery()))
        return {row[0] for row in self._session.select(first)} if count <= self._few else None
