"""A request is answered by what it says, whatever pieces it comes in, and what it brought is kept whole."""

from __future__ import annotations

import json
from collections.abc import Callable

from tests.http_pieces import answer, pieces, request_bytes
from tests.server.conftest import Served
from tests.spans import export, message, new_trace

LIMIT = 5000
API = "/api/2.0/mlflow"
FILES = "/api/2.0/mlflow-artifacts/artifacts"
JSON = "application/json"
SEARCH = json.dumps({"experiment_ids": ["0"], "filter": "tags.x = 'y'" + " AND tags.x = 'y'" * 40}).encode()
SPANS = export(*[message(new_trace(), "span", note="n" * 40) for _ in range(20)]).SerializeToString()

CASES: dict[str, tuple[str, str, str, bytes, int | None, int]] = {
    "a search": ("POST", f"{API}/runs/search", JSON, SEARCH, None, 200),
    "a search in chunks": ("POST", f"{API}/runs/search", JSON, SEARCH, 300, 200),
    "a search in chunks of a byte": ("POST", f"{API}/runs/search", JSON, SEARCH, 1, 200),
    "too long, by its length": ("POST", f"{API}/runs/search", JSON, b"x" * 2 * LIMIT, None, 413),
    "too long, in chunks": ("POST", f"{API}/runs/search", JSON, b"x" * 2 * LIMIT, 900, 413),
    "too long by its last chunk": ("POST", f"{API}/runs/search", JSON, b"x" * (LIMIT + 1), LIMIT, 413),
    "no JSON": ("POST", f"{API}/runs/search", JSON, b"{" * 900, 50, 400),
    "nothing": ("POST", f"{API}/runs/search", JSON, b"", None, 200),
    "nothing, in chunks": ("POST", f"{API}/runs/search", JSON, b"", 9, 200),
    "no such path": ("POST", f"{API}/nothing", JSON, SEARCH, 50, 404),
    "no such method": ("PUT", f"{API}/runs/search", JSON, SEARCH, 50, 405),
    "spans": ("POST", "/v1/traces", "application/x-protobuf", SPANS, None, 200),
    "spans in chunks": ("POST", "/v1/traces", "application/x-protobuf", SPANS, 512, 200),
    "half of some spans": ("POST", "/v1/traces", "application/x-protobuf", SPANS[: len(SPANS) // 2], 512, 400),
}


def test_it_is_answered_as_if_it_came_whole(serve: Callable[..., Served]) -> None:
    port = serve(max_request_bytes=LIMIT, request_timeout=60).port
    for case, (method, path, kind, body, chunk, status) in CASES.items():
        whole = request_bytes(method, path, body, chunk=chunk, headers={"content-type": kind})
        expected = answer(port, [whole])
        assert expected[0] == status, (case, expected)
        for seed in range(25):
            assert answer(port, pieces(whole, seed), pause_s=0.002 * (seed % 3)) == expected, (case, seed)


def test_a_file_is_kept_whole(serve: Callable[..., Served]) -> None:
    port = serve(request_timeout=60).port
    content = bytes(range(256)) * 1000
    for seed in range(40):
        chunk = (None, 1000, 70_000)[seed % 3]
        sent = request_bytes("PUT", f"{FILES}/folder/{seed}", content, chunk=chunk)
        assert answer(port, pieces(sent, seed), pause_s=0.002 * (seed % 2)) == (200, b"{}")
        assert answer(port, [request_bytes("GET", f"{FILES}/folder/{seed}", b"")]) == (200, content)
