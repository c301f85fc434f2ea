"""Clients who leave at any moment: nobody else notices, and nothing is left behind."""

from __future__ import annotations

import json
import logging
import random
from collections.abc import Callable

import pytest

from tests.eventually import eventually
from tests.http_pieces import answer, leave, request_bytes
from tests.server.conftest import Served
from tests.spans import export, message, new_trace

API = "/api/2.0/mlflow"
FILES = "/api/2.0/mlflow-artifacts/artifacts"


def asked(rng: random.Random) -> bytes:
    """A call, a file that is sent or fetched, spans, or events to listen to."""
    kind = rng.randrange(6)
    if kind == 0:
        body = json.dumps({"name": f"e{rng.random()}", "tags": [{"key": "k", "value": "v" * 5000}]}).encode()
        return request_bytes("POST", f"{API}/experiments/create", body, chunk=rng.choice([None, 500]))
    if kind == 1:
        return request_bytes("PUT", f"{FILES}/f/{rng.randrange(9)}", b"x" * 300_000, chunk=rng.choice([None, 5000]))
    if kind == 2:
        return request_bytes("GET", f"{FILES}/kept", b"")
    if kind == 3:
        spans = export(*[message(new_trace(), "s") for _ in range(30)]).SerializeToString()
        return request_bytes("POST", "/v1/traces", spans, headers={"content-type": "application/x-protobuf"})
    if kind == 4:
        return request_bytes("GET", "/api/quire/v1/events", b"")
    return request_bytes("POST", f"{API}/runs/search", b'{"experiment_ids": ["0"]}', chunk=7)


def test_those_who_leave_leave_nothing_behind(serve: Callable[..., Served], caplog: pytest.LogCaptureFixture) -> None:
    served = serve(request_timeout=5)
    content = bytes(range(256)) * 20_000
    assert served.call("PUT", f"{FILES}/kept", content).status == 200
    rng = random.Random(1)
    for _ in range(300):
        leave(served.port, asked(rng), rng)
    assert answer(served.port, [request_bytes("GET", f"{FILES}/kept", b"")]) == (200, content)
    for name in served.call("GET", f"{FILES}?path=f").json.get("files", []):
        assert name["file_size"] in (300_000, "300000"), "half of a file was kept"
    said = [one.getMessage() for one in caplog.records if one.exc_info or one.levelno >= logging.WARNING]
    assert said == []
    eventually(lambda: served.open == (0, 0))
