"""A request is answered by what it says, whatever pieces it comes in."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from quire.domain.endpoints import Endpoint, Limits
from tests.http_pieces import answer, pieces, request_bytes
from tests.serving.serving import Served

CHAT, INVOCATIONS = "/v1/chat/completions", "/invocations"
LIMIT = 3000


def asked(length: int = 20, **more: Any) -> bytes:
    return json.dumps({"model": "joker", "messages": [{"role": "user", "content": "x" * length}], **more}).encode()


CASES: dict[str, tuple[str, bytes, int | None, int]] = {
    "an answer": (CHAT, asked(), None, 200),
    "an answer, asked in chunks": (CHAT, asked(500), 100, 200),
    "an answer, asked in chunks of a byte": (CHAT, asked(20), 1, 200),
    "a stream": (CHAT, asked(stream=True), None, 200),
    "a stream, asked in chunks": (CHAT, asked(500, stream=True), 200, 200),
    "nearly as long as is allowed": (CHAT, asked(LIMIT - 200), 500, 200),
    "too long, by its length": (CHAT, asked(2 * LIMIT), None, 413),
    "too long, in chunks": (CHAT, asked(2 * LIMIT), 700, 413),
    "too long, in one chunk": (CHAT, asked(LIMIT), 5000, 413),
    "too long by its last chunk": (CHAT, asked(LIMIT + 1 - len(asked(0))), LIMIT, 413),
    "no JSON": (CHAT, b"{", None, 400),
    "no JSON, in chunks": (CHAT, b'{"model": "jo' * 9, 10, 400),
    "nothing": (CHAT, b"", None, 400),
    "nothing, in chunks": (CHAT, b"", 9, 400),
    "nobody there": (CHAT, asked().replace(b"joker", b"nobody"), 7, 404),
    "no such path": ("/v1/nothing", asked(400), 50, 404),
    "rows": (INVOCATIONS, json.dumps({"inputs": ["cats"] * 3}).encode(), 20, 200),
}


@pytest.fixture
def served(register: Callable[..., str], serve: Callable[..., Served]) -> Served:
    register(messages=[{"role": "user", "content": "A joke."}])
    limits = Limits(max_request_bytes=LIMIT)
    return serve(Endpoint(name="joker", model="models:/joker@champion", limits=limits), request_timeout=60)


def test_it_is_answered_as_if_it_came_whole(served: Served) -> None:
    for case, (path, body, chunk, status) in CASES.items():
        whole = request_bytes("POST", path, body, chunk=chunk, headers={"content-type": "application/json"})
        expected = answer(served.port, [whole])
        assert expected[0] == status, (case, expected)
        for seed in range(25):
            found = answer(served.port, pieces(whole, seed), pause_s=0.002 * (seed % 3))
            assert (found[0], said(found[1])) == (status, said(expected[1])), (case, seed)


def said(body: bytes) -> object:
    """What an answer says, without what each answer has of its own."""
    if body.startswith(b"data:"):
        events = [line[6:] for line in body.splitlines() if line.startswith(b"data: {")]
        return "".join(json.loads(event)["choices"][0]["delta"].get("content") or "" for event in events)
    content = json.loads(body)
    return content.get("error") or content.get("predictions") or content["choices"]
