"""Streams that many ask for at the same time: one request, all pieces for each, and nobody holds up another."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest_asyncio

from quire.domain.endpoints import Caching, Retrying
from quire.serving.errors import BrokenStream
from quire.serving.request import Reply
from quire.serving.sender.flights import Flights
from quire.serving.sender.sender import EndpointSender
from quire.testing import Simulator
from tests.serving.sender.conftest import MakeSender, chat, read_stream
from tests.serving.sender.peers import EVENTS_HEAD, Peer, RawServer

KEEP = Caching()
DONE = b"data: [DONE]\n\n"


class Paced:
    """An upstream that writes a piece whenever it is told to; the piece ``None`` breaks the stream off."""

    def __init__(self) -> None:
        self.pieces: asyncio.Queue[bytes | None] = asyncio.Queue()
        self.server = RawServer(self._serve)

    async def _serve(self, peer: Peer) -> None:
        await peer.request()
        gone = asyncio.create_task(peer.until_gone())
        await peer.write(EVENTS_HEAD)
        piece: bytes | None = b"-"
        while piece and not gone.done():
            told = asyncio.create_task(self.pieces.get())
            await asyncio.wait({told, gone}, return_when=asyncio.FIRST_COMPLETED)
            if not told.done():
                told.cancel()
                return
            piece = told.result()
            if piece is None:
                peer.abort()
                return
            await peer.event(piece)
        gone.cancel()

    def say(self, *pieces: bytes | None) -> None:
        for piece in pieces:
            self.pieces.put_nowait(piece)


@pytest_asyncio.fixture
async def paced() -> AsyncIterator[Paced]:
    upstream = Paced()
    await upstream.server.start()
    yield upstream
    await upstream.server.stop()


class Reader:
    """One caller that reads a stream in a task of its own; ``pieces`` are those that it has."""

    def __init__(self, sender: EndpointSender) -> None:
        self.pieces: list[bytes] = []
        self.cached: bool | None = None
        self.attempts = -1
        self.task = asyncio.create_task(self._read(sender))

    async def _read(self, sender: EndpointSender) -> bytes:
        async with sender.stream(chat()) as answer:
            assert not isinstance(answer, Reply)
            self.cached, self.attempts = answer.cached, answer.attempts
            async for piece in answer.chunks():
                self.pieces.append(piece)
        return b"".join(self.pieces)

    async def has(self, count: int) -> None:
        while len(self.pieces) < count:  # noqa: ASYNC110 - the pieces come from a socket
            await asyncio.sleep(0.001)


async def leave(*readers: Reader) -> None:
    for reader in readers:
        reader.task.cancel()
    await asyncio.gather(*(reader.task for reader in readers), return_exceptions=True)


async def test_one_request_for_all_who_ask_at_once(paced: Paced, sender_at: MakeSender) -> None:
    sender = sender_at(paced.server, caching=KEEP)
    readers = [Reader(sender) for _ in range(20)]
    paced.say(b"data: 1\n\n")
    await asyncio.gather(*(reader.has(1) for reader in readers))
    paced.say(b"data: 2\n\n", DONE, b"")
    bodies = await asyncio.gather(*(reader.task for reader in readers))
    assert set(bodies) == {b"data: 1\n\ndata: 2\n\n" + DONE}
    assert sorted((reader.cached, reader.attempts) for reader in readers) == [(False, 1), *[(True, 0)] * 19]
    assert paced.server.requests == 1
    assert sender.running == 0
    assert await read_stream(sender, chat()) == bodies[0]  # it is kept now


async def test_who_comes_in_the_middle_has_the_beginning_too(paced: Paced, sender_at: MakeSender) -> None:
    sender = sender_at(paced.server, caching=KEEP)
    first = Reader(sender)
    paced.say(b"data: 1\n\n")
    await first.has(1)
    second = Reader(sender)
    await second.has(1)
    assert second.cached
    paced.say(DONE, b"")
    assert await first.task == await second.task == b"data: 1\n\n" + DONE
    assert paced.server.requests == 1


async def test_the_one_who_asked_may_leave_and_the_others_read_on(paced: Paced, sender_at: MakeSender) -> None:
    sender = sender_at(paced.server, caching=KEEP)
    readers = [Reader(sender) for _ in range(3)]
    paced.say(b"data: 1\n\n")
    await asyncio.gather(*(reader.has(1) for reader in readers))
    await leave(readers[0])
    paced.say(b"data: 2\n\n")
    await readers[1].has(2)
    await leave(readers[1])
    paced.say(DONE, b"")
    assert await readers[2].task == b"data: 1\n\ndata: 2\n\n" + DONE


async def test_when_all_have_left_the_upstream_stops(paced: Paced, sender_at: MakeSender) -> None:
    sender = sender_at(paced.server, caching=KEEP)
    readers = [Reader(sender) for _ in range(3)]
    paced.say(b"data: 1\n\n")
    await asyncio.gather(*(reader.has(1) for reader in readers))
    await leave(*readers)
    await paced.server.all_gone()
    assert sender.running == 0
    again = Reader(sender)
    paced.say(b"data: 1\n\n", DONE, b"")
    await again.task
    assert (again.cached, paced.server.requests) == (False, 2)


async def test_when_all_leave_before_it_begins_the_upstream_is_left(paced: Paced, sender_at: MakeSender) -> None:
    sender = sender_at(paced.server, caching=KEEP)
    readers = [Reader(sender) for _ in range(3)]
    while not paced.server.requests:  # noqa: ASYNC110 - requests are counted by the connections
        await asyncio.sleep(0.001)
    await leave(*readers)
    await paced.server.all_gone()
    assert sender.running == 0


async def test_one_who_leaves_at_once_does_not_take_the_stream_from_the_next(
    paced: Paced, sender_at: MakeSender
) -> None:
    sender = sender_at(paced.server, caching=KEEP)

    async def touch() -> None:
        async with sender.stream(chat()):
            pass

    touching = asyncio.create_task(touch())
    reader = Reader(sender)
    paced.say(b"data: 1\n\n")
    await touching
    await paced.server.peers[0].gone.wait()
    paced.say(b"data: 2\n\n", DONE, b"")
    assert await reader.task == b"data: 2\n\n" + DONE
    assert (reader.cached, paced.server.requests) == (False, 2)


async def test_a_slow_reader_holds_nobody_up(paced: Paced, sender_at: MakeSender) -> None:
    sender = sender_at(paced.server, caching=KEEP)
    paced.say(b"data: first\n\n")
    async with sender.stream(chat()) as slow:
        assert not isinstance(slow, Reply)
        fast = Reader(sender)
        paced.say(*[b"data: %d\n\n" % number for number in range(50)], DONE, b"")
        body = await fast.task
        assert b"".join([piece async for piece in slow.chunks()]) == body
    assert paced.server.requests == 1


async def test_a_break_is_everybodys(paced: Paced, sender_at: MakeSender) -> None:
    sender = sender_at(paced.server, caching=KEEP, retrying=Retrying(retries=0))
    readers = [Reader(sender) for _ in range(3)]
    paced.say(b"data: 1\n\n")
    await asyncio.gather(*(reader.has(1) for reader in readers))
    paced.say(None)
    ended = await asyncio.gather(*(reader.task for reader in readers), return_exceptions=True)
    assert [type(one) for one in ended] == [BrokenStream] * 3
    assert sender.running == 0
    whole = Reader(sender)
    paced.say(b"data: 1\n\n", DONE, b"")
    assert (await whole.task, whole.cached) == (b"data: 1\n\n" + DONE, False)


async def test_a_refusal_is_everybodys(simulator: Simulator, sender_at: MakeSender) -> None:
    simulator.behave(latency_ms=30, error_rates={"429": 1}, retry_after_ms=60_000)
    sender = sender_at(simulator, caching=KEEP)

    async def status() -> tuple[int, bool]:
        async with sender.stream(chat()) as answer:
            assert isinstance(answer, Reply)
            return answer.status, answer.cached

    assert sorted(await asyncio.gather(*(status() for _ in range(5)))) == [(429, False), *[(429, True)] * 4]
    assert len(simulator.requests) == 1
    assert sender.running == 0


async def test_what_nobody_took_is_disposed_of() -> None:
    disposed: list[str] = []
    flights: Flights[str] = Flights(disposed.append)
    go = asyncio.Event()

    async def depart() -> str:
        await go.wait()
        return "brought"

    waiting = [asyncio.create_task(flights.share(b"key", depart)) for _ in range(2)]
    await asyncio.sleep(0)
    go.set()
    flight = flights._under_way[b"key"]
    while not flight.task.done():  # noqa: ASYNC110 - the flight lands, and nobody has heard of it yet
        await asyncio.sleep(0)
    for one in waiting:
        one.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)
    taken = sum(not one.cancelled() for one in waiting)
    assert disposed == ([] if taken else ["brought"])
    assert len(flights) == 0
