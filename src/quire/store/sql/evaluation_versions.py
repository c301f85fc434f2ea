"""Versions of evaluation datasets in SQL: naming a state costs one row, and each record is kept once while it is so.

A record has the first version that holds it as it is. When it changes, and a version holds it, it is first copied to
the history, with the last version that does. A version is read from both, in the order of the records.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from quire.domain.datasets import DatasetRecord, DatasetVersion
from quire.domain.errors import NotFound
from quire.domain.ids import now_ms
from quire.domain.names import check_page_size
from quire.domain.paging import Page, decode_token, encode_token
from quire.store.sql.evaluation_records import RECORD_COLUMNS, SqlDatasetRecords, read_record
from quire.store.sql.session import Session
from quire.store.sql.statement import Statement

MAX_PAGE = 50_000
_VERSION_COLUMNS = "version, digest, records, created_time, created_by, schema"
_ADD = Statement(
    """INSERT INTO evaluation_dataset_versions (dataset_id, version, digest, records, created_time, created_by, schema)
    VALUES (:dataset, :version, :digest, :records, :created, :by, :schema)"""
)
_SET = Statement("UPDATE evaluation_datasets SET versions = :version, changed = 0 WHERE id = :id")
_GET = Statement(
    "SELECT $columns FROM evaluation_dataset_versions WHERE dataset_id = :dataset AND version = :version",
    columns=_VERSION_COLUMNS,
)
_LIST = Statement(
    """SELECT $columns FROM evaluation_dataset_versions WHERE dataset_id = :dataset AND version < :before
    AND digest >= :least AND digest < :most ORDER BY version DESC LIMIT :count""",
    columns=_VERSION_COLUMNS,
)
_PAGE = Statement(
    """SELECT $columns FROM evaluation_records WHERE dataset_id = :dataset AND id > :after
    ORDER BY id LIMIT :count""",
    columns=RECORD_COLUMNS,
)
# The records up to a place that the present ones give: however many of them are newer, each is passed by once.
_NEXT = Statement(
    """SELECT max(id), count(*) FROM (SELECT id FROM evaluation_records WHERE dataset_id = :dataset AND id > :after
    ORDER BY id LIMIT :count) AS following"""
)
_PART_OF_VERSION = Statement(
    """SELECT * FROM (SELECT $columns FROM evaluation_records
    WHERE dataset_id = :dataset AND id > :after AND id <= :upto AND since <= :version
    ORDER BY id LIMIT :count) AS present
    UNION ALL SELECT * FROM (SELECT $columns FROM evaluation_record_history
    WHERE dataset_id = :of_dataset AND id > :beyond AND id <= :until AND since <= :number AND until >= :least
    ORDER BY id LIMIT :most) AS past
    ORDER BY id LIMIT :total""",
    columns=RECORD_COLUMNS,
)
_LAST_ID = 2**63 - 1
_NO_VERSION = 2**62


class SqlDatasets(SqlDatasetRecords):
    """The part of a store that keeps evaluation datasets, with their records as they are and as they were."""

    keeps_dataset_versions = True

    def name_version(self, dataset_id: str) -> DatasetVersion:
        """Make the present state of a dataset a version; the newest one if nothing has changed since."""
        with self._database.read() as session:
            row = self._dataset_row(session, dataset_id)
            if not row[11]:
                return _version(session, row, row[10])
        with self._database.write() as session:
            row = self._dataset_row(session, dataset_id, lock=True)
            if not row[11]:
                return _version(session, row, row[10])
            number = row[10] + 1
            session.run(_ADD, (row[0], number, row[3], row[4], now_ms(), row[8], row[9]))
            session.run(_SET, (number, row[0]))
            return _version(session, row, number)

    def get_dataset_version(self, dataset_id: str, version: int) -> DatasetVersion:
        """One version. Raises NotFound, naming the newest."""
        with self._database.read() as session:
            return _version(session, self._dataset_row(session, dataset_id), version)

    def search_dataset_versions(
        self, dataset_id: str, *, digest: str = "", max_results: int = 1000, page_token: str | None = None
    ) -> Page[DatasetVersion]:
        """The versions of a dataset whose digest begins so, newest first."""
        check_page_size(max_results, MAX_PAGE)
        scope = ["dataset versions", dataset_id, digest]
        (before,) = decode_token(page_token, scope) if page_token else (_NO_VERSION,)
        with self._database.read() as session:
            dataset = self._dataset_row(session, dataset_id)[0]
            rows = session.rows(_LIST, (dataset, before, digest, f"{digest}g", max_results + 1))
        token = encode_token([rows[max_results - 1][0]], scope) if len(rows) > max_results else None
        return Page([_read_version(row, dataset_id) for row in rows[:max_results]], token)

    def get_records(
        self,
        dataset_id: str,
        *,
        version: int | None = None,
        max_results: int = 1000,
        page_token: str | None = None,
    ) -> Page[DatasetRecord]:
        """The records of a dataset, or of one of its versions, in the order in which they came."""
        check_page_size(max_results, MAX_PAGE)
        scope = ["evaluation records", dataset_id] + ([] if version is None else [version])
        (last,) = decode_token(page_token, scope) if page_token else (0,)
        with self._database.read() as session:
            row = self._dataset_row(session, dataset_id)
            rows = _page(session, row, version, last, max_results + 1)
        token = encode_token([rows[max_results - 1][0]], scope) if len(rows) > max_results else None
        return Page([read_record(item, dataset_id) for item in rows[:max_results]], token)


def _page(session: Session, row: Sequence[Any], version: int | None, after: int, count: int) -> list[tuple[Any, ...]]:
    if version is None:
        return session.rows(_PAGE, (row[0], after, count))
    _check_number(row, version)
    found: list[tuple[Any, ...]] = []
    while len(found) < count:
        upto = _following(session, row[0], after, count)
        place = (row[0], after, upto, version)
        wanted = count - len(found)
        found += session.rows(_PART_OF_VERSION, (*place, wanted, *place, version, wanted, wanted))
        if upto == _LAST_ID:
            break
        after = upto
    return found


def _following(session: Session, dataset: int, after: int, count: int) -> int:
    """The place of the present record that is so many places further; the last there can be if there are fewer."""
    row = session.row(_NEXT, (dataset, after, count))
    assert row is not None
    return int(row[0]) if row[1] == count else _LAST_ID


def _version(session: Session, row: Sequence[Any], version: int) -> DatasetVersion:
    found = session.row(_GET, (row[0], version)) if 0 < version < _NO_VERSION else None
    if found is None:
        _check_number(row, version)
        raise NotFound(f"The evaluation dataset {row[2]!r} has no version {version}.")
    return _read_version(found, row[1])


def _check_number(row: Sequence[Any], version: int) -> None:
    if not 1 <= version <= row[10]:
        known = f"its versions are 1 to {row[10]}" if row[10] else "no state of it has been named yet"
        raise NotFound(f"The evaluation dataset {row[2]!r} has no version {version}; {known}.")


def _read_version(row: Sequence[Any], dataset_id: str) -> DatasetVersion:
    version, digest, records, created_time, created_by, schema = row
    return DatasetVersion(
        dataset_id=dataset_id,
        version=version,
        digest=digest,
        records=records,
        created_time=created_time,
        created_by=created_by,
        schema=schema,
    )
