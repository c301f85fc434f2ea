"""Many requests at once, readers that are slow or leave, and an end while requests are under way."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import json
from collections.abc import Callable

import pytest

from quire.domain.endpoints import Caching, Hedging, Limits, Retrying
from quire.serving.errors import NoAnswer
from quire.serving.request import Reply
from quire.serving.sender.sender import EndpointSender
from quire.testing import Simulator
from tests.serving.sender.conftest import MakeSender, chat, read_stream
from tests.serving.sender.peers import EVENTS_HEAD, Peer, StartRaw, answering


def tasks() -> set[asyncio.Task[object]]:
    return asyncio.all_tasks() - {asyncio.current_task()}  # type: ignore[arg-type]


async def until(true: Callable[[], object]) -> None:
    """Let the loop turn until a condition holds; the test's timeout bounds it."""
    while not true():  # noqa: ASYNC110 - what is waited for is counted by others
        await asyncio.sleep(0.001)


def said(body: bytes) -> str:
    """The text of a stream of chat completions."""
    events = [json.loads(line[6:]) for line in body.splitlines() if line.startswith(b"data: {")]
    return "".join(choice["delta"].get("content") or "" for event in events for choice in event["choices"])


async def test_a_thousand_requests_at_once_each_get_their_own_answer(
    simulator: Simulator, sender_at: MakeSender
) -> None:
    simulator.behave(echo=True, error_rates={"500": 0.1, "429": 0.05, "disconnect": 0.05}, retry_after_ms=1)
    sender = sender_at(simulator, retrying=Retrying(retries=8))
    replies = await asyncio.gather(*(sender.send(chat(f"number {number}.")) for number in range(1000)))
    assert [reply.status for reply in replies] == [200] * 1000
    assert all(f"number {number}.".encode() in reply.body for number, reply in enumerate(replies))
    assert sum(reply.attempts for reply in replies) == len(simulator.requests)


async def test_many_streams_at_once_each_get_their_own_pieces(simulator: Simulator, sender_at: MakeSender) -> None:
    simulator.behave(echo=True)
    sender = sender_at(simulator)
    bodies = await asyncio.gather(*(read_stream(sender, chat(f"number {number}.")) for number in range(300)))
    assert all(f"number {number}." in said(body) for number, body in enumerate(bodies))


async def test_a_storm_of_limits_reaches_the_callers_as_limits(simulator: Simulator, sender_at: MakeSender) -> None:
    simulator.behave(error_rates={"429": 1}, retry_after_ms=20_000)
    sender = sender_at(simulator)
    replies = await asyncio.gather(*(sender.send(chat()) for _ in range(100)))
    assert {(reply.status, reply.headers["retry-after"]) for reply in replies} == {(429, "20")}
    assert len(simulator.requests) == 100  # nobody adds to the storm


async def test_a_storm_of_limits_at_one_upstream_is_answered_by_the_other(
    simulator: Simulator, raw_server: StartRaw, sender_at: MakeSender
) -> None:
    simulator.behave(error_rates={"429": 1}, retry_after_ms=20_000)
    sender = sender_at(simulator, await raw_server(answering))
    for _ in range(50):
        assert (await sender.send(chat())).upstream == "u1"
    assert len(simulator.requests) == 1


async def test_a_slow_reader_holds_its_upstream_back(raw_server: StartRaw, sender_at: MakeSender) -> None:
    piece, count = b"x" * 65536, 400
    written = 0

    async def eager(peer: Peer) -> None:
        nonlocal written
        await peer.request()
        await peer.write(EVENTS_HEAD)
        for _ in range(count):
            await peer.event(piece)
            written += 1
        await peer.event(b"")

    size = 0
    # the reader's own silence is not the upstream's
    async with sender_at(await raw_server(eager), retrying=Retrying(timeout_s=0.3)).stream(chat()) as answer:
        assert not isinstance(answer, Reply)
        async for chunk in answer.chunks():
            if not size:
                await asyncio.sleep(0.5)
                assert written < count
            size += len(chunk)
    assert size == count * len(piece)


@pytest.mark.parametrize("stream", [False, True])
async def test_leaving_tells_the_upstream(raw_server: StartRaw, sender_at: MakeSender, stream: bool) -> None:
    async def silent(peer: Peer) -> None:
        await peer.request()
        await peer.until_gone()

    server = await raw_server(silent)
    sender = sender_at(server)
    asking = asyncio.create_task(read_stream(sender, chat()) if stream else sender.send(chat()))  # type: ignore[arg-type]
    await until(lambda: server.requests)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    await server.all_gone()
    assert sender._gate.running == 0


