"""Putting many records into an evaluation dataset at once: what is there already is looked up together, and merged.

A record that a version holds is kept as it was, beside the dataset's records, before it changes or goes
(docs/decisions/0304).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from quire.domain.datasets import USER_TAG, NewRecord, RecordSource, content_number, input_hash
from quire.domain.ids import new_record_id, now_ms
from quire.domain.redaction import redact_value
from quire.store.sql.session import Session
from quire.store.sql.statement import Statement

_AT_ONCE = 500
_SAME = Statement(
    """SELECT id, input_hash, since, inputs, outputs, expectations, tags, last_updated_by FROM evaluation_records
    WHERE dataset_id = :dataset AND input_hash = ANY(:names)"""
)
_COLUMNS = (
    "(record_id, dataset_id, input_hash, created_time, last_update_time, created_by, last_updated_by, inputs, outputs, "
    "expectations, tags, source, since) VALUES (:record, :dataset, :hash, :created, :updated, :by, :last_by, :inputs, "
    ":outputs, :expectations, :tags, :source, :since)"
)
_ADD = Statement("INSERT INTO evaluation_records $columns", columns=_COLUMNS)
# Many at a time, which UPDATE is not: of the row that is given, only what changes is taken.
_CHANGE = Statement(
    """INSERT INTO evaluation_records $columns ON CONFLICT (dataset_id, input_hash) DO UPDATE SET
    last_update_time = excluded.last_update_time, last_updated_by = excluded.last_updated_by,
    outputs = excluded.outputs, expectations = excluded.expectations, tags = excluded.tags, since = excluded.since""",
    columns=_COLUMNS,
)
_KEEP = Statement(
    """INSERT INTO evaluation_record_history (dataset_id, id, since, until, record_id, input_hash, created_time,
    last_update_time, created_by, last_updated_by, inputs, outputs, expectations, tags, source)
    SELECT dataset_id, id, since, :until, record_id, input_hash, created_time, last_update_time, created_by,
    last_updated_by, inputs, outputs, expectations, tags, source FROM evaluation_records WHERE id = ANY(:ids)"""
)
_TEXTS = slice(7, 11)
"""Where a new row has the texts of inputs, outputs, expectations and tags."""


def keep_history(session: Session, versions: int, rows: Sequence[Sequence[Any]]) -> None:
    """Keep records, given as rows of RECORD_COLUMNS, as they are, for the versions that hold them so.

    ``versions`` is the number of the dataset's newest version.
    """
    keep_rows(session, versions, [row[0] for row in rows if row[12] <= versions])


def keep_rows(session: Session, versions: int, ids: Sequence[int]) -> None:
    """Keep the records of these ids, each part of a version, as they are."""
    if ids:
        session.run(_KEEP, (versions, session.listed(ids)))


class _Known(msgspec.Struct):
    """A record that is there: its texts of inputs, outputs, expectations and tags, before and after."""

    id: int
    since: int
    before: tuple[str | None, ...]
    after: list[str | None]
    user: str | None


class Upsert:
    """Records on their way into one dataset; ``added`` and ``removed`` are the numbers of contents that came and went.

    ``touched`` counts the records that are not what they were.
    """

    def __init__(self, session: Session, dataset: int, *, versions: int, empty: bool) -> None:
        self._session, self._dataset, self._versions, self._empty = session, dataset, versions, empty
        self._new: dict[str, list[Any]] = {}
        self._known: dict[str, _Known] = {}
        self.added: list[int] = []
        self.removed: list[int] = []
        self.inserted = self.updated = self.touched = 0
        self.user: str | None = None

    def put(self, records: Sequence[NewRecord]) -> None:
        """Add records, or merge each into the one of its inputs."""
        for start in range(0, len(records), _AT_ONCE):
            self._put(records[start : start + _AT_ONCE])
        self._write_new()
        self._write_changed()

    def _put(self, records: Sequence[NewRecord]) -> None:
        texts = [_hidden(record.inputs) for record in records]
        names = [input_hash(msgspec.json.decode(text)) for text in texts]
        self._look_up(names)
        for record, name, text in zip(records, names, texts, strict=True):
            user = (record.tags or {}).get(USER_TAG)
            self.user = user if isinstance(user, str) else self.user
            if name in self._known:
                self._merge_known(self._known[name], record, user)
            elif name in self._new:
                row = self._new[name]
                row[_TEXTS] = _merged(row[_TEXTS], record)
                self.updated += 1
            else:
                self._add(record, name, text)

    def _look_up(self, names: Sequence[str]) -> None:
        wanted = [name for name in dict.fromkeys(names) if name not in self._known and name not in self._new]
        if self._empty or not wanted:
            return
        for id_, name, since, *texts, user in self._session.rows(_SAME, (self._dataset, self._session.listed(wanted))):
            self._known[name] = _Known(id_, since, tuple(texts), list(texts), user)

    def _add(self, record: NewRecord, name: str, inputs: str) -> None:
        now = now_ms()
        outputs = None if record.outputs is msgspec.UNSET else _hidden(record.outputs)
        source = None if record.source is None else msgspec.json.encode(_standard(record.source)).decode()
        texts = [inputs, outputs, _hidden_or_none(record.expectations), _hidden_or_none(record.tags), source]
        known_by = [new_record_id(), self._dataset, name]
        self._new[name] = [*known_by, now, now, self.user, self.user, *texts, self._versions + 1]
        self.inserted += 1

    def _merge_known(self, known: _Known, record: NewRecord, user: Any) -> None:
        known.after = _merged(known.after, record)
        known.user = user if isinstance(user, str) else known.user
        self.updated += 1

    def _write_new(self) -> None:
        rows = list(self._new.values())
        self.added += [number_of(row[7:10]) for row in rows]
        self.touched += len(rows)
        self._session.insert(_ADD, rows)
        self._session.has_grown("evaluation_records", len(rows))

    def _write_changed(self) -> None:
        changed = {name: item for name, item in self._known.items() if tuple(item.after) != item.before}
        kept = [item.id for item in changed.values() if item.since <= self._versions]
        keep_rows(self._session, self._versions, kept)
        self._session.has_grown("evaluation_record_history", len(kept))
        self._session.insert(_CHANGE, [self._changed(name, item) for name, item in changed.items()])
        self.removed += [number_of(item.before[:3]) for item in changed.values()]
        self.added += [number_of(item.after[:3]) for item in changed.values()]
        self.touched += len(changed)

    def _changed(self, name: str, item: _Known) -> list[Any]:
        now = now_ms()
        known_by = [new_record_id(), self._dataset, name, now, now, item.user, item.user]
        return [*known_by, *item.after, None, self._versions + 1]


def _merged(values: Sequence[str | None], record: NewRecord) -> list[str | None]:
    """The texts of inputs, outputs, expectations and tags of a record with what another of its inputs says."""
    inputs, outputs, expectations, tags = values
    if record.outputs is not msgspec.UNSET:
        outputs = _hidden(record.outputs) if record.outputs is not None else None
    return [inputs, outputs, _with(expectations, record.expectations), _with(tags, record.tags)]


def _with(text: str | None, more: dict[str, Any] | None) -> str | None:
    if not more:
        return text
    before = msgspec.json.decode(text) if text else {}
    return _hidden({**before, **more})


def number_of(texts: Sequence[str | None]) -> int:
    """The number that stands for a record's content, from its texts of inputs, outputs and expectations."""
    return content_number(*(None if text is None else msgspec.json.decode(text) for text in texts))


def _hidden(value: Any) -> str:
    """A value as JSON text, without what cannot or must not be stored."""
    return msgspec.json.encode(redact_value(value)).decode().replace("\\u0000", "")


def _hidden_or_none(value: Any) -> str | None:
    return _hidden(value) if value else None


def _standard(source: RecordSource) -> RecordSource:
    return RecordSource(source.source_type.upper(), source.source_data)
