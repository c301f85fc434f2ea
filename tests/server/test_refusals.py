"""Bad input is answered in MLflow's shape, with a message that names what to change, and leaves nothing behind."""

from __future__ import annotations

import http.client
import json
import socket
import time
from collections.abc import Callable
from typing import Any

import pytest

from tests.server.conftest import Answer, Served

DEEP = b'{"experiment_id":' + b"[" * 10_000 + b"]" * 10_000 + b"}"
METRIC = {"key": "m", "value": 1.0, "timestamp": 1}


def refused(answer: Answer, status: int, code: str, *words: str) -> None:
    content = answer.json
    assert (answer.status, content["error_code"]) == (status, code), content
    assert set(content) == {"error_code", "message", "sqlstate", "error_class"}
    for word in words:
        assert word in content["message"]
    for leak in ("sqlite", "SELECT", "INSERT", "Traceback", "/tmp", "site-packages"):
        assert leak not in content["message"]


REFUSED: dict[str, tuple[str, str, Any, tuple[str, ...]]] = {
    "name missing": ("POST", "experiments/create", {}, ("'name'", "Missing value")),
    "name empty": ("POST", "experiments/create", {"name": ""}, ("'name'", "Missing value")),
    "name null": ("POST", "experiments/create", {"name": None}, ("'name'", "Missing value")),
    "name a number": ("POST", "experiments/create", {"name": 5}, ("'name'", "5", "str")),
    "tags no list": ("POST", "experiments/create", {"name": "x", "tags": "q"}, ("'tags'", '"q"')),
    "tag without key": ("POST", "experiments/create", {"name": "x", "tags": [{"value": "v"}]}, ("'tags[0].key'",)),
    "tag value a number": (
        "POST",
        "experiments/create",
        {"name": "x", "tags": [{"key": "k", "value": 1}]},
        ("tags[0]",),
    ),
    "a list as body": ("POST", "experiments/create", b"[1]", ("JSON object",)),
    "no JSON": ("POST", "experiments/create", b"not json", ("not JSON",)),
    "no body": ("POST", "experiments/create", b"", ("'name'",)),
    "broken UTF-8": ("POST", "experiments/create", b'{"name":"\xff"}', ("UTF-8",)),
    "half a surrogate": ("POST", "experiments/create", b'{"name":"\\ud800"}', ("JSON",)),
    "NUL in a name": ("POST", "experiments/create", {"name": "a\0b"}, ("NUL",)),
    "deep JSON": ("POST", "experiments/create", DEEP, ("nested too deeply",)),
    "deep JSON in an unknown field": ("POST", "experiments/create", DEEP.replace(b"experiment_id", b"zz"), ("deeply",)),
    "a billion keys": ("POST", "experiments/create", b'{"name":' * 10_000, ("deeply",)),
    "location of a host": (
        "POST",
        "experiments/create",
        {"name": "x", "artifact_location": "http://elsewhere/x"},
        ("artifact_location", "host"),
    ),
    "location of another proxy": (
        "POST",
        "experiments/create",
        {"name": "x", "artifact_location": "mlflow-artifacts://elsewhere/x"},
        ("host",),
    ),
    "location that climbs": (
        "POST",
        "experiments/create",
        {"name": "x", "artifact_location": "s3://bucket/a/%2e%2e/b"},
        ("'..'",),
    ),
    "id of letters": ("GET", "experiments/get?experiment_id=abc", None, ("'abc'",)),
    "no id": ("GET", "experiments/get", None, ("'experiment_id'",)),
    "page of none": ("POST", "experiments/search", {"max_results": 0}, ("max_results",)),
    "page too large": (
        "POST",
        "runs/search",
        {"experiment_ids": ["0"], "max_results": 50_001},
        ("max_results", "50,000"),
    ),
    "unknown view": ("POST", "experiments/search", {"view_type": "FOO"}, ("view_type", "ACTIVE_ONLY")),
    "unknown filter field": ("POST", "experiments/search", {"filter": "zork = 1"}, ("zork",)),
    "unknown filter kind": ("POST", "runs/search", {"experiment_ids": ["0"], "filter": "zork.x = 1"}, ("zork",)),
    "broken filter": ("POST", "runs/search", {"experiment_ids": ["0"], "filter": "metrics.x >"}, ()),
    "broken order": ("POST", "runs/search", {"experiment_ids": ["0"], "order_by": ["metrics.x SIDEWAYS"]}, ()),
    "broken token": ("POST", "runs/search", {"experiment_ids": ["0"], "page_token": "zzz"}, ("page token",)),
    "experiment ids as text": ("POST", "runs/search", {"experiment_ids": "1"}, ("'experiment_ids'", '"1"')),
    "start of letters": ("POST", "runs/create", {"experiment_id": "0", "start_time": "abc"}, ("'start_time'", '"abc"')),
    "start with a fraction": (
        "POST",
        "runs/create",
        {"experiment_id": "0", "start_time": 1.5},
        ("'start_time'", "1.5"),
    ),
    "start of 65 bits": ("POST", "runs/create", {"experiment_id": "0", "start_time": 2**63}, ("'start_time'",)),
    "run without id": ("GET", "runs/get", None, ("'run_id'",)),
    "value missing": ("POST", "runs/log-metric", {"key": "m", "timestamp": 1}, ("'value'",)),
    "timestamp missing": ("POST", "runs/log-metric", {"key": "m", "value": 1}, ("'timestamp'",)),
    "value of letters": ("POST", "runs/log-metric", {**METRIC, "value": "abc"}, ("'value'", '"abc"')),
    "value too large": ("POST", "runs/log-metric", b'{"key":"m","timestamp":1,"value":1e400}', ("'value'", "1e400")),
    "value too large as text": ("POST", "runs/log-metric", {**METRIC, "value": "1e400"}, ("'value'", "1e400")),
    "key with a control character": ("POST", "runs/log-metric", {**METRIC, "key": "a\x07"}, ("key",)),
    "key that climbs": ("POST", "runs/log-metric", {**METRIC, "key": "../m"}, ("../m",)),
    "batch metric without timestamp": (
        "POST",
        "runs/log-batch",
        {"metrics": [METRIC, {"key": "m", "value": 1}]},
        ("'metrics[1].timestamp'",),
    ),
    "batch timestamp of letters": (
        "POST",
        "runs/log-batch",
        {"metrics": [{**METRIC, "timestamp": "x"}]},
        ("'metrics[0].timestamp'", '"x"'),
    ),
    "batch of too many": ("POST", "runs/log-batch", {"metrics": [METRIC] * 1001}, ("1001", "1000")),
    "param too long": ("POST", "runs/log-parameter", {"key": "p", "value": "x" * 1_000_000}, ("1,000,000", "100,000")),
    "unknown status": ("POST", "runs/update", {"status": "BOGUS"}, ("'status'", "FINISHED")),
    "model of no JSON": ("POST", "runs/log-model", {"model_json": "["}, ("model_json",)),
    "model without fields": ("POST", "runs/log-model", {"model_json": "{}"}, ("artifact_path",)),
    "name with a slash": ("POST", "registered-models/create", {"name": "a/b"}, ("a/b",)),
    "version of letters": ("GET", "model-versions/get?name=r&version=abc", None, ("abc",)),
    "source of this machine": (
        "POST",
        "model-versions/create",
        {"name": "r", "source": "/etc/passwd"},
        ("/etc/passwd",),
    ),
    "source of a file URI": ("POST", "model-versions/create", {"name": "r", "source": "file:///etc"}, ("file:///etc",)),
    "source of a host": ("POST", "model-versions/create", {"name": "r", "source": "http://evil/x"}, ("host",)),
    "source of nothing": ("POST", "model-versions/create", {"name": "r", "source": "s3://b/../x"}, ("'..'",)),
    "unknown stage": (
        "POST",
        "model-versions/transition-stage",
        {"name": "r", "version": "1", "stage": "x"},
        ("Staging",),
    ),
    "logged status": ("PATCH", "logged-models/m-1", {"status": "READY"}, ("'status'", "LOGGED_MODEL_READY")),
    "no runs": ("GET", "metrics/get-history-bulk?metric_key=m", None, ("run_id",)),
    "half an interval": (
        "GET",
        "metrics/get-history-bulk-interval?run_ids=a&metric_key=m&start_step=1",
        None,
        ("end_step",),
    ),
    "query not UTF-8": ("GET", "experiments/get-by-name?experiment_name=%ff", None, ("UTF-8",)),
    "path that climbs": ("GET", "artifacts/list?run_id=RUN&path=../x", None, ("'..'",)),
    "path encoded twice": ("GET", "artifacts/list?run_id=RUN&path=%252e%252e", None, ("'..'",)),
    "expiration of a year": (
        "POST",
        "artifacts/presigned-upload-url",
        {"run_id": "RUN", "path": "a"},
        ("object store",),
    ),
}


