"""Callers who leave at any moment: nobody else notices, and nothing is left behind."""

from __future__ import annotations

import json
import logging
import random
from collections.abc import Callable

import pytest

from quire.testing import Behaviour, Simulator
from tests.eventually import eventually
from tests.http_pieces import answer, leave, request_bytes
from tests.serving.serving import Served

CHAT = "/v1/chat/completions"


def asked(rng: random.Random) -> bytes:
    """A request for a short or a long answer, whole or as a stream."""
    words = [{"role": "user", "content": "word " * rng.choice([1, 50, 2000])}]
    body = {"model": "joker", "messages": words, "stream": rng.random() < 0.5}
    return request_bytes("POST", CHAT, json.dumps(body).encode(), chunk=rng.choice([None, 64]))


def test_those_who_leave_leave_nothing_behind(
    register: Callable[..., str],
    serve: Callable[..., Served],
    upstream: Simulator,
    caplog: pytest.LogCaptureFixture,
) -> None:
    register(messages=[{"role": "user", "content": "A joke."}])
    served = serve("joker", request_timeout=5)
    upstream.behaviour = Behaviour(latency_ms="uniform:0:30")
    rng = random.Random(1)
    for _ in range(250):
        leave(served.port, asked(rng), rng)
    status, body = answer(served.port, [request_bytes("POST", CHAT, b'{"model": "joker", "messages": []}')])
    assert (status, json.loads(body)["object"]) == (200, "chat.completion")
    said = [one.getMessage() for one in caplog.records if one.exc_info or one.levelno >= logging.WARNING]
    assert said == []
    endings = {done.ending for done in served.done}
    assert endings == {"answered", "disconnected"}
    eventually(lambda: served.open == (0, 0))
