"""What traces used, summed in the database by model, experiment, run, session, user, prompt, model version or day."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from quire.domain.filters import TRACES, parse_filter
from quire.domain.names import check_experiment_id
from quire.domain.span_names import MODEL_ID
from quire.domain.trace_usage import DAY_MS, TraceUsage, UsageBy, check_groups, check_usage_by
from quire.domain.traces import SESSION, USER
from quire.store.sql.keys import Keys
from quire.store.sql.listing import Condition
from quire.store.sql.session import Session
from quire.store.sql.trace_conditions import Member, trace_conditions
from quire.store.sql.trace_labels import METADATA, NO_KEY, PROMPT, RUN
from quire.store.sql.trace_search import SqlTraceSearch
from quire.store.sql.trace_tables import spans, trace_labels, traces

_PERCENTS = (50, 95, 99)
_TOKENS = ("input_tokens", "output_tokens", "total_tokens")
_LABELS: dict[UsageBy, tuple[int, str | None]] = {
    "run": (RUN, None),
    "prompt": (PROMPT, None),
    "session": (METADATA, SESSION),
    "user": (METADATA, USER),
    "model_version": (METADATA, MODEL_ID),
}
Rows = sa.Select[Any]


class SqlTraceUsage(SqlTraceSearch):
    """The part of a store that sums up traces."""

    def trace_usage(
        self,
        experiment_ids: Sequence[str],
        *,
        by: UsageBy,
        filter_string: str = "",
        start_ms: int | None = None,
        end_ms: int | None = None,
        max_results: int = 1000,
    ) -> list[TraceUsage]:
        """What the traces of these experiments used, by group; days newest first, else what cost most first.

        ``filter_string`` chooses traces as in search_traces; ``start_ms`` (included) and ``end_ms`` (not) those that
        began then. A trace with several runs or prompt versions counts for each.
        """
        check_usage_by(by)
        check_groups(max_results)
        experiments = sorted({check_experiment_id(item) for item in experiment_ids})
        conditions = parse_filter(filter_string, TRACES)
        if not experiments:
            return []
        with self._database.read() as session:
            where = [traces.c.experiment_id.in_(experiments), *trace_conditions(session, self._keys, conditions)]
            where += [] if start_ms is None else [traces.c.timestamp_ms >= start_ms]
            where += [] if end_ms is None else [traces.c.timestamp_ms < end_ms]
            rows = _calls(where) if by == "model" else _traces(session, self._keys, by, where)
            found = session.select(summed(rows, newest_first=by == "day").limit(max_results))
        return [_usage(by, row) for row in found]


def _calls(where: Sequence[Condition]) -> Rows:
    """One row a span that called a model."""
    joined = spans.join(traces, traces.c.id == spans.c.trace_id)
    tokens = [_number(spans.c.usage, name, sa.BigInteger()) for name in _TOKENS]
    took = (spans.c.end_time_ns - spans.c.start_time_ns) // sa.literal_column("1000000", sa.BigInteger())
    return _rows(
        sa.select().select_from(joined).where(spans.c.model.is_not(None), *where),
        spans.c.model,
        spans.c.status,
        [*tokens, _number(spans.c.cost, "total_cost", sa.Double())],
        took,
    )


def _number(column: sa.ColumnElement[Any], name: str, kind: Any) -> sa.ColumnElement[Any]:
    return sa.cast(Member(column, sa.literal(name, sa.Text)), kind)


def _traces(session: Session, keys: Keys, by: UsageBy, where: Sequence[Condition]) -> Rows:
    """One row a trace and group that it is in."""
    source: sa.FromClause = traces
    if by == "experiment":
        key: sa.ColumnElement[Any] = traces.c.experiment_id
    elif by == "day":
        key = traces.c.timestamp_ms - traces.c.timestamp_ms % sa.literal_column(str(DAY_MS))
    else:
        kind, name = _LABELS[by]
        number = NO_KEY if name is None else keys.find(session, name)
        own = (trace_labels.c.kind == kind, trace_labels.c.key_id == number)
        source = traces.outerjoin(trace_labels, sa.and_(trace_labels.c.trace_id == traces.c.id, *own))
        key = trace_labels.c.head.concat(sa.func.coalesce(trace_labels.c.rest, sa.literal_column("''")))
    return usage_rows(sa.select().select_from(source).where(*where), key)


def usage_rows(chosen: sa.Select[Any], key: sa.ColumnElement[Any]) -> Rows:
    """One row for each row of ``chosen``, which is a trace; ``key`` is the group that it is in."""
    sums = [traces.c.input_tokens, traces.c.output_tokens, traces.c.total_tokens, traces.c.cost]
    return _rows(chosen, key, traces.c.status, sums, traces.c.execution_time_ms)


def _rows(
    query: sa.Select[Any],
    key: sa.ColumnElement[Any],
    status: sa.ColumnElement[Any],
    sums: Sequence[sa.ColumnElement[Any]],
    took: sa.ColumnElement[Any],
) -> Rows:
    """The columns that are summed, and each row's place among the durations of its group."""
    place = sa.func.row_number().over(partition_by=key, order_by=took.asc().nulls_last())
    return query.add_columns(
        key.label("key"),
        sa.case((status == sa.literal_column("'ERROR'"), 1), else_=0).label("error"),
        *(column.label(name) for name, column in zip((*_TOKENS, "cost"), sums, strict=True)),
        took.label("took"),
        place.label("place"),
        sa.func.count(took).over(partition_by=key).label("timed"),
    )


def summed(rows: Rows, *, newest_first: bool = False) -> sa.Select[Any]:
    """The sums of each group: its key, count, errors, tokens by kind, cost, percentiles of durations."""
    of = rows.subquery().c
    tokens = [sa.cast(sa.func.coalesce(sa.func.sum(of[name]), 0), sa.BigInteger()) for name in _TOKENS]
    at = [(of.timed * percent + 99) // 100 for percent in _PERCENTS]
    percentiles = [sa.func.max(sa.case((of.place == place, of.took))) for place in at]
    cost, count = sa.func.sum(of.cost), sa.func.count()
    columns = [of.key, count, sa.func.sum(of.error), *tokens, cost, *percentiles]
    order = [of.key.desc()] if newest_first else [cost.desc().nulls_last(), count.desc(), of.key]
    return sa.select(*columns).group_by(of.key).order_by(*order)


def _usage(by: UsageBy, row: Sequence[Any]) -> TraceUsage:
    key, count, errors, given, answered, total, cost, p50, p95, p99 = row
    return TraceUsage(
        key=_date(key) if by == "day" else "" if key is None else str(key),
        count=count,
        errors=int(errors),
        input_tokens=given,
        output_tokens=answered,
        total_tokens=total,
        cost=None if cost is None else float(cost),
        p50_ms=p50,
        p95_ms=p95,
        p99_ms=p99,
    )


def _date(day_ms: int) -> str:
    return datetime.datetime.fromtimestamp(day_ms / 1000, datetime.UTC).date().isoformat()
