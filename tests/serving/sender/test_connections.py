"""Connections that fail: none, half open, too slow, cut off, kept too long."""

from __future__ import annotations

import asyncio
import socket

import pytest

from quire.domain.endpoints import Retrying
from quire.serving.errors import NoAnswer
from tests.caller.conftest import chat_answer
from tests.serving.sender.conftest import MakeSender, chat, read_stream
from tests.serving.sender.peers import Peer, StartRaw, answering, closed_port

ONCE = Retrying(retries=0, timeout_s=0.1)


@pytest.mark.parametrize("stream", [False, True])
async def test_an_upstream_that_is_down(sender_at: MakeSender, stream: bool) -> None:
    sender = sender_at(f"http://127.0.0.1:{closed_port()}/v1")
    with pytest.raises(NoAnswer, match=r"3 attempts.*'u0' cannot be reached") as met:
        await (read_stream(sender, chat()) if stream else sender.send(chat()))
    assert met.value.status == 502


async def test_an_upstream_whose_name_is_unknown(sender_at: MakeSender) -> None:
    with pytest.raises(NoAnswer, match="cannot be reached") as met:
        await sender_at("http://nowhere.invalid/v1", retrying=Retrying(retries=0)).send(chat())
    assert met.value.status == 502


async def test_an_upstream_that_takes_no_connection_in_time(sender_at: MakeSender) -> None:
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        port = full.getsockname()[1]
        fillers = [socket.socket() for _ in range(4)]
        for filler in fillers:
            filler.setblocking(False)
            filler.connect_ex(("127.0.0.1", port))
        with pytest.raises(NoAnswer, match=r"cannot be reached|sent nothing"):
            await sender_at(f"http://127.0.0.1:{port}/v1", retrying=ONCE).send(chat())
        for filler in fillers:
            filler.close()


@pytest.mark.parametrize("stream", [False, True])
async def test_a_half_open_connection_is_told_from_a_missing_one(
    raw_server: StartRaw, sender_at: MakeSender, stream: bool
) -> None:
    async def silent(peer: Peer) -> None:
        await peer.request()
        await peer.until_gone()

    server = await raw_server(silent)
    sender = sender_at(server, retrying=Retrying(retries=1, timeout_s=0.1))
    with pytest.raises(NoAnswer, match=r"2 attempts.*accepted the connection and sent nothing in time") as met:
        await (read_stream(sender, chat()) if stream else sender.send(chat()))
    assert met.value.status == 504
    assert server.requests == 2
    await server.all_gone()


async def test_an_answer_that_does_not_end_in_time_is_not_asked_for_twice(
    raw_server: StartRaw, sender_at: MakeSender
) -> None:
    async def slow(peer: Peer) -> None:
        await peer.request()
        await peer.answer(b"{", length=100)
        await peer.until_gone()

    server, other = await raw_server(slow), await raw_server(answering)
    with pytest.raises(NoAnswer, match="began its answer and did not end it in time") as met:
        await sender_at(server, other, retrying=Retrying(timeout_s=0.1)).send(chat())
    assert met.value.status == 504
    assert (server.requests, other.requests) == (1, 0)
    await server.all_gone()


async def test_a_slow_stream_is_not_late_as_long_as_pieces_come(raw_server: StartRaw, sender_at: MakeSender) -> None:
    async def steady(peer: Peer) -> None:
        await peer.request()
        await peer.write(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n")
        for _ in range(8):
            await peer.event(b"data: x\n\n")
            await asyncio.sleep(0.05)
        await peer.event(b"")

    sender = sender_at(await raw_server(steady), retrying=Retrying(timeout_s=0.2, deadline_s=0.25))
    assert (await read_stream(sender, chat())).count(b"data: x") == 8


@pytest.mark.parametrize("stream", [False, True])
async def test_a_connection_closed_without_an_answer_is_tried_again(
    raw_server: StartRaw, sender_at: MakeSender, stream: bool
) -> None:
    async def closing(peer: Peer) -> None:
        await peer.request()
        if peer.number < 2:
            peer.abort()
        else:
            await peer.answer()

    server = await raw_server(closing)
    sender = sender_at(server)
    if stream:
        async with sender.stream(chat()) as answer:
            assert answer.attempts == 3
    else:
        assert (await sender.send(chat())).attempts == 3
    assert server.requests == 3


async def test_a_kept_connection_that_was_closed_costs_no_retry(raw_server: StartRaw, sender_at: MakeSender) -> None:
    async def impatient(peer: Peer) -> None:
        await peer.request()
        if peer.number == 1:
            await peer.write(b"HTTP/1.1 500 X\r\ncontent-length: 0\r\n\r\n")
        else:
            await peer.answer()
        await peer.request()  # comes in while the connection is being closed
        if peer.number == 1:
            await peer.answer()
        else:
            peer.abort()

    server = await raw_server(impatient)
    sender = sender_at(server, retrying=Retrying(retries=1))
    assert (await sender.send(chat())).attempts == 1
    reply = await sender.send(chat())  # met the closing, then an error, then an answer
    assert (reply.body, reply.attempts) == (chat_answer(), 3)
    assert (server.requests, len(server.peers)) == (4, 2)


async def test_without_retries_nothing_is_sent_twice(raw_server: StartRaw, sender_at: MakeSender) -> None:
    async def impatient(peer: Peer) -> None:
        await peer.request()
        await peer.answer()
        await peer.request()
        peer.abort()

    server = await raw_server(impatient)
    sender = sender_at(server, retrying=Retrying(retries=0))
    await sender.send(chat())
    with pytest.raises(NoAnswer, match="closed the connection without an answer") as met:
        await sender.send(chat())
    assert (met.value.status, server.requests) == (502, 2)


async def test_what_is_not_http(raw_server: StartRaw, sender_at: MakeSender) -> None:
    async def other(peer: Peer) -> None:
        await peer.request()
        await peer.write(b"SSH-2.0-OpenSSH_9.6\r\n\r\n")
        await peer.until_gone()

    with pytest.raises(NoAnswer, match="not HTTP") as met:
        await sender_at(await raw_server(other), retrying=Retrying(retries=0)).send(chat())
    assert met.value.status == 502
