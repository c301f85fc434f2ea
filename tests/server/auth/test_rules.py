"""The table of rules is whole, and each rule asks for what it should."""

from __future__ import annotations

import json
import re
from collections import Counter
from typing import Any

import pytest

from quire.domain.access import ROLES, Resource, reaches
from quire.server.app import all_calls
from quire.server.auth.attach import access_calls
from quire.server.auth.changes import BEFORE
from quire.server.auth.rule import Rule, route_of
from quire.server.auth.rules import RULES
from quire.server.auth.serving_rules import workspace
from quire.server.calls import Call
from tests.server.auth.conftest import Guarded
from tests.spans import span

CALLS = [*all_calls(), *access_calls()]
ROUTES = [route_of(call) for call in CALLS]


def test_every_call_of_the_server_has_a_rule(guarded: Guarded) -> None:
    served = guarded.served.app.front.router
    assert {route_of(call) for call in served_calls(served)} == set(ROUTES)
    assert sorted(set(ROUTES) - set(RULES)) == []


def served_calls(router: Any) -> list[Any]:
    fixed = [call for methods in router._fixed.values() for call in methods.values()]
    return fixed + [call for pattern in router._patterns.values() for call in pattern.methods.values()]


def test_no_rule_is_for_a_call_that_there_is_not() -> None:
    assert sorted(set(RULES) - set(ROUTES)) == []
    assert sorted(set(BEFORE) - set(ROUTES)) == []


def test_each_call_has_a_name_of_its_own_in_the_table() -> None:
    assert [route for route, count in Counter(ROUTES).items() if count > 1] == []


def test_only_what_says_nothing_is_open() -> None:
    assert sorted(route for route, rule in RULES.items() if rule.open) == [
        "GET /health",
        "GET /version",
        "GET quire/v1/login",
        "GET quire/v1/login/callback",
        "GET quire/v1/sign-in",
        "POST quire/v1/login",
        "POST quire/v1/logout",
    ]


_OF_READERS = {
    # What concerns only who asks; and who may read a thing may say something about it.
    "DELETE quire/v1/tokens/{token_id}", "POST quire/v1/login", "POST quire/v1/logout",
    "POST quire/v1/comments",
    "PATCH quire/v1/comments/{comment_id}", "DELETE quire/v1/comments/{comment_id}",
}  # fmt: skip


@pytest.mark.parametrize("call", CALLS, ids=ROUTES)
def test_what_changes_something_needs_more_than_to_read(call: Any) -> None:
    rule = RULES[route_of(call)]
    if call.kind == "write" and route_of(call) not in _OF_READERS:
        roles = {need.role for need in rule.needs}
        assert rule.admin or rule.creates or roles & {"editor", "admin"}


@pytest.mark.parametrize("call", CALLS, ids=ROUTES)
def test_nobody_gets_anything_without_signing_in(guarded: Guarded, call: Any) -> None:
    if RULES[route_of(call)].open:
        return
    for path in call.paths:
        answer = guarded.call(None, call.method, re.sub(r"\{\w+(:path)?\}", "x", path))
        assert (answer.status, answer.json["error_code"]) == (401, "UNAUTHENTICATED")


def _fields(guarded: Guarded, owner: str) -> dict[str, Any]:
    """Values for the fields of any message, of things that belong to one user."""
    experiment = guarded.experiment(owner)
    run = guarded.run(owner, experiment)
    queue = {"name": "q", "questions": [{"name": "good"}]}
    for key, value in (
        ("quire.evaluation.role", "evaluation"),
        ("quire.review.name", "q"),
        ("quire.review.queue", json.dumps(queue)),
    ):
        guarded.ask(owner, "POST", "runs/set-tag", {"run_id": run, "key": key, "value": value})
    model = guarded.model(owner)
    guarded.ask(owner, "POST", "model-versions/create", {"name": model, "source": f"runs:/{run}/m", "run_id": run})
    logged = guarded.ask(owner, "POST", "logged-models", {"experiment_id": experiment, "name": "m"})
    guarded.ask(owner, "POST", "/api/quire/v1/prompts", {"name": f"prompt-{model}", "template": "t"})
    trace = guarded.store.begin_trace(experiment, timestamp_ms=1)
    guarded.store.log_spans(experiment, [span(trace.trace_id, span_id="00000000000000aa")])
    name = guarded.ask(owner, "GET", f"experiments/get?experiment_id={experiment}")["experiment"]["name"]
    dataset = guarded.ask(
        owner, "POST", "/api/3.0/mlflow/datasets/create", {"name": "d", "experiment_ids": [experiment]}
    )["dataset"]["dataset_id"]
    about = {"subject_kind": "run", "subject_id": run}
    said = guarded.ask(owner, "POST", "/api/quire/v1/comments", {**about, "text": "said"})["comment"]
    return {
        **about,
        "comment_id": said["comment_id"],
        **_of_serving(guarded, owner, model, trace.trace_id),
        "experiment_id": experiment,
        "experiment_ids": [experiment],
        "experiment_name": name,
        "run_id": run,
        "run_ids": [run],
        "queue_id": run,
        "run_uuid": run,
        "model_id": logged["model"]["info"]["model_id"],
        "name": model,
        "trace_id": trace.trace_id,
        "span_id": "00000000000000aa",
        "trace_ids": [trace.trace_id],
        "request_id": trace.trace_id,
        "request_ids": [trace.trace_id],
        "dataset_id": dataset,
        "artifact_path": f"{experiment}/{run}/artifacts/file",
        "path": "file",
        "username": owner,
        "resource_type": "experiment",
        "resource_id": experiment,
        "trace": {"trace_info": {"trace_id": trace.trace_id, "trace_location": _place(experiment)}},
    }


