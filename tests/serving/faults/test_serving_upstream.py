"""An upstream that is down, slow, half open, overrun, or breaks off, as an official client sees it through Quire."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import openai
import pytest

from quire.testing import SimulatorProcess
from tests.serving.faults.conftest import Serve, ask, client_of, traces
from tests.serving.faults.upstreams import Upstream, breaks_off, holds
from tests.serving.served import free_port

pytestmark = pytest.mark.slow

ONCE = {"retries": 0, "timeout_s": 0.5, "deadline_s": 5.0}


def at(port: int) -> dict[str, str]:
    return {"OPENAI_BASE_URL": f"http://127.0.0.1:{port}/v1", "OPENAI_API_KEY": "any"}


@pytest.mark.parametrize("stream", [False, True])
def test_an_upstream_that_is_down_is_said_to_be(serve: Serve, store: str, stream: bool) -> None:
    served = serve(at(free_port()), retrying={**ONCE, "retries": 1})
    with client_of(served) as client, pytest.raises(openai.InternalServerError) as caught:
        ask(client, stream=stream)
    assert caught.value.status_code in (502, 503)
    assert "joker" in caught.value.response.headers["x-quire-endpoint"]
    (trace,) = traces(store, 1)
    assert trace.info.state == "ERROR"


def test_an_upstream_that_comes_back_is_asked_again(serve: Serve) -> None:
    breaker = {"least": 2, "window_s": 10.0, "rest_s": 0.2}
    port = free_port()
    served = serve(at(port), retrying=ONCE, breaker=breaker)
    with client_of(served) as client:
        for _ in range(5):
            with pytest.raises(openai.InternalServerError):
                ask(client)
        with Upstream(_answers) as upstream:
            served.kill()
            served = serve(upstream.environment, retrying=ONCE, breaker=breaker, port=served.port)
            assert ask(client).choices[0].message.content == "Hello."


async def _answers(upstream: Upstream, reader: Any, writer: Any) -> None:
    body = (
        b'{"id":"chatcmpl-1","object":"chat.completion","created":1,"model":"m","choices":[{"index":0,'
        b'"message":{"role":"assistant","content":"Hello.","refusal":null},"logprobs":null,"finish_reason":"stop"}]}'
    )
    writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\n")
    writer.write(f"content-length: {len(body)}\r\n\r\n".encode() + body)
    await writer.drain()


def test_the_breaker_closes_once_a_broken_upstream_answers(serve: Serve) -> None:
    with SimulatorProcess(error_rates={"server_error": 1.0}) as upstream:
        served = serve(upstream.environment, retrying=ONCE, breaker={"least": 3, "window_s": 60.0, "rest_s": 0.3})
        with client_of(served) as client:
            for _ in range(8):
                with pytest.raises(openai.APIStatusError):
                    ask(client)
            assert upstream.count < 8, "an upstream that fails is left alone"
            upstream.behave(error_rates={})
            for _ in range(100):
                with contextlib.suppress(openai.APIStatusError):
                    assert ask(client).choices[0].message.content
                    break
                time.sleep(0.05)
            else:
                pytest.fail("the upstream was never asked again")
            assert ask(client).choices[0].message.content


@pytest.mark.parametrize("stream", [False, True])
def test_a_slow_upstream_is_given_up_in_time(serve: Serve, stream: bool) -> None:
    with Upstream(holds) as upstream:
        served = serve(upstream.environment, retrying={**ONCE, "retries": 1})
        with client_of(served) as client, pytest.raises(openai.InternalServerError) as caught:
            ask(client, stream=stream)
        assert caught.value.status_code == 504
        assert upstream.asked == 2, "it was asked once more"
        upstream.wait_for("left", 2)


def test_a_frozen_upstream_is_stood_in_for_by_another(serve: Serve) -> None:
    """Half open: its connections stay, and nothing comes on them."""
    with SimulatorProcess(seed=1) as frozen, SimulatorProcess(seed=2) as other:
        fallback = {"name": "other", "base_url": other.base_url}
        served = serve(frozen.environment, retrying=ONCE, fallbacks=[fallback])
        with client_of(served) as client:
            assert ask(client).choices[0].message.content
            os.kill(frozen.pid, signal.SIGSTOP)
            try:
                assert ask(client).choices[0].message.content
                pieces = [piece.choices[0].delta.content or "" for piece in ask(client, stream=True)]
                assert "".join(pieces)
            finally:
                os.kill(frozen.pid, signal.SIGCONT)
        assert other.count == 2


def test_a_host_that_takes_connections_and_says_nothing(serve: Serve) -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(1)  # the system accepts; nobody reads
        served = serve(at(listener.getsockname()[1]), retrying=ONCE)
        with client_of(served) as client, pytest.raises(openai.InternalServerError) as caught:
            ask(client)
    assert caught.value.status_code == 504


def test_a_storm_of_429s_reaches_callers_with_when_to_come_back(serve: Serve) -> None:
    with SimulatorProcess(error_rates={"rate_limit": 1.0}, retry_after_ms=2000) as upstream:
        served = serve(upstream.environment, retrying=ONCE)
        with client_of(served) as client:
            with pytest.raises(openai.RateLimitError) as caught:
                ask(client)
            assert float(caught.value.response.headers["retry-after"]) >= 1
            upstream.behave(error_rates={})
            for _ in range(200):
                with contextlib.suppress(openai.APIStatusError):
                    ask(client)
                    break
                time.sleep(0.05)
            else:
                pytest.fail("it never answered again")


def test_a_share_of_429s_is_no_callers_concern(serve: Serve, store: str) -> None:
    with SimulatorProcess(error_rates={"rate_limit": 0.2}, retry_after_ms=10) as upstream:
        served = serve(upstream.environment, retrying={"retries": 8, "timeout_s": 30.0, "deadline_s": 60.0})

        def one(number: int) -> str:
            asked: list[Any] = [{"role": "user", "content": f"Joke number {number}."}]
            answer = client.chat.completions.create(model="joker", messages=asked)
            return answer.choices[0].message.content or ""

        with client_of(served) as client, ThreadPoolExecutor(8) as pool:
            said = list(pool.map(one, range(60)))
        assert all(said)
        assert upstream.count > 60, "some were refused, and asked again"
    found = traces(store, 60)
    assert {trace.info.state for trace in found} == {"OK"}


def test_a_stream_that_breaks_off_is_not_passed_off_as_whole(serve: Serve, store: str) -> None:
    with Upstream(breaks_off) as upstream:
        served = serve(upstream.environment, retrying={**ONCE, "retries": 3})
        got: list[str] = []
        with client_of(served) as client:
            stream = ask(client, stream=True)
            with pytest.raises(Exception, match=r"."):  # the SDK lets its HTTP library's own error through
                got.extend(piece.choices[0].delta.content for piece in stream)
        assert len(got) == 3, "what came was passed on"
        assert upstream.asked == 1, "what a caller has seen is not asked for again"
    (trace,) = traces(store, 1)
    assert trace.info.state == "ERROR"


def test_faults_of_every_kind_reach_nobody_unseen(serve: Serve, store: str) -> None:
    """Each request ends in an answer or an error, and in one trace that says which."""
    rates = {"server_error": 0.1, "unavailable": 0.1, "disconnect": 0.1, "truncate": 0.1, "malformed": 0.1}
    with SimulatorProcess(error_rates=rates, retry_after_ms=10) as upstream:
        served = serve(upstream.environment, retrying={**ONCE, "retries": 0}, breaker={"least": 10_000})

        def one(number: int) -> str:
            asked: list[Any] = [{"role": "user", "content": f"Joke number {number}."}]
            try:
                answer = client.chat.completions.create(model="joker", messages=asked)
            except openai.APIStatusError:
                return "ERROR"
            return "OK" if answer.choices[0].message.content else "EMPTY"

        with client_of(served) as client, ThreadPoolExecutor(8) as pool:
            ended = Counter(pool.map(one, range(80)))
    assert ended["OK"] > 20
    assert ended["ERROR"] > 10
    assert ended.total() == ended["OK"] + ended["ERROR"]
    found = Counter(trace.info.state for trace in traces(store, 80))
    assert found == {"OK": ended["OK"], "ERROR": ended["ERROR"]}
