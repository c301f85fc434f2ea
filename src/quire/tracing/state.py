"""The settings of this process, what holds in this context, and the roots that have not ended."""

from __future__ import annotations

import os
import threading
import weakref
from collections.abc import Mapping
from contextvars import ContextVar, Token
from typing import TYPE_CHECKING, Any

import msgspec

from quire.tracing.settings import Settings, from_environment

if TYPE_CHECKING:
    from quire.tracing.live import LiveTrace
    from quire.tracing.span import Span


class Surroundings(msgspec.Struct, frozen=True, kw_only=True):
    """What :func:`quire.tracing.context` says of the traces that begin inside of it."""

    metadata: Mapping[str, str] = {}
    tags: Mapping[str, str] = {}
    enabled: bool | None = None


_NONE = Surroundings()
_here: ContextVar[Surroundings] = ContextVar("quire_trace_surroundings", default=_NONE)
_experiment_here: ContextVar[str | None] = ContextVar("quire_trace_experiment", default=None)
_lock = threading.Lock()
_settings: list[Settings] = []
_roots: dict[int, weakref.ref[Span]] = {}
_last = [0]
_last_here: ContextVar[int] = ContextVar("quire_last_trace", default=0)


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
    _experiment_here.set(None)


def set_experiment_here(experiment_id: str | None) -> None:
    """Have the traces of this thread or task go to an experiment."""
    _experiment_here.set(experiment_id)


def experiment() -> str | None:
    """The experiment that traces were told to go to, whatever is active."""
    return _experiment_here.get() or settings().experiment_id


def surroundings() -> Surroundings:
    """What holds here."""
    return _here.get()


def surround(inner: Surroundings) -> Token[Surroundings]:
    """Let something else hold here."""
    return _here.set(inner)


def leave(token: Token[Surroundings]) -> None:
    """Let hold what held before; from another context, where that cannot be, nothing happens."""
    try:
        _here.reset(token)
    except (ValueError, RuntimeError):
        return


def is_on() -> bool:
    """Whether spans are made here."""
    here = _here.get().enabled
    return settings().enabled if here is None else here and settings().enabled


def note_root(span: Span) -> None:
    """Remember the first span that is made here of a trace, so that the end of the program ends it."""
    _roots[span.span_number] = weakref.ref(span)


def note_end(span: Span) -> None:
    """It has ended."""
    _roots.pop(span.span_number, None)
    number = span.live_trace.trace_id
    _last[0] = number
    _last_here.set(number)


def last_trace_id(*, here: bool) -> str | None:
    """The trace that ended last, in this process or in this context."""
    number = _last_here.get() if here else _last[0]
    return f"tr-{number:032x}" if number else None


def live_trace(trace_id: str) -> LiveTrace | None:
    """The trace of that id if it is being made here and its root has not ended."""
    for span in _open_roots():
        if span.trace_id == trace_id and span.is_recording():
            return span.live_trace
    return None


def end_roots() -> None:
    """End roots that nobody has ended, as ends of the program do: nothing stays in progress for ever."""
    for span in _open_roots():
        span.finish(attributes={"quire.abandoned": True})
    _roots.clear()


def _forget_roots() -> None:
    """In the child of a fork: what the parent has begun is the parent's to end."""
    _roots.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_roots)


def _open_roots() -> list[Span]:
    return [span for span in (known() for known in list(_roots.values())) if span is not None]
