"""Requests that come in pieces, whose answers are those of the whole, and callers who leave in the middle of one."""

from __future__ import annotations

import contextlib
import http.client
import itertools
import random
import socket
import struct
import time
from collections.abc import Iterator

PATIENCE_S = 10.0
"""How long an answer may take: far above what one takes, far below what a server waits for more of a request."""


def request_bytes(
    method: str, path: str, body: bytes, *, chunk: int | None = None, headers: dict[str, str] | None = None
) -> bytes:
    """A request as it goes over the wire; ``chunk`` says no length and sends the body in chunks of that size."""
    fields = {"host": "127.0.0.1", **(headers or {})}
    if chunk is None:
        fields["content-length"] = str(len(body))
        sent = body
    else:
        fields["transfer-encoding"] = "chunked"
        parts = [body[at : at + chunk] for at in range(0, len(body), chunk)]
        sent = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in [*parts, b""])
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    return f"{method} {path} HTTP/1.1\r\n{head}\r\n".encode() + sent


def pieces(whole: bytes, seed: int) -> Iterator[bytes]:
    """The bytes in a few pieces: cut anywhere, and more often near the end, where a body's last piece begins."""
    rng = random.Random(seed)
    cuts = {rng.randrange(1, len(whole)) for _ in range(rng.randrange(4))}
    cuts |= {len(whole) - rng.randrange(1, min(len(whole), 700)) for _ in range(rng.randrange(3))}
    edges = [0, *sorted(cuts), len(whole)]
    yield from (whole[start:end] for start, end in itertools.pairwise(edges))


def answer(port: int, parts: Iterator[bytes] | list[bytes], pause_s: float = 0.0) -> tuple[int, bytes]:
    """Send these pieces, each by itself, with a pause between two; the answer's status and body.

    Raises TimeoutError if it does not come.
    """
    with socket.create_connection(("127.0.0.1", port), PATIENCE_S) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for number, part in enumerate(parts):
            if number:
                time.sleep(pause_s)
            connection.sendall(part)
        reply = http.client.HTTPResponse(connection)
        reply.begin()
        return reply.status, reply.read()


def leave(port: int, whole: bytes, rng: random.Random) -> None:
    """Send a request or a part of it, read some of its answer or none, and go away, with or without a goodbye."""
    with socket.create_connection(("127.0.0.1", port), PATIENCE_S) as connection:
        if rng.random() < 0.3:  # what was not read, or sent, is thrown away, and the other side is told of a break
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        with contextlib.suppress(OSError):
            is_part = rng.random() < 0.25
            connection.sendall(whole[: rng.randrange(len(whole))] if is_part else whole)
            time.sleep(rng.choice([0, 0, rng.random() * 0.03]))
            if not is_part and rng.random() < 0.7:
                connection.recv(rng.choice([1, 100, 5000]))
