"""Who wants to know of the calls that are carried out: told when one is first sent, and how it ended.

Traces of calls are made above; this is where they are asked for. Nothing is done while nobody asks.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable, Iterator
from contextvars import ContextVar

from quire.domain.calls import Call, Outcome

Ended = Callable[[Outcome], None]
Watcher = Callable[[Call, str | None], Ended | None]
"""Given a call and the id of the logged model that makes it; what it returns is told the outcome."""

model_asking: ContextVar[str | None] = ContextVar("quire_model_asking", default=None)
"""The logged model whose streamed request is being sent; such requests go through the SDK, which knows of no models."""

_watchers: list[Watcher] = []
log = logging.getLogger("quire")


def watch(watcher: Watcher) -> None:
    """Have a watcher told of every call from now on, once for each call, in the context of the batch."""
    if watcher not in _watchers:
        _watchers.append(watcher)


def unwatch(watcher: Watcher) -> None:
    """Tell this watcher of no further call."""
    if watcher in _watchers:
        _watchers.remove(watcher)


def is_watched() -> bool:
    """Whether anybody asks."""
    return bool(_watchers)


def watched(call: Call, model_id: str | None) -> Ended | None:
    """Say that a call is sent for the first time. What is returned is to be told the outcome; None if nobody asks."""
    if not _watchers:
        return None
    told = [ended for watcher in list(_watchers) if (ended := _begun(watcher, call, model_id)) is not None]
    return (lambda outcome: _tell(told, outcome)) if told else None


def _begun(watcher: Watcher, call: Call, model_id: str | None) -> Ended | None:
    try:
        return watcher(call, model_id)
    except Exception:
        log.warning("A call could not be watched", exc_info=True)
        return None


def _tell(told: list[Ended], outcome: Outcome) -> None:
    for ended in told:
        try:
            ended(outcome)
        except Exception:
            log.warning("The end of a call could not be recorded", exc_info=True)


@contextlib.contextmanager
def asked_by(model_id: str | None) -> Iterator[None]:
    """What is sent inside of the block is asked by this logged model."""
    token = model_asking.set(model_id)
    try:
        yield
    finally:
        model_asking.reset(token)
