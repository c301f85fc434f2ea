"""Answers of upstreams that are nested deeper than can be read are refused or passed on, and end nothing else."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from quire.domain.endpoints import Endpoint, Retrying, Upstream
from tests.serving.raw_upstream import STREAM, RawUpstream, chunk, event
from tests.serving.serving import Served

DEEP = b"[" * 50_000 + b"]" * 50_000
CHOICE = b'{"index":0,"message":{"role":"assistant","content":"hello"},"finish_reason":"stop"}'
CHAT = b'{"id":"c-1","object":"chat.completion","created":1,"model":"m","choices":[%b],"x":%b}' % (CHOICE, DEEP)
RESPONSE = b'{"id":"r-1","object":"response","status":"completed","output":[],"x":%b}' % DEEP
STREAMS = {
    "/v1/chat/completions": event("one") + b'data: {"choices":[],"error":%b}\n\ndata: [DONE]\n\n' % DEEP,
    "/v1/responses": b'event: response.completed\ndata: {"type":"response.completed","response":%b}\n\n' % RESPONSE,
}


def whole(body: bytes) -> bytes:
    return b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%b" % (len(body), body)


@pytest.fixture
def joker(register: Callable[..., str], serve: Callable[..., Served]) -> Callable[[RawUpstream], Served]:
    def start(upstream: RawUpstream) -> Served:
        register(messages=[{"role": "user", "content": "A joke."}])
        asked = Upstream(base_url=upstream.base_url)
        retrying = Retrying(retries=0, timeout_s=10)
        return serve(Endpoint(name="joker", model="models:/joker@champion", upstream=asked, retrying=retrying))

    return start


def sends(data: bytes) -> Any:
    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(data)
        await writer.drain()

    return handle


@pytest.mark.parametrize(
    ("path", "body", "answer"),
    [
        ("/v1/chat/completions", {"model": "joker", "messages": []}, CHAT),
        ("/v1/responses", {"model": "joker", "input": "x"}, RESPONSE),
        ("/invocations", {"inputs": ["x"]}, CHAT),
    ],
)
def test_a_whole_answer_is_none(
    joker: Callable[[RawUpstream], Served], path: str, body: dict[str, Any], answer: bytes
) -> None:
    with RawUpstream(sends(whole(answer))) as upstream:
        found = joker(upstream).call("POST", path, body)
    said = found.json["error"]["message"] if path.startswith("/v1") else found.json["message"]
    assert "gave an answer that is not JSON" in said
    assert found.status in (502, 503)


@pytest.mark.parametrize("path", STREAMS)
def test_a_stream_is_passed_on(
    joker: Callable[[RawUpstream], Served], path: str, caplog: pytest.LogCaptureFixture
) -> None:
    body = {"model": "joker", "stream": True, **({"messages": []} if "chat" in path else {"input": "x"})}
    with RawUpstream(sends(STREAM + chunk(STREAMS[path]) + b"0\r\n\r\n")) as upstream:
        served = joker(upstream)
        assert served.call("POST", path, body).body == STREAMS[path]
        assert [done.ending for done in served.wait_for(1)] == ["answered"]
    assert [one.getMessage() for one in caplog.records if one.exc_info] == []
