"""The settings of this process, and the roots that have not ended."""

from __future__ import annotations

import threading
import weakref
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

import msgspec

from quire.tracing.settings import Settings, from_environment

if TYPE_CHECKING:
    from quire.tracing.live import LiveTrace
    from quire.tracing.span import Span

_lock = threading.Lock()
_settings: list[Settings] = []
_roots: weakref.WeakSet[Span] = weakref.WeakSet()
_last: list[str] = []
_last_here: ContextVar[str | None] = ContextVar("quire_last_trace", default=None)


def settings() -> Settings:
    """What was configured, else what the environment says."""
    if not _settings:
        _settings.append(from_environment())
    return _settings[0]


def change(**fields: Any) -> Settings:
    """Replace some of the settings."""
    with _lock:
        _settings[:] = [msgspec.structs.replace(settings(), **fields)]
    return _settings[0]


def reset() -> None:
    """Forget what was configured."""
    _settings.clear()


def note_root(span: Span) -> None:
    """Remember a root, so that the end of the program ends it."""
    _roots.add(span)


def note_end(trace_id: str) -> None:
    """Remember which trace ended last."""
    _last[:] = [trace_id]
    _last_here.set(trace_id)


def last_trace_id(*, here: bool) -> str | None:
    """The trace that ended last, in this process or in this context."""
    return _last_here.get() if here else next(iter(_last), None)


def live_trace(trace_id: str) -> LiveTrace | None:
    """The trace of that id if it is being made here and its root has not ended."""
    for span in list(_roots):
        if span.trace_id == trace_id and span.is_recording():
            return span.live_trace
    return None


def end_roots() -> None:
    """End roots that nobody has ended, as ends of the program do: nothing stays in progress for ever."""
    for span in list(_roots):
        span.finish(attributes={"quire.abandoned": True})
    _roots.clear()
