"""The journal of a batch: every finished row on disk before it is handed over, so that a batch can resume.

A row is known by the content of its request (task and body, model and parameters included) and its position.
On resume, a row is answered from the entry of the same content at the same position, else from one of the same
content elsewhere; so rows may be inserted, removed or moved between the two runs and nothing finished is paid for
again. The file is SQLite: a torn write cannot hurt it, its index stays on disk however large
it grows, and it can be locked against a second process.
"""

from __future__ import annotations

import hashlib
import sqlite3
from pathlib import Path
from typing import Any

import msgspec

from quire.domain.calls import Answer, Call, Usage
from quire.domain.errors import AlreadyExists, InvalidInput, InvalidState, PermissionDenied, Unavailable

FORMAT = "quire-journal-1"

_SCHEMA = """
CREATE TABLE IF NOT EXISTS header (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS answers (
  content BLOB NOT NULL,
  position INTEGER NOT NULL,
  payload BLOB NOT NULL,
  PRIMARY KEY (content, position)
) WITHOUT ROWID;
"""


class _Entry(msgspec.Struct, array_like=True):
    response: msgspec.Raw
    input_tokens: int
    output_tokens: int
    cached_input_tokens: int
    reasoning_tokens: int
    latency: float
    attempts: int


_encode_key = msgspec.json.Encoder(order="deterministic").encode
_decode_entry = msgspec.json.Decoder(_Entry).decode


class Journal:
    """A file of finished rows. ``fingerprint`` names what was asked (model and parameters).

    Raises AlreadyExists if ``resume`` is false and the file has entries, InvalidState if it belongs to another
    model or parameters or is in use by another process, InvalidInput if it is not a journal.
    """

    def __init__(self, path: str | Path, fingerprint: str = "", *, resume: bool = True) -> None:
        self.path = Path(path)
        self._adopted: dict[bytes, set[int]] = {}
        self._database = self._open()
        try:
            self._check_header(fingerprint)
            self.entries_before = self._count()
            if self.entries_before and not resume:
                raise AlreadyExists(
                    f"The journal {self.path} holds {self.entries_before} finished rows of an earlier run. Pass "
                    "resume=True to go on from them, or delete the file to start over."
                )
        except BaseException:
            self.close()
            raise

    def _open(self) -> sqlite3.Connection:
        try:
            database = sqlite3.connect(self.path, isolation_level=None, check_same_thread=False, timeout=0.2)
            database.execute("PRAGMA locking_mode=EXCLUSIVE")
            database.execute("PRAGMA journal_mode=WAL")
            database.execute("PRAGMA synchronous=NORMAL")
            database.executescript(_SCHEMA)
            database.execute("BEGIN IMMEDIATE")
            database.execute("COMMIT")
        except sqlite3.DatabaseError as error:
            raise _explain(error, self.path) from error
        return database

    def _check_header(self, fingerprint: str) -> None:
        header = dict(self._database.execute("SELECT key, value FROM header"))
        if not header:
            rows = [("format", FORMAT), ("fingerprint", fingerprint)]
            self._database.executemany("INSERT INTO header VALUES (?, ?)", rows)
            return
        if header.get("format") != FORMAT:
            raise InvalidInput(f"{self.path} is a journal of the format {header.get('format')!r}; expected {FORMAT!r}.")
        if fingerprint and header.get("fingerprint") not in ("", fingerprint):
            raise InvalidState(
                f"The journal {self.path} belongs to another model or other parameters, so its answers do not hold "
                "for this batch. Name another file, or delete this one to start over."
            )

    def _count(self) -> int:
        (count,) = self._database.execute("SELECT count(*) FROM answers").fetchone()
        return int(count)

    def find(self, content: bytes, position: int, call: Call) -> Answer | None:
        """The recorded answer for a call of this content at this position, marked as replayed."""
        if not self.entries_before:
            return None
        rows = self._database.execute(
            "SELECT position, payload FROM answers WHERE content = ? ORDER BY position = ? DESC, position",
            (content, position),
        )
        for recorded_at, payload in rows:
            if recorded_at == position:
                return _answer(call, payload)
            if recorded_at not in self._adopted.setdefault(content, set()):
                self._adopted[content].add(recorded_at)
                return _answer(call, payload)
        return None

    def write(self, entries: list[tuple[bytes, int, Answer]]) -> None:
        """Record finished calls in one transaction; they survive a killed process once this returns.

        Raises Unavailable if the disk is full; what was recorded before stays.
        """
        rows = [(content, position, _payload(answer)) for content, position, answer in entries]
        try:
            self._database.execute("BEGIN IMMEDIATE")
            self._database.executemany("INSERT OR REPLACE INTO answers VALUES (?, ?, ?)", rows)
            self._database.execute("COMMIT")
        except sqlite3.DatabaseError as error:
            if self._database.in_transaction:
                self._database.execute("ROLLBACK")
            raise _explain(error, self.path) from error

    def close(self) -> None:
        """Release the file and its lock."""
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


def content_key(call: Call) -> bytes:
    """16 bytes that name a call's content: BLAKE2b over its task and body."""
    return hashlib.blake2b(_encode_key([call.task, call.body]), digest_size=16).digest()


def _payload(answer: Answer) -> bytes:
    usage = answer.usage
    record: list[Any] = [
        answer.response,
        usage.input_tokens,
        usage.output_tokens,
        usage.cached_input_tokens,
        usage.reasoning_tokens,
        answer.latency,
        answer.attempts,
    ]
    return msgspec.json.encode(record)


def _answer(call: Call, payload: bytes) -> Answer:
    entry = _decode_entry(payload)
    usage = Usage(entry.input_tokens, entry.output_tokens, entry.cached_input_tokens, entry.reasoning_tokens)
    response = msgspec.json.decode(entry.response)
    return Answer(call, response, usage, entry.latency, entry.attempts, replayed=True)


def _explain(error: sqlite3.DatabaseError, path: Path) -> Exception:
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
    return InvalidInput(f"{path} is not a journal that Quire can read ({text}). Name another file, or delete it.")
