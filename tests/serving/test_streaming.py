"""Streams: passed on as they come, broken off honestly, cancelled with the caller, bounded by the caller's reading."""

from __future__ import annotations

import asyncio
import http.client
import json
import socket
from collections.abc import Callable
from typing import Any

import openai
import pytest

from quire.domain.endpoints import Endpoint, Retrying, Upstream
from tests.serving.raw_upstream import STREAM, RawUpstream, chunk, event, writes
from tests.serving.serving import Served

DONE = b"data: [DONE]\n\n"
COUNT = b'data: {"id":"c-1","choices":[],"usage":{"prompt_tokens":1,"completion_tokens":2,"total_tokens":3}}\n\n'
Start = Callable[..., Served]


@pytest.fixture
def joker(register: Callable[..., str], serve: Callable[..., Served]) -> Start:
    """Start a server whose one endpoint asks a given upstream."""

    def start(upstream: RawUpstream, **options: Any) -> Served:
        register(messages=[{"role": "user", "content": "A joke."}])
        place = Upstream(base_url=upstream.base_url)
        retrying = Retrying(retries=0, timeout_s=10)
        return serve(
            Endpoint(name="joker", model="models:/joker@champion", upstream=place, retrying=retrying), **options
        )

    return start


def open_stream(served: Served, **body: Any) -> http.client.HTTPConnection:
    connection = http.client.HTTPConnection("127.0.0.1", served.port, timeout=30)
    connection.request("POST", "/v1/chat/completions", json.dumps({"model": "joker", "stream": True, **body}))
    return connection


def test_each_event_is_passed_on_before_the_next_is_there(joker: Start) -> None:
    gate = asyncio.Event()
    loops: list[asyncio.AbstractEventLoop] = []

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        loops.append(asyncio.get_running_loop())
        writer.write(STREAM + chunk(event("one")))
        await gate.wait()
        writer.write(chunk(event("two") + COUNT + DONE) + b"0\r\n\r\n")
        await writer.drain()

    with RawUpstream(handle) as upstream:
        served = joker(upstream)
        answer = open_stream(served).getresponse()
        assert answer.headers["content-type"] == "text/event-stream"
        assert answer.headers["x-quire-endpoint"] == "joker"
        assert answer.read(len(event("one"))) == event("one")
        loops[0].call_soon_threadsafe(gate.set)
        assert answer.read() == event("two") + DONE


@pytest.mark.parametrize("cut", [1, 3, 40, len(event("one")) - 1, len(event("one")), len(event("one")) + 7])
@pytest.mark.parametrize("ending", [b"\n\n", b"\r\n\r\n"])
def test_events_that_come_in_halves_go_out_whole_and_the_count_does_not(joker: Start, cut: int, ending: bytes) -> None:
    whole = (event("one", usage=True) + event("two", usage=True) + COUNT + DONE).replace(b"\n\n", ending)
    with RawUpstream(writes(whole[:cut], whole[cut : 2 * cut], whole[2 * cut :])) as upstream:
        served = joker(upstream)
        answer = open_stream(served).getresponse().read()
        [done] = served.wait_for(1)
    assert answer == (event("one", usage=True) + event("two", usage=True) + DONE).replace(b"\n\n", ending)
    assert (done.ending, done.body) == ("answered", whole)


@pytest.mark.parametrize("ends", [True, False])
@pytest.mark.parametrize("half", [b"", b'data: {"id":"c-1","cho'])
def test_a_stream_that_breaks_off_ends_in_an_error_and_a_closed_connection(
    joker: Start, ends: bool, half: bytes
) -> None:
    with RawUpstream(writes(event("one") + half, ends=ends)) as upstream:
        served = joker(upstream)
        answer = open_stream(served).getresponse()
        with pytest.raises(http.client.IncompleteRead) as caught:
            answer.read()
        [done] = served.wait_for(1)
    first, second, rest = caught.value.partial.split(b"\n\n")
    assert first + b"\n\n" == event("one")
    error = json.loads(second.removeprefix(b"data: "))["error"]
    assert (error["type"], error["code"]) == ("server_error", "stream_broken")
    assert rest == b""
    assert done.ending == "broken"
    assert done.body == event("one") + half


def test_the_official_client_raises_where_a_stream_breaks_off(joker: Start) -> None:
    with RawUpstream(writes(event("one"), ends=False)) as upstream:
        served = joker(upstream)
        client = openai.OpenAI(base_url=served.base_url, api_key="any", max_retries=0)
        stream = client.chat.completions.create(model="joker", messages=[], stream=True)
        assert next(stream).choices[0].delta.content == "one"
        with pytest.raises(openai.APIError, match="broke off"):
            next(stream)


