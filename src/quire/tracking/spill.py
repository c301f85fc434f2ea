"""A file that keeps operations while their store is away, in order, through the death of the process.

Each process that logs in the background has files of its own, SQLite and locked while it lives. A file whose owner
is gone is taken over by the next process that logs to the same store.
"""

from __future__ import annotations

import hashlib
import logging
import os
import tempfile
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

import msgspec

from quire.domain.errors import Unavailable

if TYPE_CHECKING:
    import sqlite3

FOLDER_VARIABLE = "QUIRE_OUTBOX"
log = logging.getLogger("quire")
_SCHEMA = "CREATE TABLE IF NOT EXISTS operations (id INTEGER PRIMARY KEY, number INTEGER NOT NULL, body BLOB NOT NULL)"
_ADD = "INSERT INTO operations (id, number, body) VALUES (?, ?, ?)"


class Item(Protocol):
    """An operation: a Struct that msgpack can write."""

    @property
    def weight(self) -> int:
        """About how many bytes it takes in memory."""


Op = TypeVar("Op", bound=Item)


class Waiting(msgspec.Struct, Generic[Op], frozen=True, gc=False):
    """An operation on its way: its number among those of this process, its row in the file."""

    number: int
    operation: Op
    row: int | None = None


class Spill(Generic[Op]):
    """The operations of one process that wait for one store. Its user calls it from one thread at a time."""

    def __init__(self, uri: str, name: str, operation: type[Op], for_disk: Callable[[Op], Op]) -> None:
        """``uri`` is the store's, without credentials; no file is made before something is added.

        ``name`` keeps operations of different types apart; ``for_disk`` gives what may be written of one.
        """
        self._for_disk = for_disk
        self._kind = name
        self._mark = f"{name}-{hashlib.sha256(uri.encode()).hexdigest()[:16]}"
        self._decode = msgspec.msgpack.Decoder(operation).decode
        self._connection: sqlite3.Connection | None = None
        self._path: Path | None = None
        self._first = self._next = 0
        self.count = 0
        self.weight = 0

    def add(self, waiting: Sequence[Waiting[Op]]) -> None:
        """Add operations behind the others; they are safe when this returns. Raises Unavailable."""
        self._insert(waiting, self._next)
        self._next += len(waiting)

    def add_before(self, waiting: Sequence[Waiting[Op]]) -> None:
        """Add operations before the others; they are safe when this returns. Raises Unavailable."""
        self._insert(waiting, self._first - len(waiting))
        self._first -= len(waiting)

    def _insert(self, waiting: Sequence[Waiting[Op]], start: int) -> None:
        rows, weight = [], 0
        for place, item in enumerate(waiting, start):
            try:
                rows.append((place, item.number, msgspec.msgpack.encode(self._for_disk(item.operation))))
                weight += item.operation.weight
            except Exception as error:  # the others are kept
                log.error("One of %s cannot be kept on disk, and is lost: %r", self._kind, error)
        if not rows:
            return
        with self._explained():
            connection = self._open()
            with connection:
                connection.executemany(_ADD, rows)
        self.count += len(rows)
        self.weight += weight

    def oldest(self, count: int) -> list[Waiting[Op]]:
        """The first operations; those that cannot be read are forgotten, so that they are in nobody's way."""
        if self._connection is None:
            return []
        found: list[Waiting[Op]] = []
        lost: list[int] = []
        with self._explained():
            rows = self._connection.execute("SELECT id, number, body FROM operations ORDER BY id LIMIT ?", (count,))
            for row, number, body in rows.fetchall():
                try:
                    found.append(Waiting(number, self._decode(body), row))
                except msgspec.MsgspecError as error:
                    log.error("One of %s was kept on disk and cannot be read: %s", self._kind, error)
                    lost.append(row)
        if lost:
            self._forget(lost, 0)
        return found

    def remove(self, waiting: Sequence[Waiting[Op]]) -> None:
        """Forget operations that were done; the file goes with the last of them."""
        if self._connection is not None and waiting:
            self._forget([item.row for item in waiting], sum(item.operation.weight for item in waiting))

    def _forget(self, rows: Sequence[int | None], weight: int) -> None:
        assert self._connection is not None
        with self._explained(), self._connection:
            self._connection.executemany("DELETE FROM operations WHERE id = ?", ((row,) for row in rows))
        self.count -= len(rows)
        self.weight -= weight
        if not self.count:
            self._discard()

    def take_over(self) -> int:
        """Add what processes that are gone have left for the same store, numbered from 1; how many operations."""
        with self._explained():
            paths = sorted(_folder().glob(f"{self._mark}-*.db"))
        found = 0
        for path in paths:
            if path != self._path:
                found += self._take(path, found + 1)
        return found

    def _take(self, path: Path, start: int) -> int:
        from sqlite3 import Error

        try:
            connection = _connect(path)
        except Error:  # its owner lives, or it is no outbox
            return 0
        try:
            bodies = connection.execute("SELECT body FROM operations ORDER BY id").fetchall()
            left = [Waiting(number, self._decode(body)) for number, (body,) in enumerate(bodies, start)]
            if left:
                self.add(left)
        except (Error, msgspec.MsgspecError):
            connection.close()
            return 0
        connection.close()
        _unlink(path)
        return len(left)

    def close(self) -> None:
        """Give up the file; it stays for another process if it holds something."""
        if self._connection is None:
            return
        if self.count:
            self._connection.close()
            self._connection = None
        else:
            self._discard()

    def leave_to_parent(self) -> sqlite3.Connection | None:
        """In the child of a fork: the file is the parent's. What is returned must be kept and not be used."""
        connection, self._connection, self._path, self.count = self._connection, None, None, 0
        return connection

    def _open(self) -> sqlite3.Connection:
        if self._connection is None:
            self._path = _folder() / f"{self._mark}-{os.getpid()}-{uuid.uuid4().hex[:8]}.db"
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._connection = _connect(self._path)
        return self._connection

    def _discard(self) -> None:
        assert self._connection is not None
        assert self._path is not None
        self._connection.close()
        _unlink(self._path)
        self._connection = self._path = None
        self._first = self._next = self.weight = 0

    @contextmanager
    def _explained(self) -> Iterator[None]:
        from sqlite3 import Error

        try:
            yield
        except (Error, OSError) as error:
            raise Unavailable(
                f"What is logged while the store is away cannot be kept in {self._path or _folder()}: {error}. Free "
                f"some space, or name another folder in {FOLDER_VARIABLE}."
            ) from error


def _connect(path: Path) -> sqlite3.Connection:
    """Open a file and lock it against other processes. Raises sqlite3.Error if one has it."""
    import sqlite3

    connection = sqlite3.connect(path, timeout=0, check_same_thread=False, isolation_level=None)
    try:
        connection.execute("PRAGMA locking_mode = EXCLUSIVE")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute("BEGIN EXCLUSIVE")
        connection.execute(_SCHEMA)
        connection.execute("COMMIT")
        connection.isolation_level = "DEFERRED"
    except BaseException:
        connection.close()
        raise
    return connection


def _folder() -> Path:
    """Where files are kept: ``QUIRE_OUTBOX``, else the user's folder for the state of programs."""
    if chosen := os.environ.get(FOLDER_VARIABLE):
        return Path(chosen).expanduser()
    state = os.environ.get("XDG_STATE_HOME")
    try:
        base = Path(state) if state else Path.home() / ".local" / "state"
    except RuntimeError:
        base = Path(tempfile.gettempdir())
    return base / "quire" / "outbox"


def _unlink(path: Path) -> None:
    for suffix in ("", "-wal", "-shm"):
        with suppress(OSError):
            Path(f"{path}{suffix}").unlink()