def _of_serving(guarded: Guarded, owner: str, name: str, trace_id: str) -> dict[str, Any]:
    """Fields that name an endpoint, which a trial is about."""
    arms = [{"name": arm, "model": f"models:/{name}/1"} for arm in ("a", "b")]
    spec = {"subject": f"endpoint:{name}", "arms": arms, "metrics": [], "stopping": {"metric": "failed"}}
    endpoint = {"name": name, "model": f"models:/{name}/1"}
    guarded.ask(owner, "PUT", f"/api/quire/v1/endpoints/{name}", {"endpoint": endpoint})
    trial = guarded.ask(owner, "POST", "/api/quire/v1/trials", {"spec": spec})["trial"]
    outcome = {"metric": "failed", "arm": "a", "phase": 0, "unit": "u", "value": 0, "at": 1}
    return {
        "endpoint": endpoint,
        "spec": spec,
        "subject": spec["subject"],
        "arms": arms,
        "model": f"models:/{name}/1",
        "trial_id": trial["trial_id"],
        "trial": trial,
        "outcomes": [{"trial_id": trial["trial_id"], **outcome}],
        "served": [{"response_id": f"resp-{name}", "trace_id": trace_id, "endpoint": name, "at": 1}],
        "answer_id": trace_id,
        "uri": f"models:/{name}/1",
        "variant": _variant(name),
        "variants": [_variant(name)],
    }


def _variant(name: str) -> dict[str, Any]:
    return {"base": f"models:/{name}/1", "model": "m", "template": "t"}


def _place(experiment: str) -> dict[str, Any]:
    return {"type": "MLFLOW_EXPERIMENT", "mlflow_experiment": {"experiment_id": experiment}}


_ANY: dict[str, Any] = {
    "new_name": "other", "key": "k", "value": "v", "new": "x", "version": "1", "alias": "champion", "stage": "Staging",
    "metric_key": "m", "tag_key": "k", "assessment_id": "a-" + "0" * 32, "permission": "READ", "model_json": "{}",
    "password": "long enough password", "is_admin": True, "role": "admin", "token_id": "tk-none", "tags": "{}",
    "records": "[]", "update_mask": "rationale", "status": "FINISHED", "timestamp": 1, "max_timestamp_millis": 1,
    "upload_id": "u", "source": "s3://bucket/model", "models": [], "assessment": {"assessment_name": "a"},
    "artifact_file_path": "file", "by": "model", "older_than_ms": 1, "before_ms": 1, "expected": "1", "unit": "u",
    "job_id": "0" * 32,
    "reason": "because", "text": "words",
    "template": "t", "old": "1",
    "score": "x", "index": "0", "item_id": "x",
    "deployment": {"deployment_id": "", "kind": "docker", "name": "d", "endpoints": []},
}  # fmt: skip


@pytest.fixture(scope="module")
def others(guarded: Guarded) -> dict[str, Any]:
    """Fields that name things of somebody else."""
    return _fields(guarded, "ada")


@pytest.fixture(scope="module")
def stranger(guarded: Guarded) -> str:
    """A user with no role anywhere."""
    return guarded.user("none")


_HARMLESS = {
    # What answers everybody who signed in, about nothing or about themselves, or finds nothing.
    "GET /metrics", "GET 3.0/mlflow/server-info", "GET 2.0/mlflow/users/current", "GET quire/v1/whoami",
    "GET quire/v1/tokens", "GET quire/v1/events", "GET quire/v1/me", "GET quire/v1/mentions", "GET quire/v1/people",
    "GET quire/v1/changes",
}  # fmt: skip
_SEARCHES = {route for route, rule in RULES.items() if rule.narrow is not None}