def test_a_response_that_breaks_off_ends_in_an_error_event(joker: Start) -> None:
    created = b'event: response.created\ndata: {"type":"response.created","response":{"id":"r-1"}}\n\n'
    with RawUpstream(writes(created)) as upstream:
        served = joker(upstream)
        client = openai.OpenAI(base_url=served.base_url, api_key="any", max_retries=0)
        stream = client.responses.create(model="joker", stream=True)
        assert next(stream).type == "response.created"
        last: Any = next(stream)
        assert (last.type, last.code) == ("error", "server_error")
        assert "broke off" in last.message
        with pytest.raises(openai.APIConnectionError):
            next(stream)


def test_an_error_that_the_upstream_sends_is_passed_on_as_its_last_word(joker: Start) -> None:
    error = b'data: {"error":{"message":"overloaded","type":"server_error","param":null,"code":null}}\n\n'
    with RawUpstream(writes(event("one"), error)) as upstream:
        served = joker(upstream)
        assert open_stream(served).getresponse().read() == event("one") + error


async def _until_lost(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(STREAM + chunk(event("one")))
    await reader.readexactly(1)  # nothing more comes: this raises when the connection is closed


def test_a_caller_who_leaves_cancels_what_was_asked_of_the_upstream(joker: Start) -> None:
    with RawUpstream(_until_lost) as upstream:
        served = joker(upstream)
        connection = open_stream(served)
        answer = connection.getresponse()
        assert answer.read(len(event("one"))) == event("one")
        answer.close()
        connection.close()
        assert upstream.lost.wait(10)
        [done] = served.wait_for(1)
    assert (done.ending, done.status) == ("disconnected", 499)


def test_a_caller_who_leaves_with_the_last_event_was_answered(joker: Start) -> None:
    """As clients do: the upstream has not closed its side yet, and there is nothing left to wait for."""

    async def lingers(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(STREAM + chunk(event("one") + DONE))
        await reader.readexactly(1)

    with RawUpstream(lingers) as upstream:
        served = joker(upstream)
        connection = open_stream(served)
        answer = connection.getresponse()
        assert answer.read(len(event("one") + DONE)) == event("one") + DONE
        answer.close()
        connection.close()
        assert upstream.lost.wait(10)
        [done] = served.wait_for(1)
    assert (done.ending, done.status, done.error) == ("answered", 200, "")
    assert done.body == event("one") + DONE


def test_an_upstream_that_breaks_off_after_the_last_event_has_answered(joker: Start) -> None:
    with RawUpstream(writes(event("one") + DONE, ends=False)) as upstream:
        served = joker(upstream)
        assert open_stream(served).getresponse().read() == event("one") + DONE
        [done] = served.wait_for(1)
    assert (done.ending, done.error) == ("answered", "")


def test_a_caller_who_leaves_before_there_is_an_answer_cancels_it_too(joker: Start) -> None:
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(1)

    with RawUpstream(silent) as upstream:
        served = joker(upstream)
        connection = http.client.HTTPConnection("127.0.0.1", served.port, timeout=30)
        connection.request("POST", "/v1/chat/completions", json.dumps({"model": "joker"}))
        assert upstream.asked.wait(10)
        connection.close()
        assert upstream.lost.wait(10)
        [done] = served.wait_for(1)
    assert done.ending == "disconnected"


def test_a_caller_who_never_reads_is_bounded_and_left(joker: Start) -> None:
    """The upstream writes for ever; what it got rid of is what buffers hold, and then the connection is cut."""
    written = 0

    async def endless(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal written
        writer.write(STREAM)
        piece = chunk(event("x" * 65_536))
        while True:
            writer.write(piece)
            await writer.drain()
            written += len(piece)

    with RawUpstream(endless) as upstream:
        served = joker(upstream, write_timeout=0.3)
        caller = socket.create_connection(("127.0.0.1", served.port))
        caller.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        body = json.dumps({"model": "joker", "stream": True}).encode()
        caller.sendall(
            b"POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\ncontent-length: %d\r\n\r\n%b" % (len(body), body)
        )
        assert upstream.lost.wait(20)
        [done] = served.wait_for(1)
        caller.close()
    assert done.ending == "disconnected"
    assert written < 64 * 1024 * 1024
    assert served.call("GET", "/health").status == 200


def test_an_upstream_that_does_not_know_how_to_count_is_asked_without(joker: Start) -> None:
    asked = 0

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal asked
        asked += 1
        if asked == 1:
            body = b'{"error":{"message":"Unknown: stream_options","type":"invalid_request_error"}}'
            writer.write(b"HTTP/1.1 400 Bad Request\r\ncontent-type: application/json\r\nconnection: close\r\n")
            writer.write(b"content-length: %d\r\n\r\n%b" % (len(body), body))
            await writer.drain()
            return
        await writes(event("one") + DONE)(reader, writer)

    with RawUpstream(handle) as upstream:
        served = joker(upstream)
        assert open_stream(served).getresponse().read() == event("one") + DONE
        assert open_stream(served).getresponse().read() == event("one") + DONE
    assert asked == 3
