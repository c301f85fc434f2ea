"""Spans in SQL: those of many traces in one call, each trace kept up to date with what its spans say."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from quire.domain.traces import (
    COST,
    LINKED_PROMPTS_TAG,
    NAME_TAG,
    TOKEN_USAGE,
    SpanRecord,
    Trace,
    TraceState,
)
from quire.domain.usage import Node, roll_up
from quire.store.sql.session import Session
from quire.store.sql.statement import Statement
from quire.store.sql.trace_labels import (
    PROMPT,
    Place,
    add_labels,
    linked_rows,
    move_labels,
    prompt_names,
    replace_labels,
)
from quire.store.sql.trace_reading import TRACE_COLUMNS, decode_labels, encode_labels
from quire.store.sql.trace_text import begin_writing_spans, follow_spans
from quire.store.sql.trace_values import TraceValues, sums_of, with_name
from quire.store.sql.traces import ADD_DETAILS, ADD_TRACE, SET_DETAILS, SqlTraces

_FIND = Statement(
    """SELECT $columns, tags, metadata, request_preview, response_preview FROM traces
    JOIN trace_details ON trace_details.id = traces.id WHERE traces.trace_id = ANY(:names) ORDER BY traces.id
    FOR UPDATE""",
    columns=TRACE_COLUMNS,
)
_ADD = Statement(
    """INSERT INTO spans (trace_id, span_id, parent_id, type, status, start_time_ns, end_time_ns, usage, cost, model,
    name, content) VALUES (:trace, :span, :parent, :type, :status, :start, :end, :usage, :cost, :model, :name, :content)
    ON CONFLICT (trace_id, span_id) DO UPDATE SET parent_id = excluded.parent_id, type = excluded.type,
    status = excluded.status, start_time_ns = excluded.start_time_ns, end_time_ns = excluded.end_time_ns,
    usage = excluded.usage, cost = excluded.cost, model = excluded.model, name = excluded.name,
    content = excluded.content"""
)
_SUMMED = Statement("SELECT span_id, parent_id, usage, cost FROM spans WHERE trace_id = :trace")
_UPDATE = Statement(
    """UPDATE traces SET timestamp_ms = :timestamp, execution_time_ms = :duration, status = :status, name = :name,
    has_spans = 1, input_tokens = :input, output_tokens = :output, total_tokens = :total, cost = :cost WHERE id = :id"""
)
_UNDECIDED = ("IN_PROGRESS", "STATE_UNSPECIFIED")


class Findings:
    """What the spans of one trace in one call say of it."""

    def __init__(self, spans: Sequence[SpanRecord]) -> None:
        self.spans = spans
        self.start = min(span.start_time_ns for span in spans) // 1_000_000
        ends = [span.end_time_ns for span in spans if span.end_time_ns is not None]
        self.end = max(ends) // 1_000_000 if ends else None
        self.tags: dict[str, str] = {}
        self.metadata: dict[str, str] = {}
        self.request: str | None = None
        self.response: str | None = None
        self.state: TraceState | None = None
        for span in spans:
            self._look_at(span)
        self.name = self.tags.pop(NAME_TAG, None)

    def _look_at(self, span: SpanRecord) -> None:
        if span.parent_id is None:
            self.state = "ERROR" if span.status == "ERROR" else "OK"
        facts = span.facts
        if facts is not None:
            self.tags.update(facts.tags)
            self.metadata = {**facts.metadata, **self.metadata}
            self.request = self.request or facts.request_preview
            self.response = self.response or facts.response_preview

    def summed(self, stored: Sequence[tuple[Any, ...]] = ()) -> dict[str, str]:
        """Token usage and cost of the trace as metadata, from these spans and those stored before."""
        if not stored and not any(span.usage or span.cost for span in self.spans):
            return {}
        usage: list[Node[int]] = [(span.span_id, span.parent_id, span.usage) for span in self.spans]
        cost: list[Node[float]] = [(span.span_id, span.parent_id, span.cost) for span in self.spans]
        own = {span.span_id for span in self.spans}
        for span_id, parent, tokens, dollars in stored:
            if span_id not in own:
                usage.append((span_id, parent, msgspec.json.decode(tokens) if tokens else None))
                cost.append((span_id, parent, msgspec.json.decode(dollars) if dollars else None))
        made = {}
        for key, total in ((TOKEN_USAGE, roll_up(usage)), (COST, roll_up(cost))):
            if total:
                made[key] = msgspec.json.encode(total).decode()
        return made


class SqlSpans(SqlTraces):
    """The part of a store that keeps spans."""

    def log_spans(self, experiment_id: str, spans: Sequence[SpanRecord]) -> None:
        """Store spans of any number of traces; a span stored again replaces the one of its id.

        A trace that is not there yet is made in the experiment, and follows from its spans until start_trace says more.
        """
        by_trace: dict[str, dict[str, SpanRecord]] = defaultdict(dict)
        for span in spans:
            by_trace[span.trace_id][span.span_id] = span
        with self._database.write() as session:
            indexed = begin_writing_spans(session)
            experiment = self._active_experiment(session, experiment_id)[0]
            known = {row[1]: row for row in session.rows_of(_FIND, list(by_trace))} if by_trace else {}
            findings = {trace_id: Findings(list(own.values())) for trace_id, own in by_trace.items()}
            new = _NewRows()
            unknown = {trace_id: found for trace_id, found in findings.items() if trace_id not in known}
            numbers = self._add_traces(session, unknown, experiment, new)
            for trace_id, found in findings.items():
                number = numbers.get(trace_id)
                if number is None:
                    # Known before, or made by another connection meanwhile.
                    row = known.get(trace_id) or session.rows_of(_FIND, [trace_id])[0]
                    self._follow(session, row, found)
                    number = row[0]
                new.spans += [_row(number, span) for span in found.spans]
            session.insert(ADD_DETAILS, new.details)
            add_labels(session, new.labels)
            session.insert(_ADD, new.spans)
            follow_spans(session, dict.fromkeys(row[0] for row in new.spans), indexed)

    def log_traces(self, traces: Sequence[Trace]) -> None:
        """Store traces of one experiment with spans that have ended, and what is said of them. May be repeated."""
        if not traces:
            return
        with self._database.write():
            self.log_spans(traces[0].info.experiment_id, [span for trace in traces for span in trace.spans])
            for trace in traces:
                if trace.info.client_request_id or _is_overridden(trace):
                    self.start_trace(trace.info)

    def _add_traces(
        self, session: Session, unknown: Mapping[str, Findings], experiment: int, new: _NewRows
    ) -> dict[str, int]:
        """Add the rows of traces that are not known, and leave their other rows to ``new``.

        Gives their numbers, but not those of traces that there are now.
        """
        metadata = {trace_id: {**found.metadata, **found.summed()} for trace_id, found in unknown.items()}
        values = [_values(trace_id, found, metadata[trace_id]) for trace_id, found in unknown.items()]
        rows = [one.new_row(experiment, finalized=0, has_spans=1) for one in values]
        numbers = {trace_id: number for number, trace_id in session.insert_returning(ADD_TRACE, rows)}
        for one in values:
            number = numbers.get(one.trace_id)
            if number is None:
                continue
            found, said = unknown[one.trace_id], metadata[one.trace_id]
            new.details.append((number, encode_labels(found.tags), encode_labels(said), one.request, one.response))
            place = Place(number, experiment, one.timestamp)
            new.labels += self._label_rows(session, place, found.name, found.tags, said)
        return numbers

    def _follow(self, session: Session, row: Sequence[Any], found: Findings) -> None:
        """Bring a trace that is there up to date with spans that came now. What start_trace said stays."""
        number, _, experiment, start, duration, state, finalized, _, _, name = row[:10]
        tags_before, metadata_before = decode_labels(row[10]), decode_labels(row[11])
        tags = {**found.tags, **tags_before} if finalized else {**tags_before, **found.tags}
        sums = {} if finalized and TOKEN_USAGE in metadata_before else self._sums(session, number, found)
        metadata = {**found.metadata, **metadata_before, **sums}
        if not finalized:
            start, duration = _extended(start, duration, found)
        if state in _UNDECIDED and found.state is not None:
            state = found.state
        name_now = found.name if name is None else name
        place = Place(number, experiment, start)
        if start != row[3]:
            move_labels(session, place)
        before = with_name(tags_before, name), metadata_before
        replace_labels(session, self._keys, place, with_name(tags, name_now), metadata, before=before)
        add_labels(session, linked_rows(place, PROMPT, prompt_names(found.tags.get(LINKED_PROMPTS_TAG))))
        session.run(_UPDATE, (start, duration, state, name_now, *sums_of(metadata), number))
        request, response = (
            before or now for before, now in zip(row[12:14], (found.request, found.response), strict=True)
        )
        session.run(SET_DETAILS, (encode_labels(tags), encode_labels(metadata), request, response, number))

    def _sums(self, session: Session, number: int, found: Findings) -> dict[str, str]:
        if not any(span.usage or span.cost for span in found.spans):
            return {}
        return found.summed(session.rows(_SUMMED, (number,)))


def _is_overridden(trace: Trace) -> bool:
    """Whether the state that was given for a trace is another than its root's."""
    failed = [span.status == "ERROR" for span in trace.spans if span.parent_id is None]
    return bool(failed) and trace.info.state != "IN_PROGRESS" and (trace.info.state == "ERROR") != failed[0]


