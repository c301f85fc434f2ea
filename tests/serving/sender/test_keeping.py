"""The cache in front of an upstream: what is asked once, by whom, and what never is."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any

import pytest

from quire.domain.endpoints import Caching, Limits, Retrying
from quire.serving.errors import BrokenStream, NoAnswer
from quire.serving.request import Outgoing, Reply
from quire.testing import Simulator
from tests.serving.sender.conftest import MakeSender, chat, read_stream, upstream_at
from tests.serving.sender.peers import Peer, RawServer

KEEP = Caching()


async def test_the_same_question_is_asked_once(simulator: Simulator, sender_at: MakeSender) -> None:
    sender = sender_at(simulator, caching=KEEP)
    first = await sender.send(chat())
    second = await sender.send(chat())
    assert (first.cached, second.cached) == (False, True)
    assert first.body == second.body
    assert (second.upstream, second.attempts, second.headers["content-type"]) == ("u0", 0, "application/json")
    assert "x-request-id" not in second.headers  # it names an exchange that is over
    await sender.send(chat("Another."))
    assert len(simulator.requests) == 2


async def test_without_a_rule_nothing_is_kept(simulator: Simulator, sender_at: MakeSender) -> None:
    sender = sender_at(simulator)
    for _ in range(2):
        assert not (await sender.send(chat())).cached
    assert len(simulator.requests) == 2


async def test_an_answer_grows_old(simulator: Simulator, sender_at: MakeSender) -> None:
    sender = sender_at(simulator, caching=Caching(ttl_s=0.01))
    await sender.send(chat())
    await asyncio.sleep(0.02)
    assert not (await sender.send(chat())).cached


@pytest.mark.parametrize("fault", ["500", "429", "malformed"])
async def test_what_is_no_answer_is_not_kept(simulator: Simulator, sender_at: MakeSender, fault: str) -> None:
    simulator.behave(error_rates={fault: 1}, retry_after_ms=60_000)
    sender = sender_at(simulator, caching=KEEP, retrying=Retrying(retries=0))
    with contextlib.suppress(NoAnswer):
        await sender.send(chat())
    simulator.behave(error_rates={})
    reply = await sender.send(chat())
    assert (reply.status, reply.cached) == (200, False)


async def test_a_request_that_acts_is_sent_each_time(simulator: Simulator, sender_at: MakeSender) -> None:
    sender = sender_at(simulator, caching=KEEP)
    for _ in range(2):
        assert not (await sender.send(chat(store=True))).cached
    assert len(simulator.requests) == 2


async def test_a_stream_is_kept_and_comes_again(simulator: Simulator, sender_at: MakeSender) -> None:
    sender = sender_at(simulator, caching=KEEP)
    first = await read_stream(sender, chat())
    async with sender.stream(chat()) as answer:
        assert not isinstance(answer, Reply)
        assert answer.cached
        assert (answer.status, answer.upstream, answer.attempts) == (200, "u0", 0)
        assert answer.headers["content-type"].startswith("text/event-stream")
        assert b"".join([piece async for piece in answer.chunks()]) == first
    assert len(simulator.requests) == 1
    assert not (await sender.send(chat())).cached  # whole, it is another answer


async def test_a_stream_that_broke_or_was_left_is_not_kept(simulator: Simulator, sender_at: MakeSender) -> None:
    simulator.behave(error_rates={"broken_stream": 1})
    sender = sender_at(simulator, caching=KEEP)
    with pytest.raises(BrokenStream):
        await read_stream(sender, chat())
    simulator.behave(error_rates={}, token_latency_ms=5)
    async with sender.stream(chat()) as answer:
        assert not isinstance(answer, Reply)
        async for _ in answer.chunks():
            break
    assert b"[DONE]" in await read_stream(sender, chat())
    assert len(simulator.requests) == 3


async def test_a_stream_larger_than_the_cache_passes_unkept(simulator: Simulator, sender_at: MakeSender) -> None:
    sender = sender_at(simulator, caching=Caching(max_bytes=100))
    assert await read_stream(sender, chat())
    assert await read_stream(sender, chat())
    assert len(simulator.requests) == 2


async def test_what_a_fallback_says_is_not_kept(
    simulator: Simulator, simulator_factory: Any, sender_at: MakeSender
) -> None:
    simulator.behave(error_rates={"500": 1})
    fallback = upstream_at(simulator_factory(), "other", model="small")
    sender = sender_at(simulator, fallback, caching=KEEP, retrying=Retrying(retries=0))
    assert (await sender.send(chat())).upstream == "other"
    assert b"[DONE]" in await read_stream(sender, chat())
    simulator.behave(error_rates={})
    reply = await sender.send(chat())
    assert (reply.upstream, reply.cached) == ("u0", False)
    async with sender.stream(chat()) as answer:
        assert (answer.upstream, answer.cached) == ("u0", False)


class Slow:
    """An upstream that answers when it is told to."""

    def __init__(self) -> None:
        self.go = asyncio.Event()
        self.server = RawServer(self._serve)

    async def _serve(self, peer: Peer) -> None:
        while True:
            await peer.request()
            waiting = asyncio.create_task(self.go.wait())
            leaving = asyncio.create_task(peer.until_gone())
            await asyncio.wait({waiting, leaving}, return_when=asyncio.FIRST_COMPLETED)
            leaving.cancel()
            await asyncio.gather(leaving, return_exceptions=True)
            if not self.go.is_set():
                waiting.cancel()
                return
            await peer.answer()

    async def asked(self) -> None:
        while not self.server.requests:  # noqa: ASYNC110 - requests are counted by the connections
            await asyncio.sleep(0.001)


async def test_those_who_ask_at_the_same_time_share_one_request(sender_at: MakeSender) -> None:
    slow = Slow()
    await slow.server.start()
    sender = sender_at(slow.server, caching=KEEP, limits=Limits(concurrency=1, waiting=0))
    asking = [asyncio.create_task(sender.send(chat())) for _ in range(50)]
    await slow.asked()
    slow.go.set()
    replies = await asyncio.gather(*asking)
    assert len({reply.body for reply in replies}) == 1
    assert [reply.cached for reply in replies].count(False) == 1
    assert slow.server.requests == 1
    await slow.server.stop()


async def test_one_who_leaves_takes_nobody_along(sender_at: MakeSender) -> None:
    slow = Slow()
    await slow.server.start()
    sender = sender_at(slow.server, caching=KEEP)
    asking = [asyncio.create_task(sender.send(chat())) for _ in range(5)]
    await slow.asked()
    asking[0].cancel()
    asking[3].cancel()
    await asyncio.gather(asking[0], asking[3], return_exceptions=True)
    slow.go.set()
    replies = await asyncio.gather(asking[1], asking[2], asking[4])
    assert {reply.status for reply in replies} == {200}
    assert slow.server.requests == 1
    await slow.server.stop()


async def test_when_all_have_left_the_request_ends(sender_at: MakeSender) -> None:
    slow = Slow()
    await slow.server.start()
    sender = sender_at(slow.server, caching=KEEP)
    asking = [asyncio.create_task(sender.send(chat())) for _ in range(5)]
    await slow.asked()
    for task in asking:
        task.cancel()
    await asyncio.gather(*asking, return_exceptions=True)
    await slow.server.all_gone()
    slow.go.set()
    assert (await sender.send(chat())).status == 200
    await slow.server.stop()


async def test_who_comes_as_the_last_one_leaves_is_not_taken_along(sender_at: MakeSender) -> None:
    slow = Slow()
    await slow.server.start()
    sender = sender_at(slow.server, caching=KEEP)
    leaving = asyncio.create_task(sender.send(chat()))
    await slow.asked()
    slow.go.set()
    leaving.cancel()
    coming = asyncio.create_task(sender.send(chat()))
    assert (await coming).status == 200
    with pytest.raises(asyncio.CancelledError):
        await leaving
    await slow.server.stop()


async def test_a_failure_is_shared_too_and_not_kept(simulator: Simulator, sender_at: MakeSender) -> None:
    simulator.behave(error_rates={"500": 1}, latency_ms=30)
    sender = sender_at(simulator, caching=KEEP, retrying=Retrying(retries=0))
    ended = await asyncio.gather(*(sender.send(chat()) for _ in range(10)), return_exceptions=True)
    assert [type(one) for one in ended] == [NoAnswer] * 10
    assert len(simulator.requests) == 1
    simulator.behave(error_rates={}, latency_ms=0)
    assert (await sender.send(chat())).status == 200


async def test_embeddings_are_kept(simulator: Simulator, sender_at: MakeSender) -> None:
    sender = sender_at(simulator, caching=Caching(deterministic_only=True))
    out = Outgoing("embeddings", {"model": "text-embedding-3-small", "input": "x"}, stream=False)
    assert [(await sender.send(out)).cached for _ in range(2)] == [False, True]
    assert [(await sender.send(chat())).cached for _ in range(2)] == [False, False]
