"""Logging in the background: calls return at once, and a thread brings what was logged to the store.

What is logged (operations of one :class:`Kind`: what belongs to runs, or traces) waits in memory, is sent in batches,
and goes to disk when the store is away or memory is full (:mod:`quire.tracking.spill`); from then on everything goes to
disk until all of it was brought. Nothing is counted twice: repeating an operation changes nothing in any store. What a
store refuses for good is reported in the log, and given by :meth:`Outbox.refusals`.
"""

from __future__ import annotations

import concurrent.futures.thread  # noqa: F401 - which cannot be imported any more once the interpreter ends
import logging
import threading
import time
from collections import deque
from collections.abc import Iterable, Sequence
from typing import Any, Generic, Protocol, TypeVar

from quire.domain.errors import PermissionDenied, QuireError, Unauthenticated, Unavailable
from quire.store.base import Store
from quire.store.current import open_uri
from quire.store.opening import name_of
from quire.tracking.spill import Item, Spill, Waiting

MAX_WEIGHT = 32 * 1024 * 1024
"""About how many bytes wait in memory; what is more goes to disk."""
_SMALL = 64 * 1024
_MOST_UNSEEN = 256
"""How large, in bytes, and how many what was put may be for the thread alone to look at."""
MOVED = 50
"""Operations that go from full memory to disk together."""
CHUNK = 2000
"""Operations that are taken up together."""
LOOK = 0.05
"""Seconds after which what came meanwhile goes to disk, while the store is away."""
PATIENCE = 0.5
"""Seconds after which a server that cannot be reached counts as away."""
_FIRST_PAUSE, _LONGEST_PAUSE = 0.2, 5.0
_MOST_FAILURES = 8
"""Times that a store that answers may fail at an operation before that is given up."""
_AWAY = (Unavailable, Unauthenticated, PermissionDenied)

log = logging.getLogger("quire")


Op = TypeVar("Op", bound=Item)


class Kind(Protocol[Op]):
    """What an outbox carries, and how it is brought to a store."""

    @property
    def name(self) -> str:
        """A word that starts the names of its files."""

    @property
    def operation(self) -> type[Op]:
        """The type of its operations."""

    @property
    def most_on_disk(self) -> int | None:
        """About how many bytes may wait on disk; what comes then is dropped and counted. None: as many as fit."""

    @property
    def linger(self) -> float:
        """Seconds without a new one after which those that wait are brought.

        As often the thread looks whether one came, for which a program that is busy stands still for a moment.
        """

    @property
    def most_linger(self) -> float:
        """Seconds that an operation waits at most while others keep coming, for all of them to go together."""

    @property
    def returns_before_disk(self) -> bool:
        """Whether handing one over returns while it is only in memory, though others wait on disk already."""

    def checked(self, operation: Any, /) -> Op:
        """What was handed over as the operation that is kept. Raises InvalidInput for one that no store accepts."""

    def for_disk(self, operation: Op, /) -> Op:
        """The operation as it may wait on disk."""

    def merged(self, operations: Sequence[Op], /) -> Iterable[tuple[Op, list[int]]]:
        """Operations joined to as few as stores accept, each with the places of those that it holds."""

    def perform(self, store: Store, operation: Op, /) -> None:
        """Bring one to the store."""

    def described(self, operation: Op, /) -> str:
        """What it is, for the log."""


class RunOperations:
    """What a call logged in the background."""

    def __init__(self, outbox: Outbox[Any], number: int) -> None:
        self._outbox = outbox
        self._number = number

    def wait(self, timeout: float | None = None) -> None:
        """Wait until it is stored. Raises the store's refusal; Unavailable if ``timeout`` (s) passes before."""
        self._outbox.wait(self._number, timeout)


