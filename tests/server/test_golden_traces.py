"""Every recorded call about traces, assessments and datasets is answered with the recorded status and shape."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.server.conftest import Served
from tests.server.test_golden import RECORDED, differences
from tests.spans import export, message, new_trace

V2, V3 = "/api/2.0/mlflow", "/api/3.0/mlflow"
ABOUT = ("/traces", f"{V3}/datasets")
# Objects whose keys are not fields but what somebody chose.
MAPS = ("trace_metadata", "metadata")
# Fields of the protocol that the recorded objects left unset.
EXTRA = {
    "assessments",
    "events",
    "experiment_ids",
    "links",
    "metadata",
    "next_page_token",
    "profile",
    "rationale",
    "schema",
    "span_id",
}


def calls() -> list[dict[str, Any]]:
    if not RECORDED.is_file():
        return []
    return [call for call in json.loads(RECORDED.read_text())["calls"] if any(part in call["path"] for part in ABOUT)]


def key(call: dict[str, Any]) -> str:
    return f"{call['method']} {call['path']}"


class World:
    """A trace with a span and an assessment, a run and a dataset with a record."""

    count = 0

    def __init__(self, server: Served) -> None:
        World.count += 1
        self.server = server
        self.experiment = server.experiment(f"golden traces {World.count}")
        self.run = server.run(self.experiment)
        self.trace = new_trace()
        self.body = export(message(self.trace, mlflow__spanInputs={"a": 1})).SerializeToString()
        self.headers = {"Content-Type": "application/x-protobuf", "x-mlflow-experiment-id": self.experiment}
        self.info = {
            "trace_id": self.trace,
            "trace_location": {
                "type": "MLFLOW_EXPERIMENT",
                "mlflow_experiment": {"experiment_id": self.experiment},
            },
            "request_time": "2026-11-24T14:59:42.323Z",
            "execution_duration": "0.104s",
            "state": "OK",
            "trace_metadata": {"mlflow.sourceRun": self.run, "mlflow.user": "someone"},
            "tags": {"mlflow.traceName": "call", "k": "v"},
            "request_preview": "in",
            "response_preview": "out",
        }
        self.assessment = {
            "assessment_name": "ok",
            "trace_id": self.trace,
            "span_id": "00000000000000aa",
            "source": {"source_type": "HUMAN", "source_id": "me"},
            "create_time": "2026-11-24T14:59:42.323Z",
            "last_update_time": "2026-11-24T14:59:42.323Z",
            "feedback": {"value": True},
            "metadata": {"mlflow.assessment.sourceRunId": self.run},
            "rationale": "because",
            "valid": True,
        }
        assert server.call("POST", "/v1/traces", self.body, headers=self.headers).status == 200
        self.make("POST", f"{V3}/traces", {"trace": {"trace_info": self.info}})
        place = f"{V3}/traces/{self.trace}/assessments"
        self.judged = self.make("POST", place, {"assessment": self.assessment})["assessment"]["assessment_id"]
        created = {"name": "d", "experiment_ids": [self.experiment], "tags": '{"mlflow.user": "me"}'}
        self.dataset = self.make("POST", f"{V3}/datasets/create", created)["dataset"]["dataset_id"]
        self.records = {"records": '[{"inputs": {"q": 1}, "expectations": {"a": 2}}]'}
        self.make("POST", f"{V3}/datasets/{self.dataset}/records", self.records)

    def make(self, method: str, path: str, body: Any) -> Any:
        answer = self.server.call(method, path, body)
        assert answer.status == 200, answer.body
        return answer.json


REQUESTS: dict[str, Callable[[World], tuple[str, Any]]] = {
    f"POST {V2}/traces/delete-traces": lambda w: (
        f"{V2}/traces/delete-traces",
        {"experiment_id": w.experiment, "request_ids": [w.trace]},
    ),
    f"POST {V2}/traces/link-to-run": lambda w: (
        f"{V2}/traces/link-to-run",
        {"trace_ids": [w.trace], "run_id": w.run},
    ),
    f"DELETE {V2}/traces/{{trace_id}}/tags": lambda w: (f"{V2}/traces/{w.trace}/tags", {"key": "k"}),
    f"PATCH {V2}/traces/{{trace_id}}/tags": lambda w: (f"{V2}/traces/{w.trace}/tags", {"key": "k", "value": "w"}),
    f"POST {V3}/datasets/create": lambda w: (
        f"{V3}/datasets/create",
        {"name": "other", "experiment_ids": [w.experiment], "tags": '{"mlflow.user": "me"}'},
    ),
    f"DELETE {V3}/datasets/{{dataset_id}}": lambda w: (f"{V3}/datasets/{w.dataset}", None),
    f"GET {V3}/datasets/{{dataset_id}}": lambda w: (f"{V3}/datasets/{w.dataset}", None),
    f"GET {V3}/datasets/{{dataset_id}}/records": lambda w: (
        f"{V3}/datasets/{w.dataset}/records?max_results=10",
        None,
    ),
    f"POST {V3}/datasets/{{dataset_id}}/records": lambda w: (f"{V3}/datasets/{w.dataset}/records", w.records),
    f"PATCH {V3}/datasets/{{dataset_id}}/tags": lambda w: (
        f"{V3}/datasets/{w.dataset}/tags",
        {"tags": '{"a": "b"}'},
    ),
    f"POST {V3}/datasets/search": lambda w: (
        f"{V3}/datasets/search",
        {"filter_string": "name = 'd'", "max_results": 10, "order_by": ["created_time DESC"]},
    ),
    f"POST {V3}/traces": lambda w: (f"{V3}/traces", {"trace": {"trace_info": w.info}}),
    f"GET {V3}/traces/batchGet": lambda w: (f"{V3}/traces/batchGet?trace_ids={w.trace}&trace_ids=tr-none", None),
    f"GET {V3}/traces/get": lambda w: (f"{V3}/traces/get?trace_id={w.trace}&allow_partial=true", None),
    f"POST {V3}/traces/search": lambda w: (
        f"{V3}/traces/search",
        {
            "locations": [w.info["trace_location"]],
            "filter": "status = 'OK'",
            "max_results": 10,
        },
    ),
    f"GET {V3}/traces/{{trace_id}}": lambda w: (f"{V3}/traces/{w.trace}?trace_id={w.trace}", None),
    f"POST {V3}/traces/{{trace_id}}/assessments": lambda w: (
        f"{V3}/traces/{w.trace}/assessments",
        {"assessment": w.assessment},
    ),
    f"DELETE {V3}/traces/{{trace_id}}/assessments/{{assessment_id}}": lambda w: (
        f"{V3}/traces/{w.trace}/assessments/{w.judged}",
        {"trace_id": w.trace, "assessment_id": w.judged},
    ),
    f"GET {V3}/traces/{{trace_id}}/assessments/{{assessment_id}}": lambda w: (
        f"{V3}/traces/{w.trace}/assessments/{w.judged}?trace_id={w.trace}&assessment_id={w.judged}",
        None,
    ),
    f"PATCH {V3}/traces/{{trace_id}}/assessments/{{assessment_id}}": lambda w: (
        f"{V3}/traces/{w.trace}/assessments/{w.judged}",
        {
            "assessment": {
                "assessment_id": w.judged,
                "assessment_name": "fine",
                "trace_id": w.trace,
                "feedback": {"value": False},
            },
            "update_mask": "assessmentName,feedback",
        },
    ),
    "POST /v1/traces": lambda w: ("/v1/traces", w.body),
}


@pytest.mark.parametrize("prefix", ["/api", "/ajax-api"])
@pytest.mark.parametrize("recorded", calls(), ids=key)
def test_a_recorded_call_is_answered_as_it_was(recorded: dict[str, Any], prefix: str, server: Served) -> None:
    world = World(server)
    path, body = REQUESTS[key(recorded)](world)
    sent = set(body) if isinstance(body, dict) else set()
    assert not isinstance(recorded["req"], dict) or set(recorded["req"]) <= sent, "the request is not the recorded one"
    headers = world.headers if isinstance(body, bytes) else None
    answer = server.call(recorded["method"], path.replace("/api", prefix, 1), body, headers=headers)
    assert answer.status == recorded["status"], answer.body
    if isinstance(recorded["resp"], dict):
        found = differences(_open(answer.json), _open(recorded["resp"]))
        assert [item for item in found if not (item.endswith("is new") and _field(item) in EXTRA)] == []
    else:
        assert recorded["resp"] == f"<{answer.headers['content-type']}>"


def _field(item: str) -> str:
    return item.removesuffix(" is new").rsplit(".", 1)[-1]


def _open(shape: Any) -> Any:
    """A shape without the keys of its maps, and without the optional parts of a recorded example."""
    if isinstance(shape, list):
        return [_open(item) for item in shape]
    if not isinstance(shape, dict):
        return shape
    made = {}
    for name, item in shape.items():
        is_map = name in MAPS or (name == "tags" and isinstance(item, dict))
        made[name] = {} if is_map else _open(item)
    return made


def test_every_recorded_call_is_tried() -> None:
    assert {key(call) for call in calls()} <= set(REQUESTS)
