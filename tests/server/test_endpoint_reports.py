"""What an endpoint serves, its traffic, its record, and taking a promotion back, over HTTP."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import quire
from quire.domain.endpoints import Deployment, Endpoint
from quire.domain.ids import now_ms
from quire.domain.promotions import Promotion
from quire.domain.traces import trace_info
from quire.domain.trials import Arm, StoppingRule, TrialSpec
from quire.registry.moving import move_with_record
from quire.store.base import Store
from quire.store.current import current_store
from quire.store.serving import serving_of
from tests.server.conftest import Served, serving

API = "/api/quire/v1"
HOUR = 3_600_000


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
def server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Served]:
    """A server whose store is the current one."""
    options: dict[str, Any] = {"artifact_root": str(tmp_path / "artifacts")}
    if request.param == "postgresql":
        options["backend_store_uri"] = request.getfixturevalue("postgres_copy")
    with serving(tmp_path, **options) as served:
        quire.set_tracking_uri(served.settings.backend_store_uri)
        yield served


@pytest.fixture
def store(server: Served) -> Store:
    return current_store()


@pytest.fixture
def joker(store: Store) -> str:
    """An endpoint that serves the champion of a model with two versions, of which the second was promoted."""
    store.create_registered_model("joker")
    for _ in range(2):
        store.create_model_version("joker", "s3://bucket/model")
    store.set_alias("joker", "champion", "1")
    move_with_record(store, Promotion(name="joker", alias="champion", old="1", new="2", by="ada", reason="It won."))
    serving_of(store).put_endpoint(Endpoint(name="joker", model="models:/joker@champion"))
    return "joker"


def ask(server: Served, path: str) -> Any:
    answer = server.call("GET", f"{API}/{path}")
    assert answer.status == 200, answer.body
    return answer.json


def test_an_overview_says_what_serves_and_what_is_tried(server: Served, store: Store, joker: str) -> None:
    serving_of(store).put_endpoint(Endpoint(name="plain", model="s3://bucket/model"))
    serving_of(store).put_endpoint(Endpoint(name="lost", model="models:/gone@champion"))
    arms = [Arm(name="control", model="models:/joker/2"), Arm(name="bold", model="models:/joker/1")]
    spec = TrialSpec(subject="endpoint:joker", arms=arms, metrics=[], stopping=StoppingRule(metric="failed"))
    trial = serving_of(store).create_trial(spec)
    serving_of(store).record_deployment(Deployment(deployment_id="", kind="docker", name="image", endpoints=["joker"]))
    joked, lost, plain = ask(server, "serving/overview")["overviews"]
    assert (joked["alias"], joked["version"], joked["previous"]) == ("champion", "2", "1")
    assert [one["trial_id"] for one in joked["trials"]] == [trial.trial_id]
    assert [one["name"] for one in joked["deployments"]] == ["image"]
    assert (lost["alias"], lost.get("version")) == ("champion", None)
    assert "registered_model" not in plain
    assert ask(server, "endpoints/joker/overview")["overview"] == joked
    assert server.call("GET", f"{API}/endpoints/nothing/overview").status == 404


def test_a_rollback_is_recorded_with_its_reason(server: Served, store: Store, joker: str) -> None:
    path = f"{API}/endpoints/joker/rollback"
    refused = server.call("POST", path, {"reason": "It swears.", "expected": "1"})
    assert (refused.status, "somebody moved it meanwhile" in refused.json["message"]) == (400, True)
    assert server.call("POST", path, {"reason": ""}).status == 400
    moved = server.call("POST", path, {"reason": "It swears.", "expected": "2"}).json
    assert (moved["old"], moved["new"]) == ("2", "1")
    assert store.get_registered_model("joker").aliases["champion"] == "1"
    newest, *_, oldest = [one for one in ask(server, "endpoints/joker/record")["events"] if "old" in one]
    assert (newest["kind"], newest["reason"], newest["by"]) == ("rolled back", "It swears.", "not signed in")
    assert (oldest["kind"], oldest["reason"], oldest["by"]) == ("promoted", "It won.", "ada")
    again = server.call("POST", path, {"reason": "Further."})
    assert (again.status, "No promotion tells" in again.json["message"]) == (400, True)


def test_changes_of_settings_are_recorded_with_their_reasons(server: Served) -> None:
    def put(reason: str, expected: int, **fields: Any) -> Any:
        given = {"name": "joker", "model": "models:/joker@champion", **fields}
        return server.call("PUT", f"{API}/endpoints/joker", {"endpoint": given, "expected": expected, "reason": reason})

    assert put("A new joke service.", 0).status == 200
    assert put("It is slow.", 1, limits={"concurrency": 4}, description="x" * 6000).status == 200
    assert put("Too late.", 1, trace_sample=0.5).status == 400
    assert put("Trace less.", 2, limits={"concurrency": 4}, trace_sample=0.5).status == 200
    events = ask(server, "endpoints/joker/record")["events"]
    assert [(one["kind"], one["reason"]) for one in events] == [
        ("changed", "Trace less."),
        ("changed", "It is slow."),
        ("created", "A new joke service."),
    ]
    assert events[0]["changed"] == ["description", "trace_sample"]
    assert events[1]["changed"] == ["description", "limits"]
    gone = server.call("DELETE", f"{API}/endpoints/joker", {"reason": "Nobody laughed."})
    assert gone.status == 200
    put("Once more.", 0)
    assert [one["kind"] for one in ask(server, "endpoints/joker/record")["events"]][:2] == ["created", "deleted"]
    assert ask(server, "endpoints/joker/record")["events"][1]["reason"] == "Nobody laughed."


def traced(store: Store, experiment: str, at: int, **fields: Any) -> None:
    """One request that was served, as its trace tells it."""
    metadata = {"quire.endpoint": "joker", "quire.model_version": "joker/1", "quire.arm": "champion"}
    metadata |= {
        f"quire.{name}": str(value) for name, value in fields.items() if name in ("arm", "model_version", "trial")
    }
    metadata["mlflow.trace.tokenUsage"] = '{"input_tokens": 10, "output_tokens": 5, "total_tokens": 15}'
    metadata["mlflow.trace.cost"] = '{"total_cost": 0.5}'
    metadata |= {f"quire.{name}": value for name, value in fields.items() if name == "endpoint"}
    info = trace_info(
        f"tr-{uuid.uuid4().hex}",
        experiment,
        timestamp_ms=at,
        execution_time_ms=fields.get("took", 100),
        state=fields.get("state", "OK"),
        trace_metadata=metadata,
    )
    store.start_trace(info)


def test_traffic_is_told_by_time_and_version(server: Served, store: Store, joker: str) -> None:
    now = now_ms() // HOUR * HOUR
    assert "traffic" not in ask(server, "endpoints/joker/traffic")
    experiment = store.create_experiment("endpoints/joker")
    for number in range(20):
        traced(store, experiment, now - 2 * HOUR + number, took=10 * (number + 1))
    traced(store, experiment, now - HOUR, state="ERROR", model_version="joker/2", arm="bold")
    traced(store, experiment, now - 10 * HOUR)
    told = ask(server, f"endpoints/joker/traffic?start_ms={now - 4 * HOUR}&end_ms={now}&parts=4")
    assert [(one["at"], one["key"], one["requests"], one["errors"]) for one in told["traffic"]] == [
        (now - 2 * HOUR, "joker/1", 20, 0),
        (now - HOUR, "joker/2", 1, 1),
    ]
    first = told["traffic"][0]
    assert (first["p50_ms"], first["p95_ms"]) == (100, 190)
    assert (first["input_tokens"], first["output_tokens"], first["cost"]) == (200, 100, 10.0)
    by_arm = ask(server, f"endpoints/joker/traffic?start_ms={now - 4 * HOUR}&end_ms={now}&parts=4&by=arm")
    assert [one["key"] for one in by_arm["traffic"]] == ["champion", "bold"]
    refused = server.call("GET", f"{API}/endpoints/joker/traffic?parts=100000")
    assert (refused.status, "1 to 500 parts" in refused.json["message"]) == (400, True)


def test_requests_to_shadows_and_to_other_endpoints_are_left_out(server: Served, store: Store) -> None:
    given = {"name": "joker", "model": "models:/joker/1", "experiment": "together"}
    shadows = [{"name": "next", "model": "models:/joker/2"}]
    answer = server.call("PUT", f"{API}/endpoints/joker", {"endpoint": {**given, "shadows": shadows}})
    assert answer.status == 200, answer.body
    experiment, now = store.create_experiment("together"), now_ms()
    traced(store, experiment, now - 1000)
    traced(store, experiment, now - 1000, arm="next", model_version="joker/2")
    traced(store, experiment, now - 1000, endpoint="other")
    told = ask(server, "endpoints/joker/traffic?parts=1")["traffic"]
    assert [(one["key"], one["requests"]) for one in told] == [("joker/1", 1)]
    traced(store, experiment, now - 1000, arm="next", trial="t-1")  # an arm of a trial that has the shadow's name
    told = ask(server, "endpoints/joker/traffic?parts=1&by=arm")["traffic"]
    assert [(one["key"], one["requests"]) for one in told] == [("champion", 1), ("next", 1)]
