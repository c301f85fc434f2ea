"""Who may call: hosts and origins are closed unless opened; every answer carries the headers that protect."""

from __future__ import annotations

import contextlib
import http.client
from collections.abc import Callable

import pytest

from tests.server.conftest import Served

CREATE = "/api/2.0/mlflow/experiments/create"


@pytest.mark.parametrize("host", ["evil.example", "evil.example:5000", "127.0.0.1.evil.example", ""])
def test_an_unknown_host_is_refused(host: str, server: Served) -> None:
    answer = server.call("GET", "/api/2.0/mlflow/experiments/get?experiment_id=0", headers={"Host": host})
    assert (answer.status, answer.json["error_code"]) == (403, "PERMISSION_DENIED")
    assert server.call("GET", "/health", headers={"Host": host}).status == 200


@pytest.mark.parametrize("host", ["localhost", "localhost:1", "127.0.0.1:80", "[::1]:80", "LOCALHOST"])
def test_this_machine_is_served(host: str, server: Served) -> None:
    answer = server.call("GET", "/api/2.0/mlflow/experiments/get?experiment_id=0", headers={"Host": host})
    assert answer.status == 200


def test_hosts_are_opened_by_name_and_pattern(serve: Callable[..., Served]) -> None:
    server = serve(allowed_hosts=("quire.example", "*.internal"))
    for host, status in {"quire.example": 200, "a.internal:80": 200, "internal": 403, "localhost": 403}.items():
        assert server.call("GET", "/api/quire/v1", headers={"Host": host}).status == status


def test_a_page_of_another_origin_can_change_nothing_and_read_nothing(server: Served) -> None:
    headers = {"Origin": "https://evil.example"}
    answer = server.call("POST", CREATE, {"name": "by a page"}, headers=headers)
    assert (answer.status, answer.json["error_code"]) == (403, "PERMISSION_DENIED")
    preflight = {**headers, "Access-Control-Request-Method": "POST"}
    assert server.call("OPTIONS", CREATE, headers=preflight).status == 403
    read = server.call("GET", "/api/2.0/mlflow/experiments/get?experiment_id=0", headers=headers)
    assert "access-control-allow-origin" not in read.headers
    assert server.call("GET", "/api/2.0/mlflow/experiments/get-by-name?experiment_name=by%20a%20page").status == 404
    assert server.call("POST", CREATE, {"name": "null"}, headers={"Origin": "null"}).status == 403


def test_its_own_pages_may_call(server: Served) -> None:
    for origin in (server.url, f"http://localhost:{server.port}"):
        headers = {"Origin": origin, "Host": origin.removeprefix("http://")}
        assert server.call("POST", CREATE, {"name": f"own {origin}"}, headers=headers).status == 200


def test_an_allowed_origin_may_call(serve: Callable[..., Served]) -> None:
    server = serve(cors_allowed_origins=("https://*.example",))
    headers = {"Origin": "https://ui.example"}
    preflight = server.call("OPTIONS", CREATE, headers={**headers, "Access-Control-Request-Method": "POST"})
    assert preflight.status == 204
    assert preflight.headers["access-control-allow-origin"] == "https://ui.example"
    assert "POST" in preflight.headers["access-control-allow-methods"]
    answer = server.call("POST", CREATE, {"name": "x"}, headers=headers)
    assert (answer.status, answer.headers["access-control-allow-origin"]) == (200, "https://ui.example")
    assert server.call("POST", CREATE, {"name": "y"}, headers={"Origin": "https://example"}).status == 403


@pytest.mark.parametrize("path", ["/health", "/", "/nothing", "/api/2.0/mlflow/runs/get", "/api/quire/v1/docs"])
def test_every_answer_carries_the_headers_that_protect(path: str, server: Served) -> None:
    headers = server.call("GET", path).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "SAMEORIGIN"
    assert "frame-ancestors 'self'" in headers["content-security-policy"]
    assert "server" not in headers


@pytest.mark.parametrize("path", ["/health", "/nothing", "/get-artifact?run_uuid={run}&path=a.txt"])
def test_no_header_that_protects_is_sent_twice(path: str, server: Served) -> None:
    run = server.run()
    place = f"/api/2.0/mlflow-artifacts/artifacts/0/{run}/artifacts/a.txt"
    assert server.call("PUT", place, b"text").status == 200
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    with contextlib.closing(connection):
        connection.request("GET", path.format(run=run))
        names = [name.lower() for name, _value in connection.getresponse().getheaders()]
    assert names.count("x-content-type-options") == 1
    assert sorted(set(names)) == sorted(names)