class _NewRows:
    """Rows that are stored together at the end of a call."""

    def __init__(self) -> None:
        self.details: list[tuple[Any, ...]] = []
        self.labels: list[tuple[Any, ...]] = []
        self.spans: list[tuple[Any, ...]] = []


def _values(trace_id: str, found: Findings, metadata: Mapping[str, str]) -> TraceValues:
    return TraceValues(
        trace_id=trace_id,
        timestamp=found.start,
        duration=None if found.end is None else found.end - found.start,
        state=found.state or "IN_PROGRESS",
        name=found.name,
        request=found.request,
        response=found.response,
        sums=sums_of(metadata),
    )


def _extended(start: int, duration: int | None, found: Findings) -> tuple[int, int | None]:
    """Start and duration of a trace that these spans are part of too."""
    first = min(start, found.start)
    ends = [end for end in (None if duration is None else start + duration, found.end) if end is not None]
    return first, max(ends) - first if ends else None


def _row(number: int, span: SpanRecord) -> tuple[Any, ...]:
    return (
        number,
        span.span_id,
        span.parent_id,
        span.type,
        span.status,
        span.start_time_ns,
        span.end_time_ns,
        msgspec.json.encode(span.usage).decode() if span.usage else None,
        msgspec.json.encode(span.cost).decode() if span.cost else None,
        span.model,
        span.name,
        span.content,
    )
