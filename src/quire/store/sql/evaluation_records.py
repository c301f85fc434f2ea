"""The records of evaluation datasets in SQL: one for each different inputs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from quire.domain.datasets import (
    DatasetRecord,
    NewRecord,
    RecordSource,
    Upserted,
    add_content,
    check_record,
    merged_schema,
)
from quire.domain.ids import now_ms
from quire.store.sql.evaluation_datasets import SqlEvaluationDatasets
from quire.store.sql.evaluation_upsert import Upsert, keep_history, number_of
from quire.store.sql.session import Session
from quire.store.sql.statement import Statement

RECORD_COLUMNS = (
    "id, record_id, input_hash, created_time, last_update_time, created_by, last_updated_by, inputs, outputs, "
    "expectations, tags, source, since"
)
_NAMED = Statement(
    "SELECT $columns, dataset_id FROM evaluation_records WHERE record_id = ANY(:names)", columns=RECORD_COLUMNS
)
_DELETE = Statement("DELETE FROM evaluation_records WHERE id = ANY(:ids)")
_SUM_UP = Statement(
    """UPDATE evaluation_datasets SET digest = :digest, records = :records, last_update_time = :now,
    last_updated_by = :by, schema = :schema, changed = CASE WHEN :touched > 0 THEN 1 ELSE changed END WHERE id = :id"""
)


class SqlDatasetRecords(SqlEvaluationDatasets):
    """The part of a store that changes the records of evaluation datasets."""

    def upsert_records(self, dataset_id: str, records: Sequence[NewRecord]) -> Upserted:
        """Add records; one whose inputs are there already is merged into that one."""
        for place, record in enumerate(records, 1):
            check_record(record, place)
        with self._database.write() as session:
            row = self._dataset_row(session, dataset_id, lock=True)
            work = Upsert(session, row[0], versions=row[10], empty=row[4] == 0)
            work.put(records)
            schema = merged_schema(row[9], records)
            self._sum_up(session, row, work.added, work.removed, work.inserted, schema, work.user, work.touched)
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
        touched: int,
    ) -> None:
        digest = add_content(row[3], added, removed)
        session.run(_SUM_UP, (digest, row[4] + count, now_ms(), user or row[8], schema, touched, row[0]))

    def delete_records(self, dataset_id: str, record_ids: Sequence[str]) -> int:
        """Delete records of a dataset; how many there were. Versions keep those that they hold."""
        with self._database.write() as session:
            row = self._dataset_row(session, dataset_id, lock=True)
            found = session.rows_of(_NAMED, list(record_ids)) if record_ids else []
            own = [item for item in found if item[-1] == row[0]]
            if own:
                keep_history(session, row[10], own)
                session.run(_DELETE, (session.listed([item[0] for item in own]),))
                removed = [number_of(item[7:10]) for item in own]
                self._sum_up(session, row, [], removed, -len(own), row[9], None, len(own))
        return len(own)


def read_record(row: Sequence[Any], dataset_id: str) -> DatasetRecord:
    """A record as its row (RECORD_COLUMNS) has it."""
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


def _decoded(text: str | None) -> Any:
    return None if text is None else msgspec.json.decode(text)
