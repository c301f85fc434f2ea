"""Bad input to calls about traces, assessments and datasets is answered with a message that names what to change."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest

from tests.server.conftest import Served
from tests.server.test_refusals import refused
from tests.spans import export, message, new_trace

V2, V3 = "/api/2.0/mlflow", "/api/3.0/mlflow"
INFO = {
    "trace_id": "tr-1",
    "trace_location": {"type": "MLFLOW_EXPERIMENT", "mlflow_experiment": {"experiment_id": "0"}},
    "request_time": "2026-11-24T14:59:42Z",
    "state": "OK",
}
PLACE = {"locations": [INFO["trace_location"]]}


def _info(**fields: Any) -> dict[str, Any]:
    return {"trace": {"trace_info": {**INFO, **fields}}}


REFUSED: dict[str, tuple[str, str, Any, tuple[str, ...]]] = {
    "no trace": ("POST", f"{V3}/traces", {}, ("'trace'",)),
    "no info": ("POST", f"{V3}/traces", {"trace": {}}, ("'trace.trace_info'",)),
    "no id": ("POST", f"{V3}/traces", {"trace": {"trace_info": {}}}, ("trace_id",)),
    "bad id": ("POST", f"{V3}/traces", _info(trace_id="a b"), ("a b", "32 hexadecimal")),
    "bad state": ("POST", f"{V3}/traces", _info(state="DONE"), ("DONE", "IN_PROGRESS")),
    "bad time": ("POST", f"{V3}/traces", _info(request_time="yesterday"), ("request_time", "RFC 3339")),
    "impossible time": ("POST", f"{V3}/traces", _info(request_time="2026-13-24T14:59:42Z"), ("request_time",)),
    "bad duration": ("POST", f"{V3}/traces", _info(execution_duration="5 min"), ("execution_duration", "0.104s")),
    "no experiment": ("POST", f"{V3}/traces", _info(trace_location={}), ("experiment id",)),
    "tag no text": ("POST", f"{V3}/traces", _info(tags={"a": {}}), ("tags",)),
    "tag too long": ("POST", f"{V3}/traces", _info(tags={"a": "x" * 100_001}), ("100,000",)),
    "bad filter": ("POST", f"{V3}/traces/search", {**PLACE, "filter": "colour = 'red'"}, ("colour", "trace_id")),
    "bad page": ("POST", f"{V3}/traces/search", {**PLACE, "page_token": "x"}, ("page token",)),
    "page too large": ("POST", f"{V3}/traces/search", {**PLACE, "max_results": 501}, ("501", "500")),
    "page no number": ("POST", f"{V3}/traces/search", {**PLACE, "max_results": "many"}, ("max_results",)),
    "no place": ("POST", f"{V3}/traces/search", {}, ("locations",)),
    "bad place": (
        "POST",
        f"{V3}/traces/search",
        {"locations": [{"mlflow_experiment": {"experiment_id": "x"}}]},
        ("'x'",),
    ),
    "no ids": ("GET", f"{V3}/traces/batchGet", None, ("trace_ids",)),
    "many ids": ("POST", f"{V3}/traces/batchGetInfos", {"trace_ids": ["tr-1"] * 501}, ("501", "500")),
    "no key": ("PATCH", f"{V2}/traces/tr-1/tags", {"value": "v"}, ("'key'",)),
    "fixed tag": (
        "PATCH",
        f"{V2}/traces/tr-1/tags",
        {"key": "mlflow.artifactLocation", "value": "/etc"},
        ("cannot be changed",),
    ),
    "nothing to delete": ("POST", f"{V3}/traces/delete-traces", {"experiment_id": "0"}, ("max_timestamp_millis",)),
    "no assessment": ("POST", f"{V3}/traces/tr-1/assessments", {}, ("'assessment'",)),
    "empty assessment": ("POST", f"{V3}/traces/tr-1/assessments", {"assessment": {}}, ("exactly one",)),
    "bad mask": (
        "PATCH",
        f"{V3}/traces/tr-1/assessments/a-1",
        {"assessment": {}, "update_mask": "traceId"},
        ("trace_id", "feedback"),
    ),
    "no mask": ("PATCH", f"{V3}/traces/tr-1/assessments/a-1", {"assessment": {}}, ("'update_mask'",)),
    "no dataset name": ("POST", f"{V3}/datasets/create", {}, ("'name'",)),
    "tags no JSON": ("POST", f"{V3}/datasets/create", {"name": "d", "tags": "{"}, ("tags is not JSON",)),
    "tags a list": ("POST", f"{V3}/datasets/create", {"name": "d", "tags": "[]"}, ("object of tags",)),
    "records no JSON": ("POST", f"{V3}/datasets/d-1/records", {"records": "x"}, ("records is not JSON",)),
    "records no list": ("POST", f"{V3}/datasets/d-1/records", {"records": "{}"}, ("list of records",)),
    "a record no object": ("POST", f"{V3}/datasets/d-1/records", {"records": "[{}, 5]"}, ("Record 2",)),
    "inputs no object": ("POST", f"{V3}/datasets/d-1/records", {"records": '[{"inputs": 5}]'}, ("Record 1", "inputs")),
    "begin without experiment": ("POST", f"{V2}/traces", {"timestamp_ms": 1}, ("'experiment_id'",)),
    "older search without experiment": ("GET", f"{V2}/traces", None, ("experiment_ids",)),
}
NOT_FOUND: dict[str, tuple[str, str, Any]] = {
    "trace": ("GET", f"{V3}/traces/tr-none", None),
    "trace with spans": ("GET", f"{V3}/traces/get?trace_id=tr-none", None),
    "older trace": ("GET", f"{V2}/traces/tr-none/info", None),
    "end": ("PATCH", f"{V2}/traces/tr-none", {"timestamp_ms": 1, "status": "OK"}),
    "tag": ("PATCH", f"{V2}/traces/tr-none/tags", {"key": "k", "value": "v"}),
    "assessment": ("GET", f"{V3}/traces/tr-none/assessments/a-1", None),
    "assessed trace": (
        "POST",
        f"{V3}/traces/tr-none/assessments",
        {"assessment": {"assessment_name": "a", "feedback": {"value": 1}}},
    ),
    "run": ("POST", f"{V2}/traces/link-to-run", {"trace_ids": [], "run_id": "none"}),
    "experiment": ("POST", f"{V3}/traces/delete-traces", {"experiment_id": "98765", "request_ids": ["tr-1"]}),
    "dataset": ("GET", f"{V3}/datasets/d-none", None),
    "records": ("GET", f"{V3}/datasets/d-none/records", None),
    "file": ("GET", "/ajax-api/2.0/mlflow/get-trace-artifact?request_id=tr-none", None),
}


@pytest.mark.parametrize("case", REFUSED)
def test_bad_input_is_refused_by_name(case: str, server: Served) -> None:
    method, path, body, words = REFUSED[case]
    refused(server.call(method, path, body), 400, "INVALID_PARAMETER_VALUE", *words)


@pytest.mark.parametrize("case", NOT_FOUND)
def test_what_there_is_not_is_not_found(case: str, server: Served) -> None:
    refused(server.call(*NOT_FOUND[case]), 404, "RESOURCE_DOES_NOT_EXIST")


def test_a_trace_whose_spans_are_on_their_way_is_waited_for(server: Served) -> None:
    first, second = message(new_trace(), "first"), message(new_trace(), "second")
    second.trace_id = first.trace_id
    trace_id = f"tr-{first.trace_id.hex()}"
    said = _info(trace_id=trace_id, trace_metadata={"mlflow.trace.sizeStats": '{"num_spans": 2}'})
    assert server.call("POST", f"{V3}/traces", said).status == 200

    def send(span: Any) -> None:
        body = export(span).SerializeToString()
        server.call("POST", "/v1/traces", body, headers={"Content-Type": "application/x-protobuf"})

    send(first)
    partial = server.call("GET", f"{V3}/traces/get?trace_id={trace_id}&allow_partial=true")
    assert len(partial.json["trace"]["spans"]) == 1
    late = threading.Timer(0.3, send, [second])
    late.start()
    begun = time.monotonic()
    whole = server.call("GET", f"{V3}/traces/get?trace_id={trace_id}")
    assert len(whole.json["trace"]["spans"]) == 2
    assert time.monotonic() - begun < 3
    late.join()
