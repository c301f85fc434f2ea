"""Every call that a real client was seen to make is answered with the recorded status and shape."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.server.conftest import Answer, Served

RECORDED = Path(__file__).resolve().parents[3] / "shared" / "golden" / "mlflow-protocol.json"
# Recorded calls of other parts of the server have tests of their own.
ELSEWHERE = ("/traces", "/api/3.0/mlflow/datasets")
API = "/api/2.0/mlflow"
FILES = "/api/2.0/mlflow-artifacts/artifacts"
# What the answer may hold beyond the recorded shape: fields of MLflow's protocol that the recorded objects left unset.
EXTRA = {"aliases", "description", "end_time", "model_id", "next_page_token", "outputs", "tags", "user_id", "file_size"}
TAG = {"key": "k", "value": "v"}


def calls() -> list[dict[str, Any]]:
    if not RECORDED.is_file():
        return []
    return [
        call
        for call in json.loads(RECORDED.read_text())["calls"]
        if not any(part in call["path"] for part in ELSEWHERE)
    ]


class World:
    """Things for the calls to be about, made anew for each."""

    count = 0

    def __init__(self, server: Served) -> None:
        World.count += 1
        self.server = server
        self.name = f"golden {World.count}"
        self.model = f"golden-{World.count}"
        self.experiment = server.experiment(self.name)
        self.run = server.run(self.experiment, user_id="u", run_name="n", tags=[TAG])
        metric = {"key": "m", "value": 1.5, "timestamp": 1, "step": 2}
        server.ask("POST", "runs/log-batch", {"run_id": self.run, "metrics": [metric], "params": [TAG], "tags": [TAG]})
        dataset = {"name": "d", "digest": "x", "source_type": "local", "source": "s", "schema": "a", "profile": "b"}
        self.datasets = [{"tags": [{"key": "mlflow.data.context", "value": "train"}], "dataset": dataset}]
        server.ask("POST", "runs/log-inputs", {"run_id": self.run, "datasets": self.datasets})
        created = {"experiment_id": self.experiment, "name": "lm", "source_run_id": self.run, "tags": [TAG]}
        self.created = created
        self.logged = server.ask("POST", "logged-models", created)["model"]["info"]["model_id"]
        server.ask("POST", "registered-models/create", {"name": self.model, "description": "told"})
        source = {"name": self.model, "source": f"models:/{self.logged}", "model_id": self.logged}
        self.source = source
        server.ask("POST", "model-versions/create", source)
        server.ask("POST", "registered-models/alias", {"name": self.model, "alias": "champion", "version": "1"})
        server.ask("POST", "model-versions/set-tag", {"name": self.model, "version": "1", **TAG})
        self.folder = f"{self.experiment}/{self.run}/artifacts"
        server.call("PUT", f"{FILES}/{self.folder}/a.txt", b"inside")


REQUESTS: dict[str, Callable[[World], tuple[str, Any]]] = {
    f"GET {FILES} 200": lambda w: (f"{FILES}?path={w.folder}", None),
    f"GET {FILES}/{{path}} 200": lambda w: (f"{FILES}/{w.folder}/a.txt", None),
    f"PUT {FILES}/{{path}} 200": lambda w: (f"{FILES}/{w.folder}/b.txt", b"bytes"),
    "POST experiments/create 200": lambda w: ("experiments/create", {"name": f"{w.name} new"}),
    "POST experiments/delete 200": lambda w: ("experiments/delete", {"experiment_id": w.experiment}),
    "POST experiments/delete-experiment-tag 200": lambda w: (
        "experiments/delete-experiment-tag",
        {"experiment_id": tagged(w), "key": "k"},
    ),
    "GET experiments/get 200": lambda w: (f"experiments/get?experiment_id={w.experiment}", None),
    "GET experiments/get-by-name 404": lambda w: ("experiments/get-by-name?experiment_name=nothing", None),
    "GET experiments/get-by-name 200": lambda w: (
        f"experiments/get-by-name?experiment_name={w.name.replace(' ', '%20')}",
        None,
    ),
    "POST experiments/restore 200": lambda w: ("experiments/restore", {"experiment_id": deleted(w)}),
    "POST experiments/search 200": lambda w: (
        "experiments/search",
        {"max_results": 10, "filter": f"name = '{w.name}'", "view_type": "ACTIVE_ONLY"},
    ),
    "POST experiments/set-experiment-tag 200": lambda w: (
        "experiments/set-experiment-tag",
        {"experiment_id": w.experiment, **TAG},
    ),
    "POST experiments/update 200": lambda w: (
        "experiments/update",
        {"experiment_id": w.experiment, "new_name": f"{w.name} renamed"},
    ),
    "POST logged-models 200": lambda w: ("logged-models", w.created),
    "DELETE logged-models/{model_id} 200": lambda w: (f"logged-models/{w.logged}", {"model_id": w.logged}),
    "GET logged-models/{model_id} 200": lambda w: (f"logged-models/{w.logged}", None),
    "PATCH logged-models/{model_id} 200": lambda w: (
        f"logged-models/{w.logged}",
        {"model_id": w.logged, "status": "LOGGED_MODEL_READY"},
    ),
    "POST logged-models/{model_id}/params 200": lambda w: (
        f"logged-models/{w.logged}/params",
        {"model_id": w.logged, "params": [TAG]},
    ),
    "PATCH logged-models/{model_id}/tags 200": lambda w: (f"logged-models/{w.logged}/tags", {"tags": [TAG]}),
    "DELETE logged-models/{model_id}/tags/{key} 200": lambda w: (f"logged-models/{w.logged}/tags/k", None),
    "POST logged-models/search 200": lambda w: (
        "logged-models/search",
        {"experiment_ids": [w.experiment], "filter": "name = 'nothing'"},
    ),
    "GET metrics/get-history 200": lambda w: (
        f"metrics/get-history?run_id={w.run}&run_uuid={w.run}&metric_key=m&max_results=10",
        None,
    ),
    "POST model-versions/create 200": lambda w: ("model-versions/create", w.source),
    "DELETE model-versions/delete 200": lambda w: ("model-versions/delete", {"name": w.model, "version": "1"}),
    "DELETE model-versions/delete-tag 200": lambda w: (
        "model-versions/delete-tag",
        {"name": w.model, "version": "1", "key": "k"},
    ),
    "GET model-versions/get 200": lambda w: (f"model-versions/get?name={w.model}&version=1", None),
    "GET model-versions/get-download-uri 200": lambda w: (
        f"model-versions/get-download-uri?name={w.model}&version=1",
        None,
    ),
    "GET model-versions/search 200": lambda w: (
        f"model-versions/search?max_results=10&filter=name%3D'{w.model}'",
        None,
    ),
    "POST model-versions/set-tag 200": lambda w: ("model-versions/set-tag", {"name": w.model, "version": "1", **TAG}),
    "POST model-versions/transition-stage 200": lambda w: (
        "model-versions/transition-stage",
        {"name": w.model, "version": "1", "stage": "Staging", "archive_existing_versions": False},
    ),
    "PATCH model-versions/update 200": lambda w: (
        "model-versions/update",
        {"name": w.model, "version": "1", "description": "first"},
    ),
    "DELETE registered-models/alias 200": lambda w: ("registered-models/alias", {"name": w.model, "alias": "champion"}),
    "GET registered-models/alias 200": lambda w: (f"registered-models/alias?name={w.model}&alias=champion", None),
    "POST registered-models/alias 200": lambda w: (
        "registered-models/alias",
        {"name": w.model, "alias": "other", "version": "1"},
    ),
    "POST registered-models/create 200": lambda w: ("registered-models/create", {"name": f"{w.model}-new"}),
    "DELETE registered-models/delete 200": lambda w: ("registered-models/delete", {"name": w.model}),
    "DELETE registered-models/delete-tag 200": lambda w: (
        "registered-models/delete-tag",
        {"name": w.model, "key": "k"},
    ),
    "GET registered-models/get 200": lambda w: (f"registered-models/get?name={w.model}", None),
    "GET registered-models/get 404": lambda w: ("registered-models/get?name=nothing", None),
    "POST registered-models/get-latest-versions 200": lambda w: (
        "registered-models/get-latest-versions",
        {"name": w.model},
    ),
    "POST registered-models/rename 200": lambda w: (
        "registered-models/rename",
        {"name": w.model, "new_name": f"{w.model}-renamed"},
    ),
    "GET registered-models/search 200": lambda w: (
        f"registered-models/search?max_results=10&filter=name%3D'{w.model}'",
        None,
    ),
    "POST registered-models/set-tag 200": lambda w: ("registered-models/set-tag", {"name": w.model, **TAG}),
    "PATCH registered-models/update 200": lambda w: (
        "registered-models/update",
        {"name": w.model, "description": "other"},
    ),
    "POST runs/create 200": lambda w: (
        "runs/create",
        {"experiment_id": w.experiment, "user_id": "u", "run_name": "n", "start_time": 1, "tags": [TAG]},
    ),
    "POST runs/delete 200": lambda w: ("runs/delete", {"run_id": w.run}),
    "POST runs/delete-tag 200": lambda w: ("runs/delete-tag", {"run_id": w.run, "key": "k"}),
    "GET runs/get 200": lambda w: (f"runs/get?run_id={w.run}&run_uuid={w.run}", None),
    "POST runs/log-batch 200": lambda w: ("runs/log-batch", {"run_id": w.run, "params": [TAG]}),
    "POST runs/log-inputs 200": lambda w: ("runs/log-inputs", {"run_id": w.run, "datasets": w.datasets}),
    "POST runs/log-metric 200": lambda w: (
        "runs/log-metric",
        {"run_uuid": w.run, "run_id": w.run, "key": "m", "value": 0.5, "timestamp": 2, "step": 3},
    ),
    "POST runs/log-parameter 200": lambda w: (
        "runs/log-parameter",
        {"run_uuid": w.run, "run_id": w.run, "key": "other", "value": "v"},
    ),
    "POST runs/outputs 200": lambda w: (
        "runs/outputs",
        {"run_id": w.run, "models": [{"model_id": w.logged, "step": 0}]},
    ),
    "POST runs/restore 200": lambda w: ("runs/restore", {"run_id": w.run}),
    "POST runs/search 200": lambda w: (
        "runs/search",
        {
            "experiment_ids": [ended(w)],
            "run_view_type": "ACTIVE_ONLY",
            "filter": "metrics.m > 0",
            "max_results": 10,
            "order_by": ["metrics.m DESC"],
        },
    ),
    "POST runs/set-tag 200": lambda w: ("runs/set-tag", {"run_uuid": w.run, "run_id": w.run, **TAG}),
    "POST runs/update 200": lambda w: (
        "runs/update",
        {"run_uuid": w.run, "run_id": w.run, "status": "FINISHED", "end_time": 9},
    ),
    "GET /api/3.0/mlflow/server-info 200": lambda w: ("/api/3.0/mlflow/server-info", None),
    "GET /health 200": lambda w: ("/health", None),
    "GET /version 200": lambda w: ("/version", None),
}


def tagged(world: World) -> str:
    world.server.ask("POST", "experiments/set-experiment-tag", {"experiment_id": world.experiment, **TAG})
    return world.experiment


def deleted(world: World) -> str:
    world.server.ask("POST", "experiments/delete", {"experiment_id": world.experiment})
    return world.experiment


def ended(world: World) -> str:
    world.server.ask("POST", "runs/update", {"run_id": world.run, "status": "FINISHED", "end_time": 9})
    return world.experiment


def key(call: dict[str, Any]) -> str:
    return f"{call['method']} {call['path'].removeprefix(API + '/')} {call['status']}"


@pytest.mark.parametrize("prefix", ["/api", "/ajax-api"])
@pytest.mark.parametrize("recorded", calls(), ids=key)
def test_a_recorded_call_is_answered_as_it_was(recorded: dict[str, Any], prefix: str, server: Served) -> None:
    path, body = REQUESTS[key(recorded)](World(server))
    sent = set(body) if isinstance(body, dict) else set()
    assert not isinstance(recorded["req"], dict) or set(recorded["req"]) <= sent, "the request is not the recorded one"
    place = path if path.startswith("/") else f"{API}/{path}"
    answer = server.call(recorded["method"], place.replace("/api", prefix, 1), body)
    assert answer.status == recorded["status"], answer.body
    check(answer, recorded["resp"])


def check(answer: Answer, recorded: Any) -> None:
    if isinstance(recorded, dict):
        assert answer.headers["content-type"] == "application/json"
        assert differences(answer.json, recorded) == []
    elif recorded == "<text/plain>":
        assert answer.headers["content-type"].startswith("text/plain")


def differences(found: Any, recorded: Any, place: str = "") -> list[str]:
    """Where an answer has not the recorded shape."""
    if recorded == {} and place:
        return [] if isinstance(found, dict) else [f"{place} is {found!r}"]
    if isinstance(recorded, dict):
        if not isinstance(found, dict):
            return [f"{place} is {found!r}"]
        missing = [f"{place}.{name} is missing" for name in recorded if name not in found]
        extra = [f"{place}.{name} is new" for name in found if name not in recorded and name not in EXTRA]
        both = [name for name in recorded if name in found]
        deeper = [found_ for name in both for found_ in differences(found[name], recorded[name], f"{place}.{name}")]
        return missing + extra + deeper
    if isinstance(recorded, list):
        if not isinstance(found, list) or not found:
            return [f"{place} is {found!r}"]
        return differences(found[0], recorded[0], f"{place}[0]")
    kinds = {"str": str, "int": int, "float": float, "bool": bool}
    right = recorded not in kinds or type(found) is kinds[recorded]
    return [] if right else [f"{place} is {found!r}, recorded was {recorded}"]


def test_every_recorded_call_is_tried() -> None:
    recorded = {key(call) for call in calls()}
    assert recorded <= set(REQUESTS)
