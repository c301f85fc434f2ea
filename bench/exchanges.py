"""One kept connection to a service that answers in tokens: when the first token came, when all of it had."""

from __future__ import annotations

import socket
import time
from collections.abc import Sequence

import msgspec

from bench.load import Address
from bench.token_upstream import MARK

_CHUNK = 1 << 18
_CUT = b"\r\n\r\n"
_END = b"0\r\n\r\n"
_CHUNKED = -1


class Taken(msgspec.Struct, frozen=True):
    """One answer, in seconds since it was due: its first token, its end. ``failure`` is empty if it was a true one."""

    first: float
    whole: float
    failure: str = ""


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What a load came to. Times are in seconds, those of true answers alone; ``busy`` is the client's share of a core.

    ``late`` counts, among those that failed, what was not answered in time. Where nothing was, times are the load's.
    """

    requests: int
    seconds: float
    p50: float
    p99: float
    first_p50: float
    first_p99: float
    busy: float
    failed: int = 0
    late: int = 0
    failures: list[str] = msgspec.field(default_factory=list)

    @property
    def rate(self) -> float:
        """True answers a second."""
        return (self.requests - self.failed) / self.seconds


def outcome(taken: Sequence[Taken], late: Sequence[float], seconds: float, busy: float) -> Outcome:
    """Sum up. ``late`` are the times that unanswered requests have waited so far: they lengthen the percentiles."""
    good = [one for one in taken if not one.failure]
    failures = [one.failure for one in taken if one.failure]
    firsts, wholes = sorted([one.first for one in good] + list(late)), sorted([one.whole for one in good] + list(late))
    return Outcome(
        requests=len(taken) + len(late),
        seconds=seconds,
        p50=percentile(wholes, 50) if wholes else seconds,
        p99=percentile(wholes, 99) if wholes else seconds,
        first_p50=percentile(firsts, 50) if firsts else seconds,
        first_p99=percentile(firsts, 99) if firsts else seconds,
        busy=busy / seconds,
        failed=len(failures) + len(late),
        late=len(late),
        failures=[text[:500] for text in failures[:3]],
    )


def percentile(ascending: Sequence[float], percent: int) -> float:
    """The smallest value that so many percent do not exceed."""
    return ascending[-(-len(ascending) * percent // 100) - 1]


class Exchange:
    """Sends a request and takes its answer; connects anew when the service has closed the connection.

    ``tokens`` is how many a true answer has.
    """

    __slots__ = ("_address", "_buffer", "_due", "_first", "_total", "socket", "tokens")

    def __init__(self, address: Address, tokens: int) -> None:
        self._address = address
        self.tokens = tokens
        self._buffer = bytearray()
        self._total: int | None = None
        self._due = self._first = 0.0
        self.socket = self._connect()

    def _connect(self) -> socket.socket:
        made = socket.create_connection(self._address, timeout=30)
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        made.settimeout(None)
        return made

    def send(self, request: bytes, due: float) -> None:
        """Send what was due at that time of :func:`time.perf_counter`."""
        self._buffer, self._total, self._due, self._first = bytearray(), None, due, 0.0
        try:
            self.socket.sendall(request)
        except OSError:
            self.socket.close()
            self.socket = self._connect()
            self.socket.sendall(request)

    def receive(self) -> Taken | None:
        """Take what has come: the answer, once it is whole."""
        try:
            data = self.socket.recv(_CHUNK)
        except OSError as error:
            return self._broken(str(error))
        if not data:
            return self._broken("the connection was closed")
        self._buffer += data
        if not self._first and MARK in self._buffer:
            self._first = time.perf_counter()
        if self._total is None and _CUT in self._buffer:
            self._total = _length(self._buffer)
        if self._total is None or not self._is_whole():
            return None
        return self._taken(time.perf_counter())

    def _is_whole(self) -> bool:
        return self._buffer.endswith(_END) if self._total == _CHUNKED else len(self._buffer) >= (self._total or 0)

    def _taken(self, now: float) -> Taken:
        good = self._buffer[9:10] == b"2" and self._buffer.count(MARK) == self.tokens
        failure = "" if good else self._buffer.decode(errors="replace")
        return Taken((self._first or now) - self._due, now - self._due, failure)

    def _broken(self, why: str) -> Taken:
        self.socket.close()
        self.socket = self._connect()
        elapsed = time.perf_counter() - self._due
        return Taken(elapsed, elapsed, why)

    def close(self) -> None:
        """Close the connection."""
        self.socket.close()


def _length(data: bytearray) -> int:
    """The length of the whole answer, head included; ``_CHUNKED`` if the last chunk shows its end."""
    cut = data.index(_CUT)
    head = bytes(data[:cut]).lower()
    found = head.find(b"content-length:")
    return _CHUNKED if found < 0 else cut + len(_CUT) + int(head[found + 15 :].split(b"\r\n", 1)[0])
