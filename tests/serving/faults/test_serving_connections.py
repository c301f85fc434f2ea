"""Callers that leave, callers that do not read, and callers that say nothing."""

from __future__ import annotations

import json
import resource
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from quire.testing import SimulatorProcess
from tests.serving.faults.conftest import MESSAGES, Serve, ask, client_of, traces
from tests.serving.faults.upstreams import Upstream, holds, pours
from tests.serving.served import Served

pytestmark = pytest.mark.slow

IDLE = 10_000
MEGABYTE = 1 << 20


@pytest.fixture
def upstream() -> Iterator[SimulatorProcess]:
    with SimulatorProcess() as running:
        yield running


def opened(served: Served) -> socket.socket:
    return socket.create_connection(("127.0.0.1", served.port), timeout=30)


def sent(served: Served, **more: Any) -> socket.socket:
    """A connection on which a question was asked."""
    body = json.dumps({"model": "joker", "messages": MESSAGES, **more}).encode()
    connection = opened(served)
    head = f"POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\ncontent-length: {len(body)}\r\n\r\n"
    connection.sendall(head.encode() + body)
    return connection


@pytest.mark.parametrize("stream", [False, True])
def test_a_caller_that_leaves_ends_its_upstream_call(serve: Serve, store: str, stream: bool) -> None:
    with Upstream(holds) as upstream:
        served = serve(upstream.environment)
        callers = [sent(served, stream=stream) for _ in range(20)]
        upstream.wait_for("asked", 20)
        assert upstream.left == 0
        for caller in callers:
            caller.close()
        upstream.wait_for("left", 20)
        assert upstream.asked == 20, "nobody asks again for a caller that has left"
    assert len(traces(store, 20)) == 20


def test_a_caller_that_leaves_in_the_middle_of_a_stream_ends_it(serve: Serve) -> None:
    with Upstream(pours) as upstream:
        served = serve(upstream.environment)
        caller = sent(served, stream=True)
        got = 0
        while got < MEGABYTE:
            got += len(caller.recv(65536))
        caller.close()
        upstream.wait_for("left", 1)


def test_a_caller_that_does_not_read_holds_up_its_own_stream_alone(serve: Serve, upstream: SimulatorProcess) -> None:
    """What it does not take stays with the upstream, not in the server's memory; in the end it is sent away."""
    with Upstream(pours) as pouring:
        fallback = {"limits": {"max_response_bytes": 1 << 40}}
        served = serve(pouring.environment, "--write-timeout", "3", **fallback)
        before = served.memory()
        callers = [sent(served, stream=True) for _ in range(4)]
        pouring.wait_for("asked", 4)
        poured = -1
        while poured != pouring.poured:
            poured = pouring.poured
            time.sleep(0.3)
        assert poured < 4 * 32 * MEGABYTE, "it is not drained into memory"
        assert served.memory() - before < 64 * MEGABYTE
        pouring.wait_for("left", 4)
        for caller in callers:
            caller.close()


def test_ten_thousand_idle_connections(serve: Serve, upstream: SimulatorProcess) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = IDLE + 500
    if hard != resource.RLIM_INFINITY and hard < wanted:
        pytest.skip(f"a process may open {hard:,} files here; {wanted:,} are needed")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, wanted), hard))
    served = serve(upstream.environment)
    before = served.memory()
    with ExitStack() as stack, client_of(served) as client:
        idle = [stack.enter_context(opened(served)) for _ in range(IDLE)]
        for _ in range(50):
            assert ask(client).choices[0].message.content
        assert served.memory() - before < 400 * MEGABYTE
        question = json.dumps({"model": "joker", "messages": MESSAGES}).encode()
        for connection in idle[::500]:
            head = f"POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\ncontent-length: {len(question)}\r\n\r\n"
            connection.sendall(head.encode() + question)
            assert connection.recv(12) == b"HTTP/1.1 200"


def test_a_caller_that_never_ends_its_request_is_sent_away(serve: Serve, upstream: SimulatorProcess) -> None:
    served = serve(upstream.environment, "--request-timeout", "0.5")
    caller = opened(served)
    caller.sendall(b"POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\ncontent-length: 100\r\n\r\n{")
    answer = caller.recv(65536)
    assert answer[9:12] in (b"408", b"400") or answer == b""
    assert upstream.count == 0
