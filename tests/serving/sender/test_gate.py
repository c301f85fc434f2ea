"""Back-pressure: how many at once, how many in line, how many a minute; and that no place is lost."""

from __future__ import annotations

import asyncio
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quire.domain.endpoints import Limits
from quire.serving.errors import NoAnswer
from quire.serving.sender.gate import Gate
from tests.serving.sender.conftest import MakeSender, chat, read_stream
from tests.serving.sender.peers import Peer, RawServer


async def turns(count: int = 3) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


async def test_beyond_the_line_is_refused_with_a_time_to_come_back() -> None:
    gate = Gate(Limits(concurrency=1, waiting=2))
    assert gate.enters_at_once()
    line = [asyncio.create_task(gate.enter(60)) for _ in range(2)]
    await turns()
    with pytest.raises(NoAnswer, match="1 requests are under way and 2 are waiting") as met:
        await gate.enter(60)
    assert met.value.status == 429
    assert met.value.retry_after_s is not None
    assert met.value.retry_after_s >= 1
    for _ in range(3):
        gate.leave(0.1)
        await turns()
    await asyncio.gather(*line)
    assert gate.running == 0


async def test_the_time_to_come_back_is_that_of_the_line() -> None:
    gate = Gate(Limits(concurrency=1, waiting=50))
    gate.enters_at_once()
    line = [asyncio.create_task(gate.enter(1000)) for _ in range(250)]
    await turns()
    began = time.monotonic()
    for number in range(200):
        gate.leave(began + 2.0 * (number + 1))  # a place becomes free every two seconds
        await turns()
        line.append(asyncio.create_task(gate.enter(1000)))
        await turns()
    with pytest.raises(NoAnswer) as met:
        await gate.enter(1000)
    assert met.value.retry_after_s == pytest.approx(2.0 * 51, rel=0.01)
    for task in line:
        task.cancel()
    await asyncio.gather(*line, return_exceptions=True)


async def test_the_line_is_kept_in_order() -> None:
    gate = Gate(Limits(concurrency=1, waiting=10))
    entered: list[int] = []

    async def one(number: int) -> None:
        await gate.enter(60)
        entered.append(number)
        await turns(1)
        gate.leave(0.0)

    await asyncio.gather(*(one(number) for number in range(10)))
    assert entered == list(range(10))


async def test_who_waits_longer_than_its_deadline_is_refused() -> None:
    gate = Gate(Limits(concurrency=1))
    gate.enters_at_once()
    with pytest.raises(NoAnswer, match=r"no place became free within 0\.01 s") as met:
        await gate.enter(0.01)
    assert met.value.status == 429
    assert not gate._line
    gate.leave(0.0)
    assert gate.running == 0
    assert gate.enters_at_once()


async def test_a_place_is_not_given_to_one_who_is_leaving() -> None:
    gate = Gate(Limits(concurrency=1))
    gate.enters_at_once()
    first, second = (asyncio.create_task(gate.enter(60)) for _ in range(2))
    await turns()
    first.cancel()
    gate.leave(0.0)
    await second
    gate.leave(0.0)
    assert gate.running == 0


async def test_nobody_waiting_leaves_the_gate_empty_at_once() -> None:
    await Gate(Limits()).emptied(60)


async def test_a_place_given_to_one_who_leaves_in_that_moment_is_passed_on() -> None:
    gate = Gate(Limits(concurrency=1))
    gate.enters_at_once()
    first, second = (asyncio.create_task(gate.enter(60)) for _ in range(2))
    await turns()
    gate.leave(0.0)
    first.cancel()
    await asyncio.gather(first, return_exceptions=True)
    await second
    gate.leave(0.0)
    assert gate.running == 0


@given(
    concurrency=st.integers(1, 4),
    waiting=st.integers(0, 4),
    steps=st.lists(st.tuples(st.sampled_from(["come", "leave", "give up", "turn"]), st.integers(0, 9)), max_size=60),
)
def test_no_place_is_lost_or_made(concurrency: int, waiting: int, steps: list[tuple[str, int]]) -> None:
    asyncio.run(_walk(Gate(Limits(concurrency=concurrency, waiting=waiting)), concurrency, waiting, steps))


async def _walk(gate: Gate, concurrency: int, waiting: int, steps: list[tuple[str, int]]) -> None:
    inside: list[int] = []
    comers: list[asyncio.Task[None]] = []

    async def come(number: int) -> None:
        await gate.enter(60)
        inside.append(number)

    for step, which in steps:
        if step == "come":
            comers.append(asyncio.create_task(come(len(comers))))
        elif step == "leave" and inside:
            inside.pop(which % len(inside))
            gate.leave(0.0)
        elif step == "give up" and comers:
            comers[which % len(comers)].cancel()
        elif step == "turn":
            await turns()
        assert len(inside) <= gate.running <= concurrency
        assert len(gate._line) <= waiting
    await turns()
    while inside:
        inside.pop()
        gate.leave(0.0)
        await turns()
    ended = await asyncio.gather(*comers, return_exceptions=True)
    assert all(one is None or isinstance(one, NoAnswer | asyncio.CancelledError) for one in ended)
    assert gate.running == 0


async def test_no_more_at_once_than_allowed_and_none_lost(sender_at: MakeSender) -> None:
    at_once = most = 0

    async def counting(peer: Peer) -> None:
        nonlocal at_once, most
        while True:
            await peer.request()
            at_once += 1
            most = max(most, at_once)
            await asyncio.sleep(0.001)
            at_once -= 1
            await peer.answer()

    server = await RawServer(counting).start()
    sender = sender_at(server, limits=Limits(concurrency=7, waiting=93))
    asked = await asyncio.gather(*(sender.send(chat()) for _ in range(120)), return_exceptions=True)
    refused = [one for one in asked if isinstance(one, NoAnswer)]
    assert (most, len(refused), len(asked) - len(refused)) == (7, 20, 100)
    assert {one.status for one in refused} == {429}
    assert server.requests == 100
    await server.stop()


async def test_a_stream_holds_its_place_until_it_is_left(sender_at: MakeSender, simulator: object) -> None:
    sender = sender_at(simulator, limits=Limits(concurrency=1, waiting=0))
    async with sender.stream(chat()):
        with pytest.raises(NoAnswer, match="1 requests are under way"):
            await sender.send(chat())
    assert (await sender.send(chat())).status == 200
    assert b"[DONE]" in await read_stream(sender, chat())


async def test_so_many_a_minute(sender_at: MakeSender, simulator: object) -> None:
    sender = sender_at(simulator, limits=Limits(requests_per_minute=3))
    for _ in range(3):
        await sender.send(chat())
    with pytest.raises(NoAnswer, match="no more requests this minute") as met:
        await sender.send(chat())
    assert met.value.status == 429
    assert met.value.retry_after_s is not None
    assert 15 < met.value.retry_after_s <= 20
