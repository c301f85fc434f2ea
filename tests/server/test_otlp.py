"""Spans that OpenTelemetry's exporters send, in every form that the protocol has, and in none."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Callable
from typing import Any

import pytest

from tests.server.conftest import Answer, Served
from tests.spans import START, export, message, new_trace

PROTOBUF = "application/x-protobuf"
GET = "/api/3.0/mlflow/traces/get"


@pytest.fixture(scope="module")
def experiment(server: Served) -> str:
    return server.experiment("otlp")


def _send(server: Served, body: bytes, experiment: str, kind: str = PROTOBUF, **headers: str) -> Answer:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return server.call(
        "POST", "/v1/traces", body, headers={"Content-Type": kind, "x-mlflow-experiment-id": experiment, **named}
    )


def _names(server: Served, trace_id: str) -> list[str]:
    answer = server.call("GET", f"{GET}?trace_id={trace_id}&allow_partial=true")
    assert answer.status == 200, answer.body
    return [span["name"] for span in answer.json["trace"]["spans"]]


def _json_span(trace_id: str, **fields: Any) -> dict[str, Any]:
    return {
        "traceId": trace_id.removeprefix("tr-"),
        "spanId": "00000000000000aa",
        "name": "json",
        "startTimeUnixNano": str(START * 1_000_000),
        "endTimeUnixNano": str((START + 5) * 1_000_000),
        "attributes": [
            {"key": "gen_ai.usage.input_tokens", "value": {"intValue": "7"}},
            {"key": "gen_ai.usage.output_tokens", "value": {"intValue": "5"}},
            {"key": "gen_ai.operation.name", "value": {"stringValue": "chat"}},
        ],
        "status": {"code": 2, "message": "broken"},
        "unknown": 1,
        **fields,
    }


def _json(*spans: dict[str, Any]) -> bytes:
    return json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": spans}]}]}).encode()


def test_protobuf(server: Served, experiment: str) -> None:
    trace_id = new_trace()
    answer = _send(server, export(message(trace_id, "proto")).SerializeToString(), experiment)
    assert (answer.status, answer.headers["content-type"], answer.body) == (200, PROTOBUF, b"")
    assert _names(server, trace_id) == ["proto"]


def test_json_with_ids_in_hexadecimal(server: Served, experiment: str) -> None:
    trace_id = new_trace()
    answer = _send(server, _json(_json_span(trace_id)), experiment, "application/json; charset=utf-8")
    assert (answer.status, answer.json) == (200, {})
    info = server.call("GET", f"/api/3.0/mlflow/traces/{trace_id}").json["trace"]["trace_info"]
    assert (info["state"], info["execution_duration"]) == ("ERROR", "0.005s")
    usage = json.loads(info["trace_metadata"]["mlflow.trace.tokenUsage"])
    assert usage == {"input_tokens": 7, "output_tokens": 5, "total_tokens": 12}
    found = server.call(
        "POST",
        "/api/3.0/mlflow/traces/search",
        {
            "locations": [info["trace_location"]],
            "filter": f"span.type = 'CHAT_MODEL' AND request_id = '{trace_id}'",
        },
    ).json
    assert [item["trace_id"] for item in found["traces"]] == [trace_id]


@pytest.mark.parametrize(
    ("encoding", "compress"),
    [
        ("gzip", gzip.compress),
        ("GZIP", gzip.compress),
        ("deflate", zlib.compress),
        ("deflate", lambda data: zlib.compress(data, wbits=-15)),
        ("identity", bytes),
    ],
)
def test_compressed(server: Served, experiment: str, encoding: str, compress: Callable[[bytes], bytes]) -> None:
    trace_id = new_trace()
    body = compress(export(message(trace_id, "small")).SerializeToString())
    assert _send(server, body, experiment, content_encoding=encoding).status == 200
    assert _names(server, trace_id) == ["small"]


def test_without_the_header_spans_go_to_the_default_experiment(server: Served) -> None:
    trace_id = new_trace()
    body = export(message(trace_id)).SerializeToString()
    assert server.call("POST", "/v1/traces", body, headers={"Content-Type": PROTOBUF}).status == 200
    info = server.call("GET", f"/api/3.0/mlflow/traces/{trace_id}").json["trace"]["trace_info"]
    assert info["trace_location"]["mlflow_experiment"]["experiment_id"] == "0"


def test_the_run_of_the_header_is_linked(server: Served, experiment: str) -> None:
    trace_id, run = new_trace(), server.run(experiment)
    _send(server, export(message(trace_id)).SerializeToString(), experiment, x_mlflow_run_id=run)
    place = {"type": "MLFLOW_EXPERIMENT", "mlflow_experiment": {"experiment_id": experiment}}
    found = server.call(
        "POST", "/api/3.0/mlflow/traces/search", {"locations": [place], "filter": f"run_id = '{run}'"}
    ).json
    assert [item["trace_id"] for item in found["traces"]] == [trace_id]


def test_resources_become_tags(server: Served, experiment: str) -> None:
    trace_id = new_trace()
    resource = {"service.name": "shop", "telemetry.sdk.name": "x", "mlflow.trace.spansLocation": "NOWHERE"}
    _send(server, export(message(trace_id), resource=resource).SerializeToString(), experiment)
    tags = server.call("GET", f"/api/3.0/mlflow/traces/{trace_id}").json["trace"]["trace_info"]["tags"]
    assert tags["service.name"] == "shop"
    assert tags["mlflow.trace.spansLocation"] == "TRACKING_STORE"
    assert "telemetry.sdk.name" not in tags


def test_an_empty_request_is_answered(server: Served, experiment: str) -> None:
    assert _send(server, b"", experiment).status == 200
    assert _send(server, b"{}", experiment, "application/json").status == 200


def test_the_spans_of_a_trace_are_given_as_a_file_for_the_pages(server: Served, experiment: str) -> None:
    trace_id = new_trace()
    _send(server, export(message(trace_id, "root", mlflow__spanInputs={"a": 1})).SerializeToString(), experiment)
    (span,) = server.call("GET", f"/ajax-api/2.0/mlflow/get-trace-artifact?request_id={trace_id}").json["spans"]
    assert span["name"] == "root"
    assert json.loads(span["attributes"]["mlflow.spanInputs"]) == {"a": 1}
    assert json.loads(span["attributes"]["mlflow.traceRequestId"]) == trace_id


def _bomb(size: int = 200 << 20) -> bytes:
    return gzip.compress(b"\0" * size, 1)


REFUSED: dict[str, tuple[Callable[[], bytes], str, dict[str, str], int, str]] = {
    "no protobuf": (lambda: b"not protobuf at all", PROTOBUF, {}, 400, "protobuf"),
    "cut": (lambda: export(message(new_trace())).SerializeToString()[:-3], PROTOBUF, {}, 400, "protobuf"),
    "no JSON": (lambda: b"{", "application/json", {}, 400, "JSON"),
    "a list": (lambda: b"[]", "application/json", {}, 400, "resourceSpans"),
    "deep": (lambda: b'{"a":' * 20_000 + b"1" + b"}" * 20_000, "application/json", {}, 400, "JSON"),
    "id no hexadecimal": (lambda: _json(_json_span("xyz")), "application/json", {}, 400, "traceId"),
    "short id": (lambda: _json(_json_span("abcd")), "application/json", {}, 400, "16"),
    "wrong type": (lambda: _json(_json_span(new_trace(), name=5)), "application/json", {}, 400, "JSON"),
    "text": (lambda: b"", "text/plain", {}, 400, "Content-Type"),
    "unknown encoding": (lambda: b"x", PROTOBUF, {"content_encoding": "br"}, 400, "br"),
    "no gzip": (lambda: b"plain", PROTOBUF, {"content_encoding": "gzip"}, 400, "gzip"),
    "gzip cut": (lambda: gzip.compress(b"a" * 1000)[:-9], PROTOBUF, {"content_encoding": "gzip"}, 400, "cut"),
    "gzip bomb": (_bomb, PROTOBUF, {"content_encoding": "gzip"}, 413, "decompressed"),
    "no experiment": (lambda: b"", PROTOBUF, {"x_mlflow_experiment_id": "987654"}, 404, "987654"),
    "bad experiment": (lambda: b"", PROTOBUF, {"x_mlflow_experiment_id": "x'"}, 400, "experiment id"),
    "no run": (
        lambda: export(message(new_trace())).SerializeToString(),
        PROTOBUF,
        {"x_mlflow_run_id": "none"},
        404,
        "none",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_no_export_is_refused(case: str, server: Served, experiment: str) -> None:
    make, kind, headers, status, word = REFUSED[case]
    answer = _send(server, make(), experiment, kind, **headers)
    assert answer.status == status, answer.body
    assert word in answer.json["message"]
    assert "error_code" in answer.json


def test_one_broken_span_refuses_all_of_its_request(server: Served, experiment: str) -> None:
    trace_id = new_trace()
    broken = message(trace_id, "broken")
    broken.span_id = b""
    assert _send(server, export(message(trace_id, "fine"), broken).SerializeToString(), experiment).status == 400
    assert server.call("GET", f"/api/3.0/mlflow/traces/{trace_id}").status == 404
