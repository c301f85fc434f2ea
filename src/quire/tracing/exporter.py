"""From finished traces to their stores: in the background, through an outbox for each store."""

from __future__ import annotations

import atexit
import logging
from collections.abc import Callable
from functools import lru_cache
from types import ModuleType
from typing import TYPE_CHECKING

from quire.tracing import state
from quire.tracking.outboxes import Outboxes

if TYPE_CHECKING:
    from quire.tracing.finished import FinishedTrace
    from quire.tracing.operations import Delivery
    from quire.tracking.outbox import Kind

_MOST_WAIT = 30.0

log = logging.getLogger("quire")
_listeners: list[Callable[[FinishedTrace], None]] = []
_with_traces: list[Callable[[str, float], object]] = []


def _of_traces() -> Kind[Delivery]:
    from quire.tracing.operations import OfTraces

    return OfTraces()


_outboxes: Outboxes[Delivery] = Outboxes(_of_traces)


@lru_cache(maxsize=64)
def deliver_to(uri: str) -> Callable[[FinishedTrace], None]:
    """What hands a finished trace over to the store of a URI. It never raises."""

    def deliver(trace: FinishedTrace) -> None:
        try:
            for listener in _listeners:
                listener(trace)
            _outboxes.of(uri).put(trace, _size(trace))
            to = state.settings().otlp
            if to is not None:
                _collectors().send(trace, to)
        except Exception as error:
            log.error("A trace could not be recorded: %s", error)

    return deliver


def _size(trace: FinishedTrace) -> int:
    """About how many bytes a trace takes, found at little cost for most."""
    if len(trace.spans) > 1:
        return trace.weight
    span = trace.spans[0]
    return len(span.inputs or b"") + len(span.outputs or b"")


def listen(listener: Callable[[FinishedTrace], None]) -> Callable[[], None]:
    """Have every trace given to ``listener`` too, which must not raise; what is returned ends that."""
    _listeners.append(listener)
    return lambda: _listeners.remove(listener)


def _collectors() -> ModuleType:
    from quire.tracing import otlp_out

    return otlp_out


def flush() -> None:
    """Wait until the stores, and a collector, have every trace that has ended. Raises what one refused."""
    _outboxes.flush()
    if state.settings().otlp is not None:
        _collectors().flush()


def flush_trace_async_logging(terminate: bool = False) -> None:
    """Wait until the stores have every trace that has ended, under MLflow's name."""
    flush()


def bring(uri: str, timeout: float = _MOST_WAIT) -> None:
    """Wait until the store of a URI has what has ended, at most ``timeout`` (s), and not at all while it is away."""
    outbox = _outboxes.existing(uri)
    if outbox is not None and not outbox.is_empty:
        outbox.flush(timeout, while_away=False)
    for call in _with_traces:
        call(uri, timeout)


def bring_too(call: Callable[[str, float], object]) -> None:
    """Have :func:`bring` bring also what ``call`` brings to the store of a URI within so many seconds."""
    if call not in _with_traces:
        _with_traces.append(call)


def dropped() -> int:
    """Traces that found no room while their store was away."""
    return sum(outbox.dropped for outbox in _outboxes.all())


atexit.register(state.end_roots)
