"""The upstream of the serving benchmarks answers as OpenAI does, and the loads count what it really answered."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import openai
import pytest

from bench.exchanges import Outcome
from bench.load import Address, request
from bench.paced import pace, saturate
from bench.proxies import question
from bench.token_upstream import token_upstream

TOKENS = 5


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with token_upstream(tokens=TOKENS, gap_ms=1) as found:
        yield found


def asked(*, stream: bool) -> bytes:
    body = json.dumps(question(stream=stream, with_system=True)).encode()
    return request("POST", "/v1/chat/completions", body)


def test_the_official_client_reads_its_answers(port: int) -> None:
    client = openai.OpenAI(base_url=f"http://127.0.0.1:{port}/v1", api_key="any", max_retries=0)
    whole = client.chat.completions.create(model="m", messages=[{"role": "user", "content": "x"}])
    streamed = client.chat.completions.create(
        model="m", messages=[{"role": "user", "content": "x"}], stream=True, stream_options={"include_usage": True}
    )
    chunks = list(streamed)
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    assert whole.choices[0].message.content == text == "leaf " * TOKENS
    assert whole.usage == chunks[-1].usage
    assert [chunk.choices[0].finish_reason for chunk in chunks if chunk.choices][-1] == "stop"


@pytest.mark.parametrize("stream", [False, True])
def test_a_constant_rate_sends_what_is_due_whatever_the_answers_take(port: int, stream: bool) -> None:
    found = pace(("127.0.0.1", port), asked(stream=stream), tokens=TOKENS, rate=200, seconds=0.5, connections=8)
    assert (found.requests, found.failed, found.late) == (100, 0, 0)
    assert 0 < found.first_p50 <= found.p50 <= found.p99
    assert (found.p50 - found.first_p50 > 0.003) == stream, "four gaps of a millisecond"


@pytest.mark.parametrize("stream", [False, True])
def test_busy_connections_are_each_answered_whole(port: int, stream: bool) -> None:
    found = saturate(("127.0.0.1", port), asked(stream=stream), tokens=TOKENS, seconds=0.3, connections=16)
    assert found.requests >= 16
    assert found.failed == 0
    assert found.rate > 0


def test_an_answer_of_another_length_is_a_failure(port: int) -> None:
    found = saturate(("127.0.0.1", port), asked(stream=False), tokens=TOKENS + 1, seconds=0.05, connections=1)
    assert found.requests == found.failed > 0
    assert "leaf" in found.failures[0]


class _Handler(BaseHTTPRequestHandler):
    """Answers the first request of all late."""

    protocol_version = "HTTP/1.1"
    lock = threading.Lock()
    slow = threading.Event()

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        with self.lock:
            if not self.slow.is_set():
                self.slow.set()
                time.sleep(0.2)
        body = b"leaf" * TOKENS
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_arguments: object) -> None:
        pass


@pytest.fixture
def stopping() -> Iterator[Address]:
    _Handler.slow.clear()
    with ThreadingHTTPServer(("127.0.0.1", 0), _Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield ("127.0.0.1", server.server_port)
        server.shutdown()


def test_a_stop_is_seen_by_all_that_were_due_in_it(stopping: Address) -> None:
    found: Outcome = pace(stopping, asked(stream=False), tokens=TOKENS, rate=100, seconds=0.3, connections=1)
    answered = found.requests - found.failed
    assert answered > 0
    assert found.p99 >= 0.2
    assert found.p50 > 0.02, "those that waited behind the first count from when they were due"
