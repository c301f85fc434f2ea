"""Which replies are tried again, elsewhere or not at all, and what the caller is told in the end."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest

from quire.domain.endpoints import Retrying
from quire.serving.errors import NoAnswer
from quire.serving.request import Reply
from quire.testing import Simulator
from tests.caller.conftest import Exchange, Handler, chat_answer
from tests.serving.sender.conftest import KEY, MakeSender, StartUpstream, chat, read_stream, upstream_at


def saying(*replies: tuple[int, dict[str, str]] | int) -> Handler:
    """Answers with these statuses (and headers) in turn, the last one for ever."""
    left: Iterator[Any] = iter(replies)
    current: list[Any] = [None]

    async def handler(exchange: Exchange) -> None:
        current[0] = next(left, current[0])
        status, given = current[0] if isinstance(current[0], tuple) else (current[0], {})
        headers = dict(given)
        if status == 200:
            await exchange.answer(**headers)
        else:
            await exchange.refuse(status, headers.pop("message", "no"), headers.pop("code", None), **headers)

    return handler


@pytest.mark.parametrize("status", [408, 409, 500, 502, 503, 504, 529])
async def test_what_may_pass_is_tried_again(raw_upstream: StartUpstream, sender_at: MakeSender, status: int) -> None:
    server = raw_upstream(saying(status, status, 200))
    reply = await sender_at(server).send(chat())
    assert (reply.status, reply.body, reply.attempts) == (200, chat_answer(), 3)
    assert len(server.exchanges) == 3


async def test_the_body_is_the_same_each_time(raw_upstream: StartUpstream, sender_at: MakeSender) -> None:
    server = raw_upstream(saying(500, 200))
    await sender_at(server).send(chat(user="me"))
    assert server.exchanges[0].body == server.exchanges[1].body == chat(user="me").body


@pytest.mark.parametrize("status", [400, 404, 405, 413, 415, 422])
async def test_a_refused_request_is_the_callers_to_see(
    raw_upstream: StartUpstream, sender_at: MakeSender, status: int
) -> None:
    first, second = raw_upstream(saying(status)), raw_upstream(saying(200))
    reply = await sender_at(first, second).send(chat())
    assert (reply.status, json.loads(reply.body)) == (status, {"error": {"message": "no", "code": None}})
    assert (len(first.exchanges), len(second.exchanges)) == (1, 0)


@pytest.mark.parametrize("status", [500, 503])
async def test_in_the_end_an_error_of_the_upstream_is_no_answer(
    raw_upstream: StartUpstream, sender_at: MakeSender, status: int
) -> None:
    server = raw_upstream(saying((status, {"message": "out of order"})))
    with pytest.raises(NoAnswer, match=r"3 attempts.*upstream 'u0' said HTTP \d+: out of order") as met:
        await sender_at(server).send(chat())
    assert met.value.status == (503 if status == 503 else 502)
    assert len(server.exchanges) == 3


@pytest.mark.parametrize("retries", [0, 1, 4])
async def test_as_many_retries_as_allowed(raw_upstream: StartUpstream, sender_at: MakeSender, retries: int) -> None:
    server = raw_upstream(saying(500))
    with pytest.raises(NoAnswer):
        await sender_at(server, retrying=Retrying(retries=retries)).send(chat())
    assert len(server.exchanges) == retries + 1


async def test_an_upstream_may_say_that_trying_again_is_pointless(
    raw_upstream: StartUpstream, sender_at: MakeSender
) -> None:
    server = raw_upstream(saying((500, {"x_should_retry": "false"})))
    with pytest.raises(NoAnswer):
        await sender_at(server).send(chat())
    assert len(server.exchanges) == 1


async def test_a_conflict_that_stays_is_the_callers_to_see(raw_upstream: StartUpstream, sender_at: MakeSender) -> None:
    reply = await sender_at(raw_upstream(saying(409))).send(chat())
    assert (reply.status, reply.attempts) == (409, 3)


@pytest.mark.parametrize("status", [401, 403])
@pytest.mark.parametrize("stream", [False, True])
async def test_the_upstreams_refusal_of_our_key_is_not_the_callers_fault(
    raw_upstream: StartUpstream, sender_at: MakeSender, status: int, stream: bool
) -> None:
    server = raw_upstream(saying((status, {"message": f"Incorrect API key provided: {KEY}."})))
    sender = sender_at(server)
    with pytest.raises(NoAnswer, match="refused the server's own credential") as met:
        await (read_stream(sender, chat()) if stream else sender.send(chat()))
    assert met.value.status == 502
    assert KEY not in str(met.value)
    assert len(server.exchanges) == 1


async def test_a_redirect_is_not_passed_on(raw_upstream: StartUpstream, sender_at: MakeSender) -> None:
    server = raw_upstream(saying((307, {"location": "http://127.0.0.1:1/elsewhere"})))
    with pytest.raises(NoAnswer, match="redirect") as met:
        await sender_at(server).send(chat())
    assert (met.value.status, len(server.exchanges)) == (502, 1)


@pytest.mark.parametrize("status", [401, 403, 307, 429, 500])
async def test_another_upstream_stands_in(raw_upstream: StartUpstream, sender_at: MakeSender, status: int) -> None:
    first, second = raw_upstream(saying(status)), raw_upstream(saying(200))
    sender = sender_at(first, upstream_at(second, "second", model="other"), retrying=Retrying(retries=0))
    reply = await sender.send(chat())
    assert (reply.status, reply.upstream, reply.attempts) == (200, "second", 2)
    assert second.exchanges[0].body["model"] == "other"
    assert await read_stream_or_reply(sender) == "second"


async def read_stream_or_reply(sender: Any) -> str:
    async with sender.stream(chat()) as answer:
        return str(answer.upstream)


async def test_upstreams_are_asked_in_order_each_as_often_as_allowed(
    raw_upstream: StartUpstream, sender_at: MakeSender
) -> None:
    servers = [raw_upstream(saying(500)), raw_upstream(saying(502)), raw_upstream(saying(503, 200))]
    reply = await sender_at(*servers, retrying=Retrying(retries=1)).send(chat())
    assert (reply.upstream, reply.attempts) == ("u2", 6)
    assert [len(server.exchanges) for server in servers] == [2, 2, 2]


async def test_all_upstreams_are_named_when_none_answers(raw_upstream: StartUpstream, sender_at: MakeSender) -> None:
    servers = [raw_upstream(saying((500, {"message": "broken"}))), "http://127.0.0.1:1/v1"]
    with pytest.raises(NoAnswer, match=r"'u0' said HTTP 500: broken; upstream 'u1' cannot be reached") as met:
        await sender_at(*servers, retrying=Retrying(retries=0)).send(chat())
    assert met.value.status == 502


@pytest.mark.parametrize("header", [{"retry_after_ms": "1"}, {"retry_after": "0.001"}])
async def test_a_short_pause_is_waited_for(
    raw_upstream: StartUpstream, sender_at: MakeSender, header: dict[str, str]
) -> None:
    reply = await sender_at(raw_upstream(saying((429, header), 200))).send(chat())
    assert (reply.status, reply.attempts) == (200, 2)


async def test_a_long_pause_is_the_callers_to_keep(raw_upstream: StartUpstream, sender_at: MakeSender) -> None:
    server = raw_upstream(saying((429, {"retry_after": "30", "x_ratelimit_limit_requests": "3"})))
    reply = await sender_at(server).send(chat())
    assert (reply.status, reply.headers["retry-after"], reply.headers["x-ratelimit-limit-requests"]) == (429, "30", "3")
    assert len(server.exchanges) == 1


async def test_a_limit_that_holds_is_passed_on_with_its_pause(
    raw_upstream: StartUpstream, sender_at: MakeSender
) -> None:
    server = raw_upstream(saying((429, {"retry_after_ms": "2"})))
    reply = await sender_at(server).send(chat())
    assert (reply.status, reply.headers["retry-after-ms"], reply.attempts) == (429, "2", 3)


async def test_an_exhausted_account_is_not_asked_again(raw_upstream: StartUpstream, sender_at: MakeSender) -> None:
    server = raw_upstream(saying((429, {"code": "insufficient_quota"})))
    reply = await sender_at(server).send(chat())
    assert (reply.status, len(server.exchanges)) == (429, 1)
    assert json.loads(reply.body)["error"]["code"] == "insufficient_quota"


async def test_an_upstream_that_asked_for_a_pause_comes_last(
    raw_upstream: StartUpstream, sender_at: MakeSender
) -> None:
    first, second = raw_upstream(saying((429, {"retry_after": "20"}))), raw_upstream(saying(200, 200, 500))
    sender = sender_at(first, second, retrying=Retrying(retries=0))
    assert (await sender.send(chat())).upstream == "u1"
    assert (await sender.send(chat())).upstream == "u1"
    assert (len(first.exchanges), len(second.exchanges)) == (1, 2)
    reply = await sender.send(chat())  # the other fails now: the first is asked after all, and its limit holds
    assert (reply.status, reply.headers["retry-after"]) == (429, "20")
    assert (len(first.exchanges), len(second.exchanges)) == (2, 3)


async def test_no_attempt_begins_after_the_deadline(raw_upstream: StartUpstream, sender_at: MakeSender) -> None:
    server = raw_upstream(saying((429, {"retry_after": "11"})))
    began = time.monotonic()
    reply = await sender_at(server, retrying=Retrying(deadline_s=10, retries=5)).send(chat())
    assert time.monotonic() - began < 10
    assert (reply.status, len(server.exchanges)) == (429, 1)


async def test_the_deadline_bounds_the_last_attempt(simulator: Simulator, sender_at: MakeSender) -> None:
    simulator.behave(error_rates={"timeout": 1})
    with pytest.raises(NoAnswer) as met:
        await sender_at(simulator, retrying=Retrying(timeout_s=60, deadline_s=0.1)).send(chat())
    assert met.value.status == 504
    assert len(simulator.requests) == 1


async def test_a_stream_is_tried_again_like_any_request(raw_upstream: StartUpstream, sender_at: MakeSender) -> None:
    server = raw_upstream(saying(500, 200))
    async with sender_at(server).stream(chat()) as answer:
        assert isinstance(answer, Reply)
        assert answer.attempts == 2
