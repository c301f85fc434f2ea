"""What is shown of traces, in SQL: outlines without content, one span, models that were called, traces over time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import msgspec
import sqlalchemy as sa

from quire.domain.assessments import Assessment
from quire.domain.errors import NotFound
from quire.domain.filters import TRACES, Comparison, parse_filter
from quire.domain.names import check_experiment_id
from quire.domain.trace_views import (
    ESTIMATED,
    FIRST_TOKEN,
    SeriesPoint,
    SpanOutline,
    TraceOutline,
    TraceSeries,
    check_points,
    width_of,
)
from quire.domain.traces import SpanRecord, check_trace_id, span_count
from quire.store.sql.base import SqlPart
from quire.store.sql.expressions import any_of, walked
from quire.store.sql.listing import Condition
from quire.store.sql.session import Rows, Session
from quire.store.sql.span_text import after_attribute, content_holds, number_in
from quire.store.sql.statement import Statement
from quire.store.sql.trace_conditions import trace_conditions
from quire.store.sql.trace_reading import read_infos, read_span
from quire.store.sql.trace_search import few_traces
from quire.store.sql.trace_tables import spans, traces
from quire.store.sql.trace_usage import summed, usage_rows

_NS_OF_MS = 1_000_000
_NS_OF_US = 1000
_AT_ONCE = 1000
_NUMBER_BYTES = 40
_NUMBER = Statement("SELECT id FROM traces WHERE trace_id = :trace")
_MODELS = Statement(
    """SELECT DISTINCT traces.trace_id, spans.model FROM traces JOIN spans ON spans.trace_id = traces.id
    WHERE traces.trace_id = ANY(:names) AND spans.model IS NOT NULL"""
)
# Feedback of code and of models is much more than that of people, and need not be decoded.
_FROM_PEOPLE = Statement(
    """SELECT traces.experiment_id, assessments.content FROM traces
    JOIN assessments ON assessments.trace_id = traces.id
    WHERE traces.trace_id = ANY(:names) AND assessments.kind = 'feedback'
    AND assessments.content LIKE '%"HUMAN"%' ORDER BY assessments.id"""
)
_TRACES_AT_ONCE = 5000
_assessment = msgspec.json.Decoder(Assessment)
_usage = msgspec.json.Decoder(dict[str, int])
_cost = msgspec.json.Decoder(dict[str, float])


class SqlTraceViews(SqlPart):
    """Traces for looking at."""

    def outline_trace(self, trace_id: str) -> TraceOutline:
        """A trace with the outlines of its spans, none of their content."""
        with self._database.read() as session:
            number = self._number(session, trace_id)
            info = read_infos(session, [number])[0]
            rows = session.select(_outlines(number))
        first = min((row[5] for row in rows), default=info.timestamp_ms * _NS_OF_MS)
        return TraceOutline(
            info=info,
            start_ms=first // _NS_OF_MS,
            complete=len(rows) >= span_count(info.trace_metadata),
            spans=[_outline(row, first) for row in rows],
        )

    def get_span(self, trace_id: str, span_id: str) -> SpanRecord:
        """One span of a trace."""
        with self._database.read() as session:
            number = self._number(session, trace_id)
            found = read_span(session, number, trace_id, span_id)
        if found is None:
            raise NotFound(f"The trace {trace_id} has no span {span_id[:60]!r}, or it has not come yet.")
        return found

    def trace_models(self, trace_ids: Sequence[str]) -> dict[str, list[str]]:
        """The models that were called in these traces, by name."""
        wanted = list(dict.fromkeys(check_trace_id(item) for item in trace_ids))
        found: dict[str, list[str]] = defaultdict(list)
        if wanted:
            with self._database.read() as session:
                for trace_id, model in session.rows_of(_MODELS, wanted):
                    found[trace_id].append(model)
        return {trace_id: sorted(models) for trace_id, models in found.items()}

    def human_feedback(self, trace_ids: Sequence[str]) -> list[tuple[str, Assessment]]:
        """What people said of these traces, each with the experiment of the trace."""
        wanted = list(dict.fromkeys(trace_ids))
        found: list[tuple[str, Assessment]] = []
        for start in range(0, len(wanted), _TRACES_AT_ONCE):
            with self._database.read() as session:
                rows = session.rows_of(_FROM_PEOPLE, wanted[start : start + _TRACES_AT_ONCE])
            said = ((str(experiment), _assessment.decode(content)) for experiment, content in rows)
            found += [(experiment, one) for experiment, one in said if one.source.source_type == "HUMAN"]
        return found

    def trace_series(
        self,
        experiment_ids: Sequence[str],
        *,
        filter_string: str = "",
        start_ms: int | None = None,
        end_ms: int | None = None,
        points: int = 60,
    ) -> TraceSeries:
        """Traces over time: those that match, in about so many intervals at most."""
        check_points(points)
        experiments = sorted({check_experiment_id(item) for item in experiment_ids})
        conditions = parse_filter(filter_string, TRACES)
        with self._database.read() as session:
            start, end = self._bounds(session, experiments, start_ms, end_ms)
            width = width_of(start, end, points)
            if start >= end:
                return TraceSeries(width_ms=width, start_ms=start, end_ms=end, points=[])
            where = self._where(session, experiments, conditions, start, end)
            at = traces.c.timestamp_ms - traces.c.timestamp_ms % sa.literal(width, sa.BigInteger)
            rows = session.select(summed(usage_rows(sa.select().select_from(traces).where(*where), at)))
        found = sorted(map(_point, rows), key=lambda point: point.start_ms)
        return TraceSeries(width_ms=width, start_ms=start, end_ms=end, points=found)

    def _where(
        self, session: Session, experiments: Sequence[int], conditions: Sequence[Comparison], start: int, end: int
    ) -> list[Condition]:
        """What the traces of a series meet, so written that the database goes the shorter way.

        Few traces are looked up; of many it costs a third to walk the table, and not an index from which each row is
        looked up.
        """
        experiment: sa.ColumnElement[Any] = traces.c.experiment_id
        time: sa.ColumnElement[Any] = traces.c.timestamp_ms
        of_these = [experiment.in_(experiments), time >= start, time < end]
        few = few_traces(session, self._keys, experiments, conditions, _AT_ONCE)
        if few is not None:
            of_these = [any_of(traces.c.id, few), walked(experiment).in_(experiments)]
            of_these += [walked(time) >= start, walked(time) < end]
        else:
            count = session.select(sa.select(sa.func.count()).where(*of_these))[0][0]
            last = session.select(sa.select(sa.func.max(traces.c.id)))[0][0] or 0
            if count > last // 4:
                of_these = [walked(experiment).in_(experiments), walked(time) >= start, walked(time) < end]
        return [*of_these, *trace_conditions(session, self._keys, conditions)]

    def _number(self, session: Session, trace_id: str) -> int:
        row = session.row(_NUMBER, (check_trace_id(trace_id),))
        if row is None:
            raise NotFound(f"Trace with ID '{trace_id}' not found.")
        number: int = row[0]
        return number

    def _bounds(
        self, session: Session, experiments: Sequence[int], start_ms: int | None, end_ms: int | None
    ) -> tuple[int, int]:
        """The time that is looked at: what is given of it, else from the first to the last trace."""
        if start_ms is not None and end_ms is not None:
            return start_ms, end_ms
        ends: Rows = []
        for experiment in experiments:  # each end is the end of an index
            of_this = traces.c.experiment_id == experiment
            first = sa.select(sa.func.min(traces.c.timestamp_ms)).where(of_this).scalar_subquery()
            last = sa.select(sa.func.max(traces.c.timestamp_ms)).where(of_this).scalar_subquery()
            ends += session.select(sa.select(first, last))
        firsts, lasts = [row[0] for row in ends if row[0] is not None], [row[1] for row in ends if row[1] is not None]
        start = min(firsts, default=0) if start_ms is None else start_ms
        end = max(lasts, default=-1) + 1 if end_ms is None else end_ms
        return start, end


def _outlines(number: int) -> sa.Select[Any]:
    of = spans.c
    marked = sa.case((sa.and_(of.usage.is_not(None), content_holds(of.content, ESTIMATED.encode())), 1), else_=0)
    called = sa.or_(of.usage.is_not(None), of.model.is_not(None))
    first = sa.case((called, after_attribute(of.content, FIRST_TOKEN, _NUMBER_BYTES)), else_=None)
    columns = (of.span_id, of.parent_id, of.name, of.type, of.status, of.start_time_ns, of.end_time_ns, of.model)
    chosen = sa.select(*columns, of.usage, of.cost, marked, first).where(of.trace_id == number)
    return chosen.order_by(of.start_time_ns, of.id)


def _outline(row: Sequence[Any], first: int) -> SpanOutline:
    span_id, parent, name, kind, status, start, end, model, usage, cost, estimated, first_token = row
    return SpanOutline(
        span_id=span_id,
        parent_id=parent,
        name=name,
        type=kind,
        status=status,
        offset_us=(start - first) // _NS_OF_US,
        duration_us=None if end is None else (end - start) // _NS_OF_US,
        model=model,
        usage=_usage.decode(usage) if usage else None,
        cost=_cost.decode(cost) if cost else None,
        estimated=bool(estimated),
        first_token_ms=None if first_token is None else number_in(bytes(first_token)),
    )


def _point(row: Sequence[Any]) -> SeriesPoint:
    start, count, errors, _given, _answered, total, cost, p50, p95, p99 = row
    return SeriesPoint(
        start_ms=start,
        count=count,
        errors=int(errors),
        total_tokens=total,
        cost=None if cost is None else float(cost),
        p50_ms=p50,
        p95_ms=p95,
        p99_ms=p99,
    )
