"""A process that is told to end under load answers all that it was asked, and ends well."""

from __future__ import annotations

import signal
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from quire.testing import SimulatorProcess
from tests.serving.faults.conftest import Serve, ask, client_of, traces
from tests.serving.faults.upstreams import Upstream, holds

pytestmark = pytest.mark.slow


@pytest.fixture
def upstream() -> Iterator[SimulatorProcess]:
    """It takes its time, so that requests are under way when the end comes."""
    with SimulatorProcess(latency_ms=700, token_latency_ms=10) as running:
        yield running


def test_requests_and_streams_under_way_are_answered(serve: Serve, upstream: SimulatorProcess, store: str) -> None:
    served = serve(upstream.environment)

    def whole(number: int) -> str:
        return str(ask(client, n=1).choices[0].message.content)

    def streamed(number: int) -> str:
        pieces = list(ask(client, stream=True))
        assert pieces[-1].choices[0].finish_reason == "stop", "a stream that was cut short has no end"
        return "".join(piece.choices[0].delta.content or "" for piece in pieces)

    with client_of(served) as client, ThreadPoolExecutor(32) as pool:
        running = [pool.submit(whole if number % 2 else streamed, number) for number in range(32)]
        while upstream.count < 32:
            time.sleep(0.01)
        served.tell(signal.SIGTERM)
        assert len({one.result(60) for one in running}) == 1, "all got the same answer whole"
    assert served.wait() == 0
    assert {trace.info.state for trace in traces(store, 32)} == {"OK"}


def test_new_connections_are_refused_while_the_last_are_answered(serve: Serve, upstream: SimulatorProcess) -> None:
    served = serve(upstream.environment)
    with client_of(served) as client, ThreadPoolExecutor(1) as pool:
        last = pool.submit(ask, client)
        while upstream.count < 1:
            time.sleep(0.01)
        served.tell(signal.SIGTERM)
        while True:
            try:
                socket.create_connection(("127.0.0.1", served.port), timeout=5).close()
            except ConnectionRefusedError:
                break
            time.sleep(0.01)
        assert last.result(60).choices[0].message.content
    assert served.wait() == 0


def test_clients_that_try_again_notice_nothing_of_a_restart(serve: Serve, upstream: SimulatorProcess) -> None:
    """As official clients do by default; each was asked a question, each got an answer."""
    upstream.behave(latency_ms=20, token_latency_ms=0)
    served = serve(upstream.environment)
    done = threading.Event()

    def on_and_on() -> int:
        answered = 0
        while not done.is_set():
            assert ask(client).choices[0].message.content
            answered += 1
        return answered

    with client_of(served, max_retries=20) as client, ThreadPoolExecutor(8) as pool:
        running = [pool.submit(on_and_on) for _ in range(8)]
        for _ in range(2):
            before = upstream.count
            while upstream.count < before + 30:
                time.sleep(0.01)
            assert served.stop() == 0
            served.start()
        done.set()
        assert sum(one.result(60) for one in running) >= 60


def test_what_hangs_is_waited_for_no_longer_than_it_is_told(serve: Serve) -> None:
    with Upstream(holds) as upstream:
        served = serve(upstream.environment, "--drain-timeout", "1")
        with client_of(served) as client, ThreadPoolExecutor(1) as pool:
            hanging: Any = pool.submit(ask, client)
            upstream.wait_for("asked", 1)
            served.tell(signal.SIGTERM)
            served.wait(20)
            assert hanging.exception(20) is not None
        upstream.wait_for("left", 1)