class Outbox(Generic[Op]):
    """What waits for the store of one URI, and the thread that brings it there."""

    def __init__(self, uri: str, kind: Kind[Op]) -> None:
        self._uri = uri
        self._kind = kind
        self._changed = threading.Condition()
        self._inbox: deque[Any] = deque()
        self._sleeps = False
        self._memory: deque[Waiting[Op]] = deque()
        self._weight = 0
        self._name = name_of(uri)
        self._spill: Spill[Op] = Spill(self._name, kind.name, kind.operation, kind.for_disk)
        self._in_flight: list[Waiting[Op]] = []
        self._dropped = 0
        self._full = ""
        self._submitted = self._finished = self._looked = 0
        self._hurried = self._closed = False
        self._away: QuireError | None = None
        self._failures = 0
        self._refused: deque[tuple[int, QuireError]] = deque(maxlen=1000)
        self._take_over()
        self._start()

    def submit(self, operation: Any) -> RunOperations:
        """Take an operation over. Raises InvalidInput for one that no store accepts, Unavailable if no room is left."""
        operation = self._kind.checked(operation)
        with self._changed:
            self._take_in()
            self._accept(operation)
            return RunOperations(self, self._submitted)

    def put(self, operation: Any, size: int) -> None:
        """Take over an operation of about ``size`` bytes that every store accepts and nobody waits for.

        For a program that is in a hurry: what else has to be done with it is left to the thread.
        """
        if size > _SMALL or len(self._inbox) >= _MOST_UNSEEN:
            self.submit(operation)
            return
        self._inbox.append(operation)
        if self._sleeps:
            with self._changed:
                self._changed.notify_all()

    def _take_in(self) -> None:
        """Look at what was put."""
        while self._inbox:
            put = self._inbox.popleft()
            try:
                operation = self._kind.checked(put)
            except Exception as error:
                log.error("One of %s could not be taken, and is lost: %r", self._kind.name, error)
            else:
                self._accept(operation)

    def _accept(self, operation: Op) -> None:
        if self._spill.count and self._is_full(operation):
            self._drop()
            return
        waiting = Waiting(self._submitted + 1, operation)
        if self._kind.returns_before_disk:
            if not self._has_room(operation):
                self._drop()
                return
            self._memory.append(waiting)
            self._weight += operation.weight
        elif self._spill.count:
            self._spill.add([waiting])
        elif self._weight + operation.weight > MAX_WEIGHT:
            self._spill.add([*self._memory, waiting])
            self._forget_memory()
        else:
            self._memory.append(waiting)
            self._weight += operation.weight
        self._submitted += 1
        if len(self._memory) <= 1 or len(self._memory) >= CHUNK or self._hurried:
            self._changed.notify_all()  # else the thread knows that there is something, and waits for more

    def _is_full(self, operation: Op) -> bool:
        limit = self._kind.most_on_disk
        return limit is not None and self._spill.weight + self._weight + operation.weight > limit

    def _has_room(self, operation: Op) -> bool:
        """Whether one fits in memory; what is oldest there goes to disk for it, a little at a time."""
        if self._weight + operation.weight <= MAX_WEIGHT or not self._memory:
            return True
        oldest = [self._memory[place] for place in range(min(MOVED, len(self._memory)))]
        try:
            self._spill.add(oldest)
        except Unavailable as full:
            self._full = full.message
            return False
        for waiting in oldest:
            self._memory.popleft()
            self._weight -= waiting.operation.weight
        return True

    def _drop(self) -> None:
        """Count what finds no room; said at the first, the second, the fourth, and so on."""
        self._dropped += 1
        if self._dropped & (self._dropped - 1) == 0:
            limit = f"The {self._kind.most_on_disk:,} bytes that may wait on disk are full."
            log.error(
                "%d %s for the store %s, which is away, are dropped so far. %s",
                self._dropped,
                self._kind.name,
                self._name,
                self._full or limit,
            )
            self._full = ""

    @property
    def dropped(self) -> int:
        """How many found no room while the store was away."""
        with self._changed:
            self._take_in()
            return self._dropped

    def flush(self, timeout: float | None = None, *, while_away: bool = True) -> bool:
        """Wait until the store has all that was logged before; whether it has.

        With ``while_away=False`` the wait ends when the store turns out to be away and all is safe on disk.
        """
        with self._changed:
            self._take_in()
            return self._wait_for(self._submitted, timeout, while_away)

    def wait(self, number: int, timeout: float | None) -> None:
        """Wait until the store has the operation of that number; raise what it refused it with."""
        with self._changed:
            if not self._wait_for(number, timeout, while_away=True):
                reason = f" {self._away.message}" if self._away else ""
                raise Unavailable(f"The store has not taken what was logged within {timeout} s.{reason}")
            for refused, error in self._refused:
                if refused == number:
                    raise error

    def refusals(self) -> list[QuireError]:
        """What the store refused for good since this was last asked."""
        with self._changed:
            errors = [error for _, error in self._refused]
            self._refused.clear()
            return errors

    @property
    def is_empty(self) -> bool:
        """Whether nothing waits."""
        with self._changed:  # what the thread is just taking from one place to the next is in neither
            return not (self._inbox or self._memory or self._in_flight or self._spill.count)

    def close(self, timeout: float) -> None:
        """Bring what can be brought in time; the rest stays on disk for the next process."""
        done = self.flush(timeout)
        if self._dropped:
            log.error("%d %s were dropped while the store was away.", self._dropped, self._kind.name)
        with self._changed:
            self._closed = True
            self._changed.notify_all()
            if not done:
                self._secure()
                log.warning(
                    "The store %s has not taken %d logged operations. They are kept on disk, and the next process "
                    "that logs to it in the background brings them.%s",
                    self._name,
                    self._spill.count,
                    f" {self._away.message}" if self._away else "",
                )
            self._spill.close()

    def leave_to_parent(self) -> object:
        """In the child of a fork: everything here is the parent's. What is returned must be kept and not be used."""
        return self._spill.leave_to_parent()

    def _store(self) -> Store:
        return open_uri(self._uri)

    def _start(self) -> None:
        thread = threading.Thread(target=self._work, name="quire-outbox", daemon=True)
        try:
            thread.start()
        except RuntimeError:  # the interpreter is ending: what is submitted now goes to disk in close()
            log.debug("no thread for the outbox of %s", self._uri)

    def _take_over(self) -> None:
        try:
            found = self._spill.take_over()
        except Unavailable as error:
            log.warning("%s", error.message)
        else:
            self._submitted = found
            if found:
                log.info("Bringing %d logged operations that an earlier process could not bring.", found)

    def _wait_for(self, number: int, timeout: float | None, while_away: bool) -> bool:
        end = None if timeout is None else time.monotonic() + timeout
        self._hurried = True
        self._changed.notify_all()
        while not (self._finished >= number or self.is_empty):
            if self._away and not while_away and not self._memory:
                return False
            left = None if end is None else end - time.monotonic()
            if left is not None and left <= 0:
                return False
            self._changed.wait(left)
        return True

    def _work(self) -> None:
        pause = _FIRST_PAUSE
        while True:
            try:
                chunk = self._take()
                undone, error = self._deliver(chunk or [])
            except Unavailable as unreadable:  # what waits on disk cannot be read now, and stays there
                chunk, undone, error = [], [], unreadable
            if chunk is None:
                return
            with self._changed:
                self._in_flight = []
                if error is None:
                    self._settle(chunk)
                    pause = _FIRST_PAUSE
                    continue
                self._keep(undone, error)
                self._changed.notify_all()
                self._rest(pause)
                pause = min(_LONGEST_PAUSE, pause * 2)

    def _rest(self, pause: float) -> None:
        """Leave a store that is away alone for some seconds; what is logged meanwhile goes to disk."""
        end = time.monotonic() + pause
        while not self._closed and (left := end - time.monotonic()) > 0:
            step = min(left, LOOK) if self._kind.returns_before_disk else left
            self._changed.wait_for(lambda: self._closed, step)
            self._take_in()
            if self._memory and not self._closed:
                try:
                    self._to_disk([])
                except Unavailable as full:
                    log.error("%s", full.message)
                    return
                self._changed.notify_all()

    def _take(self) -> list[Waiting[Op]] | None:
        """The oldest operations, once there are any; None when the outbox was closed."""
        with self._changed:
            self._sleep()
            if self._memory and not self._spill.count:
                self._linger()
            if self._closed:
                return None
            if self._spill.count:
                self._in_flight = self._spill.oldest(CHUNK)
            else:
                self._in_flight = [self._memory.popleft() for _ in range(min(CHUNK, len(self._memory)))]
                self._weight -= sum(waiting.operation.weight for waiting in self._in_flight)
            return self._in_flight

    def _sleep(self) -> None:
        """Wait until there is something. Who puts something sees ``_sleeps``, or it is seen here.

        What was put since the look is seen by the next one: it is nothing to bring yet.
        """
        while not self._closed:
            self._take_in()
            if self._memory or self._spill.count:
                return
            self._sleeps = True
            if not self._inbox:
                self._changed.wait()
            self._sleeps = False

    def _linger(self) -> None:
        """Wait for a quiet moment: bringing operations takes the interpreter from a program that is busy."""
        end = time.monotonic() + self._kind.most_linger
        while not self._changed.wait_for(self._is_time, self._kind.linger):
            self._take_in()
            if self._submitted == self._looked or time.monotonic() > end:
                return
            self._looked = self._submitted

    def _is_time(self) -> bool:
        return self._hurried or self._closed or len(self._memory) >= CHUNK

    def _deliver(self, chunk: list[Waiting[Op]]) -> tuple[list[Waiting[Op]], QuireError | None]:
        """Bring operations to the store; those that it did not take, and why, if it could not be asked."""
        done: set[int] = set()
        for operation, places in self._merged(chunk):
            error = self._bring(operation, [chunk[place] for place in places])
            if error is not None:
                return [waiting for place, waiting in enumerate(chunk) if place not in done], error
            done.update(places)
            self._note_done([chunk[place] for place in places])
        return [], None

    def _merged(self, chunk: list[Waiting[Op]]) -> list[tuple[Op, list[int]]]:
        """Operations joined to few; each alone where one of them cannot be joined to others."""
        try:
            return list(self._kind.merged([waiting.operation for waiting in chunk]))
        except Exception as error:
            log.error("%s are brought one by one: %r", self._kind.name.capitalize(), error)
            return [(waiting.operation, [place]) for place, waiting in enumerate(chunk)]

    def _bring(self, operation: Op, parts: Sequence[Waiting[Op]]) -> QuireError | None:
        """Bring one operation made of parts. The error if the store is away; a refused part counts as brought."""
        from quire.store.rest.client import waiting_at_most  # what speaks HTTP is loaded by the thread

        try:
            with waiting_at_most(PATIENCE):
                self._kind.perform(self._store(), operation)
        except _AWAY as error:
            return error
        except QuireError as error:
            if error.http_status >= 500 and self._failures < _MOST_FAILURES:
                self._failures += 1
                return error
            return self._apart(parts, error)
        except Exception as error:  # a mistake of ours must not end the thread
            log.exception("Logging in the background failed")
            return self._apart(parts, QuireError(f"Logging in the background failed: {error!r}"))
        self._failures = 0
        return None

    def _apart(self, parts: Sequence[Waiting[Op]], error: QuireError) -> QuireError | None:
        """Of several parts one was refused: bring each alone, so that the others are not lost with it."""
        if len(parts) == 1:
            self._refuse(parts[0], error)
            return None
        for part in parts:
            away = self._bring(part.operation, [part])
            if away is not None:
                return away
        return None

    def _refuse(self, waiting: Waiting[Op], error: QuireError) -> None:
        log.error("The store refused %s: %s", self._kind.described(waiting.operation), error.message)
        with self._changed:
            self._refused.append((waiting.number, error))

    def _note_done(self, done: Sequence[Waiting[Op]]) -> None:
        with self._changed:
            if self._away is not None:
                self._away = None
                log.info("The store %s answers again; bringing what was logged meanwhile.", self._name)
            if not self._closed:
                self._spill.remove([waiting for waiting in done if waiting.row is not None])

    def _settle(self, chunk: list[Waiting[Op]]) -> None:
        """All of a chunk was brought, and all that was logged before it."""
        if chunk:
            self._finished = max(self._finished, chunk[-1].number)
        if self.is_empty:
            self._finished = self._submitted
            self._hurried = False
        self._changed.notify_all()

    def _keep(self, undone: list[Waiting[Op]], error: QuireError) -> None:
        """The store is away: everything goes to disk, in order."""
        if self._closed:
            return
        if self._away is None:
            log.warning("What is logged is kept on disk until the store answers. %s", error.message)
        self._away = error
        try:
            self._to_disk([waiting for waiting in undone if waiting.row is None])
        except Unavailable as full:
            log.error("%s", full.message)

    def _secure(self) -> None:
        """Put on disk what is in memory, and what is on its way."""
        try:
            self._to_disk([waiting for waiting in self._in_flight if waiting.row is None])
        except Unavailable as full:
            log.error("%s", full.message)

    def _to_disk(self, first: list[Waiting[Op]]) -> None:
        """Spill ``first``, before what is on disk, and the memory, behind it. Raises Unavailable; nothing is lost."""
        try:
            if first:
                self._spill.add_before(first)
        except Unavailable:
            self._memory.extendleft(reversed(first))
            raise
        if self._memory:
            self._spill.add(list(self._memory))
            self._forget_memory()

    def _forget_memory(self) -> None:
        self._memory.clear()
        self._weight = 0
