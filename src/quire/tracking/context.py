"""Which run is active: one stack for each thread and each asyncio task.

The stack is an immutable tuple in a context variable. A task starts with a copy of what its parent had active
and changes only its own; a new thread starts with nothing. Every run that this process has open is also known
process-wide, so that the end of the interpreter ends them all. A forked child neither ends its parent's runs
nor forgets which one is active.
"""

from __future__ import annotations

import atexit
import os
from contextlib import suppress
from contextvars import ContextVar
from threading import Lock
from types import TracebackType

from quire.domain.entities import ModelOutput, Run, RunStatus
from quire.domain.ids import now_ms
from quire.store.base import Store
from quire.store.current import open_uri
from quire.tracking import background


class ActiveRun(Run, frozen=True, kw_only=True):
    """A run that was started here; ends when its ``with`` block does.

    FINISHED when the block ended, KILLED when it was interrupted or cancelled, FAILED when it raised. What it
    holds is the state at the start: ask :func:`quire.get_run` for what was logged since.
    """

    def __enter__(self) -> ActiveRun:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        end_with(self.info.run_id, _status_after(kind))


class OpenRun:
    """A run on the stack, with what must be shared by every context that sees it."""

    __slots__ = ("ended", "outputs", "run", "uri")

    def __init__(self, run: ActiveRun, uri: str) -> None:
        self.run = run
        self.uri = uri
        self.ended = False
        self.outputs: list[ModelOutput] = list(run.outputs.model_outputs)

    @property
    def run_id(self) -> str:
        """The run's id."""
        return self.run.info.run_id

    @property
    def store(self) -> Store:
        """The store that the run was started in, whichever is the current one now."""
        return open_uri(self.uri)


_stack: ContextVar[tuple[OpenRun, ...]] = ContextVar("quire_active_runs", default=())
_last_here: ContextVar[OpenRun | None] = ContextVar("quire_last_run", default=None)
_open: dict[OpenRun, None] = {}
_last: list[OpenRun] = []
_lock = Lock()


def stack() -> tuple[OpenRun, ...]:
    """The runs active here, the innermost last; those that another context ended are left out."""
    entries = _stack.get()
    if entries and any(entry.ended for entry in entries):
        entries = tuple(entry for entry in entries if not entry.ended)
        _stack.set(entries)
    return entries


def innermost() -> OpenRun | None:
    """The run that logging goes to, if one is active here."""
    entries = stack()
    return entries[-1] if entries else None


def push(run: ActiveRun, uri: str) -> None:
    """Make a started run the innermost one."""
    entry = OpenRun(run, uri)
    _stack.set((*stack(), entry))
    with _lock:
        _open[entry] = None


def end_innermost(status: RunStatus) -> None:
    """End the innermost run, if one is active here."""
    if entry := innermost():
        _end(entry, status)


def end_with(run_id: str, status: RunStatus) -> None:
    """End a run that is active here, and whatever was started inside of it and left open."""
    entries = stack()
    places = [place for place, entry in enumerate(entries) if entry.run_id == run_id]
    for entry in reversed(entries[places[-1] :] if places else ()):
        _end(entry, status)


def last_run() -> OpenRun | None:
    """The innermost run, else the one that ended last, here or anywhere in this process."""
    return innermost() or _last_here.get() or (_last[-1] if _last else None)


def note_outputs(run_id: str, outputs: list[ModelOutput]) -> None:
    """Remember which models a run made, if it is active here: its later metrics belong to them."""
    for entry in stack():
        if entry.run_id == run_id:
            entry.outputs.extend(outputs)


def _end(entry: OpenRun, status: RunStatus) -> None:
    """Mark first, then tell the store: a store that fails must not leave the run active for ever."""
    entry.ended = True
    _last_here.set(entry)
    with _lock:
        _open.pop(entry, None)
        _last[:] = [entry]
    stack()
    background.end_run(entry.uri, entry.run_id, status, now_ms())


def _status_after(kind: type[BaseException] | None) -> RunStatus:
    if kind is None:
        return "FINISHED"
    interrupted = issubclass(kind, KeyboardInterrupt) or kind.__name__ == "CancelledError"
    return "KILLED" if interrupted else "FAILED"


def _end_all() -> None:
    for entry in reversed(list(_open)):
        with suppress(Exception):
            _end(entry, "FINISHED")


def _after_fork() -> None:
    global _lock  # noqa: PLW0603 - the parent's lock may be held by a thread that does not exist here
    _lock = Lock()
    _open.clear()


atexit.register(_end_all)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