async def test_leaving_a_stream_in_its_middle_stops_the_simulator(simulator: Simulator, sender_at: MakeSender) -> None:
    simulator.behave(token_latency_ms=5, echo=True)
    async with sender_at(simulator).stream(chat("word " * 2000)) as answer:
        assert not isinstance(answer, Reply)
        async for _ in answer.chunks():
            break
    seen = -1
    while seen != simulator.requests[0].events:  # it writes no further
        seen = simulator.requests[0].events
        await asyncio.sleep(0.05)
    assert seen < 200


async def test_a_reader_that_never_reads_and_leaves(raw_server: StartRaw, sender_at: MakeSender) -> None:
    async def endless(peer: Peer) -> None:
        await peer.request()
        await peer.write(EVENTS_HEAD)
        while True:
            await peer.event(b"x" * 65536)

    server = await raw_server(endless)
    async with sender_at(server).stream(chat()):
        pass
    await server.all_gone()


SETTINGS = {
    "plain": {},
    "hedged": {"hedging": Hedging(after_s=0.005, most=1)},
    "cached": {"caching": Caching()},
    "in line": {"limits": Limits(concurrency=10)},
}


@pytest.mark.parametrize("settings", list(SETTINGS))
async def test_a_storm_of_leavers_leaves_nothing_behind(
    raw_server: StartRaw, sender_at: MakeSender, settings: str
) -> None:
    async def sluggish(peer: Peer) -> None:
        while True:
            await peer.request()
            await asyncio.sleep(0.02)
            await peer.answer()

    server = await raw_server(sluggish)
    sender = sender_at(server, **SETTINGS[settings])  # type: ignore[arg-type]
    await sender.send(chat())
    serving = {task for task in tasks() if "_serve" in repr(task)}
    before = tasks() - serving
    for wave in range(5):
        asking = [asyncio.create_task(sender.send(chat(f"{number % 20}"))) for number in range(60)]
        asking += [asyncio.create_task(_leave_stream(sender, number)) for number in range(20)]  # type: ignore[arg-type]
        await asyncio.sleep(0.006 * wave)
        for task in asking:
            task.cancel()
        await asyncio.gather(*asking, return_exceptions=True)
    await until(lambda: not {task for task in tasks() - before if "_serve" not in repr(task)})
    assert sender._gate.running == 0
    assert not sender._gate._line
    assert (await sender.send(chat())).status == 200
    await sender.close()
    await server.all_gone()
    gc.collect()


async def _leave_stream(sender: EndpointSender, number: int) -> None:
    with contextlib.suppress(NoAnswer):
        async with sender.stream(chat(f"{number}")):
            await asyncio.sleep(0.01)


async def test_closing_waits_for_those_under_way_and_for_latecomers(
    raw_server: StartRaw, sender_at: MakeSender
) -> None:
    go = asyncio.Event()

    async def waiting(peer: Peer) -> None:
        while True:
            await peer.request()
            await go.wait()
            await peer.answer()

    server = await raw_server(waiting)
    sender = sender_at(server)
    asking = [asyncio.create_task(sender.send(chat())) for _ in range(5)]
    await until(lambda: server.requests == 5)
    closing = asyncio.create_task(sender.close(grace_s=3))
    await asyncio.sleep(0)
    asking.append(asyncio.create_task(sender.send(chat())))  # it had chosen this sender before
    await until(lambda: server.requests == 6)
    go.set()
    assert [reply.status for reply in await asyncio.gather(*asking)] == [200] * 6
    assert (await sender.send(chat())).status == 200  # so had this one
    await closing
    with pytest.raises(NoAnswer, match="being closed") as met:
        await sender.send(chat())
    assert met.value.status == 503
    await server.all_gone()


async def test_closing_without_patience_ends_those_under_way(raw_server: StartRaw, sender_at: MakeSender) -> None:
    async def silent(peer: Peer) -> None:
        await peer.request()
        await peer.until_gone()

    server = await raw_server(silent)
    sender = sender_at(server)
    asking = [asyncio.create_task(sender.send(chat())) for _ in range(5)]
    await until(lambda: server.requests == 5)
    await sender.close(grace_s=0.01)
    ended = await asyncio.gather(*asking, return_exceptions=True)
    assert [type(one) for one in ended] == [NoAnswer] * 5
    assert server.requests == 5  # nothing is tried again once it is closed
    await server.all_gone()
