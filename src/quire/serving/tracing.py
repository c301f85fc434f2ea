"""Traces of what is served: an observer that keeps what ended, and a thread that hands it on to be made into spans.

The event loop spends some microseconds on a request. Spans are made in this process (:class:`Here`), or in one of their
own (:mod:`quire.serving.scribe`), so that the interpreter that answers does nothing else. What the store cannot take
now waits in memory and on disk (:mod:`quire.tracking.outbox`); what finds no room in the queue is dropped and counted.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Protocol

from quire.domain.endpoints import Endpoint
from quire.serving.request import Done
from quire.serving.spans import Manner, failed, manner_of, trace_of
from quire.serving.traceparents import parent_of
from quire.tracing import destination, exporter, state
from quire.tracing.pausing import pause_between_spans
from quire.tracking.origin import COMMIT, SOURCE_NAME

log = logging.getLogger("quire.serving")

MOST_WAITING = 20_000
MOST_BYTES = 128 * 1024 * 1024
"""What waits to become spans, at most: requests, and about how many bytes they take."""
_PER_REQUEST = 4_000
PASSED = "passed-through"
"""Stands for an endpoint's name where models that are not packaged are asked: callers choose their names."""
_LINGER_S = 0.02
_AT_ONCE = 50
_RANGE = 2.0**64
_TOO_MANY = 429
_OF_PROGRAM = (COMMIT, SOURCE_NAME)
"""What says of a trace which program made it, and from which commit: of a server that is nobody's program."""
Batch = list[tuple[Done, Manner]]


class Maker(Protocol):
    """Makes spans of requests, and brings them to the store. Called by one thread."""

    def make(self, batch: Batch, /) -> None:
        """Make the traces of some requests."""

    def flush(self, timeout: float, /) -> None:
        """Wait until the store has them; while it is away, until they are safe."""

    def close(self, timeout: float, /) -> None:
        """The same, and end."""


class Here:
    """Makes spans in this process, giving the interpreter up between them."""

    def __init__(self, uri: str) -> None:
        self._place = destination.of(uri)
        self._origin = {key: value for key, value in self._place.origin.items() if key not in _OF_PROGRAM}
        self._origin[SOURCE_NAME] = "quire serve"

    def make(self, batch: Batch) -> None:
        """Make the traces of some requests."""
        for done, manner in batch:
            try:
                origin = {**self._origin, **state.settings().metadata}
                self._place.deliver(trace_of(done, manner, origin, os.urandom(8)))
            except Exception as error:
                log.error("A request could not be traced: %r", error)
            pause_between_spans()

    def flush(self, timeout: float) -> None:
        """Wait until the store has them; while it is away, until they are safe."""
        exporter.bring(self._place.uri, timeout)

    close = flush