@pytest.fixture(scope="module")
def run(server: Served) -> str:
    server.ask("POST", "registered-models/create", {"name": "r"})
    server.ask("POST", "model-versions/create", {"name": "r", "source": "s3://bucket/x"})
    return server.run()


@pytest.mark.parametrize("case", REFUSED)
def test_a_mistake_is_named(case: str, server: Served, run: str) -> None:
    method, path, body, words = REFUSED[case]
    if isinstance(body, dict) and path.startswith("runs/") and path not in ("runs/search", "runs/create"):
        body = {"run_id": run, **body}
    if isinstance(body, dict) and body.get("run_id") == "RUN":
        body["run_id"] = run
    if isinstance(body, bytes) and b"1e400" in body:
        body = body.replace(b"{", b'{"run_id":"%s",' % run.encode(), 1)
    answer = server.call(method, f"/api/2.0/mlflow/{path.replace('RUN', run)}", body)
    refused(answer, 400, "INVALID_PARAMETER_VALUE", *words)


def test_what_does_not_exist_is_404(server: Served) -> None:
    for path in (
        "experiments/get?experiment_id=999",
        f"runs/get?run_id={'0' * 32}",
        "registered-models/get?name=zz",
        "logged-models/m-" + "0" * 32,
        "experiments/get-by-name?experiment_name=zz",
    ):
        refused(server.call("GET", f"/api/2.0/mlflow/{path}"), 404, "RESOURCE_DOES_NOT_EXIST")


