"""Whatever upstreams do: no request is wrongly answered, sent again once its answer began, or counted twice."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quire.domain.endpoints import Breaker, Caching, Endpoint, Hedging, Limits, Retrying
from quire.serving.errors import BrokenStream, NoAnswer
from quire.serving.request import Reply
from quire.serving.sender import make_sender
from quire.serving.sender.sender import EndpointSender
from tests.serving.sender.conftest import ENVIRON, chat, upstream_at
from tests.serving.sender.peers import EVENTS_HEAD, Peer, RawServer

BEGUN = ("answers", "refuses", "breaks off")
DEEDS = (*BEGUN, "fails", "limits", "hangs up", "hangs up late")


class Moody:
    """An upstream that does to each request what a seed says, and remembers it."""

    def __init__(self, seed: int, deeds: list[str]) -> None:
        self._random = random.Random(seed)
        self._deeds = deeds
        self.done: list[tuple[str, str]] = []
        self.server = RawServer(self._serve)

    async def _serve(self, peer: Peer) -> None:
        while True:
            body = msgspec.json.decode(await peer.request())
            deed = self._random.choice(self._deeds)
            self.done.append((body["user"], deed))
            await asyncio.sleep(self._random.random() * 0.003)
            await self._do(deed, peer, body)

    async def _do(self, deed: str, peer: Peer, body: dict[str, Any]) -> None:
        said = msgspec.json.encode({"choices": [], "id": body["user"]})
        match deed:
            case "answers" if body.get("stream"):
                await peer.write(EVENTS_HEAD)
                await peer.event(b"data: %s\n\n" % said)
                await peer.event(b"data: [DONE]\n\n")
                await peer.event(b"")
            case "answers":
                await peer.answer(said, more="content-type: application/json\r\n")
            case "breaks off":
                if body.get("stream"):
                    await peer.write(EVENTS_HEAD)
                    await peer.event(b"data: %s\n\n" % said)
                else:
                    await peer.answer(said[:5], length=len(said))
                peer.abort()
            case "refuses":
                await self._error(peer, 400, said)
            case "fails":
                await self._error(peer, 500, said)
            case "limits":
                await self._error(peer, 429, said, "retry-after-ms: 1\r\n")
            case "hangs up late":
                await peer.write(b"HTTP/1.1 500 X\r\ncontent-length: 100\r\n\r\n{")
                peer.abort()
            case _:
                peer.abort()

    async def _error(self, peer: Peer, status: int, said: bytes, more: str = "") -> None:
        await peer.write(f"HTTP/1.1 {status} X\r\ncontent-length: {len(said)}\r\n{more}\r\n".encode() + said)


extras = st.fixed_dictionaries(
    {
        "hedging": st.sampled_from([None, Hedging(after_s=0.001, most=1)]),
        "caching": st.sampled_from([None, Caching()]),
        "limits": st.sampled_from([Limits(), Limits(concurrency=3, waiting=6)]),
        "breaker": st.sampled_from([Breaker(), Breaker(least=2, rest_s=0.002)]),
        "retrying": st.sampled_from([Retrying(retries=0), Retrying(retries=3, timeout_s=5, deadline_s=10)]),
    }
)


@pytest.mark.slow
@settings(max_examples=60)
@given(
    seed=st.integers(0, 1_000_000),
    deeds=st.lists(st.sampled_from(DEEDS), min_size=1, max_size=6),
    others=st.lists(st.sampled_from(DEEDS), min_size=1, max_size=6),
    more=extras,
    leavers=st.booleans(),
)
def test_no_request_is_wrongly_answered(
    seed: int, deeds: list[str], others: list[str], more: dict[str, Any], leavers: bool
) -> None:
    asyncio.run(_storm(seed, deeds, others, more, leavers=leavers))


async def _storm(seed: int, deeds: list[str], others: list[str], more: dict[str, Any], *, leavers: bool) -> None:
    first, second = Moody(seed, deeds), Moody(seed + 1, others)
    await first.server.start()
    await second.server.start()
    endpoint = Endpoint(
        name="joker",
        model="m",
        upstream=upstream_at(first.server, "first"),
        fallbacks=[upstream_at(second.server, "second")],
        **more,
    )
    sender = make_sender(endpoint, environ=ENVIRON, draw=lambda: 0.001)
    try:
        asking = {
            f"{number}{kind}": asyncio.create_task(_ask(sender, f"{number}{kind}", stream=kind == "s"))
            for number in range(8)
            for kind in "ws"
        }
        if leavers:
            await asyncio.sleep(0.002)
            for user in list(asking)[::3]:
                asking[user].cancel()
        ended = dict(zip(asking, await asyncio.gather(*asking.values(), return_exceptions=True), strict=True))
        _check(ended, [*first.done, *second.done], hedged=more["hedging"] is not None)
        assert sender._gate.running == 0
        assert not sender._gate._line
    finally:
        await sender.close()
        await first.server.all_gone()
        await second.server.all_gone()
        await first.server.stop()
        await second.server.stop()


async def _ask(sender: EndpointSender, user: str, *, stream: bool) -> tuple[int, bytes, int]:
    """Status, body and attempts of an answer."""
    out = chat(user=user)
    if not stream:
        reply = await sender.send(out)
        return reply.status, reply.body, reply.attempts
    async with sender.stream(out) as answer:
        if isinstance(answer, Reply):
            return answer.status, answer.body, answer.attempts
        return answer.status, b"".join([piece async for piece in answer.chunks()]), answer.attempts


def _check(ended: dict[str, Any], done: list[tuple[str, str]], *, hedged: bool) -> None:
    sent = Counter(user for user, _ in done)
    begun = Counter(user for user, deed in done if deed in BEGUN)
    for user, result in ended.items():
        if isinstance(result, BaseException):
            assert isinstance(result, NoAnswer | BrokenStream | asyncio.CancelledError), result
        else:
            status, body, attempts = result
            assert status in (200, 400, 429)
            assert f'"{user}"'.encode() in body
            if status != 429:
                assert begun[user] >= 1
            if not hedged:
                assert attempts == sent[user]
        assert begun[user] <= (2 if hedged else 1)
