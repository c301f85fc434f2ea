"""Streaming one call: pieces as they come, nothing after an early end, a clear error when it breaks."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import Callable
from typing import Any

import pytest

from quire.caller import Caller
from quire.caller.stream import UpstreamError
from quire.domain.calls import Call
from quire.domain.errors import InvalidInput, Unavailable
from quire.testing import Simulator

CallerAt = Callable[..., Caller]
CHAT = Call("chat.completions", {"model": "m", "messages": [{"role": "user", "content": "Tell me"}]}, (0,))
COMPLETION = Call("completions", {"model": "m", "prompt": "Tell me"}, (0,))
RESPONSE = Call("responses", {"model": "m", "input": "Tell me"}, (0,))


def sse(*events: Any, end: str = "data: [DONE]\n\n") -> bytes:
    return ("".join(f"data: {json.dumps(event)}\n\n" for event in events) + end).encode()


def piece(text: str, **choice: Any) -> dict[str, Any]:
    return {"choices": [{"index": 0, "delta": {"content": text}, **choice}]}


async def events(exchange: Any, body: bytes) -> None:
    await exchange.answer(body, content_type="text/event-stream")


@pytest.mark.parametrize("call", [CHAT, COMPLETION, RESPONSE])
def test_the_pieces_make_up_the_answer(
    simulator_factory: Callable[..., Simulator], caller_at: CallerAt, call: Call
) -> None:
    caller = caller_at(simulator_factory(echo=True))
    pieces = list(caller.stream(call))
    assert len(pieces) > 1
    (outcome,) = caller.iterate([call])
    assert "".join(pieces) in json.dumps(outcome.response) or "Tell me" in "".join(pieces)  # type: ignore[union-attr]


async def test_the_async_api_gives_the_same(simulator_factory: Callable[..., Simulator], caller_at: CallerAt) -> None:
    caller = caller_at(simulator_factory(seed=3))
    awaited = [piece async for piece in caller.astream(CHAT)]
    assert awaited == await asyncio.to_thread(lambda: list(caller.stream(CHAT)))


def test_pieces_come_as_they_are_written(simulator_factory: Callable[..., Simulator], caller_at: CallerAt) -> None:
    server = simulator_factory(echo=True, token_latency_ms=50)
    began = time.monotonic()
    arrived = [time.monotonic() - began for _ in caller_at(server).stream(CHAT)]
    assert arrived[-1] - arrived[0] > 0.1


def test_leaving_early_closes_the_connection(upstream: Any, caller_at: CallerAt) -> None:
    async def endless(exchange: Any) -> None:
        exchange.writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n")
        while True:
            exchange.writer.write(sse(piece("x"), end=""))
            await exchange.writer.drain()
            await asyncio.sleep(0.01)

    server = upstream(endless)
    for _piece in caller_at(server).stream(CHAT):
        break
    deadline = time.monotonic() + 5
    while server.open_connections and time.monotonic() < deadline:
        time.sleep(0.01)
    assert server.open_connections == 0


async def test_leaving_early_closes_the_connection_in_async_code_too(upstream: Any, caller_at: CallerAt) -> None:
    async def endless(exchange: Any) -> None:
        exchange.writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n")
        while True:
            exchange.writer.write(sse(piece("x"), end=""))
            await exchange.writer.drain()
            await asyncio.sleep(0.01)

    server = upstream(endless)
    async with caller_at(server) as caller:
        async with contextlib.aclosing(caller.astream(CHAT)) as pieces:
            assert await anext(pieces) == "x"
        await asyncio.sleep(0.3)
        assert server.open_connections == 0


@pytest.mark.parametrize("call", [CHAT, RESPONSE])
def test_a_stream_that_breaks_says_so(
    simulator_factory: Callable[..., Simulator], caller_at: CallerAt, call: Call
) -> None:
    server = simulator_factory(error_rates={"broken_stream": 1.0})
    got: list[str] = []
    with pytest.raises(UpstreamError, match=r"in the middle of (the|its) answer"):
        got.extend(caller_at(server).stream(call))
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (sse(piece("a"), end=""), "closed in the middle of the answer"),
        (b"data: {no json\n\n", "not a JSON object: '{no json'"),
        (b"data: [1]\n\n", "not a JSON object"),
        (sse(piece("a"), {"error": {"message": "overloaded"}}), "broke off its answer: .*overloaded"),
    ],
)
def test_nonsense_in_a_stream_is_named(upstream: Any, caller_at: CallerAt, body: bytes, said: str) -> None:
    with pytest.raises(UpstreamError, match=said):
        list(caller_at(upstream(lambda exchange: events(exchange, body))).stream(CHAT))


@pytest.mark.parametrize("kind", ["response.failed", "error"])
def test_a_failed_response_is_named(upstream: Any, caller_at: CallerAt, kind: str) -> None:
    body = sse(
        {"type": "response.output_text.delta", "delta": "a"},
        {"type": kind, "response": {"error": {"message": "overloaded"}}, "message": "overloaded"},
        end="",
    )
    with pytest.raises(UpstreamError, match=r"broke off its answer: .*overloaded"):
        list(caller_at(upstream(lambda exchange: events(exchange, body))).stream(RESPONSE))


@pytest.mark.parametrize(
    ("call", "body", "pieces"),
    [
        (CHAT, sse(piece("a"), piece("", finish_reason="stop"), end=""), ["a"]),
        (CHAT, sse({"choices": []}, piece("a"), {"choices": [{"index": 1, "delta": {"content": "b"}}]}), ["a"]),
        (CHAT, sse({"choices": [{"index": 0, "delta": None}]}, piece("a")), ["a"]),
        (
            CHAT,
            b": comment\r\nevent: x\r\ndata:" + json.dumps(piece("a")).encode() + b"\r\n\r\ndata:[DONE]\r\n\r\n",
            ["a"],
        ),
        (COMPLETION, sse({"choices": [{"index": 0, "text": "a"}]}), ["a"]),
        (
            RESPONSE,
            sse(
                {"type": "response.created"},
                {"type": "response.output_text.delta", "delta": "a"},
                {"type": "response.completed"},
                end="",
            ),
            ["a"],
        ),
        (
            RESPONSE,
            sse({"type": "response.output_text.delta", "delta": "a"}, {"type": "response.incomplete"}, end=""),
            ["a"],
        ),
    ],
)
def test_the_shapes_that_servers_write(
    upstream: Any, caller_at: CallerAt, call: Call, body: bytes, pieces: list[str]
) -> None:
    assert list(caller_at(upstream(lambda exchange: events(exchange, body))).stream(call)) == pieces


def test_an_empty_stream_is_an_empty_answer(upstream: Any, caller_at: CallerAt) -> None:
    assert list(caller_at(upstream(lambda exchange: events(exchange, sse()))).stream(CHAT)) == []


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_refused_stream_is_tried_again(upstream: Any, caller_at: CallerAt, status: int) -> None:
    async def once(exchange: Any) -> None:
        if exchange.number == 0:
            await exchange.refuse(status, retry_after_ms="100")
        else:
            await events(exchange, sse(piece("a")))

    server = upstream(once)
    assert list(caller_at(server).stream(CHAT)) == ["a"]
    assert server.exchanges[1].arrived - server.exchanges[0].arrived >= 0.1


@pytest.mark.parametrize(("status", "said"), [(400, "HTTP 400: no"), (401, "OPENAI_API_KEY")])
def test_a_refusal_that_stands_is_raised_with_its_words(
    upstream: Any, caller_at: CallerAt, status: int, said: str
) -> None:
    server = upstream(lambda exchange: exchange.refuse(status))
    with pytest.raises(UpstreamError, match=said):
        list(caller_at(server).stream(CHAT))
    assert len(server.exchanges) == 1


def test_refusals_end(upstream: Any, caller_at: CallerAt) -> None:
    server = upstream(lambda exchange: exchange.refuse(500))
    with pytest.raises(UpstreamError, match="HTTP 500: no"):
        list(caller_at(server, max_retries=1).stream(CHAT))
    assert len(server.exchanges) == 2


def test_an_unreachable_server_is_named(caller_at: CallerAt) -> None:
    class Nowhere:
        base_url = "http://127.0.0.1:9/v1"

    with pytest.raises(Unavailable, match=r"127\.0\.0\.1:9/v1 cannot be reached after 2 attempts.*OPENAI_BASE_URL"):
        list(caller_at(Nowhere(), max_retries=1).stream(CHAT))


def test_a_silent_server_costs_the_timeout(upstream: Any, caller_at: CallerAt) -> None:
    async def silent(exchange: Any) -> None:
        await asyncio.sleep(60)

    with pytest.raises(Unavailable, match="did not answer in 1 attempts: no answer within the timeout"):
        list(caller_at(upstream(silent), max_retries=0, timeout=0.2).stream(CHAT))


def test_vectors_do_not_stream(caller_at: CallerAt, upstream: Any) -> None:
    server = upstream(lambda exchange: exchange.answer())
    with pytest.raises(InvalidInput, match=r"do not stream\. Use predict"):
        list(caller_at(server).stream(Call("embeddings", {"model": "m", "input": ["a"]}, (0,))))