def test_an_unknown_path_is_404_and_another_method_405(server: Served) -> None:
    refused(server.call("GET", "/api/2.0/mlflow/nothing"), 404, "ENDPOINT_NOT_FOUND", "/api/2.0/mlflow/nothing")
    refused(server.call("GET", "/nothing"), 404, "ENDPOINT_NOT_FOUND")
    answer = server.call("GET", "/api/2.0/mlflow/runs/create")
    refused(answer, 405, "BAD_REQUEST", "POST")
    assert answer.headers["allow"] == "POST"
    assert server.call("POST", "/api/quire/v1").status == 405
    assert server.call("BREW", "/health").status in (400, 405)


def test_numbers_may_be_text_and_nan_may_be_a_word(server: Served, run: str) -> None:
    for key, value in {"nan": "NaN", "inf": "Infinity", "low": "-Infinity", "text": "1.5", "whole": 2}.items():
        body = {"run_id": run, "key": key, "value": value, "timestamp": "1700000000000", "step": "7"}
        server.ask("POST", "runs/log-metric", body)
    found = {item["key"]: item for item in server.ask("GET", "runs/get", run_id=run)["run"]["data"]["metrics"]}
    assert [found[key]["value"] for key in ("nan", "inf", "low", "text", "whole")] == [
        "NaN",
        "Infinity",
        "-Infinity",
        1.5,
        2.0,
    ]
    assert (found["text"]["timestamp"], found["text"]["step"]) == (1700000000000, 7)
    history = server.ask("GET", "metrics/get-history", run_uuid=run, metric_key="nan")
    assert history["metrics"][0]["value"] == "NaN"


