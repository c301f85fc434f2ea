"""Sending a request to one upstream: what it is sent, and that its answer comes back untouched."""

from __future__ import annotations

import asyncio
import gzip
import threading
from pathlib import Path
from typing import Any

import pytest

import quire
from quire.caller.settings import ServiceSettings
from quire.domain.calls import Task
from quire.domain.endpoints import Limits, Upstream
from quire.serving.errors import BrokenStream, NoAnswer
from quire.serving.request import Outgoing, Reply
from quire.serving.sender.channel import Channel, limits_of
from quire.testing import Simulator
from tests.caller.conftest import Exchange, chat_answer
from tests.serving.sender.conftest import KEY, MakeSender, StartUpstream, chat, read_stream, upstream_at


@pytest.mark.parametrize(
    ("route", "body", "path"),
    [
        ("chat.completions", {"messages": [{"role": "user", "content": "hi"}]}, "/v1/chat/completions"),
        ("completions", {"prompt": "hi"}, "/v1/completions"),
        ("responses", {"input": "hi"}, "/v1/responses"),
        ("embeddings", {"input": "hi"}, "/v1/embeddings"),
    ],
)
async def test_each_route_is_asked_where_it_is(
    simulator: Simulator, sender_at: MakeSender, route: Task, body: dict[str, Any], path: str
) -> None:
    sender = sender_at(simulator)
    for _ in range(2):
        reply = await sender.send(Outgoing(route, {"model": "gpt-4o", **body}, stream=False))
        assert reply.status == 200
    assert {request.path for request in simulator.requests} == {path}
    assert [request.body for request in simulator.requests] == [{"model": "gpt-4o", **body}] * 2
    assert simulator.requests[0].headers == simulator.requests[1].headers
    assert simulator.requests[0].headers["authorization"] == f"Bearer {KEY}"
    assert "AsyncOpenAI" in simulator.requests[0].headers["user-agent"]
    assert not [name for name in simulator.requests[0].headers if name.startswith("x-stainless")]


async def test_nothing_is_sent_to_learn_where_requests_go(simulator: Simulator, sender_at: MakeSender) -> None:
    await sender_at(simulator).send(chat())
    assert len(simulator.requests) == 1


async def test_an_answer_is_passed_on_byte_for_byte(raw_upstream: StartUpstream, sender_at: MakeSender) -> None:
    body = b'{"odd" :  1.0e3,\n\t"new_field": "\\u00e9\xc3\xa9"}'

    async def handler(exchange: Exchange) -> None:
        await exchange.answer(body, content_type="application/json", x_request_id="req_1")

    reply = await sender_at(raw_upstream(handler)).send(chat())
    assert (reply.status, reply.body, reply.upstream, reply.attempts) == (200, body, "u0", 1)
    assert reply.headers["X-Request-ID"] == "req_1"


async def test_what_no_client_can_read_is_no_answer(simulator: Simulator, sender_at: MakeSender) -> None:
    simulator.behave(error_rates={"malformed": 1})
    with pytest.raises(NoAnswer, match="not JSON") as caught:
        await sender_at(simulator).send(chat())
    assert caught.value.status == 502
    assert len(simulator.requests) == 1, "it answered: it is not asked to do so twice"


async def test_compression_is_not_asked_for_and_undone_where_it_comes(
    raw_upstream: StartUpstream, sender_at: MakeSender
) -> None:
    async def handler(exchange: Exchange) -> None:
        await exchange.answer(gzip.compress(chat_answer("long")), content_encoding="gzip", x_other="kept")

    server = raw_upstream(handler)
    reply = await sender_at(server).send(chat())
    assert server.exchanges[0].headers["accept-encoding"] == "identity"
    assert reply.body == chat_answer("long")
    assert "content-encoding" not in reply.headers
    assert "content-length" not in reply.headers
    assert reply.headers["x-other"] == "kept"


