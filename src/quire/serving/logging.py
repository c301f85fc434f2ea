"""One line of JSON for each request, without anything that was asked or answered; and the id of a request.

Lines are written by a thread, so that a slow pipe holds no request up; what finds no room is counted in the next line.
"""

from __future__ import annotations

import logging
import re
import sys
import threading
from collections import deque
from collections.abc import Iterable
from typing import TextIO

import msgspec

from quire.domain.ids import now_ms
from quire.domain.redaction import redact
from quire.domain.times import format_time
from quire.serving.request import Done
from quire.serving.traceparents import random_bits

log = logging.getLogger("quire.serving")
MOST_WAITING = 50_000
_LONGEST = 300
_EVERY_S = 0.1
_REQUEST_ID = re.compile(rb"[A-Za-z0-9_.\-]{1,128}")
_TELLS_WHY = frozenset({"failed", "broken"})
"""Endings whose error is an upstream's; that of a refusal may repeat what was asked."""


class Line(msgspec.Struct, omit_defaults=True):
    """What the log says of a request. Times are in milliseconds."""

    time: str
    event: str
    request_id: str
    trace_id: str
    endpoint: str
    route: str
    status: int
    ending: str
    latency_ms: float
    first_token_ms: float | None = None
    upstream_ms: float | None = None
    stream: bool = False
    response_id: str = ""
    model: str = ""
    model_version: str = ""
    arm: str = ""
    trial: str | None = None
    phase: int = 0
    upstream: str = ""
    upstream_request_id: str = ""
    attempts: int = 1
    cached: bool = False
    fell_back: bool = False
    input_tokens: int = 0
    output_tokens: int = 0
    cost_usd: float | None = None
    caller: str = ""
    token_id: str = ""
    namespace: str = ""
    error: str = ""
    lines_dropped: int = 0


class Refusal(msgspec.Struct):
    """What the log says of a request that was refused before it was known what it asks."""

    time: str
    event: str
    path: str
    status: int
    code: str


def line_of(done: Done) -> Line:
    """What the log says of a request that ended."""
    given, usage, ask = done.given, done.usage, done.ask
    return Line(
        time=format_time(done.start_ns // 1_000_000),
        event="request",
        request_id=ask.request_id,
        trace_id=done.trace_id,
        endpoint=ask.endpoint,
        route=ask.route,
        status=done.status,
        ending=done.ending,
        latency_ms=_ms(done.latency_s) or 0.0,
        first_token_ms=_ms(done.first_token_s),
        upstream_ms=_ms(done.upstream_s),
        stream=ask.stream,
        response_id=done.response_id,
        model=done.model,
        model_version=f"{given.name}/{given.version}" if given.name and given.version else "",
        arm=given.arm,
        trial=given.trial_id,
        phase=given.phase,
        upstream=done.upstream,
        upstream_request_id=done.upstream_request_id,
        attempts=done.attempts,
        cached=done.cached,
        fell_back=done.fell_back,
        input_tokens=usage.input_tokens,
        output_tokens=usage.output_tokens,
        cost_usd=done.cost_usd,
        caller=ask.caller.name,
        token_id=ask.caller.token_id,
        namespace=ask.namespace,
        error=redact(done.error)[:_LONGEST] if done.ending in _TELLS_WHY else "",
    )


def _ms(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds * 1000, 3)


class RequestLog:
    """An observer that writes a line for each request, to standard error unless told otherwise."""

    def __init__(self, file: TextIO | None = None) -> None:
        self._file = file
        self._waiting: deque[Done | Refusal] = deque()
        self._dropped = self._told = 0
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def __call__(self, done: Done) -> None:
        """Have a request written."""
        self._take(done)

    def refused(self, path: str, status: int, code: str) -> None:
        """Have a refusal written, of a request of which no more is known."""
        self._take(Refusal(format_time(now_ms()), "refusal", path[:_LONGEST], status, code))

    def _take(self, what: Done | Refusal) -> None:
        if len(self._waiting) >= MOST_WAITING:
            self._dropped += 1
        else:
            self._waiting.append(what)

    def start(self) -> None:
        """Begin to write."""
        self._thread = threading.Thread(target=self._run, name="quire-request-log", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Write what waits, and end."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(5)

    def _run(self) -> None:
        while not self._stop.wait(_EVERY_S):
            self._write()
        self._write()

    def _write(self) -> None:
        lines = []
        for _ in range(len(self._waiting)):
            what = self._waiting.popleft()
            try:
                lines.append(msgspec.json.encode(what if isinstance(what, Refusal) else self._line(what)).decode())
            except Exception as error:  # the others are written
                log.error("A request could not be written to the log: %r", error)
        if not lines:
            return
        file = self._file or sys.stderr
        try:
            file.write("\n".join(lines) + "\n")
            file.flush()
        except (OSError, ValueError):
            return  # nobody reads it any more

    def _line(self, done: Done) -> Line:
        line, dropped = line_of(done), self._dropped
        line.lines_dropped, self._told = dropped - self._told, dropped
        return line


def request_id_of(headers: Iterable[tuple[bytes, bytes]]) -> str:
    """The id of a request: the caller's ``x-request-id``, or one made here where there is none that can be one."""
    for name, value in headers:
        if name == b"x-request-id" and _REQUEST_ID.fullmatch(value):
            return value.decode()
    return f"req_{random_bits(128):032x}"
