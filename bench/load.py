"""Load for a server: so many connections, each sending its next request once the last was answered.

Raw sockets and one ``poll``, so that a request costs the client about ten microseconds and the server is what is
measured: on two cores an HTTP library would be the limit. ``python -m bench.load URL`` shows the most that this
client can do against a server, and how busy that keeps it.
"""

from __future__ import annotations

import argparse
import select
import socket
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import repeat
from urllib.parse import urlsplit

import msgspec

_CHUNK = 1 << 20
_PATIENCE = 300.0
_MILLISECONDS = 1000
_CUT = b"\r\n\r\n"

Address = tuple[str, int]


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What a load came to: requests answered, and how long each took, in seconds.

    ``busy`` is the share of one core that the client itself used. ``failed`` counts the answers that were no success;
    ``failures`` are the first few of them.
    """

    requests: int
    seconds: float
    p50: float
    p95: float
    p99: float
    busy: float
    failed: int = 0
    failures: list[str] = msgspec.field(default_factory=list)

    @property
    def rate(self) -> float:
        """Successful answers a second."""
        return (self.requests - self.failed) / self.seconds


class Refused(RuntimeError):
    """The server closed a connection, or sent nothing for five minutes."""


def drive(address: Address, streams: Sequence[Iterable[bytes]], seconds: float) -> Outcome:
    """Send the requests of each stream over a connection of its own, for so long.

    A request that is under way when the time is over is waited for and counted, so that a slow server is measured by
    whole requests. Streams that end early end the load.
    """
    clients = [_Client(address, iter(stream)) for stream in streams]
    busy, began = time.process_time(), time.perf_counter()
    try:
        ended = _exchange(clients, began + seconds)
    finally:
        for client in clients:
            client.socket.close()
    took = sorted(duration for client in clients for duration in client.durations)
    failures = [text for client in clients for text in client.failures]
    return Outcome(
        requests=len(took),
        seconds=ended - began,
        p50=_percentile(took, 50),
        p95=_percentile(took, 95),
        p99=_percentile(took, 99),
        busy=(time.process_time() - busy) / (ended - began),
        failed=len(failures),
        failures=[text[:500] for text in failures[:3]],
    )


def _exchange(clients: Sequence[_Client], until: float) -> float:
    """Send and receive till the time is over and everything is answered; the time of the last answer."""
    poller = select.poll()
    waiting = {client.socket.fileno(): client for client in clients if client.send()}
    for number in waiting:
        poller.register(number, select.POLLIN)
    now = time.perf_counter()
    while waiting:
        ready = poller.poll(_PATIENCE * _MILLISECONDS)
        if not ready:
            raise Refused(f"Nothing was answered for {_PATIENCE:.0f} s.")
        for number, _event in ready:
            client = waiting[number]
            if not client.receive():
                continue
            now = time.perf_counter()
            if now >= until or not client.send():
                poller.unregister(number)
                del waiting[number]
    return now


def _percentile(ascending: Sequence[float], percent: int) -> float:
    """The smallest value that so many percent do not exceed."""
    return ascending[-(-len(ascending) * percent // 100) - 1]


class _Client:
    """One connection. Reads as much of HTTP/1.1 as a server's answer to a plain request has."""

    __slots__ = ("_address", "_began", "_buffer", "_requests", "_total", "durations", "failures", "socket")

    def __init__(self, address: Address, requests: Iterator[bytes]) -> None:
        self._address = address
        self._requests = requests
        self._buffer = b""
        self._total: int | None = None
        self._began = 0.0
        self.durations: list[float] = []
        self.failures: list[str] = []
        self.socket = socket.create_connection(address, timeout=_PATIENCE)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.settimeout(None)  # with one, each send and receive would poll by itself

    def send(self) -> bool:
        """Send the next request; False if there is none."""
        request = next(self._requests, None)
        if request is None:
            return False
        self._began = time.perf_counter()
        self.socket.sendall(request)
        return True

    def receive(self) -> bool:
        """Take what has come; True once the answer is whole."""
        data = self.socket.recv(_CHUNK)
        if not data:
            raise Refused("The server closed a connection that was to be kept.")
        if self._buffer:
            data = self._buffer + data
        if self._total is None and _CUT in data:
            self._total = _length(data)
        if self._total is None or not _whole(data, self._total):
            self._buffer = data
            return False
        self.durations.append(time.perf_counter() - self._began)
        if data[9:10] != b"2":
            self.failures.append(data.decode(errors="replace"))
        self._buffer, self._total = b"", None
        return True


_CHUNKED = -1


def _length(data: bytes) -> int:
    """The length of the whole answer, head included; ``_CHUNKED`` if the last chunk shows its end."""
    cut = data.index(_CUT)
    head = data[:cut].lower()
    found = head.find(b"content-length:")
    if found < 0:
        return _CHUNKED
    return cut + len(_CUT) + int(head[found + 15 :].split(b"\r\n", 1)[0])


def _whole(data: bytes, total: int) -> bool:
    return data.endswith(b"0\r\n\r\n") if total == _CHUNKED else len(data) >= total


def request(method: str, path: str, body: bytes = b"", headers: Mapping[str, str] | None = None) -> bytes:
    """One request as it goes over the wire."""
    head = f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
    head += "".join(f"{name}: {value}\r\n" for name, value in (headers or {}).items())
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


def main() -> None:
    """Show what the client can do."""
    parser = argparse.ArgumentParser(prog="python -m bench.load", description=__doc__)
    parser.add_argument("url")
    parser.add_argument("--clients", type=int, default=8)
    parser.add_argument("--seconds", type=float, default=3)
    options = parser.parse_args()
    parts = urlsplit(options.url)
    target = f"{parts.path or '/'}{'?' + parts.query if parts.query else ''}"
    address = (parts.hostname or "127.0.0.1", parts.port or 80)
    found = drive(address, [repeat(request("GET", target))] * options.clients, options.seconds)
    print(
        f"{found.rate:,.0f} requests/s, p50 {found.p50 * 1e3:.2f} ms, p99 {found.p99 * 1e3:.2f} ms, "
        f"{found.failed} failed, client busy {found.busy:.0%}"
    )


if __name__ == "__main__":
    main()
