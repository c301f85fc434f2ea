"""Traces in SQL: what is said of them, their tags and links, their end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from quire.domain.errors import InvalidInput, NotFound
from quire.domain.ids import new_trace_id
from quire.domain.names import check_integer, check_text
from quire.domain.traces import (
    FINALIZED,
    FIXED_TAGS,
    LINKED_PROMPTS_TAG,
    NAME_TAG,
    PromptVersionRef,
    Trace,
    TraceInfo,
    TraceState,
    check_deletion,
    check_state,
    check_trace_id,
    trace_info,
)
from quire.store.sql.assessments import SqlAssessments
from quire.store.sql.session import Session
from quire.store.sql.statement import Statement
from quire.store.sql.trace_labels import (
    PROMPT,
    RUN,
    TAG,
    Place,
    add_labels,
    label_rows,
    linked_rows,
    move_labels,
    prompt_names,
    remove_label,
    replace_labels,
)
from quire.store.sql.trace_reading import TRACE_COLUMNS, decode_labels, encode_labels, read_infos, read_spans
from quire.store.sql.trace_values import (
    TraceValues,
    checked_labels,
    checked_name,
    refuse_fixed,
    sums_of,
    values_of,
    with_name,
)

MAX_LINKS = 100
MAX_PROMPT_NAME = 500
_FIND = Statement("SELECT $columns FROM traces WHERE trace_id = :trace FOR UPDATE", columns=TRACE_COLUMNS)
_NUMBERS = Statement("SELECT trace_id, id FROM traces WHERE trace_id = ANY(:names)")
_PLACES = Statement("SELECT id, experiment_id, timestamp_ms FROM traces WHERE trace_id = ANY(:names)")
ADD_TRACE = Statement(
    """INSERT INTO traces (trace_id, experiment_id, timestamp_ms, execution_time_ms, status, finalized, has_spans,
    client_request_id, name, input_tokens, output_tokens, total_tokens, cost)
    VALUES (:trace, :experiment, :timestamp, :duration, :status, :finalized, :has_spans, :client, :name,
    :input, :output, :total, :cost) ON CONFLICT DO NOTHING RETURNING id, trace_id"""
)
_UPDATE = Statement(
    """UPDATE traces SET experiment_id = :experiment, timestamp_ms = :timestamp, execution_time_ms = :duration,
    status = :status, finalized = :finalized, client_request_id = :client, name = :name, input_tokens = :input,
    output_tokens = :output, total_tokens = :total, cost = :cost WHERE id = :id"""
)
_SET_NAME = Statement("UPDATE traces SET name = :name WHERE id = :id")
ADD_DETAILS = Statement(
    """INSERT INTO trace_details (id, tags, metadata, request_preview, response_preview)
    VALUES (:id, :tags, :metadata, :request, :response)"""
)
_DETAILS = Statement("SELECT tags, metadata, request_preview, response_preview FROM trace_details WHERE id = :id")
SET_DETAILS = Statement(
    """UPDATE trace_details SET tags = :tags, metadata = :metadata, request_preview = :request,
    response_preview = :response WHERE id = :id"""
)
_SET_TAGS = Statement("UPDATE trace_details SET tags = :tags WHERE id = :id")
_OLDEST = Statement(
    """SELECT id FROM traces WHERE experiment_id = :experiment AND timestamp_ms <= :latest
    ORDER BY timestamp_ms, trace_id LIMIT :count"""
)
_DELETES = [
    # Notes of answers: feedback on them has no place any more.
    Statement("DELETE FROM served WHERE trace_id IN (SELECT trace_id FROM traces WHERE id = ANY(:ids)) RETURNING id"),
    *(
        Statement("DELETE FROM $table WHERE $column = ANY(:ids) RETURNING $column", table=table, column=column)
        for table, column in (
            ("spans", "trace_id"),
            ("trace_labels", "trace_id"),
            ("assessments", "trace_id"),
            ("trace_details", "id"),
            ("traces", "id"),
        )
    ),
]
_DELETED_AT_ONCE = 1000
_ALL = 2**62


class SqlTraces(SqlAssessments):
    """The part of a store that keeps what is said of traces."""

    def start_trace(self, info: TraceInfo) -> TraceInfo:
        """Store what is said of a trace, before or after its spans; said again, it is merged into what is there."""
        check_trace_id(info.trace_id)
        check_state(info.state)
        tags, metadata = checked_labels(info.tags, "tag"), checked_labels(info.trace_metadata, "metadata")
        name = checked_name(tags.pop(NAME_TAG, None))
        tags = {key: value for key, value in tags.items() if key not in FIXED_TAGS}
        metadata.pop(FINALIZED, None)
        with self._database.write() as session:
            experiment = self._active_experiment(session, info.experiment_id)[0]
            values = values_of(info, metadata, name)
            number = self._insert(session, values, experiment, tags, metadata)
            if number is None:
                number = self._merge(session, values, experiment, tags, metadata)
            for assessment in info.assessments:
                self._add_given(session, number, info.trace_id, assessment)
            return read_infos(session, [number])[0]

    def _insert(
        self,
        session: Session,
        values: TraceValues,
        experiment: int,
        tags: Mapping[str, str],
        metadata: Mapping[str, str],
    ) -> int | None:
        """Add a trace; None if there is one of that id."""
        row = session.row(ADD_TRACE, values.new_row(experiment, finalized=1, has_spans=0))
        if row is None:
            return None
        number: int = row[0]
        place = Place(number, experiment, values.timestamp)
        details = (encode_labels(tags), encode_labels(metadata), values.request, values.response)
        session.run(ADD_DETAILS, (number, *details))
        add_labels(session, self._label_rows(session, place, values.name, tags, metadata))
        return number

    def _label_rows(
        self, session: Session, place: Place, name: str | None, tags: Mapping[str, str], metadata: Mapping[str, str]
    ) -> list[tuple[Any, ...]]:
        named = tags if name is None else {**tags, NAME_TAG: name}
        rows = label_rows(session, self._keys, place, named, metadata)
        return rows + linked_rows(place, PROMPT, prompt_names(tags.get(LINKED_PROMPTS_TAG)))

    def _merge(
        self,
        session: Session,
        values: TraceValues,
        experiment: int,
        tags: Mapping[str, str],
        metadata: Mapping[str, str],
    ) -> int:
        row = session.row(_FIND, (values.trace_id,))
        if row is None:
            raise InvalidInput(f"The trace {values.trace_id!r} was deleted while it was written.")
        number: int = row[0]
        details = session.row(_DETAILS, (number,))
        assert details is not None
        tags_before, metadata_before = decode_labels(details[0]), decode_labels(details[1])
        all_tags, all_metadata = {**tags_before, **tags}, {**metadata_before, **metadata}
        name = values.name if values.name is not None else row[9]
        place = Place(number, experiment, values.timestamp)
        if (row[2], row[3]) != (experiment, values.timestamp):
            move_labels(session, place)
        before = with_name(tags_before, row[9]), metadata_before
        replace_labels(session, self._keys, place, with_name(all_tags, name), all_metadata, before=before)
        add_labels(session, linked_rows(place, PROMPT, prompt_names(tags.get(LINKED_PROMPTS_TAG))))
        merged = msgspec.structs.replace(values, name=name, sums=sums_of(all_metadata))
        session.run(_UPDATE, (*merged.row(experiment), number))
        request = details[2] if values.request is None else values.request
        response = details[3] if values.response is None else values.response
        session.run(SET_DETAILS, (encode_labels(all_tags), encode_labels(all_metadata), request, response, number))
        return number

    def begin_trace(
        self,
        experiment_id: str,
        *,
        timestamp_ms: int,
        metadata: Mapping[str, str] | None = None,
        tags: Mapping[str, str] | None = None,
    ) -> TraceInfo:
        """Start a trace whose id the store chooses, as clients before version 3 do; its state is IN_PROGRESS."""
        check_integer(timestamp_ms, "timestamp_ms")
        info = trace_info(
            new_trace_id(),
            experiment_id,
            timestamp_ms=timestamp_ms,
            state="IN_PROGRESS",
            tags=dict(tags or {}),
            trace_metadata=dict(metadata or {}),
        )
        return self.start_trace(info)

    def end_trace(
        self,
        trace_id: str,
        *,
        timestamp_ms: int,
        status: TraceState,
        metadata: Mapping[str, str] | None = None,
        tags: Mapping[str, str] | None = None,
    ) -> TraceInfo:
        """End a trace that was begun with begin_trace; metadata and tags are merged into those it has."""
        end = check_integer(timestamp_ms, "timestamp_ms")
        with self._database.write() as session:
            row = self._trace_row(session, trace_id, lock=True)
            info = trace_info(
                trace_id,
                str(row[2]),
                timestamp_ms=row[3],
                execution_time_ms=end - row[3],
                state=check_state(status),
                client_request_id=row[8] or "",
                tags=dict(tags or {}),
                trace_metadata=dict(metadata or {}),
            )
            return self.start_trace(info)

    def get_trace_info(self, trace_id: str) -> TraceInfo:
        """What is said of a trace."""
        with self._database.read() as session:
            return read_infos(session, [self._trace_row(session, trace_id)[0]])[0]

    def get_trace_infos(self, trace_ids: Sequence[str]) -> list[TraceInfo]:
        """What is said of these traces, in this order; those that there are not are left out."""
        with self._database.read() as session:
            return read_infos(session, self._trace_numbers(session, trace_ids))

    def get_traces(self, trace_ids: Sequence[str]) -> list[Trace]:
        """These traces with their spans, in this order; those that there are not are left out."""
        with self._database.read() as session:
            numbers = self._trace_numbers(session, trace_ids)
            infos = read_infos(session, numbers)
            names = {number: info.trace_id for number, info in zip(numbers, infos, strict=True)}
            spans = read_spans(session, numbers, names)
            return [Trace(info, spans.get(number, [])) for number, info in zip(numbers, infos, strict=True)]

    def _trace_numbers(self, session: Session, trace_ids: Sequence[str]) -> list[int]:
        wanted = list(dict.fromkeys(check_trace_id(item) for item in trace_ids))
        found: dict[str, int] = dict(session.rows_of(_NUMBERS, wanted)) if wanted else {}
        return [found[item] for item in wanted if item in found]

    def set_trace_tag(self, trace_id: str, key: str, value: str) -> None:
        """Set or replace a tag of a trace."""
        tags = checked_labels({key: value}, "tag")
        refuse_fixed(key)
        with self._database.write() as session:
            row = self._trace_row(session, trace_id, lock=True)
            place = Place(row[0], row[2], row[3])
            if key == NAME_TAG:
                session.run(_SET_NAME, (checked_name(tags[key]), row[0]))
                before = with_name({}, row[9])
            else:
                before = self._tags_of(session, row[0])
                session.run(_SET_TAGS, (encode_labels({**before, **tags}), row[0]))
            replace_labels(session, self._keys, place, tags, {}, before=(before, {}))
            if key == LINKED_PROMPTS_TAG:
                add_labels(session, linked_rows(place, PROMPT, prompt_names(tags[key])))

    def delete_trace_tag(self, trace_id: str, key: str) -> None:
        """Remove a tag of a trace; NotFound if it is not set."""
        refuse_fixed(key)
        with self._database.write() as session:
            row = self._trace_row(session, trace_id, lock=True)
            tags = with_name(self._tags_of(session, row[0]), row[9])
            if key not in tags:
                raise NotFound(f"The trace {trace_id} has no tag {key!r}.")
            remove_label(session, self._keys, row[0], TAG, key)
            if key == NAME_TAG:
                session.run(_SET_NAME, (None, row[0]))
            else:
                kept = {name: value for name, value in tags.items() if name not in (key, NAME_TAG)}
                session.run(_SET_TAGS, (encode_labels(kept), row[0]))

    def _tags_of(self, session: Session, number: int) -> dict[str, str]:
        details = session.row(_DETAILS, (number,))
        assert details is not None
        return decode_labels(details[0])

    def link_traces_to_run(self, trace_ids: Sequence[str], run_id: str) -> None:
        """Make traces found by ``run_id``; at most 100 in a call. Traces that there are not are left out."""
        if len(trace_ids) > MAX_LINKS:
            raise InvalidInput(f"At most {MAX_LINKS} traces may be linked in a call; got {len(trace_ids)}.")
        with self._database.write() as session:
            self._run_row(session, run_id)
            wanted = [check_trace_id(item) for item in trace_ids]
            places = session.rows_of(_PLACES, wanted) if wanted else []
            add_labels(session, [row for place in places for row in linked_rows(Place(*place), RUN, [run_id])])

    def link_prompts_to_trace(self, trace_id: str, versions: Sequence[PromptVersionRef]) -> None:
        """Make a trace found by the prompt versions that it used."""
        names = [f"{check_text(item.name, 'A prompt name', MAX_PROMPT_NAME)}/{item.version}" for item in versions]
        with self._database.write() as session:
            row = self._trace_row(session, trace_id)
            add_labels(session, linked_rows(Place(row[0], row[2], row[3]), PROMPT, names))

    def delete_traces(
        self,
        experiment_id: str,
        *,
        trace_ids: Sequence[str] = (),
        max_timestamp_ms: int | None = None,
        max_traces: int | None = None,
    ) -> int:
        """Delete traces of an experiment with their spans: these, or those not newer, oldest first; how many."""
        check_deletion(trace_ids, max_timestamp_ms, max_traces)
        with self._database.write() as session:
            experiment = self._experiment_row(session, experiment_id)[0]
            if trace_ids:
                rows = session.rows_of(_PLACES, [check_trace_id(item) for item in trace_ids])
                numbers = [row[0] for row in rows if row[1] == experiment]
            else:
                rows = session.rows(_OLDEST, (experiment, max_timestamp_ms, max_traces or _ALL))
                numbers = [row[0] for row in rows]
            for begin in range(0, len(numbers), _DELETED_AT_ONCE):
                for statement in _DELETES:
                    session.rows_of(statement, numbers[begin : begin + _DELETED_AT_ONCE])
        return len(numbers)
