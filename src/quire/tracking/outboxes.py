"""The outboxes of this process: one for each store and kind, closed at the end of the program, forgotten in a fork."""

from __future__ import annotations

import atexit
import logging
import os
import sys
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from quire.domain.errors import QuireError

if TYPE_CHECKING:
    from quire.tracking.outbox import Kind, Outbox

EXIT_VARIABLE = "QUIRE_ASYNC_EXIT_SECONDS"
EXIT_SECONDS = 10.0
"""Seconds that the end of the program waits for a store that is away; what is not stored then stays on disk."""

Op = TypeVar("Op")
_known: list[Outboxes[Any]] = []
_of_parents: list[object] = []
log = logging.getLogger("quire")


class Outboxes(Generic[Op]):
    """The outboxes of one kind, by the URI of their store."""

    def __init__(self, kind: Callable[[], Kind[Any]]) -> None:
        """``kind`` is called when the first outbox is made, so that what it needs is loaded only then."""
        self._kind = kind
        self._by_uri: dict[str, Outbox[Any]] = {}
        self._lock = threading.RLock()  # the collector may end a forgotten span while an outbox is being made
        _known.append(self)

    def of(self, uri: str) -> Outbox[Any]:
        """The outbox of a store, made on first use; what an earlier process left is taken over."""
        outbox = self._by_uri.get(uri)
        if outbox is None:
            from quire.tracking.outbox import Outbox

            with self._lock:
                outbox = self._by_uri.get(uri)
                if outbox is None:
                    made = Outbox(uri, self._kind())
                    outbox = self._by_uri.setdefault(uri, made)
                    if outbox is not made:
                        made.close(0)
        return outbox

    def existing(self, uri: str) -> Outbox[Any] | None:
        """The outbox of a store if there is one."""
        return self._by_uri.get(uri)

    def all(self) -> list[Outbox[Any]]:
        """Every one that there is."""
        return list(self._by_uri.values())

    def flush(self) -> None:
        """Wait until the stores have all that was logged before. Raises what a store refused."""
        errors: list[QuireError] = []
        for outbox in self.all():
            outbox.flush()
            errors += outbox.refusals()
        if errors:
            more = f" {len(errors) - 1} more were refused; the log names them." if len(errors) > 1 else ""
            raise type(errors[0])(f"The store refused what was logged in the background. {errors[0].message}{more}")

    def close(self, end: float) -> None:
        """Bring what can be brought until ``end`` (by the monotonic clock, s); the rest stays on disk."""
        for outbox in self.all():
            outbox.close(max(0.0, end - time.monotonic()))
        self._by_uri.clear()

    def leave_to_parent(self) -> None:
        """In the child of a fork: the parent's lock may be held by a thread that does not exist here."""
        self._lock = threading.RLock()
        _of_parents.extend(outbox.leave_to_parent() for outbox in self._by_uri.values())
        self._by_uri.clear()


def close_all(timeout: float | None = None) -> None:
    """Bring what can be brought within ``timeout`` (s); the rest stays on disk. Done at the end of the program."""
    end = time.monotonic() + (_exit_seconds() if timeout is None else timeout)
    for outboxes in _known:
        outboxes.close(end)


def _exit_seconds() -> float:
    text = os.environ.get(EXIT_VARIABLE)
    try:
        return float(text) if text else EXIT_SECONDS
    except ValueError:
        log.warning("%s is %r; expected a number of seconds, so %g is used.", EXIT_VARIABLE, text, EXIT_SECONDS)
        return EXIT_SECONDS


class _Told:
    """What ``multiprocessing`` knows us by."""


_told: list[_Told] = []


def _before_fork() -> None:
    """Children of ``multiprocessing`` end without the program's end: have them bring what they have logged."""
    util = sys.modules.get("multiprocessing.util")
    if util is not None and not _told:
        _told.append(_Told())
        util.register_after_fork(_told[0], lambda _: util.Finalize(None, close_all, exitpriority=0))


def _after_fork() -> None:
    for outboxes in _known:
        outboxes.leave_to_parent()


atexit.register(close_all)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_before_fork, after_in_child=_after_fork)
