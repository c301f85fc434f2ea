"""The journal of a batch: every finished request on disk before it is handed over, so that a batch can resume.

A request is known by its content (task and body, model and parameters included) and its position. On resume it is
answered from the entry of the same content at the same position, else from one of the same content elsewhere; so
rows may be inserted, removed or moved between the two runs and nothing finished is paid for again. Each entry
answers one request: of two rows that ask the same, both are asked. (A request of many inputs is one entry: a row
inserted before it makes it another request.)

The file is SQLite: a torn write cannot hurt it, its index stays on disk however large it grows, and it is locked
against a second process.
"""

from __future__ import annotations

import contextlib
import hashlib
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Protocol

import msgspec

from quire.domain.calls import Answer, Call, Usage, model_name
from quire.domain.errors import AlreadyExists, InvalidInput, InvalidState, PermissionDenied, QuireError, Unavailable

FORMAT = "quire-journal-1"
_APPLICATION_ID = 0x51756A31
"""``Quj1``: marks the file as a journal, so that no other SQLite file is taken for one."""

_SCHEMA = f"""
BEGIN IMMEDIATE;
PRAGMA application_id = {_APPLICATION_ID};
CREATE TABLE IF NOT EXISTS header (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS answers (
  content BLOB NOT NULL,
  position INTEGER NOT NULL,
  model TEXT NOT NULL,
  input_tokens INTEGER NOT NULL,
  output_tokens INTEGER NOT NULL,
  cached_input_tokens INTEGER NOT NULL,
  reasoning_tokens INTEGER NOT NULL,
  latency REAL NOT NULL,
  attempts INTEGER NOT NULL,
  response BLOB NOT NULL,
  UNIQUE (content, position)
);
COMMIT;
"""
_RECORDED = """
SELECT rowid, input_tokens, output_tokens, cached_input_tokens, reasoning_tokens, latency, attempts, response
FROM answers WHERE content = ? AND position = ?
"""
_ELSEWHERE = """
SELECT rowid, position FROM answers WHERE content = ? AND position > ? AND rowid <= ? ORDER BY position
"""
_SPENT = """
SELECT model, total(input_tokens), total(output_tokens), total(cached_input_tokens), total(reasoning_tokens)
FROM answers GROUP BY model
"""

Keyed = tuple[bytes, int, Call]
"""A call with its content key and its position."""


class Kept(Protocol):
    """Answers that are on disk before they are handed over, and are not paid for again: a journal, a cache."""

    def spent(self) -> dict[str, Usage]:
        """The tokens, by model, that count against the batch's spend limit before it begins."""

    def replay(self, calls: Sequence[Keyed]) -> Sequence[Answer | None]:
        """The answer that is there for each call, marked as replayed; None for one that must be asked."""

    def write(self, entries: Sequence[tuple[bytes, int, Answer]]) -> None:
        """Keep answers, each with the content key and the position of its call."""


