"""Finding out, by looking at a few index entries, whether a condition leaves only few runs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cached_property

from quire.domain.filters import Comparison
from quire.store.sql.keys import Keys
from quire.store.sql.pieces import Piece, all_of, fetch, one_of
from quire.store.sql.run_conditions import TABLES, text_equals, value_condition
from quire.store.sql.runs import RUN_NAME_TAG
from quire.store.sql.session import Session
from quire.store.sql.statement import Statement

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
        self._page_size = page_size

    @cached_property
    def _few(self) -> int:
        last = self._session.row(_LAST)
        runs = last[0] if last else 0
        return min(_MOST, max(_LEAST, math.isqrt(int(runs * self._page_size * _WALK_TO_SORT))))

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
        wanted = text_equals("held", str(item.value))
        return self._limited(f"{TABLES[item.kind]} AS held", self._held(item), wanted)

    def _by_metric(self, item: Comparison) -> set[int] | None:
        wanted = value_condition("held", item)
        settled = Piece("held.settled = 1")
        found = self._limited("latest_metrics AS held", settled, self._held(item), wanted)
        if found is None:
            return None
        here = Piece(
            "held.settled = 0 AND runs.unsettled IS NOT NULL AND held.key_id = :v",
            (self._keys.find(self._session, item.key),),
        )
        source = "runs JOIN latest_metrics AS held ON held.run_id = runs.id"
        more = self._limited(source, one_of("runs.experiment_id", self._experiments), here, wanted)
        return None if more is None else found | more

    def _held(self, item: Comparison) -> Piece:
        """That a row is of one of the experiments, and under the key."""
        key = Piece("held.key_id = :v", (self._keys.find(self._session, item.key),))
        return all_of((one_of("held.experiment_id", self._experiments), key))

    def _limited(self, source: str, *conditions: Piece) -> set[int] | None:
        wanted = all_of(conditions)
        first = f"SELECT held.run_id FROM {source} WHERE {wanted.sql} LIMIT :v"  # noqa: S608
        values = (*wanted.values, self._few + 1)
        ((count,),) = fetch(self._session, Piece(f"SELECT count(*) FROM ({first}) AS found", values))  # noqa: S608
        if count > self._few:
            return None
        return {row[0] for row in fetch(self._session, Piece(first, values))}
