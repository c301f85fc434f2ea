"""Answers kept between evaluations: what was paid for once is not paid for again, by this process or another.

An answer is known by what was asked (the service, the task and the whole body: model, parameters, filled template) and
by a number that tells the repeats of one question apart. What is stored is the answer; of the question only a hash. An
answer that holds text that looks like a credential is not kept.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import sqlite3
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import msgspec

from quire.caller.journal import Keyed, content_key
from quire.caller.settings import ServiceSettings
from quire.domain.calls import Answer, Call, Usage, model_name
from quire.domain.errors import InvalidInput, InvalidState, PermissionDenied, QuireError, Unavailable
from quire.domain.redaction import redact

FOLDER_VARIABLE = "QUIRE_CACHE_DIR"
SIZE_VARIABLE = "QUIRE_CACHE_MAX_MB"
FILE_NAME = "answers.db"
DEFAULT_MAX_MB = 1024
_APPLICATION_ID = 0x51756131
"""``Qua1``: marks the file, so that no other SQLite file is taken for one."""
_TRIMMED_TO = 0.8
_TRIM_EVERY_BYTES = 32 << 20
_DAY_S = 86_400
_WAIT_MS = 30_000

_SCHEMA = f"""
BEGIN IMMEDIATE;
PRAGMA application_id = {_APPLICATION_ID};
CREATE TABLE IF NOT EXISTS answers (
  content BLOB NOT NULL,
  number INTEGER NOT NULL,
  used INTEGER NOT NULL,
  model TEXT NOT NULL,
  input_tokens INTEGER NOT NULL,
  output_tokens INTEGER NOT NULL,
  cached_input_tokens INTEGER NOT NULL,
  reasoning_tokens INTEGER NOT NULL,
  latency REAL NOT NULL,
  attempts INTEGER NOT NULL,
  response BLOB NOT NULL,
  UNIQUE (content, number)
);
CREATE INDEX IF NOT EXISTS answers_by_use ON answers (used);
COMMIT;
"""
_FIND = """
SELECT rowid, used, input_tokens, output_tokens, cached_input_tokens, reasoning_tokens, latency, attempts, response
FROM answers WHERE content = ? AND number = ?
"""
_OLDEST = """
DELETE FROM answers WHERE rowid IN (SELECT rowid FROM answers ORDER BY used, rowid LIMIT max(1, ?))
"""

Numbering = Callable[[Call], int]
"""The number that tells a call apart from others that ask the same."""


class Occurrences:
    """Numbers calls by how many of the same content came before them, as those of a judge that asks several times."""

    def __init__(self) -> None:
        self._seen: Counter[bytes] = Counter()
        self._numbers: dict[int, int] = {}

    def __call__(self, call: Call) -> int:
        """The number of a call, which is known by its position."""
        place = call.rows[0]
        if place not in self._numbers:
            content = content_key(call)
            self._numbers[place] = self._seen[content]
            self._seen[content] += 1
        return self._numbers[place]


def default_path() -> Path:
    """The file in ``QUIRE_CACHE_DIR``, else in ``quire`` below ``XDG_CACHE_HOME``, else below ``~/.cache``."""
    given = os.environ.get(FOLDER_VARIABLE)
    folder = Path(given) if given else Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "quire"
    return folder / FILE_NAME


def max_bytes() -> int:
    """How much is kept: ``QUIRE_CACHE_MAX_MB``, by default a gigabyte. Raises InvalidInput for what is no number."""
    given = os.environ.get(SIZE_VARIABLE) or str(DEFAULT_MAX_MB)
    if not given.isdecimal():
        raise InvalidInput(f"{SIZE_VARIABLE} is {given!r}; expected a whole number of megabytes, such as 1024.")
    return int(given) << 20


class AnswerCache:
    """The answers that one service has given, in a file that processes share; the caller uses it as it uses a journal.

    ``number`` says of a call which of those that ask the same it is. What it was given is on disk when ``write``
    returns: it survives a killed process. Answers that were not used for longest go first when the file passes its
    limit. Raises InvalidInput for a file that is something else, PermissionDenied, Unavailable for a full disk.
    """

    def __init__(self, path: Path, service: ServiceSettings, number: Numbering) -> None:
        self.path = path
        self._number = number
        self._service = _identity(service)
        self._limit = max_bytes()
        self._lock = threading.RLock()
        self._written = 0
        with self._explained():
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._database = self._open()
        self._trim()

    def _open(self) -> sqlite3.Connection:
        new = not self.path.exists()
        if new:
            with contextlib.suppress(FileExistsError):
                os.close(os.open(self.path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        database = sqlite3.connect(self.path, isolation_level=None, check_same_thread=False, timeout=_WAIT_MS / 1000)
        try:
            self._refuse_another_database(database)
            if new:
                database.execute("PRAGMA auto_vacuum=INCREMENTAL")
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
                f"{self.path} is a SQLite database and not a cache of answers; it was left as it is. Name another "
                f"file, or set {FOLDER_VARIABLE} to another folder."
            )

    # -- what the caller asks ----------------------------------------------------------------------

    def spent(self) -> dict[str, Usage]:
        """Nothing: what earlier evaluations paid does not count against the limit of this one."""
        return {}

    def replay(self, calls: Sequence[Keyed]) -> list[Answer | None]:
        """The answer that is kept for each call, marked as replayed; None for one that must be asked."""
        now = int(time.time())
        used: list[tuple[int, int]] = []
        with self._explained(), self._lock:
            found = [self._find(content, call, now, used) for content, _position, call in calls]
            if used:
                self._database.executemany("UPDATE answers SET used = ? WHERE rowid = ?", used)
        return found

    def _find(self, content: bytes, call: Call, now: int, used: list[tuple[int, int]]) -> Answer | None:
        row = self._database.execute(_FIND, (self._key(content), self._number(call))).fetchone()
        if row is None:
            return None
        rowid, last_use, inputs, outputs, cached, reasoning, latency, attempts, response = row
        if now - last_use > _DAY_S:
            used.append((now, rowid))
        usage = Usage(inputs, outputs, cached, reasoning)
        return Answer(call, msgspec.json.decode(response), usage, latency, attempts, replayed=True)

    def write(self, entries: Sequence[tuple[bytes, int, Answer]]) -> None:
        """Keep answers, in one transaction. Of two that answer the same, the first stays."""
        now = int(time.time())
        rows = [row for content, _position, answer in entries if (row := self._row(content, answer, now))]
        if not rows:
            return
        with self._explained(), self._transaction():
            self._database.executemany("INSERT OR IGNORE INTO answers VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", rows)
        self._written += sum(len(row[-1]) for row in rows if isinstance(row[-1], bytes))
        if self._written > _TRIM_EVERY_BYTES:
            self._written = 0
            self._trim()

    def _row(self, content: bytes, answer: Answer, now: int) -> tuple[bytes | str | int | float, ...] | None:
        response = _encode(answer.response)
        text = response.decode()
        if redact(text) != text:
            return None
        usage = msgspec.structs.astuple(answer.usage)
        model = model_name(answer.call)
        number = self._number(answer.call)
        return (self._key(content), number, now, model, *usage, answer.latency, answer.attempts, response)

    def _key(self, content: bytes) -> bytes:
        return hashlib.blake2b(content, digest_size=16, key=self._service).digest()

    def close(self) -> None:
        """Close the file, within its limit of size."""
        self._trim()
        with self._lock:
            self._database.close()

    # -- the limit of size --------------------------------------------------------------------------

    def _trim(self) -> None:
        """Let go of answers that were not used for longest, a tenth at a time, until the rest fits."""
        with self._explained(), self._transaction():
            size = self._size()
            if size <= self._limit:
                return
            while size > self._limit * _TRIMMED_TO:
                (count,) = self._database.execute("SELECT count(*) FROM answers").fetchone()
                if not count:
                    break
                self._database.execute(_OLDEST, (count // 10,))
                size = self._size()
        with self._explained(), self._lock:
            self._database.execute("PRAGMA incremental_vacuum").fetchall()

    def _size(self) -> int:
        """Bytes in use, known without reading what is kept."""
        pages, free, each = (
            self._database.execute(f"PRAGMA {what}").fetchone()[0]
            for what in ("page_count", "freelist_count", "page_size")
        )
        return int((pages - free) * each)

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[None]:
        with self._lock:
            self._database.execute("BEGIN IMMEDIATE")
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
        except (sqlite3.Error, OSError) as error:
            raise _explain(error, self.path) from error


_encode = msgspec.json.Encoder().encode


def _identity(service: ServiceSettings) -> bytes:
    """Who answers, without the credential: the same model name elsewhere is another model."""
    said = [service.api_type, redact(service.base_url or ""), service.deployment, service.api_version]
    return hashlib.blake2b(msgspec.json.encode(said), digest_size=32).digest()


def _explain(error: Exception, path: Path) -> QuireError:
    text = str(error)
    remedy = f"Set {FOLDER_VARIABLE} to a folder that can be written, or pass cache=False."
    if "locked" in text or "busy" in text:
        return InvalidState(f"The cache of answers {path} is busy: another process holds it. {remedy}")
    if "full" in text or "disk I/O" in text or "No space" in text:
        return Unavailable(
            f"The cache of answers {path} cannot be written: {text}. Every answer kept before is there; make room "
            "and run again to go on, or pass cache=False."
        )
    if isinstance(error, OSError) or "unable to open" in text or "readonly" in text:
        return PermissionDenied(f"The cache of answers {path} cannot be opened for writing ({text}). {remedy}")
    return InvalidInput(f"{path} is not a cache of answers that Quire can read ({text}). Delete it. {remedy}")
