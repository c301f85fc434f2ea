"""What the server says of itself: its version, its calls, what it did."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import jsonschema
import pytest

from quire._version import __version__
from tests.server.conftest import Served

API = "/api/2.0/mlflow"


def test_the_root_of_quires_own_api_names_the_version_and_the_document(server: Served) -> None:
    root = server.call("GET", "/api/quire/v1").json
    assert (root["version"], root["openapi"]) == (__version__, "/api/quire/v1/openapi.json")
    assert server.call("GET", root["docs"]).status == 200


def test_the_document_describes_every_path_that_is_served(server: Served) -> None:
    document = server.call("GET", "/api/quire/v1/openapi.json").json
    assert document["openapi"].startswith("3.1")
    served = {
        re.sub(r":path\}", "}", call.paths[0]) + " " + call.method.lower()
        for methods in (
            *server.app.front.router._fixed.values(),
            *(pattern.methods for pattern in server.app.front.router._patterns.values()),
        )
        for call in methods.values()
        if call.offered(server.app.context)
    }
    described = {f"{path} {method}" for path, item in document["paths"].items() for method in item}
    assert served == described
    names = [item["operationId"] for methods in document["paths"].values() for item in methods.values()]
    assert len(names) == len(set(names))
    references = re.findall(r'"\$ref": ?"#/components/schemas/([^"]+)"', json.dumps(document))
    assert set(references) <= set(document["components"]["schemas"])


def resolved(document: dict[str, Any], path: str, method: str) -> dict[str, Any]:
    content = document["paths"][path][method]["responses"]["200"]["content"]["application/json"]
    return {**content["schema"], "components": document["components"]}


def test_answers_are_as_the_document_says(server: Served) -> None:
    document = server.call("GET", "/api/quire/v1/openapi.json").json
    run = server.run(tags=[{"key": "a", "value": "b"}])
    metric = {"run_id": run, "key": "m", "value": "NaN", "timestamp": "1"}
    server.ask("POST", "runs/log-metric", metric)
    answers = {
        "runs/get": server.ask("GET", "runs/get", run_id=run),
        "metrics/get-history": server.ask("GET", "metrics/get-history", run_id=run, metric_key="m"),
        "experiments/get": server.ask("GET", "experiments/get", experiment_id="0"),
    }
    for path, answer in answers.items():
        jsonschema.validate(answer, resolved(document, f"{API}/{path}", "get"))
    body = document["paths"][f"{API}/runs/log-metric"]["post"]["requestBody"]["content"]["application/json"]
    schema = {**body["schema"], "components": document["components"]}
    jsonschema.validate(metric, schema)
    for broken in ({**metric, "value": "abc"}, {**metric, "timestamp": 1.5}, {"run_id": run}):
        assert server.call("POST", f"{API}/runs/log-metric", broken).status == 400
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(broken, schema)


def test_the_meter_counts_requests_by_call_and_status(serve: Callable[..., Served]) -> None:
    server = serve()
    server.run()
    server.call("GET", f"{API}/runs/get?run_id=none")
    server.call("GET", "/nothing")
    answer = server.call("GET", "/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    text = answer.body.decode()
    assert 'quire_http_requests_total{call="create_run",method="POST",status="200"} 1' in text
    assert 'quire_http_requests_total{call="get_run",method="GET",status="404"} 1' in text
    assert 'quire_http_requests_total{call="other",method="GET",status="404"} 1' in text
    assert 'quire_http_request_seconds_bucket{call="create_run",le="+Inf"} 1' in text
    assert re.search(r"^quire_store_writes_total 1$", text, re.MULTILINE)
    assert re.search(r"^quire_store_bytes [\d.e+]+$", text, re.MULTILINE)
    assert re.search(r"^process_resident_memory_bytes \d+$", text, re.MULTILINE)


def test_what_a_server_cannot_do_is_not_in_its_document(
    server: Served, bucket: str, serve: Callable[..., Served]
) -> None:
    def names(each: Served) -> set[str]:
        paths = each.call("GET", "/api/quire/v1/openapi.json").json["paths"]
        return {item["operationId"] for methods in paths.values() for item in methods.values()}

    assert names(serve(artifact_root=bucket)) - names(server) == {
        "create_multipart_upload",
        "complete_multipart_upload",
        "abort_multipart_upload",
        "presigned_download",
    }


def test_a_prefix_moves_every_path(serve: Callable[..., Served]) -> None:
    server = serve(static_prefix="/quire")
    for path in ("/health", "/api/quire/v1", "/api/2.0/mlflow/experiments/get?experiment_id=0", "/"):
        assert server.call("GET", f"/quire{path}").status == 200, path
        if path != "/":
            assert server.call("GET", path).status == 404
