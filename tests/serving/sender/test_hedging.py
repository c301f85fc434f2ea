"""Hedged requests: the first answer counts, the other is given up, and only so many are sent twice."""

from __future__ import annotations

import asyncio

import pytest

from quire.domain.endpoints import Hedging, Retrying
from quire.serving.errors import NoAnswer
from quire.serving.request import Reply
from quire.serving.sender.hedging import Hedge
from quire.testing import Simulator
from tests.serving.sender.conftest import MakeSender, chat, read_stream
from tests.serving.sender.peers import EVENTS_HEAD, Peer, StartRaw, answering

SOON = Hedging(after_s=0.02, most=1)


async def silent(peer: Peer) -> None:
    await peer.request()
    await peer.until_gone()


async def silent_once(peer: Peer) -> None:
    if peer.number == 0:
        await silent(peer)
    else:
        await answering(peer)


@pytest.mark.parametrize("stream", [False, True])
async def test_a_slow_request_is_sent_again_and_the_first_given_up(
    raw_server: StartRaw, sender_at: MakeSender, stream: bool
) -> None:
    server = await raw_server(silent_once)
    sender = sender_at(server, hedging=SOON)
    if stream:
        async with sender.stream(chat()) as answer:
            assert (answer.status, answer.attempts) == (200, 2)
    else:
        reply = await sender.send(chat())
        assert (reply.status, reply.attempts) == (200, 2)
    assert server.requests == 2
    await server.peers[0].gone.wait()


async def test_the_second_goes_to_another_upstream_where_there_is_one(
    raw_server: StartRaw, sender_at: MakeSender
) -> None:
    first, second = await raw_server(silent), await raw_server(answering)
    reply = await sender_at(first, second, hedging=SOON).send(chat())
    assert (reply.upstream, first.requests, second.requests) == ("u1", 1, 1)
    await first.all_gone()


async def test_a_fast_answer_is_not_asked_for_twice(simulator: Simulator, sender_at: MakeSender) -> None:
    sender = sender_at(simulator, hedging=Hedging(after_s=30, most=1))
    for _ in range(5):
        assert (await sender.send(chat())).attempts == 1
    assert len(simulator.requests) == 5


async def test_no_second_is_sent_once_a_stream_has_begun(raw_server: StartRaw, sender_at: MakeSender) -> None:
    async def slow_stream(peer: Peer) -> None:
        await peer.request()
        await peer.write(EVENTS_HEAD)
        for _ in range(5):
            await peer.event(b"data: x\n\n")
            await asyncio.sleep(0.3)
        await peer.event(b"")

    server = await raw_server(slow_stream)
    sender = sender_at(server, hedging=Hedging(after_s=1, most=1))
    assert (await read_stream(sender, chat())).count(b"x") == 5
    assert server.requests == 1


async def test_a_stream_that_comes_too_late_is_closed(raw_server: StartRaw, sender_at: MakeSender) -> None:
    both = asyncio.Event()

    async def together(peer: Peer) -> None:
        await peer.request()
        if peer.number == 1:
            both.set()
        await both.wait()
        await peer.write(EVENTS_HEAD)
        await peer.event(b"data: x\n\n")
        await peer.until_gone()

    server = await raw_server(together)
    sender = sender_at(server, hedging=SOON)
    async with sender.stream(chat()) as answer:
        assert not isinstance(answer, Reply)
        while server.open_connections > 1:  # noqa: ASYNC110 - the loser goes by itself
            await asyncio.sleep(0.001)
    await server.all_gone()


async def test_a_failure_waits_for_the_other(raw_server: StartRaw, sender_at: MakeSender) -> None:
    asked = asyncio.Event()

    async def fails_then(peer: Peer) -> None:
        await peer.request()
        await asked.wait()
        peer.abort()

    async def late(peer: Peer) -> None:
        await peer.request()
        asked.set()
        await asyncio.sleep(0.05)
        await peer.answer()

    first, second = await raw_server(fails_then), await raw_server(late)
    # the first fails at its own upstream, and would be sent to the second's once more
    sender = sender_at(first, second, hedging=SOON, retrying=Retrying(retries=0))
    assert (await sender.send(chat())).status == 200


async def test_when_both_fail_there_is_no_answer(raw_server: StartRaw, sender_at: MakeSender) -> None:
    server = await raw_server(silent)
    sender = sender_at(server, hedging=SOON, retrying=Retrying(retries=0, timeout_s=0.5))
    with pytest.raises(NoAnswer, match="sent nothing in time"):
        await sender.send(chat())
    assert server.requests == 2
    await server.all_gone()


async def test_at_most_the_share_is_sent_twice(raw_server: StartRaw, sender_at: MakeSender) -> None:
    async def slow(peer: Peer) -> None:
        while True:
            await peer.request()
            await asyncio.sleep(0.01)
            await peer.answer()

    server = await raw_server(slow)
    sender = sender_at(server, hedging=Hedging(after_s=0, most=0.1))
    for _ in range(60):
        await sender.send(chat())
    assert 60 < server.requests <= 66


async def test_the_share_holds_for_what_is_recent() -> None:
    hedge = Hedge(Hedging(after_s=0, most=0.1))
    twice = 0
    for _ in range(30_000):
        hedge._count()
        twice += hedge._may_ask_twice()
    assert twice == pytest.approx(3000, abs=5)


async def test_leaving_gives_both_up(raw_server: StartRaw, sender_at: MakeSender) -> None:
    server = await raw_server(silent)
    asking = asyncio.create_task(sender_at(server, hedging=SOON).send(chat()))
    while server.requests < 2:  # noqa: ASYNC110 - requests are counted by the connections
        await asyncio.sleep(0.001)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    await server.all_gone()
