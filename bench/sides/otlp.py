"""The client of the ingest benchmark: sends spans to one server and waits until its database has them all."""

from __future__ import annotations

import contextlib
import sqlite3
import sys
import time
from itertools import islice

from bench.load import drive
from bench.spans import SPANS, bodies
from bench.worker import serve

ADDRESS = ("127.0.0.1", int(sys.argv[2]))
DATABASE = sys.argv[3]
_PATIENCE = 300.0
_HEADERS = "Content-Type: application/x-protobuf\r\nx-mlflow-experiment-id: 0\r\n"
_made = bodies()


def send(requests: int, clients: int) -> dict[str, float]:
    """Send so many requests over so many connections; spans a second until the last one is stored."""
    before = _stored()
    each = [list(islice(map(_request, _made), requests // clients)) for _ in range(clients)]
    expected = before + SPANS * clients * (requests // clients)
    began = time.perf_counter()
    outcome = drive(ADDRESS, each, seconds=3600)
    if outcome.failed:
        raise RuntimeError(f"{outcome.failed} requests failed, as {outcome.failures[0]}")
    while (stored := _stored()) < expected:
        if time.perf_counter() - began > _PATIENCE:
            raise RuntimeError(f"{stored - before} of {expected - before} spans are stored after {_PATIENCE:.0f} s")
        time.sleep(0.01)
    return {"rate": (expected - before) / (time.perf_counter() - began), "p50": outcome.p50, "p99": outcome.p99}


def _request(body: bytes) -> bytes:
    head = f"POST /v1/traces HTTP/1.1\r\nHost: 127.0.0.1\r\n{_HEADERS}Content-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


def _stored() -> int:
    with contextlib.closing(sqlite3.connect(f"file:{DATABASE}?mode=ro", uri=True, timeout=60)) as database:
        return int(database.execute("SELECT count(*) FROM spans").fetchone()[0])


serve(send=send)