class Journal:
    """A file of finished requests. ``fingerprint`` names what was asked (model and parameters).

    Raises AlreadyExists if ``resume`` is false and the file has entries, InvalidState if it belongs to another
    model or parameters or is in use, InvalidInput if it is not a journal, PermissionDenied if it cannot be opened.
    """

    def __init__(self, path: str | Path, fingerprint: str = "", *, resume: bool = True) -> None:
        self.path = Path(path)
        self._lock = threading.RLock()
        self._database = self._open()
        try:
            with self._explained():
                self._check_header(fingerprint)
                self.entries_before, self._last_before = self._count()
            self._claimed = bytearray(self._last_before // 8 + 1)
            self._passed: dict[bytes, int] = {}
            if self.entries_before and not resume:
                raise AlreadyExists(
                    f"The journal {self.path} holds {self.entries_before} finished requests of an earlier run. Pass "
                    "resume=True to go on from them, or delete the file to start over."
                )
        except BaseException:
            self.close()
            raise

    def _open(self) -> sqlite3.Connection:
        with self._explained():
            database = sqlite3.connect(self.path, isolation_level=None, check_same_thread=False, timeout=0.2)
        try:
            with self._explained():
                database.execute("PRAGMA locking_mode=EXCLUSIVE")
                self._refuse_another_database(database)
                database.execute("PRAGMA journal_mode=WAL")
                database.execute("PRAGMA synchronous=NORMAL")
                database.executescript(_SCHEMA)
        except BaseException:
            database.close()
            raise
        return database

    def _refuse_another_database(self, database: sqlite3.Connection) -> None:
        (mark,) = database.execute("PRAGMA application_id").fetchone()
        (tables,) = database.execute("SELECT count(*) FROM sqlite_master").fetchone()
        if tables and mark != _APPLICATION_ID:
            raise InvalidInput(
                f"{self.path} is a SQLite database and not a journal; it was left as it is. Name another file."
            )

    def _check_header(self, fingerprint: str) -> None:
        header = dict(self._database.execute("SELECT key, value FROM header"))
        if not header:
            rows = [("format", FORMAT), ("fingerprint", fingerprint)]
            with self._transaction():
                self._database.executemany("INSERT INTO header VALUES (?, ?)", rows)
            return
        if header.get("format") != FORMAT:
            raise InvalidInput(f"{self.path} is a journal of the format {header.get('format')!r}; expected {FORMAT!r}.")
        if fingerprint and header.get("fingerprint") not in ("", fingerprint):
            raise InvalidState(
                f"The journal {self.path} belongs to another model or other parameters, so its answers do not hold "
                "for this batch. Name another file, or delete this one to start over."
            )

    def _count(self) -> tuple[int, int]:
        count, last = self._database.execute("SELECT count(*), coalesce(max(rowid), 0) FROM answers").fetchone()
        return int(count), int(last)

    def spent(self) -> dict[str, Usage]:
        """The tokens of all entries, by model."""
        with self._explained():
            return {model: Usage(*map(int, totals)) for model, *totals in self._database.execute(_SPENT)}

    def replay(self, calls: Sequence[Keyed]) -> list[Answer | None]:
        """The recorded answer for each call, marked as replayed; None for one that must be asked.

        An entry found at another position is moved to the call's, so that it answers no second one.
        """
        if not self.entries_before:
            return [None] * len(calls)
        with self._explained(), self._transaction():
            return [self._find(*keyed) for keyed in calls]

    def _find(self, content: bytes, position: int, call: Call) -> Answer | None:
        row = self._database.execute(_RECORDED, (content, position)).fetchone()
        if row is None:
            adopted = self._unclaimed(content)
            if adopted is None:
                return None
            self._database.execute("UPDATE answers SET position = ? WHERE rowid = ?", (position, adopted))
            row = self._database.execute(_RECORDED, (content, position)).fetchone()
        rowid, *recorded = row
        self._claimed[rowid >> 3] |= 1 << (rowid & 7)
        return _answer(call, *recorded)

    def _unclaimed(self, content: bytes) -> int | None:
        """An entry of an earlier run that answers this content and no call of this run yet."""
        seen = self._passed.get(content, -1)
        entries = self._database.execute(_ELSEWHERE, (content, seen, self._last_before))
        for rowid, position in entries:
            if not self._claimed[rowid >> 3] & 1 << (rowid & 7):
                if entries.fetchone() is not None:
                    self._passed[content] = position
                return int(rowid)
        return None

    def write(self, entries: Sequence[tuple[bytes, int, Answer]]) -> None:
        """Record finished requests in one transaction; they survive a killed process once this returns.

        Raises Unavailable if the disk is full; what was recorded before stays.
        """
        rows = [_row(content, position, answer) for content, position, answer in entries]
        with self._explained(), self._transaction():
            self._database.executemany("INSERT OR REPLACE INTO answers VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", rows)

    def close(self) -> None:
        """Release the file and its lock, once what is being written is written."""
        with self._lock:
            self._database.close()

    def delete(self) -> None:
        """Close and remove the file."""
        self.close()
        for suffix in ("", "-wal", "-shm"):
            Path(f"{self.path}{suffix}").unlink(missing_ok=True)

    def __enter__(self) -> Journal:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[None]:
        """One transaction; the lock keeps another thread from closing the database in the middle of it."""
        with self._lock:
            self._database.execute("BEGIN")
            try:
                yield
                self._database.execute("COMMIT")
            except BaseException:
                if self._database.in_transaction:
                    self._database.execute("ROLLBACK")
                raise

    @contextlib.contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise _explain(error, self.path) from error


_encode_key = msgspec.json.Encoder(order="deterministic").encode
_encode = msgspec.json.Encoder().encode


def content_key(call: Call) -> bytes:
    """16 bytes that name a call's content: BLAKE2b over its task and body."""
    return hashlib.blake2b(_encode_key([call.task, call.body]), digest_size=16).digest()


def _row(content: bytes, position: int, answer: Answer) -> tuple[bytes | str | int | float, ...]:
    usage = msgspec.structs.astuple(answer.usage)
    return (
        content,
        position,
        model_name(answer.call),
        *usage,
        answer.latency,
        answer.attempts,
        _encode(answer.response),
    )


def _answer(
    call: Call,
    input_tokens: int,
    output_tokens: int,
    cached: int,
    reasoning: int,
    latency: float,
    attempts: int,
    response: bytes,
) -> Answer:
    usage = Usage(input_tokens, output_tokens, cached, reasoning)
    return Answer(call, msgspec.json.decode(response), usage, latency, attempts, replayed=True)


def _explain(error: sqlite3.Error, path: Path) -> QuireError:
    text = str(error)
    if "locked" in text or "busy" in text:
        return InvalidState(
            f"The journal {path} is in use by another process. Wait for it to end, or name another file."
        )
    if "full" in text or "disk I/O" in text:
        return Unavailable(
            f"The journal {path} cannot be written: {text}. Every row finished before is kept; make room and run "
            "again with the same journal to go on."
        )
    if "unable to open" in text or "readonly" in text:
        return PermissionDenied(f"The journal {path} cannot be opened for writing; name a file in a writable folder.")
    if "closed database" in text:
        return InvalidState(f"The journal {path} is closed; open it again to go on.")
    return InvalidInput(f"{path} is not a journal that Quire can read ({text}). Name another file, or delete it.")
