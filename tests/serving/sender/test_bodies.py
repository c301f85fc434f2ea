"""Answers that break off, that lie about their length, or that leave something behind for the next request."""

from __future__ import annotations

import pytest

from quire.domain.endpoints import Retrying
from quire.serving.errors import BrokenStream, NoAnswer
from quire.serving.request import Reply
from quire.testing import Simulator
from tests.caller.conftest import chat_answer
from tests.serving.sender.conftest import MakeSender, chat, read_stream
from tests.serving.sender.peers import EVENTS_HEAD, Peer, StartRaw, answering


async def test_an_answer_broken_off_in_its_middle_is_not_asked_for_twice(
    simulator: Simulator, raw_server: StartRaw, sender_at: MakeSender
) -> None:
    simulator.behave(error_rates={"truncate": 1})
    other = await raw_server(answering)
    with pytest.raises(NoAnswer, match="broke off its answer") as met:
        await sender_at(simulator, other).send(chat())
    assert met.value.status == 502
    assert (len(simulator.requests), other.requests) == (1, 0)


async def test_an_error_broken_off_in_its_middle_is_no_answer_begun(
    raw_server: StartRaw, sender_at: MakeSender
) -> None:
    async def failing(peer: Peer) -> None:
        await peer.request()
        if peer.number == 0:
            await peer.write(b"HTTP/1.1 500 X\r\ncontent-length: 100\r\n\r\n{")
        else:
            await peer.answer()

    reply = await sender_at(await raw_server(failing)).send(chat())
    assert (reply.status, reply.attempts) == (200, 2)


async def test_a_stream_broken_off_in_its_middle_says_so_and_is_not_sent_again(
    simulator: Simulator, sender_at: MakeSender
) -> None:
    simulator.behave(error_rates={"broken_stream": 1})
    pieces: list[bytes] = []
    with pytest.raises(BrokenStream, match="Upstream 'u0' broke off its answer"):
        await read_stream(sender_at(simulator), chat(), into=pieces)
    assert b"".join(pieces).count(b"data: ") == simulator.requests[0].events
    assert len(simulator.requests) == 1


async def test_a_stream_broken_off_before_its_first_byte_is_sent_again(
    raw_server: StartRaw, sender_at: MakeSender
) -> None:
    async def late(peer: Peer) -> None:
        await peer.request()
        await peer.write(EVENTS_HEAD)
        if peer.number < 2:
            peer.abort()
        else:
            await peer.event(b"data: [DONE]\n\n")
            await peer.event(b"")

    server = await raw_server(late)
    async with sender_at(server).stream(chat()) as answer:
        assert not isinstance(answer, Reply)
        assert answer.attempts == 3
        assert [piece async for piece in answer.chunks()] == [b"data: [DONE]\n\n"]


async def test_an_empty_stream_is_none(raw_server: StartRaw, sender_at: MakeSender) -> None:
    async def empty(peer: Peer) -> None:
        while True:
            await peer.request()
            await peer.write(EVENTS_HEAD)
            await peer.event(b"")

    with pytest.raises(NoAnswer, match="an empty stream"):
        await read_stream(sender_at(await raw_server(empty)), chat())


async def test_a_stream_that_falls_silent_is_broken_off(raw_server: StartRaw, sender_at: MakeSender) -> None:
    async def silent(peer: Peer) -> None:
        await peer.request()
        await peer.write(EVENTS_HEAD)
        await peer.event(b"data: x\n\n")
        await peer.until_gone()

    server = await raw_server(silent)
    with pytest.raises(BrokenStream, match="did not end it in time"):
        await read_stream(sender_at(server, retrying=Retrying(timeout_s=0.1)), chat())
    assert server.requests == 1
    await server.all_gone()


async def test_a_length_that_is_too_great(raw_server: StartRaw, sender_at: MakeSender) -> None:
    async def lying(peer: Peer) -> None:
        await peer.request()
        await peer.answer(length=len(chat_answer()) + 10)
        peer.writer.close()

    server = await raw_server(lying)
    with pytest.raises(NoAnswer, match="broke off its answer"):
        await sender_at(server).send(chat())
    assert server.requests == 1


def _true(body: bytes) -> bytes:
    """An answer that tells its request."""
    return b'{"true": ' + body + b"}"


@pytest.mark.parametrize("at_once", [True, False])
async def test_a_length_that_is_too_small_poisons_no_other_request(
    raw_server: StartRaw, sender_at: MakeSender, at_once: bool
) -> None:
    """What stands behind the stated end looks like an answer to a request that was not yet sent."""
    forged = b"HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\nforged"

    async def lying(peer: Peer) -> None:
        body = await peer.request()
        while True:
            if at_once:
                await peer.answer(_true(body) + forged, length=len(_true(body)))
            else:
                await peer.answer(_true(body))
                await peer.write(forged)
            body = await peer.request()

    sender = sender_at(await raw_server(lying))
    for number in range(10):
        reply = await sender.send(chat(user=f"{number:016x}"))
        assert reply.body.startswith(b'{"true": ')
        assert f"{number:016x}"[-10:].encode() in reply.body