@pytest.mark.parametrize("call", CALLS, ids=ROUTES)
def test_a_stranger_may_do_nothing_to_things_of_others(
    guarded: Guarded, others: dict[str, Any], stranger: str, call: Any
) -> None:
    route = route_of(call)
    if RULES[route].open or route in _HARMLESS or route in _SEARCHES:
        return
    answer = _send(guarded, stranger, call, others)
    expected = (404,) if route == "DELETE quire/v1/tokens/{token_id}" else (403,)
    assert answer.status in expected, (answer.status, answer.body)


def _send(guarded: Guarded, who: str, call: Any, values: dict[str, Any]) -> Any:
    from urllib.parse import urlencode

    path = re.sub(r"\{(\w+)(:path)?\}", lambda found: {**_ANY, **values}[found[1]], call.paths[0])
    fields = {**_ANY, **values}
    message = call.request if isinstance(call, Call) else call.message
    if message is not None:
        wanted = {name for name in message.__struct_encode_fields__ if name in fields}
        body: Any = {name: fields[name] for name in wanted}
        if "tags" in wanted and "dataset" not in path:
            body["tags"] = []
        if "metric_key" in wanted:
            body["run_id"] = [values["run_id"]] if "bulk" in path else values["run_id"]
        if "mlflow-artifacts" in path and "path" in wanted and call.method == "GET":
            body["path"] = values["artifact_path"]
        if "presigned-upload" in path:
            body.pop("model_id", None)
        if "feedback" in path:
            body["source"] = "HUMAN"
        if path.endswith("/evaluations"):
            body.pop("text", None)
        if "playground" in path:
            body.pop("trace", None)
        if path.endswith("playground/evaluations"):
            body["variants"] = [{"name": "A", "variant": values["variant"]}]
        if "log-metric" in path or path.endswith("/rate"):
            body["value"] = 1
        if path.endswith("/rate"):
            body.pop("variant", None)
        if path.endswith("/traffic"):
            body["by"] = "arm"
        if "logged-models" in path and "status" in wanted:
            body["status"] = "LOGGED_MODEL_READY"
    else:
        body = {name: value for name, value in fields.items() if isinstance(value, str)}
    if call.method == "GET" or message is None:
        path += "?" + urlencode(body, doseq=True)
        body = None
    headers = guarded_headers(who, values)
    return guarded.call(headers, call.method, path, body)


def guarded_headers(who: str, values: dict[str, Any]) -> dict[str, str]:
    from tests.server.auth.conftest import basic

    return {**basic(who), "X-MLflow-Experiment-Id": values["experiment_id"]}


@pytest.fixture(scope="module")
def holders(guarded: Guarded, others: dict[str, Any]) -> dict[str, str]:
    """A reader and an editor of the things of others, with no role besides."""
    names = {}
    for role in ("reader", "editor"):
        names[role] = guarded.user("none")
        guarded.access.set_permission(names[role], Resource("experiment", others["experiment_id"]), role)
        guarded.access.set_permission(names[role], Resource("registered_model", others["name"]), role)
        guarded.access.set_permission(names[role], Resource("endpoint", others["name"]), role)
    return names


def _is_about_things(rule: Rule) -> bool:
    return bool(rule.needs) and rule.creates is None and all(need.of is not workspace for need in rule.needs)


_NEEDS = [call for call in CALLS if _is_about_things(RULES[route_of(call)])]


@pytest.mark.parametrize("call", _NEEDS, ids=[route_of(call) for call in _NEEDS])
def test_a_role_allows_what_it_should_and_no_more(
    guarded: Guarded, others: dict[str, Any], holders: dict[str, str], call: Any
) -> None:
    needed = max((need.role for need in RULES[route_of(call)].needs), key=ROLES.index)
    for role, name in holders.items():
        if reaches(role, needed):  # type: ignore[arg-type]
            if call.kind == "read":
                assert _send(guarded, name, call, others).status not in (401, 403)
        else:
            assert _send(guarded, name, call, others).status == 403


@pytest.mark.parametrize("route", sorted(_SEARCHES))
def test_a_stranger_finds_nothing(guarded: Guarded, others: dict[str, Any], stranger: str, route: str) -> None:
    call = next(call for call in CALLS if route_of(call) == route)
    values = {**others, "locations": [_place(others["experiment_id"])]}
    assert _found(_send(guarded, "ada", call, values)) > 0
    assert _found(_send(guarded, stranger, call, values)) == 0


def _found(answer: Any) -> int:
    assert answer.status == 200, answer.body
    return sum(len(value) for value in answer.json.values() if isinstance(value, list))
