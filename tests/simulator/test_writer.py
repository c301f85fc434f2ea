"""Writing stops when the client is gone, and other clients do not notice."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Callable
from typing import Any

import openai
import pytest

from quire.testing import Simulator

USER: list[Any] = [{"role": "user", "content": "hello"}]


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_client_that_leaves_a_stream_stops_its_writing(simulator: Simulator, client: openai.OpenAI) -> None:
    simulator.behave(token_latency_ms=50, recording={"hello": "word " * 1000})
    stream = client.chat.completions.create(model="gpt-4o", messages=USER, stream=True)
    next(iter(stream))
    stream.close()
    request = simulator.requests[0]
    time.sleep(0.2)
    written = request.events
    time.sleep(0.3)
    assert request.events == written < 100


async def test_a_cancelled_request_does_not_hold_the_others(simulator: Simulator) -> None:
    simulator.behave(latency_ms=300)
    async with openai.AsyncOpenAI(max_retries=0) as client:
        asked = [asyncio.create_task(client.chat.completions.create(model="gpt-4o", messages=USER)) for _ in range(4)]
        await asyncio.sleep(0.1)
        asked[0].cancel()
        rest = await asyncio.gather(*asked[1:])
    assert len(rest) == 3


def test_a_body_that_never_ends_is_no_request(simulator: Simulator, client: openai.OpenAI) -> None:
    with socket.create_connection(("127.0.0.1", simulator.port)) as connection:
        head = "POST /v1/chat/completions HTTP/1.1\r\nhost: a\r\ncontent-length: 99\r\nauthorization: Bearer k\r\n\r\n"
        connection.sendall(head.encode() + b'{"model":')
        time.sleep(0.1)
    assert client.models.list().data
    assert [request.path for request in simulator.requests] == ["/v1/models"]


def test_many_clients_are_served_at_once(simulator: Simulator) -> None:
    simulator.behave(latency_ms=200)

    async def ask_all() -> None:
        async with openai.AsyncOpenAI(max_retries=0) as client:
            ask = client.chat.completions.create
            await asyncio.gather(*(ask(model="gpt-4o", messages=USER) for _ in range(100)))

    began = time.monotonic()
    asyncio.run(ask_all())
    assert time.monotonic() - began < 100 * 0.2 / 2
    assert {request.status for request in simulator.requests} == {200}


@pytest.mark.parametrize("count", [1, 3])
def test_stopping_does_not_wait_for_answers(simulator_factory: Callable[..., Simulator], count: int) -> None:
    running = simulator_factory(error_rates={"timeout": 1})
    sockets = [socket.create_connection(("127.0.0.1", running.port)) for _ in range(count)]
    body = b'{"model":"m","messages":[{"role":"user","content":"a"}]}'
    head = (
        f"POST /v1/chat/completions HTTP/1.1\r\nhost: a\r\ncontent-length: {len(body)}\r\nauthorization: Bearer k\r\n"
    )
    for connection in sockets:
        connection.sendall(head.encode() + b"\r\n" + body)
    wait_until(lambda: len(running.requests) == count)
    began = time.monotonic()
    running.stop()
    assert time.monotonic() - began < 10  # the answers would never come
    for connection in sockets:
        with connection:
            assert connection.recv(1) == b""
