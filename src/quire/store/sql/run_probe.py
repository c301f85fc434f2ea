"""Finding out, by looking at a few index entries, whether a condition leaves only few runs."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from quire.domain.filters import Comparison
from quire.store.sql import tables
from quire.store.sql.database import Session
from quire.store.sql.keys import Keys
from quire.store.sql.run_conditions import TABLES, value_condition

# Up to this many runs are filtered and sorted without help from an index (a few milliseconds).
FEW = 2000


def few_runs(
    session: Session, keys: Keys, experiments: Sequence[int], conditions: Sequence[Comparison]
) -> list[int] | None:
    """Row numbers of the runs that meet the narrowest condition, if they are few; None if none is narrow."""
    found: set[int] | None = None
    for item in conditions:
        numbers = _probe(session, keys, experiments, item)
        if numbers is not None:
            found = numbers if found is None else found & numbers
    return None if found is None else sorted(found)


def _probe(session: Session, keys: Keys, experiments: Sequence[int], item: Comparison) -> set[int] | None:
    if item.kind == "attribute" and item.key == "run_id" and item.op in ("=", "IN"):
        return _by_run_id(session, experiments, item)
    if item.kind == "metric" and item.op != "!=":
        return _by_metric(session, keys, experiments, item)
    if item.kind in ("param", "tag") and item.op == "=":
        return _by_text(session, keys, experiments, item)
    return None


def _by_run_id(session: Session, experiments: Sequence[int], item: Comparison) -> set[int]:
    wanted = item.value if isinstance(item.value, tuple) else (item.value,)
    runs, listed, found = tables.runs, set(experiments), set()
    for begin in range(0, len(wanted), 500):
        query = sa.select(runs.c.id, runs.c.experiment_id).where(runs.c.run_id.in_(wanted[begin : begin + 500]))
        found |= {number for number, experiment in session.select(query) if experiment in listed}
    return found


def _by_text(session: Session, keys: Keys, experiments: Sequence[int], item: Comparison) -> set[int] | None:
    table, text = TABLES[item.kind], str(item.value)
    query = sa.select(table.c.run_id).where(
        table.c.experiment_id.in_(experiments),
        table.c.key_id == keys.find(session, item.key),
        tables.head(table.c.value) == text[: tables.HEAD],
        table.c.value == text,
    )
    return _few(session, query)


def _by_metric(session: Session, keys: Keys, experiments: Sequence[int], item: Comparison) -> set[int] | None:
    table, runs = tables.latest_metrics, tables.runs
    number, wanted = keys.find(session, item.key), value_condition(table.c.value, item)
    settled = sa.select(table.c.run_id).where(
        table.c.settled == sa.literal_column("1"),
        table.c.experiment_id.in_(experiments),
        table.c.key_id == number,
        wanted,
    )
    found = _few(session, settled)
    if found is None:
        return None
    unsettled = (
        sa.select(table.c.run_id)
        .select_from(runs.join(table, sa.and_(table.c.run_id == runs.c.id, table.c.key_id == number)))
        .where(
            runs.c.experiment_id.in_(experiments),
            runs.c.unsettled.is_not(None),
            table.c.settled == sa.literal_column("0"),
            wanted,
        )
    )
    more = _few(session, unsettled)
    return None if more is None else found | more


def _few(session: Session, query: sa.Select[tuple[int]]) -> set[int] | None:
    rows = session.select(query.limit(FEW + 1))
    return {row[0] for row in rows} if len(rows) <= FEW else None
