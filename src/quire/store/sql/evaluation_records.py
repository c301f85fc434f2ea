"""The records of evaluation datasets in SQL: one for each different inputs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from quire.domain.datasets import (
    USER_TAG,
    DatasetRecord,
    NewRecord,
    RecordSource,
    Upserted,
    add_content,
    check_record,
    content_number,
    input_hash,
    merged_schema,
)
from quire.domain.ids import new_record_id, now_ms
from quire.domain.names import check_page_size
from quire.domain.paging import Page, decode_token, encode_token
from quire.domain.redaction import redact_value
from quire.store.sql.evaluation_datasets import SqlEvaluationDatasets
from quire.store.sql.session import Session
from quire.store.sql.statement import Statement

MAX_PAGE = 50_000
_COLUMNS = (
    "id, record_id, input_hash, created_time, last_update_time, created_by, last_updated_by, inputs, outputs, "
    "expectations, tags, source"
)
_SAME = Statement(
    "SELECT $columns FROM evaluation_records WHERE dataset_id = :dataset AND input_hash = :hash", columns=_COLUMNS
)
_ADD = Statement(
    """INSERT INTO evaluation_records (record_id, dataset_id, input_hash, created_time, last_update_time, created_by,
    last_updated_by, inputs, outputs, expectations, tags, source) VALUES (:record, :dataset, :hash, :created, :updated,
    :by, :last_by, :inputs, :outputs, :expectations, :tags, :source)"""
)
_UPDATE = Statement(
    """UPDATE evaluation_records SET last_update_time = :updated, last_updated_by = :by, outputs = :outputs,
    expectations = :expectations, tags = :tags WHERE id = :id"""
)
_PAGE = Statement(
    """SELECT $columns FROM evaluation_records WHERE dataset_id = :dataset AND id > :after
    ORDER BY id LIMIT :count""",
    columns=_COLUMNS,
)
_NAMED = Statement(
    "SELECT $columns, dataset_id FROM evaluation_records WHERE record_id = ANY(:names)", columns=_COLUMNS
)
_DELETE = Statement("DELETE FROM evaluation_records WHERE id = :id")
_SUM_UP = Statement(
    """UPDATE evaluation_datasets SET digest = :digest, records = :records, last_update_time = :now,
    last_updated_by = :by, schema = :schema WHERE id = :id"""
)


class SqlDatasets(SqlEvaluationDatasets):
    """The part of a store that keeps evaluation datasets with their records."""

    def upsert_records(self, dataset_id: str, records: Sequence[NewRecord]) -> Upserted:
        """Add records; one whose inputs are there already is merged into that one."""
        for place, record in enumerate(records, 1):
            check_record(record, place)
        with self._database.write() as session:
            row = self._dataset_row(session, dataset_id, lock=True)
            work = _Upsert(session, row[0])
            for record in records:
                work.put(record)
            work.flush()
            self._sum_up(
                session, row, work.added, work.removed, work.inserted, merged_schema(row[9], records), work.user
            )
        return Upserted(work.inserted, work.updated)

    def _sum_up(
        self,
        session: Session,
        row: Sequence[Any],
        added: Sequence[int],
        removed: Sequence[int],
        count: int,
        schema: str | None,
        user: str | None,
    ) -> None:
        digest = add_content(row[3], added, removed)
        session.run(_SUM_UP, (digest, row[4] + count, now_ms(), user or row[8], schema, row[0]))

    def get_records(
        self, dataset_id: str, *, max_results: int = 1000, page_token: str | None = None
    ) -> Page[DatasetRecord]:
        """The records of a dataset, in the order in which they came."""
        check_page_size(max_results, MAX_PAGE)
        scope = ["evaluation records", dataset_id]
        (last,) = decode_token(page_token, scope) if page_token else (0,)
        with self._database.read() as session:
            dataset = self._dataset_row(session, dataset_id)[0]
            rows = session.rows(_PAGE, (dataset, last, max_results + 1))
        token = encode_token([rows[max_results - 1][0]], scope) if len(rows) > max_results else None
        return Page([_record(row, dataset_id) for row in rows[:max_results]], token)

    def delete_records(self, dataset_id: str, record_ids: Sequence[str]) -> int:
        """Delete records of a dataset; how many there were."""
        with self._database.write() as session:
            row = self._dataset_row(session, dataset_id, lock=True)
            found = session.rows_of(_NAMED, list(record_ids)) if record_ids else []
            own = [item for item in found if item[-1] == row[0]]
            for item in own:
                session.run(_DELETE, (item[0],))
            if own:
                self._sum_up(session, row, [], [_number_of(item[7:10]) for item in own], -len(own), row[9], None)
        return len(own)


class _Upsert:
    """Records on their way into one dataset; new ones are stored together."""

    def __init__(self, session: Session, dataset: int) -> None:
        self._session, self._dataset = session, dataset
        self._new: dict[str, list[Any]] = {}
        self.added: list[int] = []
        self.removed: list[int] = []
        self.inserted = self.updated = 0
        self.user: str | None = None

    def put(self, record: NewRecord) -> None:
        """Add a record, or merge it into the one of its inputs."""
        user = (record.tags or {}).get(USER_TAG)
        self.user = user if isinstance(user, str) else self.user
        inputs = _hidden(record.inputs)
        name = input_hash(msgspec.json.decode(inputs))
        if name in self._new:
            _merge_into(self._new[name], record)
            self.updated += 1
            return
        row = self._session.row(_SAME, (self._dataset, name))
        if row is None:
            self._add(record, name, inputs)
        else:
            self._update(row, record)

    def _add(self, record: NewRecord, name: str, inputs: str) -> None:
        now = now_ms()
        outputs = None if record.outputs is msgspec.UNSET else _hidden(record.outputs)
        source = None if record.source is None else msgspec.json.encode(_standard(record.source)).decode()
        texts = [inputs, outputs, _hidden_or_none(record.expectations), _hidden_or_none(record.tags), source]
        self._new[name] = [new_record_id(), self._dataset, name, now, now, self.user, self.user, *texts]
        self.inserted += 1

    def _update(self, row: Sequence[Any], record: NewRecord) -> None:
        self.removed.append(_number_of(row[7:10]))
        values = [*row[7:11]]
        _merge(values, record)
        self.added.append(_number_of(values[:3]))
        user = (record.tags or {}).get(USER_TAG, row[6])
        self._session.run(_UPDATE, (now_ms(), user, values[1], values[2], values[3], row[0]))
        self.updated += 1

    def flush(self) -> None:
        """Store what is new."""
        rows = list(self._new.values())
        self.added += [_number_of(row[7:10]) for row in rows]
        self._session.insert(_ADD, rows)


def _merge_into(row: list[Any], record: NewRecord) -> None:
    values = row[7:11]
    _merge(values, record)
    row[7:11] = values


def _merge(values: list[Any], record: NewRecord) -> None:
    """``values`` are the JSON texts of inputs, outputs, expectations and tags."""
    if record.outputs is not msgspec.UNSET:
        values[1] = _hidden(record.outputs) if record.outputs is not None else None
    for index, more in ((2, record.expectations), (3, record.tags)):
        if more:
            before = msgspec.json.decode(values[index]) if values[index] else {}
            values[index] = _hidden({**before, **more})


def _hidden(value: Any) -> str:
    """A value as JSON text, without what cannot or must not be stored."""
    return msgspec.json.encode(redact_value(value)).decode().replace("\\u0000", "")


def _hidden_or_none(value: Any) -> str | None:
    return _hidden(value) if value else None


def _standard(source: RecordSource) -> RecordSource:
    return RecordSource(source.source_type.upper(), source.source_data)


def _number_of(texts: Sequence[str | None]) -> int:
    return content_number(*(None if text is None else msgspec.json.decode(text) for text in texts))


def _decoded(text: str | None) -> Any:
    return None if text is None else msgspec.json.decode(text)


def _record(row: Sequence[Any], dataset_id: str) -> DatasetRecord:
    source = None if row[11] is None else msgspec.json.decode(row[11], type=RecordSource)
    trace = source.source_data.get("trace_id") if source is not None else None
    return DatasetRecord(
        dataset_record_id=row[1],
        dataset_id=dataset_id,
        created_time=row[3],
        last_update_time=row[4],
        created_by=row[5],
        last_updated_by=row[6],
        inputs=_decoded(row[7]),
        outputs=_decoded(row[8]),
        expectations=_decoded(row[9]),
        tags=_decoded(row[10]),
        source=source,
        source_id=trace if isinstance(trace, str) else None,
        source_type=source.source_type if source is not None else None,
    )
