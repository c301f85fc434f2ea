"""A store that goes away and comes back: serving goes on, and every request is one trace in the end."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import openai
import pytest

from quire.testing import SimulatorProcess
from tests.quire_server import QuireServer
from tests.serving.faults.conftest import Serve, ask, client_of, traces
from tests.serving.served import Served

pytestmark = pytest.mark.slow


@pytest.fixture
def upstream() -> Iterator[SimulatorProcess]:
    with SimulatorProcess() as running:
        yield running


@pytest.fixture
def server(store: str, tmp_path: Path) -> Iterator[QuireServer]:
    """A Quire server with the models."""
    with QuireServer(tmp_path / "server", backend_store_uri=store) as running:
        yield running


def asked(client: openai.OpenAI, count: int) -> list[str]:
    """The traces of so many questions, asked by four at once."""

    def one(number: int) -> str:
        question: list[Any] = [{"role": "user", "content": f"Joke number {number}."}]
        raw = client.chat.completions.with_raw_response.create(model="joker", messages=question)
        assert raw.parse().choices[0].message.content
        return str(raw.headers["x-quire-trace-id"])

    with ThreadPoolExecutor(4) as pool:
        return list(pool.map(one, range(count)))


def test_serving_goes_on_without_its_store_and_no_trace_is_lost(
    serve: Serve, server: QuireServer, upstream: SimulatorProcess, store: str
) -> None:
    served = serve(upstream.environment, uri=server.url)
    with client_of(served) as client:
        told = asked(client, 20)
        server.kill()
        told += asked(client, 40)
        server.start()
        told += asked(client, 20)
    found = [trace.info.trace_id for trace in traces(store, 80, seconds=60)]
    assert sorted(found) == sorted(told), "each once, and no other"
    assert upstream.count == 80


def test_a_store_that_says_nothing_holds_nobody_up(
    serve: Serve, server: QuireServer, upstream: SimulatorProcess, store: str
) -> None:
    """It takes connections, and answers nothing: neither callers nor the following of aliases may hang on it."""
    served = serve(upstream.environment, uri=server.url)
    with client_of(served, timeout=20) as client:
        told = asked(client, 5)
        server.freeze()
        told += asked(client, 20)
        server.thaw()
        told += asked(client, 5)
    assert sorted(trace.info.trace_id for trace in traces(store, 30, seconds=60)) == sorted(told)


def test_a_process_that_ends_while_its_store_is_away_loses_nothing(
    serve: Serve, server: QuireServer, upstream: SimulatorProcess, store: str
) -> None:
    served = serve(upstream.environment, uri=server.url)
    with client_of(served) as client:
        server.kill()
        told = asked(client, 20)
    assert served.stop() == 0
    server.start()
    served.start()
    with client_of(served) as client:
        told += asked(client, 5)
    assert sorted(trace.info.trace_id for trace in traces(store, 25, seconds=60)) == sorted(told)


def test_it_does_not_start_without_a_store_it_cannot_know(serve: Serve, server: QuireServer, tmp_path: Path) -> None:
    server.kill()
    with pytest.raises(RuntimeError, match=r"(?i)cannot|reach|refused|unavailable"):
        serve({}, uri=server.url)


def under_load(client: openai.OpenAI, workers: int, done: threading.Event) -> Callable[[], list[str]]:
    """Ask on and on; gives a function that waits, and tells the traces. An error is raised there."""
    pool = ThreadPoolExecutor(workers)

    def on_and_on() -> list[str]:
        told = []
        while not done.is_set():
            raw = client.chat.completions.with_raw_response.create(model="joker", messages=_HELLO)
            told.append(str(raw.headers["x-quire-trace-id"]))
        return told

    running = [pool.submit(on_and_on) for _ in range(workers)]
    return lambda: [trace for one in running for trace in one.result(60)]


_HELLO: list[Any] = [{"role": "user", "content": "Hello."}]


def test_the_store_may_come_and_go_under_load(
    serve: Serve, server: QuireServer, upstream: SimulatorProcess, store: str
) -> None:
    served = serve(upstream.environment, uri=server.url)
    done = threading.Event()
    with client_of(served) as client:
        finished = under_load(client, 4, done)
        for _ in range(3):
            ask(client)
            server.kill()
            for _ in range(5):
                ask(client)
            server.start()
        done.set()
        told = finished()
    count = upstream.count
    assert count == len(told) + 18
    found = [trace.info.trace_id for trace in traces(store, count, seconds=120)]
    assert len(set(found)) == count
    assert set(told) <= set(found)
    assert isinstance(served, Served)