def test_unknown_fields_and_nulls_are_ignored(server: Served) -> None:
    made = server.ask("POST", "runs/create", {"experiment_id": "0", "run_name": None, "zork": {"a": [1]}, "tags": None})
    assert made["run"]["info"]["status"] == "RUNNING"


def test_a_refused_batch_stores_nothing(server: Served) -> None:
    run = server.run()
    batch = {"run_id": run, "metrics": [METRIC], "params": [{"key": "a/../b", "value": "x"}]}
    assert server.call("POST", "/api/2.0/mlflow/runs/log-batch", batch).status == 400
    assert server.ask("GET", "runs/get", run_id=run)["run"]["data"].keys() == {"tags"}


def test_a_body_beyond_the_limit_is_refused_before_it_is_read(serve: Callable[..., Served]) -> None:
    server = serve(max_request_bytes=1000)
    answer = server.call("POST", "/api/2.0/mlflow/experiments/create", {"name": "x" * 2000})
    refused(answer, 413, "BAD_REQUEST", "1,000")
    assert server.experiment("y")


def test_a_gigabyte_is_refused_and_not_kept(server: Served) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    block, size = b"x" * (1 << 20), 1 << 30
    connection.putrequest("POST", "/api/2.0/mlflow/experiments/create")
    connection.putheader("Content-Length", str(size))
    connection.endheaders()
    for _ in range(size // len(block)):
        connection.send(block)
    answer = connection.getresponse()
    assert answer.status == 413
    assert json.loads(answer.read())["error_code"] == "BAD_REQUEST"
    connection.close()


def test_a_chunked_body_is_held_to_the_limit(serve: Callable[..., Served]) -> None:
    server = serve(max_request_bytes=100_000)
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    connection.request("POST", "/api/2.0/mlflow/experiments/create", (b"x" * 10_000 for _ in range(50)))
    assert connection.getresponse().status == 413
    connection.close()


def test_a_chunked_body_that_comes_at_once_is_held_to_the_limit(serve: Callable[..., Served]) -> None:
    server = serve(max_request_bytes=1_000)
    head = "POST /api/2.0/mlflow/experiments/create HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
    with socket.create_connection(("127.0.0.1", server.port), timeout=30) as connection:
        connection.sendall(head.encode() + b"7d0\r\n" + b"x" * 2_000 + b"\r\n0\r\n\r\n")
        assert connection.recv(1_000).startswith(b"HTTP/1.1 413")


def test_a_client_that_sends_nothing_more_is_let_go(serve: Callable[..., Served]) -> None:
    server = serve(request_timeout=0.3, header_timeout=0.3)
    for sent in (b"", b"POST /api/2.0/mlflow/experiments/create HTTP/1.1\r\nHost: localhost\r\n"):
        with socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection:
            connection.sendall(sent)
            begun = time.monotonic()
            assert connection.recv(100) == b""
            assert time.monotonic() - begun < 5
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection:
        connection.sendall(
            b"POST /api/2.0/mlflow/experiments/create HTTP/1.1\r\nHost: localhost\r\nContent-Length: 50\r\n\r\n{"
        )
        assert connection.recv(1000).startswith(b"HTTP/1.1 408 ")


def test_a_failure_says_nothing_of_the_inside(serve: Callable[..., Served]) -> None:
    server = serve()
    server.app.context.store._database.engine.dispose()

    def broken(*arguments: object) -> None:
        raise RuntimeError("SELECT secret FROM /tmp/place")

    server.app.context.store.get_run = broken
    refused(server.call("GET", "/api/2.0/mlflow/runs/get?run_id=a"), 500, "INTERNAL_ERROR", "log")