class Tracer:
    """Makes a trace of each request, in the experiment of its endpoint.

    ``uri`` is the store's; ``experiment`` the name of the one for all endpoints, by default each has its own.
    ``endpoint_of`` gives an endpoint by its name from what the server knows; it must not ask a store.
    """

    def __init__(
        self,
        uri: str,
        endpoint_of: Callable[[str], Endpoint | None] = lambda name: None,
        *,
        experiment: str | None = None,
        maker: Maker | None = None,
    ) -> None:
        self._endpoint_of = endpoint_of
        self._experiment = experiment
        self._maker: Maker = Here(uri) if maker is None else maker
        self._queue: deque[tuple[Done, Endpoint | None, int]] = deque()
        self._weight_in = self._weight_out = 0  # each written by one thread
        self._taken = self._made = 0
        self._dropped = 0
        self._wake = threading.Event()
        self._idle = threading.Condition()
        self._closing = False
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin to make spans."""
        self._thread = threading.Thread(target=self._run, name="quire-serving-spans", daemon=True)
        self._thread.start()

    def close(self, timeout: float = 10.0) -> None:
        """Make spans of what has ended, and bring them to the store; what it does not take in time stays on disk."""
        end = time.monotonic() + timeout
        self._closing = True
        self._wake.set()
        if self._thread is not None:
            self._thread.join(timeout)
        self._maker.close(max(0.0, end - time.monotonic()))

    def flush(self, timeout: float = 30.0) -> None:
        """Wait until the store has the traces of all that ended before; while it is away, until they are safe."""
        end = time.monotonic() + timeout
        with self._idle:
            taken = self._taken
            self._idle.wait_for(lambda: self._made >= taken, timeout)
        self._maker.flush(max(0.0, end - time.monotonic()))

    @property
    def waiting(self) -> int:
        """Requests that wait to become spans."""
        return self._taken - self._made

    @property
    def dropped(self) -> int:
        """Requests and traces that found no room."""
        return self._dropped + exporter.dropped()

    # -- in the event loop -------------------------------------------------------------------------

    def __call__(self, done: Done) -> None:
        """Keep a request that ended, unless it is not sampled. Those that went wrong always are."""
        endpoint = self._endpoint_of(done.ask.endpoint)
        if not _is_kept(done, 1.0 if endpoint is None else endpoint.trace_sample):
            return
        weight = _PER_REQUEST + len(done.body) + len(done.ask.raw)
        queue = self._queue
        if len(queue) >= MOST_WAITING or self._weight_in - self._weight_out + weight > MOST_BYTES:
            self._drop()
            return
        self._weight_in += weight
        self._taken += 1
        queue.append((done, endpoint, weight))
        if len(queue) == 1:
            self._wake.set()

    def _drop(self) -> None:
        self._dropped += 1
        if self._dropped & (self._dropped - 1) == 0:
            log.error("%d requests are not traced so far: more end than spans can be made of.", self._dropped)

    # -- in the thread -----------------------------------------------------------------------------

    def _run(self) -> None:
        while True:
            self._wake.wait()
            if not self._closing:
                time.sleep(_LINGER_S)
            self._wake.clear()
            while self._queue:
                self._make()
            with self._idle:
                self._idle.notify_all()
            if self._closing and not self._queue:
                return

    def _make(self) -> None:
        taken = [self._queue.popleft() for _ in range(min(_AT_ONCE, len(self._queue)))]
        try:
            self._maker.make([self._told(done, endpoint) for done, endpoint, _ in taken])
        except Exception as error:
            log.error("%d requests could not be traced: %r", len(taken), error)
        finally:
            self._weight_out += sum(weight for _, _, weight in taken)
            self._made += len(taken)

    def _told(self, done: Done, endpoint: Endpoint | None) -> tuple[Done, Manner]:
        if not done.trace_id:
            done.trace_id = f"tr-{os.urandom(16).hex()}"
        return done, manner_of(endpoint, self._experiment_of(done, endpoint))

    def experiment_of(self, done: Done) -> str:
        """The name of the experiment that has the trace of a request."""
        return self._experiment_of(done, self._endpoint_of(done.ask.endpoint))

    def _experiment_of(self, done: Done, endpoint: Endpoint | None) -> str:
        own = None if endpoint is None else endpoint.experiment
        name = done.ask.endpoint if done.given.model_uri else PASSED
        return own or self._experiment or f"endpoints/{name}"


def _is_kept(done: Done, rate: float) -> bool:
    """Whether a request is traced: as its trace's id has it (so all servers agree), and as the caller's trace is."""
    settings = state.settings()
    if not settings.enabled or (done.status == _TOO_MANY and not done.upstream):
        return False  # what is turned away for want of room or allowance is counted, and must not cost more than that
    if failed(done):
        return True
    if settings.sampling is not None:
        slow = settings.sampling.slow_seconds
        if slow is not None and done.latency_s >= slow:
            return True
        rate = min(rate, settings.sampling.rate)
    if done.ask.traceparent and not parent_of(done.ask.traceparent)[0]:
        return False
    return rate >= 1.0 or not done.trace_id or int(done.trace_id[-16:], 16) < rate * _RANGE
