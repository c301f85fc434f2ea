"""The load generator counts what a server really answered, however the answers are framed."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import repeat
from typing import ClassVar

import pytest

from bench.load import Address, Refused, drive, request


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    asked: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        self.asked.append(self.path)
        if self.path == "/close":
            self.close_connection = True
            return
        if self.path == "/chunked":
            self.send_response(200)
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            self.wfile.write(b"5\r\nhello\r\n")
            self.wfile.write(b"0\r\n\r\n")
            return
        body = b"x" * (200_000 if self.path == "/large" else 2)
        self.send_response(500 if self.path == "/broken" else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_arguments: object) -> None:
        pass


@pytest.fixture
def address() -> Iterator[Address]:
    _Handler.asked.clear()
    with ThreadingHTTPServer(("127.0.0.1", 0), _Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield ("127.0.0.1", server.server_port)
        server.shutdown()


@pytest.mark.parametrize("path", ["/", "/large", "/chunked"])
def test_every_request_of_every_client_is_answered_once(address, path):
    outcome = drive(address, [[request("GET", path)] * 5, [request("GET", path)] * 7], seconds=60)

    assert outcome.requests == len(_Handler.asked) == 12
    assert outcome.failed == 0
    assert 0 < outcome.p50 <= outcome.p95 <= outcome.p99 <= outcome.seconds


def test_a_load_ends_when_its_time_is_over(address):
    outcome = drive(address, [repeat(request("GET", "/"))], seconds=0.2)

    assert 0.2 <= outcome.seconds < 10
    assert outcome.requests == len(_Handler.asked) > 1


def test_answers_that_are_no_success_are_counted_apart(address):
    outcome = drive(address, [[request("GET", "/"), request("GET", "/broken")]], seconds=60)

    assert (outcome.requests, outcome.failed) == (2, 1)
    assert outcome.failures[0].startswith("HTTP/1.1 500")
    assert outcome.rate == pytest.approx(1 / outcome.seconds)


def test_a_server_that_hangs_up_is_no_result(address):
    with pytest.raises(Refused, match="closed a connection"):
        drive(address, [[request("GET", "/close")]], seconds=60)