async def test_an_upstream_is_asked_by_its_own_name_for_the_model(simulator: Simulator, sender_at: MakeSender) -> None:
    out = chat()
    await sender_at(upstream_at(simulator, model="gpt-4o-mini")).send(out)
    assert simulator.requests[0].body["model"] == "gpt-4o-mini"
    assert out.body["model"] == "gpt-4o"


async def test_the_callers_trace_goes_with_the_request(simulator: Simulator, sender_at: MakeSender) -> None:
    sender = sender_at(simulator)
    for number in (1, 2):
        out = chat()
        out.traceparent = f"00-{number:032x}-{number:016x}-01"
        await sender.send(out)
    await sender.send(chat())
    headers = [request.headers.get("traceparent") for request in simulator.requests]
    assert headers == [f"00-{1:032x}-{1:016x}-01", f"00-{2:032x}-{2:016x}-01", None]


async def test_a_deployment_on_azure(simulator: Simulator, sender_at: MakeSender) -> None:
    azure = Upstream(
        name="azure",
        base_url=simulator.azure_endpoint,
        api_type="azure",
        api_version="2024-10-21",
        deployment="champion",
        api_key_env="AZURE_KEY",
    )
    reply = await sender_at(azure, environ={"AZURE_KEY": "azure-key"}).send(chat())
    assert reply.status == 200
    [request] = simulator.requests
    assert request.url == "/openai/deployments/champion/chat/completions?api-version=2024-10-21"
    assert request.headers["api-key"] == "azure-key"


async def test_on_azure_the_model_names_the_deployment_where_none_is_given(
    simulator: Simulator, sender_at: MakeSender
) -> None:
    azure = Upstream(base_url=simulator.azure_endpoint, api_type="azure", api_version="2024-10-21")
    sender = sender_at(azure)
    for model in ("one", "two", "one"):
        out = chat()
        out.body["model"] = model
        await sender.send(out)
    paths = [request.path for request in simulator.requests]
    assert paths == [f"/openai/deployments/{model}/chat/completions" for model in ("one", "two", "one")]


@pytest.mark.parametrize("route", ["chat.completions", "completions", "responses"])
async def test_a_stream_passes_as_it_comes(simulator: Simulator, sender_at: MakeSender, route: Task) -> None:
    text = {"responses": {"input": "hi"}, "completions": {"prompt": "hi"}}.get(route) or chat().body
    out = Outgoing(route, {"model": "gpt-4o", **text}, stream=True)
    body = await read_stream(sender_at(simulator), out)
    assert simulator.requests[0].body["stream"] is True
    assert body.count(b"data: ") == simulator.requests[0].events
    assert b"[DONE]" in body or b"response.completed" in body


async def test_a_piece_is_there_before_the_next_is_written(raw_upstream: StartUpstream, sender_at: MakeSender) -> None:
    async def handler(exchange: Exchange) -> None:
        exchange.writer.write(
            b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
        )
        for word in (b"one", b"two", b""):
            exchange.writer.write(b"%x\r\n%s\r\n" % (len(word), word))
            await exchange.writer.drain()
            if word:
                await asyncio.to_thread(seen.wait, 5)
            seen.clear()

    seen = threading.Event()
    pieces = []
    async with sender_at(raw_upstream(handler)).stream(chat()) as answer:
        assert not isinstance(answer, Reply)
        assert answer.status == 200
        async for piece in answer.chunks():
            pieces.append(piece)
            seen.set()
    assert pieces == [b"one", b"two"]


async def test_a_refusal_of_a_stream_is_a_reply(simulator: Simulator, sender_at: MakeSender) -> None:
    out = chat()
    out.body["messages"] = "nonsense"
    async with sender_at(simulator).stream(out) as answer:
        assert isinstance(answer, Reply)
        assert answer.status == 400
        assert b'"error"' in answer.body


async def test_a_stream_that_is_answered_whole_is_a_reply(raw_upstream: StartUpstream, sender_at: MakeSender) -> None:
    async def handler(exchange: Exchange) -> None:
        await exchange.answer(content_type="application/json")

    async with sender_at(raw_upstream(handler)).stream(chat()) as answer:
        assert isinstance(answer, Reply)
        assert answer.body == chat_answer()


async def test_connections_are_kept_for_the_next_request(raw_upstream: StartUpstream, sender_at: MakeSender) -> None:
    async def handler(exchange: Exchange) -> None:
        await exchange.answer()

    server = raw_upstream(handler)
    sender = sender_at(server)
    for _ in range(5):
        await sender.send(chat())
    assert (len(server.exchanges), server.connections) == (5, 1)


async def test_a_request_that_is_too_large_is_not_sent(simulator: Simulator, sender_at: MakeSender) -> None:
    sender = sender_at(simulator, limits=Limits(max_request_bytes=1000))
    for attempt in (sender.send(chat("x" * 1000)), read_stream(sender, chat("x" * 1000))):
        with pytest.raises(NoAnswer, match=r"at most 1,000 \(limits.max_request_bytes\)") as met:
            await attempt
        assert met.value.status == 413
    assert simulator.requests == []


@pytest.mark.parametrize("stated", [True, False])
async def test_an_answer_that_is_too_large_is_not_read(
    raw_upstream: StartUpstream, sender_at: MakeSender, stated: bool
) -> None:
    async def handler(exchange: Exchange) -> None:
        if stated:
            await exchange.answer(b"x" * 5000)
        else:
            exchange.writer.write(b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 5000)
            exchange.writer.close()

    server = raw_upstream(handler)
    with pytest.raises(NoAnswer, match="larger answer than the endpoint allows") as met:
        await sender_at(server, limits=Limits(max_response_bytes=4000)).send(chat())
    assert met.value.status == 502
    assert len(server.exchanges) == 1


async def test_a_stream_that_grows_too_large_is_broken_off(simulator: Simulator, sender_at: MakeSender) -> None:
    sender = sender_at(simulator, limits=Limits(max_response_bytes=400))
    with pytest.raises(BrokenStream, match="max_response_bytes"):
        await read_stream(sender, chat())


async def test_the_sdks_hook_makes_no_trace_of_it(simulator: Simulator, sender_at: MakeSender, tmp_path: Path) -> None:
    """Serving makes its own traces, whatever the process has switched on."""
    quire.set_tracking_uri(f"sqlite:///{tmp_path / 'quire.db'}")
    quire.set_experiment("served")
    quire.openai.autolog()
    try:
        sender = sender_at(simulator)
        await sender.send(chat())
        await read_stream(sender, chat())
        quire.tracing.flush()
        assert quire.search_traces(return_type="list") == []
    finally:
        quire.openai.autolog(disable=True)


async def test_through_a_proxy(
    raw_upstream: StartUpstream, sender_at: MakeSender, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def handler(exchange: Exchange) -> None:
        await exchange.answer()

    proxy = raw_upstream(handler)
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{proxy.port}")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    reply = await sender_at("http://upstream.invalid/v1").send(chat())
    assert reply.status == 200
    assert proxy.exchanges[0].path == "http://upstream.invalid/v1/chat/completions"


async def test_a_token_is_asked_for_again_when_it_may_have_expired(
    simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    tokens = iter(f"token-{number}" for number in range(100))
    settings = ServiceSettings(
        api_type="azure_ad",
        base_url=simulator.azure_endpoint,
        api_version="2024-10-21",
        deployment="champion",
        ad_token_provider=lambda: next(tokens),
    )
    channel = Channel("azure", Upstream(), settings, 1_000_000)
    limits = limits_of(60, stream=False)
    out = chat()
    body = channel.encode(out, stream=False)
    for _ in range(3):
        await channel.ask(out, body, limits, stream=False)
    monkeypatch.setattr("quire.serving.sender.channel._TOKEN_LIFE_S", -1.0)
    monkeypatch.setattr(channel._transport, "_mould_life_s", 0.0)
    channel._addresses.clear()
    for _ in range(2):
        await channel.ask(out, body, limits, stream=False)
    await channel.close()
    seen = [request.headers["authorization"] for request in simulator.requests]
    assert len(set(seen[:3])) == 1
    assert len({*seen[2:]}) == 3
